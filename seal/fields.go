// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// The grid of the coarse fields. The three sizes are of one nested grid, so that
// who is shown two of them learns no more than the finer one says.
const (
	cellMM = 1_250_000 // side of the cells of where_1km
	// Doublings from there: 10 km is 1.25 km doubled three times, and 160 km is the
	// first that is not finer than 100 km.
	doubled1km, doubled10km, doubled100km = 0, 3, 7
)

// null is the value of a field that the entry does not have.
var null = []byte{0xf6}

// FieldsOf returns the fields of an entry to be sealed, in their order. All
// fields of its type's schema are always there, with null for what is absent,
// so that the number of fields tells nothing but the number of rows, and that is
// hidden by the fillers of Commit. Values are deterministic CBOR.
//
// Every entry has type, received, received_hour, pseudonym, body_hash (the SHA-256 of
// the body as signed) and signatures: with received they bind the whole
// envelope. A batch of observations has source, source_kind, file, file_hash,
// rejected, and rows/<i>/<field> for every row; any other payload has its fields
// under their JSON names.
//
// Pseudonym is what stands for the source; empty if there is none.
//
// Entries by which the record itself is checked are never sealed and are
// ErrInvalid: genesis, key, policy, agreement, digest, erasure, erasure_receipt,
// absence, anchor, access, sealed.
func FieldsOf(e *trucewatch.Entry, pseudonym string) ([]Field, error) {
	l := &fieldList{}
	l.add("type", e.Body.Type, true)
	l.add("received", e.Received, true)
	l.add("received_hour", floorTo(e.Received, trucewatch.Hour), true)
	l.add("pseudonym", pseudonym, pseudonym != "")
	l.add("body_hash", e.BodyHash, true)
	l.add("signatures", e.Signatures, true)
	switch p := &e.Body.Payload; {
	case p.Observations != nil:
		l.batch(p.Observations)
	case p.Statement != nil:
		s := p.Statement
		l.source(&s.Source, s.File, s.FileHash)
		l.add("statements", s.Statements, true)
	case p.Tally != nil:
		t := p.Tally
		l.source(&t.Source, t.File, t.FileHash)
		l.add("tallies", t.Tallies, true)
	case p.Notification != nil:
		l.notification(p.Notification)
	case p.Review != nil:
		r := p.Review
		l.text("finding", string(r.Finding))
		l.text("case", string(r.Case))
		l.text("deed", r.Deed)
		l.text("by", r.By)
		l.text("reason", r.Reason)
	case p.Release != nil:
		l.add("findings", p.Release.Findings, true)
		l.text("by", p.Release.By)
		l.text("reason", p.Release.Reason)
	case p.Tick != nil:
		l.add("at", p.Tick.At, true)
		l.text("cut_off", p.Tick.CutOff)
	case p.Custody != nil:
		l.custody(p.Custody)
	default:
		if !l.proceeding(p) {
			return nil, fmt.Errorf("entry %d: %w: entries of type %s are never sealed", e.Index, ErrInvalid, e.Body.Type)
		}
	}
	return l.fields, nil
}

// Sealable says whether entries of the type may be sealed.
func Sealable(t trucewatch.EntryType) bool {
	switch t {
	case trucewatch.ObservationsEntry, trucewatch.StatementEntry, trucewatch.TallyEntry, trucewatch.NotificationEntry,
		trucewatch.ReviewEntry, trucewatch.ReleaseEntry, trucewatch.TickEntry, trucewatch.CustodyEntry,
		trucewatch.InterpretationEntry, trucewatch.AnswerEntry, trucewatch.DecisionEntry, trucewatch.StepEntry, trucewatch.SessionEntry,
		trucewatch.ActivationEntry, trucewatch.NoticeStepEntry, trucewatch.FactEntry, trucewatch.CoverageEntry, trucewatch.InventoryEntry:
		return true
	}
	return false
}

// A fieldList collects fields.
type fieldList struct{ fields []Field }

func (l *fieldList) add(name string, value any, present bool) {
	f := Field{Name: name, Value: null}
	if present {
		f.Value = trucewatch.Encode(value)
	}
	l.fields = append(l.fields, f)
}

func (l *fieldList) text(name, value string) { l.add(name, value, value != "") }

func (l *fieldList) hash(name string, value trucewatch.Hash) { l.add(name, value, !value.IsZero()) }

func (l *fieldList) source(s *trucewatch.Source, file string, fileHash trucewatch.Hash) {
	l.add("source", s, true)
	l.add("source_kind", s.Kind, true)
	l.text("file", file)
	l.hash("file_hash", fileHash)
}

func (l *fieldList) batch(b *trucewatch.Batch) {
	l.source(&b.Source, b.File, b.FileHash)
	l.add("rejected", b.Rejected, len(b.Rejected) != 0)
	for i := range b.Observations {
		l.row("rows/"+strconv.Itoa(i)+"/", &b.Observations[i])
	}
}

func (l *fieldList) row(row string, o *trucewatch.Observation) {
	place := o.Where
	place.Region = geo.Region{}
	placed := o.Where.Region.Kind != ""
	l.hash(row+"key", o.Key)
	l.text(row+"kind", string(o.Kind))
	l.text(row+"description", string(o.Description))
	l.text(row+"means", string(o.Means))
	l.add(row+"count", o.Count, true)
	l.add(row+"time", o.When, true)
	l.add(row+"time_hour", widen(o.When, trucewatch.Hour), true)
	l.add(row+"time_day", widen(o.When, trucewatch.Day), true)
	l.add(row+"clock", o.Clock, o.Clock != trucewatch.Clock{})
	l.add(row+"where", o.Where.Region, placed)
	l.add(row+"where_1km", CellOf(o.Where.Region, doubled1km), placed)
	l.add(row+"where_10km", CellOf(o.Where.Region, doubled10km), placed)
	l.add(row+"where_100km", CellOf(o.Where.Region, doubled100km), placed)
	l.add(row+"place", place, place.Text != "" || place.Name != "" || place.Basis != "" || !place.Gazetteer.IsZero())
	l.add(row+"weapon", o.Weapon, true) // A nil pointer is null.
	l.add(row+"movement", o.Movement, true)
	l.add(row+"observer", o.Observer, true)
	l.add(row+"arrival", o.Arrival, true)
	l.add(row+"azimuth", o.Azimuth, true)
	l.add(row+"restriction", o.Restriction, true)
	l.add(row+"casualty", o.Casualty, true)
	l.add(row+"asset", o.Asset, true)
	l.add(row+"marks", o.Marks, len(o.Marks) != 0)
	l.add(row+"reported_at", o.ReportedAt, o.ReportedAt != 0)
	l.text(row+"text", o.Text)
	l.text(row+"url", o.URL)
	l.text(row+"native_id", o.NativeID)
}

func (l *fieldList) notification(n *trucewatch.Notification) {
	l.hash("key", n.Key)
	l.text("id", n.ID)
	l.text("exemption", n.Exemption)
	l.text("by", n.By)
	l.add("notified_at", n.NotifiedAt, true)
	l.add("window", n.Window, true)
	l.add("route", n.Route, len(n.Route) != 0)
	l.add("area", n.Area, true)
	l.add("airframes", n.Airframes, len(n.Airframes) != 0)
	l.add("weapons", n.Weapons, len(n.Weapons) != 0)
	l.text("agency", n.Agency)
	l.add("no_munition", n.NoMunition, n.NoMunition)
	l.add("max_kg", n.MaxKG, n.MaxKG != 0)
	l.text("text", n.Text)
	l.text("object", n.Object)
	l.add("vehicles", n.Vehicles, len(n.Vehicles) != 0)
	l.text("marking", n.Marking)
	l.add("emergency", n.Emergency, n.Emergency)
	l.add("lifts", n.Lifts, len(n.Lifts) != 0)
}

func (l *fieldList) custody(c *trucewatch.Custody) {
	l.hash("item", c.Item)
	l.text("deed", c.Deed)
	l.text("by", c.By)
	l.add("at", c.At, true)
	l.text("reason", c.Reason)
	l.add("size_bytes", c.SizeBytes, c.SizeBytes != 0)
	l.hash("chunks", c.Chunks)
	l.text("media_type", c.MediaType)
	l.hash("derived_from", c.DerivedFrom)
	l.text("to", c.To)
	l.text("about", c.About)
	l.add("restricted", c.Restricted, c.Restricted)
}

// CellOf returns the cell of the nested grid, of 1.25 km doubled at least so many
// times, that holds the middle of r and is no smaller than r in any direction.
//
// It is the cell of the middle, and not the smallest one that holds all of r,
// because that one would tell more than its size says: if a region 400 m wide is
// given by a cell of 80 km, it lies within 200 m of one of two known lines. So up
// to half of r may stand out of its cell.
func CellOf(r geo.Region, doubled uint) geo.Region {
	for extent := r.ExtentMM(); int64(cellMM)<<doubled < extent && doubled < 16; {
		doubled++ // 16 doublings are the globe
	}
	return geo.Cell(r.Mean(), cellMM, doubled)
}

// floorTo rounds down to a whole step since 1970; unknown stays unknown.
func floorTo(at, step trucewatch.Instant) trucewatch.Instant {
	into := at % step
	if into < 0 {
		into += step
	}
	if at < math.MinInt64+into {
		return at
	}
	return at - into
}

// widen returns the whole steps that hold v; an end that is unknown stays so.
func widen(v trucewatch.Interval, step trucewatch.Instant) trucewatch.Interval {
	out := trucewatch.Interval{From: floorTo(v.From, step)}
	if v.Till != 0 {
		out.Till = math.MaxInt64
		if from := floorTo(v.Till, step); from < math.MaxInt64-step {
			out.Till = from + step
		}
		if out.Till == 0 {
			out.Till = 1 // 1970 began: zero would say that the end is open
		}
	}
	return out
}

// CheckPrecisions compares those of the openings that say one thing in several
// precisions. A coarse field must be what FieldsOf makes of the exact one; of two
// coarse ones the finer must lie in the coarser. It returns an error that wraps
// ErrOtherContent and names the field, or ErrInvalid for a value that does not
// fit its name. Whether the openings are true, CheckOpening has to say first.
func CheckPrecisions(openings []Opening) error {
	opened := make(map[string][]byte, len(openings))
	for _, o := range openings {
		if before, twice := opened[o.Name]; twice && !bytes.Equal(before, o.Value) {
			return fmt.Errorf("%s: %w: opened with two values", o.Name, ErrOtherContent)
		}
		opened[o.Name] = o.Value
	}
	for _, o := range openings {
		prefix, field := "", o.Name
		if i := strings.LastIndexByte(o.Name, '/'); i >= 0 {
			prefix, field = o.Name[:i+1], o.Name[i+1:]
		}
		var err error
		switch field {
		case "received":
			err = checkReceived(opened, o)
		case "source":
			err = checkSource(opened, o)
		case "time":
			err = checkTime(opened, prefix, o)
		case "time_hour":
			err = checkHour(opened, prefix, o)
		case "where":
			err = checkWhere(opened, prefix, o)
		case "where_1km", "where_10km":
			err = checkCell(opened, prefix, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func other(name, exact string) error {
	return fmt.Errorf("%s: %w: it does not follow from %s", name, ErrOtherContent, exact)
}

// same is nil if the field is not opened or has the value.
func same(opened map[string][]byte, name, exact string, value []byte) error {
	if v, ok := opened[name]; ok && !bytes.Equal(v, value) {
		return other(name, exact)
	}
	return nil
}

// decode reads a value; absent says that it is null.
func decode(name string, value []byte, into any) (absent bool, err error) {
	if bytes.Equal(value, null) {
		return true, nil
	}
	if err := trucewatch.Decode(value, into); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return false, nil
}

func checkReceived(opened map[string][]byte, o Opening) error {
	var at trucewatch.Instant
	if _, err := decode(o.Name, o.Value, &at); err != nil {
		return err
	}
	return same(opened, "received_hour", o.Name, trucewatch.Encode(floorTo(at, trucewatch.Hour)))
}

func checkSource(opened map[string][]byte, o Opening) error {
	var s trucewatch.Source
	if _, err := decode(o.Name, o.Value, &s); err != nil {
		return err
	}
	return same(opened, "source_kind", o.Name, trucewatch.Encode(s.Kind))
}

func checkTime(opened map[string][]byte, prefix string, o Opening) error {
	var v trucewatch.Interval
	if _, err := decode(o.Name, o.Value, &v); err != nil {
		return err
	}
	if err := same(opened, prefix+"time_hour", o.Name, trucewatch.Encode(widen(v, trucewatch.Hour))); err != nil {
		return err
	}
	return same(opened, prefix+"time_day", o.Name, trucewatch.Encode(widen(v, trucewatch.Day)))
}

func checkHour(opened map[string][]byte, prefix string, o Opening) error {
	var hour, day trucewatch.Interval
	if _, err := decode(o.Name, o.Value, &hour); err != nil {
		return err
	}
	value, ok := opened[prefix+"time_day"]
	if !ok {
		return nil
	}
	if _, err := decode(prefix+"time_day", value, &day); err != nil {
		return err
	}
	if day.From > hour.From || (day.Till == 0) != (hour.Till == 0) || day.Till < hour.Till {
		return other(prefix+"time_day", o.Name)
	}
	return nil
}

func checkWhere(opened map[string][]byte, prefix string, o Opening) error {
	var r geo.Region
	absent, err := decode(o.Name, o.Value, &r)
	if err != nil {
		return err
	}
	if err := checkRegion(r); err != nil {
		return fmt.Errorf("%s: %w", o.Name, err)
	}
	for _, c := range coarseCells {
		value := null
		if !absent {
			value = trucewatch.Encode(CellOf(r, c.doubled))
		}
		if err := same(opened, prefix+c.name, o.Name, value); err != nil {
			return err
		}
	}
	return nil
}

// checkRegion refuses what has no place on the globe.
func checkRegion(r geo.Region) error {
	points := []geo.Position{r.Center}
	for _, ring := range r.Rings {
		points = append(points, ring...)
	}
	for _, p := range points {
		if err := p.Check(); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if len(points) > trucewatch.RingPointsMax+1 || len(r.Arcs) > trucewatch.ListMax ||
		r.SemiMajorMM < 0 || r.SemiMinorMM < 0 || r.RMinMM < 0 || r.RMaxMM < r.RMinMM {
		return fmt.Errorf("%w: a region with too many points, or a negative length", ErrInvalid)
	}
	return nil
}

// coarseCells are the coarse fields of a place, the finest first.
var coarseCells = []struct {
	name    string
	doubled uint
}{{"where_1km", doubled1km}, {"where_10km", doubled10km}, {"where_100km", doubled100km}}

// checkCell compares a cell with the coarser ones.
func checkCell(opened map[string][]byte, prefix string, o Opening) error {
	var fine geo.Region
	fineAbsent, err := decode(o.Name, o.Value, &fine)
	if err != nil {
		return err
	}
	finer := true
	for _, c := range coarseCells {
		value, ok := opened[prefix+c.name]
		if finer || !ok {
			finer = finer && prefix+c.name != o.Name
			continue
		}
		var coarse geo.Region
		absent, err := decode(prefix+c.name, value, &coarse)
		if err != nil {
			return err
		}
		if absent != fineAbsent || !absent && !holdsCell(coarse, fine) {
			return other(prefix+c.name, o.Name)
		}
	}
	return nil
}

// holdsCell says whether one cell of the grid holds another.
func holdsCell(coarse, fine geo.Region) bool {
	if len(coarse.Rings) != 1 || len(coarse.Rings[0]) != 4 || len(fine.Rings) != 1 || len(fine.Rings[0]) != 4 {
		return false
	}
	low, high := coarse.Rings[0][0], coarse.Rings[0][2]
	from, till := fine.Rings[0][0], fine.Rings[0][2]
	return low.LatE7 <= from.LatE7 && low.LonE7 <= from.LonE7 && high.LatE7 >= till.LatE7 && high.LonE7 >= till.LonE7
}
