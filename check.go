// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch/geo"
)

// invalid returns an error that names the field.
func invalid(field, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", field, ErrInvalid, fmt.Sprintf(format, args...))
}

// checkText refuses text that is too long or not UTF-8, in the order given:
// field, value, field, value.
func checkText(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if len(pairs[i+1]) > TextMaxBytes {
			return invalid(pairs[i], "%d bytes, more than %d", len(pairs[i+1]), TextMaxBytes)
		}
		if !utf8.ValidString(pairs[i+1]) {
			return invalid(pairs[i], "not UTF-8")
		}
	}
	return nil
}

// checkURL refuses an address that a reader's browser would run or open on its
// own machine.
func checkURL(field, address string) error {
	if address == "" || strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return checkText(field, address)
	}
	return invalid(field, "%q does not begin with https:// or http://", CutText(address, 40))
}

func need(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return invalid(pairs[i], "missing")
		}
	}
	return checkText(pairs...)
}

func oneOf[T ~string](field string, v T, all []T) error {
	if slices.Contains(all, v) {
		return nil
	}
	return invalid(field, "%q is not one of %v", v, slices.Clone(all)) // a copy, so that the list of every call stays off the heap
}

// optional accepts the empty word.
func optional[T ~string](field string, v T, all []T) error {
	if v == "" {
		return nil
	}
	return oneOf(field, v, all)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// check refuses an interval that ends before it begins.
func (v Interval) check(field string) error {
	if v.Till != 0 && v.Till < v.From {
		return invalid(field, "ends %v, before it begins %v", v.Till, v.From)
	}
	return nil
}

func (c Count) check(field string) error {
	if c.Value < 0 || c.Value > CountMax || c.High != 0 && (c.High < c.Value || c.High > CountMax) {
		return invalid(field, "%d to %d is outside 0 to %d", c.Value, c.High, CountMax)
	}
	return first(oneOf(field+".qualifier", c.Qualifier, Qualifiers()), checkText(field+".unit", c.Unit))
}

// checkRegion refuses a region with a point off the globe, a negative length or too
// many points.
func checkRegion(field string, r geo.Region) error {
	points := 0
	for _, ring := range r.Rings {
		points += len(ring)
		for _, p := range ring {
			if err := p.Check(); err != nil {
				return invalid(field, "%v", err)
			}
		}
	}
	switch {
	case points > RingPointsMax || len(r.Arcs) > ListMax:
		return invalid(field, "more than %d points or %d arcs", RingPointsMax, ListMax)
	case r.SemiMajorMM < 0 || r.SemiMinorMM < 0 || r.RMinMM < 0 || r.RMaxMM < r.RMinMM:
		return invalid(field, "a length is negative, or the inner radius larger than the outer")
	}
	if err := r.Center.Check(); err != nil {
		return invalid(field, "%v", err)
	}
	return optional(field+".kind", r.Kind, []geo.RegionKind{geo.Ellipse, geo.Sector, geo.Polygon, geo.Pixel})
}

// Check returns an error that names the first field that may not enter the
// record. It knows no clock: whether a time is in the future is for the rim.
func (s *Source) Check() error {
	return first(need("source.id", string(s.ID)), oneOf("source.kind", s.Kind, SourceKinds()),
		checkText("source.name", s.Name, "source.party", string(s.Party), "source.licence", s.Licence, "source.note", s.Note),
		checkURL("source.url", s.URL))
}

// Check returns an error that names the first field that may not enter the
// record.
func (o *Observation) Check() error {
	if o.Key.IsZero() {
		return invalid("key", "missing")
	}
	if o.When.IsZero() {
		return invalid("when", "missing")
	}
	if len(o.Marks) > len(Marks()) {
		return invalid("marks", "more than there are")
	}
	for _, m := range o.Marks {
		if err := oneOf("marks", m, Marks()); err != nil {
			return err
		}
	}
	return first(
		oneOf("kind", o.Kind, Kinds()),
		optional("description", o.Description, Descriptions()),
		oneOf("means", o.Means, AllMeans()),
		o.Count.check("count"),
		o.When.check("when"),
		checkRegion("where.region", o.Where.Region),
		optional("clock.kind", o.Clock.Kind, []string{"device", "observer", "report"}),
		checkText("native_id", o.NativeID, "where.text", o.Where.Text, "where.name", o.Where.Name, "where.basis", o.Where.Basis,
			"clock.zone", o.Clock.Zone, "text", o.Text),
		checkURL("url", o.URL),
		o.checkParts(),
	)
}

func (o *Observation) checkParts() error {
	if w := o.Weapon; w != nil {
		if err := first(oneOf("weapon.platform", w.Platform, Platforms()), checkText("weapon.model", w.Model, "weapon.role", w.Role,
			"weapon.munition", w.Munition, "weapon.basis", w.Basis, "weapon.text", w.Text)); err != nil {
			return err
		}
		if w.CalibreMM < 0 || w.CalibreMM > 10_000 || w.RangeKM < 0 || w.RangeKM > 50_000 {
			return invalid("weapon", "calibre %d mm or range %d km is not possible", w.CalibreMM, w.RangeKM)
		}
	}
	if m := o.Movement; m != nil {
		if err := checkText("movement.from", m.From, "movement.to", m.To); err != nil {
			return err
		}
	}
	if v := o.Observer; v != nil {
		if err := checkText("observer.name", v.Name, "observer.control", string(v.Control)); err != nil {
			return err
		}
		if v.Position != nil && v.Position.Check() != nil || v.RadiusMM < 0 {
			return invalid("observer.position", "off the globe, or a negative radius")
		}
	}
	if r := o.Restriction; r != nil {
		if err := first(oneOf("restriction.type", r.Type, []string{"denial", "delay", "conditional_access", "impediment"}),
			checkText("restriction.reason", r.Reason, "restriction.by", string(r.By))); err != nil {
			return err
		}
		if r.Minutes < 0 || r.Minutes > 1_000_000 {
			return invalid("restriction.minutes", "%d is not possible", r.Minutes)
		}
	}
	if c := o.Casualty; c != nil {
		if err := c.check(); err != nil {
			return err
		}
	}
	if o.Arrival != nil {
		if err := o.checkArrival(); err != nil {
			return err
		}
	}
	if o.Azimuth != nil {
		if err := o.Azimuth.check(); err != nil {
			return err
		}
	}
	if a := o.Asset; a != nil {
		return checkText("asset.id", a.ID, "asset.owner", a.Owner, "asset.object", a.Object)
	}
	return nil
}

// checkArrival wants of an arrival one time, and the place of who timed it; of
// infrasound the direction too.
func (o *Observation) checkArrival() error {
	r := &o.Where.Region
	switch {
	case o.Arrival.Error < 0 || Instant(o.Arrival.Error) > Minute:
		return invalid("arrival.error_us", "%d is not possible", o.Arrival.Error)
	case o.Observer == nil || o.Observer.Position == nil:
		return invalid("arrival", "an arrival needs the observer's position")
	case o.When.From != o.When.Till:
		return invalid("arrival", "an arrival is one time, not from when to when")
	case o.Arrival.Wave == InfrasoundWave:
		if r.Kind != geo.Sector || len(r.Arcs) != 1 || r.Center != *o.Observer.Position {
			return invalid("arrival", "infrasound comes from a direction: where.region must be a sector of one arc around the observer")
		}
	case r.Kind != "":
		return invalid("arrival", "an arrival alone has no place")
	}
	return oneOf("arrival.wave", o.Arrival.Wave, []string{"sound", "P", "S", InfrasoundWave})
}

func (c *Casualty) check() error {
	if c.Killed < 0 || c.Injured < 0 || c.Killed > CountMax || c.Injured > CountMax {
		return invalid("casualty", "a negative or impossible number")
	}
	return first(
		optional("casualty.category", c.Category, []string{"man", "woman", "boy", "girl", "adult_unknown", "child_unknown"}),
		optional("casualty.civilian", c.Civilian, []string{"yes", "no", "unknown"}),
		optional("casualty.cause", c.Cause, []string{"shelling", "small_arms", "close_uav", "long_range_uav", "missile", "air_delivered", "mine_uxo", "other"}),
		optional("casualty.status", c.Status, []string{"reported", "corroborated", "verified", "rejected", "duplicate"}),
		optional("casualty.hospital", c.Hospital, []string{"yes", "no", "refused"}),
	)
}

// Check returns an error that names the first field that may not enter the
// record.
func (t *Tally) Check() error {
	if t.Key.IsZero() || len(t.Inferred) > ListMax {
		return invalid("key", "missing, or too many inferred fields")
	}
	if t.Count.Unit == "" {
		return invalid("count.unit", "missing: a number without a unit cannot be compared with anything")
	}
	if t.Previous != nil && t.Previous.Span != "period" && t.Previous.Span != "24h" {
		return invalid("previous.span", "%q is neither period nor 24h", t.Previous.Span)
	}
	if t.Exercise != nil {
		if err := t.Exercise.check("exercise"); err != nil {
			return err
		}
	}
	return first(checkURL("url", t.URL), need("claimant", t.Claimant, "category", t.Category), t.Count.check("count"), t.Window.check("window"),
		checkText(append([]string{"native_id", t.NativeID, "against", t.Against, "window_text", t.WindowText, "area", t.Area,
			"part_of", t.PartOf, "issue", t.Issue, "text", t.Text}, named("inferred", t.Inferred)...)...))
}

// Check returns an error that names the first field that may not enter the
// record.
func (s *Statement) Check() error {
	if s.Key.IsZero() || len(s.Topics) > ListMax || len(s.Claims) > ListMax || len(s.Inferred) > ListMax {
		return invalid("key", "missing, or a list longer than %d", ListMax)
	}
	for i, c := range s.Claims {
		field := fmt.Sprintf("claims[%d]", i)
		if err := first(
			oneOf(field+".kind", c.Kind, []string{"event", "position", "agreement", "commitment", "assessment", "plan"}),
			optional(field+".status", c.Status, []string{"reported", "quoted", "denied", "corrected"}),
			need(field+".text", c.Text), checkText(field+".about", c.About)); err != nil {
			return err
		}
		if c.Count != nil {
			if err := c.Count.check(field + ".count"); err != nil {
				return err
			}
		}
	}
	return first(checkURL("url", s.URL), need("speaker", s.Speaker, "text", s.Text), s.SaidAt.check("said_at"), s.PublishedAt.check("published_at"),
		optional("track", s.Track, []string{"military", "political", "humanitarian"}),
		checkText(append(append([]string{"native_id", s.NativeID, "capacity", s.Capacity, "for", s.For, "channel", s.Channel, "relayed_by", s.RelayedBy,
			"meeting", s.Meeting, "language", s.Language}, named("topics", s.Topics)...), named("inferred", s.Inferred)...)...))
}

func named[T ~string](field string, values []T) []string {
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, field, string(v))
	}
	return pairs
}

// Check returns an error that names the first field that may not enter the
// record.
func (n *Notification) Check() error {
	if n.Key.IsZero() || len(n.Route) > RingPointsMax || len(n.Airframes) > ListMax || len(n.Weapons) > ListMax || len(n.Vehicles) > ListMax || len(n.Lifts) > ListMax {
		return invalid("key", "missing, or a list too long")
	}
	for _, p := range n.Route {
		if err := p.Check(); err != nil {
			return invalid("route", "%v", err)
		}
	}
	if n.Area != nil {
		if err := checkRegion("area", *n.Area); err != nil {
			return err
		}
	}
	if n.NotifiedAt == 0 || n.Window.IsZero() || n.Window.Till == 0 {
		return invalid("window", "a notification needs when it was given and a window with an end")
	}
	return first(need("id", n.ID, "exemption", n.Exemption, "by", n.By), n.Window.check("window"), checkText("agency", n.Agency, "text", n.Text, "object", n.Object, "marking", n.Marking),
		checkText(append(named("airframes", n.Airframes), named("weapons", n.Weapons)...)...), checkText(append(named("vehicles", n.Vehicles), named("lifts", n.Lifts)...)...))
}

// Check returns an error if the entry's payload is not the one its type names,
// or breaks a limit. It names the field.
func (e *Entry) Check() error {
	p := &e.Body.Payload
	carries := p.Types()
	switch {
	case e.Body.Version != 1:
		return invalid("version", "%d is not 1", e.Body.Version)
	case e.Received <= 0:
		return invalid("received", "missing")
	case len(carries) != 1:
		return invalid("payload", "carries %d things, not one", len(carries))
	case carries[0] != e.Body.Type:
		return invalid("type", "%q, but the payload is %s, or the type is unknown to or only reserved in engine %d",
			e.Body.Type, carries[0], EngineVersion)
	}
	if n := len(e.Body.Salt); n != 0 && n != SaltBytes {
		return invalid("salt", "%d bytes, not %d", n, SaltBytes)
	}
	if len(e.Signatures) > ListMax || len(e.Body.Sealed) > ListMax {
		return invalid("signatures", "more than %d signatures or boxes", ListMax)
	}
	return p.check()
}

// Types lists the types whose field is set: one, in a sound entry.
func (p *Payload) Types() []EntryType {
	var types []EntryType
	for _, f := range []struct {
		set bool
		typ EntryType
	}{
		{p.Genesis != nil, GenesisEntry}, {p.Key != nil, KeyEntry}, {p.Agreement != nil, AgreementEntry},
		{p.Observations != nil, ObservationsEntry}, {p.Statement != nil, StatementEntry}, {p.Tally != nil, TallyEntry},
		{p.Notification != nil, NotificationEntry}, {p.Review != nil, ReviewEntry}, {p.Release != nil, ReleaseEntry},
		{p.Tick != nil, TickEntry}, {p.Digest != nil, DigestEntry}, {p.Policy != nil, PolicyEntry}, {p.Custody != nil, CustodyEntry},
		{p.Erasure != nil, ErasureEntry}, {p.Receipt != nil, ReceiptEntry}, {p.Absence != nil, AbsenceEntry}, {p.Anchor != nil, AnchorEntry},
		{p.Access != nil, AccessEntry},
		{p.Sealed != nil, SealedEntry}, {p.Interpretation != nil, InterpretationEntry}, {p.Answer != nil, AnswerEntry},
		{p.Decision != nil, DecisionEntry}, {p.Step != nil, StepEntry}, {p.Session != nil, SessionEntry},
		{p.Activation != nil, ActivationEntry}, {p.NoticeStep != nil, NoticeStepEntry}, {p.Fact != nil, FactEntry},
		{p.Coverage != nil, CoverageEntry}, {p.Inventory != nil, InventoryEntry},
	} {
		if f.set {
			types = append(types, f.typ)
		}
	}
	return types
}

// Speaker returns the source of the rows that the payload carries, empty if it
// carries none.
func (p *Payload) Speaker() SourceID {
	switch {
	case p.Observations != nil:
		return p.Observations.Source.ID
	case p.Tally != nil:
		return p.Tally.Source.ID
	case p.Statement != nil:
		return p.Statement.Source.ID
	case p.Coverage != nil:
		return p.Coverage.Source.ID
	}
	return ""
}

func (p *Payload) check() error {
	switch {
	case p.Genesis != nil:
		g := p.Genesis
		if g.Engine < 0 || g.Engine > EngineVersion {
			return invalid("genesis.engine", "%d, but this program knows engines up to %d: read it with a newer one", g.Engine, EngineVersion)
		}
		return first(need("genesis.mission", g.Mission, "genesis.title", g.Title, "genesis.display_zone", g.DisplayZone, "genesis.cut_off", g.CutOff),
			oneOf("genesis.mode", g.Mode, []Mode{Live, Reenacted, Exercise}), checkText("genesis.summary", g.Summary), checkSlot(g.SlotS))
	case p.Key != nil:
		return p.Key.check()
	case p.Agreement != nil:
		return need("agreement.id", p.Agreement.ID)
	case p.Observations != nil:
		return p.Observations.check()
	case p.Tally != nil:
		return checkRows("tallies", &p.Tally.Source, p.Tally.File, p.Tally.Tallies, (*Tally).Check)
	case p.Statement != nil:
		return checkRows("statements", &p.Statement.Source, p.Statement.File, p.Statement.Statements, (*Statement).Check)
	case p.Notification != nil:
		return p.Notification.Check()
	case p.Review != nil:
		r := p.Review
		if (r.Finding == "") == (r.Case == "") {
			return invalid("review", "names a finding or a case, exactly one")
		}
		return first(oneOf("review.deed", r.Deed, []string{"confirm", "withdraw", "serve"}), need("review.by", r.By),
			checkText("review.reason", r.Reason, "review.finding", string(r.Finding), "review.case", string(r.Case)))
	case p.Release != nil:
		if n := len(p.Release.Findings); n < 1 || n > RowsMax {
			return invalid("release.findings", "%d, not 1 to %d", n, RowsMax)
		}
		return first(need("release.by", p.Release.By), checkText("release.reason", p.Release.Reason))
	case p.Tick != nil:
		if p.Tick.At <= 0 {
			return invalid("tick.at", "missing")
		}
		return checkText("tick.cut_off", p.Tick.CutOff)
	case p.Digest != nil:
		return checkText("digest.what", p.Digest.What)
	}
	return p.checkKeeping()
}

// checkKeeping checks what is about the record itself.
func (p *Payload) checkKeeping() error {
	switch {
	case p.Policy != nil:
		return p.Policy.check()
	case p.Custody != nil:
		return p.Custody.check()
	case p.Erasure != nil:
		return p.Erasure.check()
	case p.Receipt != nil:
		if r := p.Receipt; r.At <= 0 || len(r.Boxes) > RowsMax {
			return invalid("erasure_receipt", "without a time, or with more than %d boxes", RowsMax)
		}
		return need("erasure_receipt.holder", p.Receipt.Holder)
	case p.Absence != nil:
		return need("absence.organisation", p.Absence.Organisation)
	case p.Anchor != nil:
		if n := len(p.Anchor.Token); n == 0 || n > AnchorTokenMaxBytes {
			return invalid("anchor.token", "%d bytes, not 1 to %d", n, AnchorTokenMaxBytes)
		}
		return need("anchor.authority", p.Anchor.Authority)
	}
	if a := p.Access; a != nil {
		if n := len(a.Recipients); n < 1 || n > ListMax || len(a.Epochs) > ListMax {
			return invalid("access", "%d recipients, %d months: not 1 to %d, and at most as many", n, len(a.Epochs), ListMax)
		}
		return first(need("access.class", a.Class), checkText("access.class", a.Class, "access.reason", a.Reason))
	}
	return p.checkProceedings() // a sealing has nothing that could be wrong
}

func checkSlot(seconds int64) error {
	if seconds < 0 || seconds > 3600 {
		return invalid("genesis.slot_s", "%d s, not 0 to 3600", seconds)
	}
	return nil
}

// signatureBytes is how long an Ed25519 signature is. Source: RFC 8032, 5.1.6.
const signatureBytes = 64

func (k *KeyRegistration) check() error {
	size := map[KeyAlgorithm]int{Ed25519Key: 32, PasskeyKey: 65}[k.Algorithm]
	if len(k.Public) != size {
		return invalid("key.public", "%d bytes, not %d", len(k.Public), size)
	}
	if k.Algorithm == PasskeyKey && k.RPID == "" {
		return invalid("key.rp_id", "missing: without it an assertion made for another site would pass")
	}
	if k.Role == DeviceKey && k.Source == "" {
		return invalid("key.source", "missing: a device speaks for one source")
	}
	if n := len(k.Handover); (k.Role == LogKey) != (n == signatureBytes) || n > 0 && k.Algorithm != Ed25519Key {
		return invalid("key.handover", "%d bytes in a key of role %q: a log's key has the %d of the key before it, and no other key has any", n, k.Role, signatureBytes)
	}
	return first(oneOf("key.role", k.Role, []KeyRole{DeskKey, OfficerKey, DeviceKey, LiaisonKey, HolderKey, LogKey}),
		oneOf("key.algorithm", k.Algorithm, []KeyAlgorithm{Ed25519Key, PasskeyKey}),
		checkText("key.name", k.Name, "key.organisation", k.Organisation, "key.source", string(k.Source), "key.rp_id", k.RPID, "key.reason", k.Reason))
}

func (p *Policy) check() error {
	if len(p.Organisations) > ListMax || len(p.TwoPerson) > ListMax {
		return invalid("policy", "a list longer than %d", ListMax)
	}
	if p.Guarantors < 0 || p.Guarantors > len(p.Organisations) {
		return invalid("policy.guarantors", "%d of %d organisations", p.Guarantors, len(p.Organisations))
	}
	if p.BodiesPerHour < 0 || p.BodiesPerHour > CountMax {
		return invalid("policy.bodies_per_hour", "%d, not 0 to %d", p.BodiesPerHour, CountMax)
	}
	if p.CadenceS < 1 || p.CadenceS > 86_400 {
		return invalid("policy.cadence_s", "%d s, not 1 to 86400", p.CadenceS)
	}
	for i, o := range p.Organisations {
		field := fmt.Sprintf("policy.organisations[%d]", i)
		if err := first(need(field+".name", o.Name, field+".witness", o.Witness), checkURL(field+".address", o.Address),
			checkText(field+".party", string(o.Party), field+".mirror", o.Mirror)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Custody) check() error {
	if c.Item.IsZero() || c.At <= 0 || c.SizeBytes < 0 {
		return invalid("custody.item", "missing, or without a time, or of a negative size")
	}
	return first(oneOf("custody.deed", c.Deed, CustodyDeeds()), need("custody.by", c.By),
		checkText("custody.reason", c.Reason, "custody.media_type", c.MediaType, "custody.to", c.To, "custody.about", c.About))
}

func (e *Erasure) check() error {
	if len(e.Boxes) > RowsMax || len(e.Boxes) == 0 && e.Class == "" {
		return invalid("erasure.boxes", "%d, not 1 to %d, and no class of an epoch", len(e.Boxes), RowsMax)
	}
	return first(need("erasure.basis", e.Basis, "erasure.authority", e.Authority), checkText("erasure.reason", e.Reason, "erasure.class", e.Class))
}

func (b *Batch) check() error {
	if len(b.Observations)+len(b.Rejected) == 0 || len(b.Rejected) > RowsMax {
		return invalid("observations", "an empty batch, or too many rejected rows")
	}
	for i, r := range b.Rejected {
		if err := checkText("reason", r.Reason); err != nil || r.Line < 0 {
			return fmt.Errorf("rejected[%d]: %w", i, first(err, invalid("line", "%d is negative", r.Line)))
		}
	}
	if len(b.Observations) == 0 {
		return first(b.Source.Check(), checkText("file", b.File))
	}
	return checkRows("observations", &b.Source, b.File, b.Observations, func(o *Observation) error { return first(o.Check(), b.Source.MaySay(o)) })
}

// MaySay refuses what a party, a person or the press says it saw or recorded
// itself: the mission has not checked it, so it is a claim, whatever the row calls
// it. Otherwise two rows of one party would be two independent means.
func (s *Source) MaySay(o *Observation) error {
	switch s.Kind {
	case PartySource, PersonSource, PressSource:
		if !o.Means.IsClaim() {
			return invalid("means", "%s of a source of kind %s is a claim: use party_report, public_report, third_party_report or open_source_media", o.Means, s.Kind)
		}
	}
	return nil
}

func checkRows[T any](field string, s *Source, file string, rows []T, check func(*T) error) error {
	if len(rows) < 1 || len(rows) > RowsMax {
		return invalid(field, "%d rows, not 1 to %d", len(rows), RowsMax)
	}
	for i := range rows {
		if err := check(&rows[i]); err != nil {
			return fmt.Errorf("%s[%d]: %w", field, i, err)
		}
	}
	return first(s.Check(), checkText("file", file))
}
