// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/seal"
)

// jsonNames are the names of a noun's fields as its schema has them.
func jsonNames(noun any) []string {
	var names []string
	typ := reflect.TypeOf(noun)
	for i := range typ.NumField() {
		if tag := typ.Field(i).Tag.Get("json"); tag != "" && tag != "-" {
			name, _, _ := strings.Cut(tag, ",")
			names = append(names, name)
		}
	}
	return names
}

// TestEveryFieldOfEverySchemaIsCommitted fails when a noun gets a field that
// FieldsOf does not know: the root would not bind it as a field of its own.
func TestEveryFieldOfEverySchemaIsCommitted(t *testing.T) {
	always := []string{"type", "received", "received_hour", "pseudonym", "body_hash", "signatures"}
	nouns := map[trucewatch.EntryType]any{
		trucewatch.ObservationsEntry: trucewatch.Batch{}, trucewatch.StatementEntry: trucewatch.StatementBatch{}, trucewatch.TallyEntry: trucewatch.TallyBatch{},
		trucewatch.NotificationEntry: trucewatch.Notification{}, trucewatch.ReviewEntry: trucewatch.Review{}, trucewatch.ReleaseEntry: trucewatch.Release{},
		trucewatch.TickEntry: trucewatch.Tick{}, trucewatch.CustodyEntry: trucewatch.Custody{},
		trucewatch.InterpretationEntry: trucewatch.Interpretation{}, trucewatch.AnswerEntry: trucewatch.Answer{}, trucewatch.DecisionEntry: trucewatch.Decision{},
		trucewatch.StepEntry: trucewatch.Step{}, trucewatch.SessionEntry: trucewatch.Session{}, trucewatch.ActivationEntry: trucewatch.Activation{},
		trucewatch.NoticeStepEntry: trucewatch.NoticeStep{}, trucewatch.FactEntry: trucewatch.Fact{}, trucewatch.CoverageEntry: trucewatch.CoverageReport{},
		trucewatch.InventoryEntry: trucewatch.Inventory{},
	}
	tested := map[trucewatch.EntryType]bool{}
	for _, p := range payloads() {
		typ := p.Types()[0]
		var names []string
		for _, f := range fields(t, p) {
			if !strings.HasPrefix(f.Name, "rows/1/") {
				names = append(names, f.Name)
			}
		}
		want := append(slices.Clone(always), jsonNames(nouns[typ])...)
		if slices.Contains(want, "source") {
			want = append(want, "source_kind")
		}
		if typ == trucewatch.ObservationsEntry {
			want = slices.DeleteFunc(want, func(s string) bool { return s == "observations" })
			for _, n := range jsonNames(trucewatch.Observation{}) {
				n = map[string]string{"when": "time"}[n] + strings.TrimPrefix(n, "when")
				want = append(want, "rows/0/"+n)
			}
			for _, n := range []string{"time_hour", "time_day", "where_1km", "where_10km", "where_100km", "place"} {
				want = append(want, "rows/0/"+n)
			}
		}
		slices.Sort(want)
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("%s: fields %q\nwant %q", typ, names, want)
		}
		if !seal.Sealable(typ) {
			t.Errorf("%s is not sealable", typ)
		}
		seal.Commit(seal.Seed{}, fields(t, p)) // panics where two fields have one name
		tested[typ] = true
	}
	if len(tested) != len(nouns) {
		t.Errorf("tested %v", tested)
	}
}

func TestAbsentFieldsAreNull(t *testing.T) {
	null := []byte{0xf6}
	f := fields(t, batch(bare(1), observation(2)))
	absent := 0
	for _, field := range f {
		isNull := bytes.Equal(field.Value, null)
		if strings.HasPrefix(field.Name, "rows/0/") && isNull {
			absent++
		}
		// An observation has a place or an arrival, never both.
		if strings.HasPrefix(field.Name, "rows/1/") && isNull && field.Name != "rows/1/arrival" {
			t.Errorf("%s is null and the observation has it", field.Name)
		}
	}
	if absent != 20 {
		t.Errorf("%d fields of the bare observation are null", absent)
	}
}

func TestRootBindsTheWholeEnvelope(t *testing.T) {
	root := func(e *trucewatch.Entry) trucewatch.Hash {
		f, err := seal.FieldsOf(e, "p")
		if err != nil {
			t.Fatal(err)
		}
		return seal.Commit(seal.Seed{}, f).Root()
	}
	e := *entry(t, batch(observation(1)))
	first := root(&e)
	for name, change := range map[string]func(*trucewatch.Entry){
		"received":   func(e *trucewatch.Entry) { e.Received++ },
		"body_hash":  func(e *trucewatch.Entry) { e.BodyHash[0]++ },
		"signatures": func(e *trucewatch.Entry) { e.Signatures = nil },
	} {
		changed := e
		change(&changed)
		if root(&changed) == first {
			t.Errorf("%s does not bear on the root", name)
		}
	}
}

// value replaces what an opening says, as a false desk would have committed it.
func value(t *testing.T, openings []seal.Opening, name string, v any) []seal.Opening {
	t.Helper()
	out := slices.Clone(openings)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = trucewatch.Encode(v)
			return out
		}
	}
	t.Fatalf("no opening of %s", name)
	return nil
}

func TestCoarseFieldsMustFollowFromTheExact(t *testing.T) {
	c := seal.Commit(seal.Seed{1}, fields(t, batch(observation(1), bare(2))))
	all := func(names ...string) (out []seal.Opening) {
		for _, n := range names {
			out = append(out, open(t, c, n))
		}
		return out
	}
	everything := all("received", "received_hour", "source", "source_kind", "rows/0/time", "rows/0/time_hour", "rows/0/time_day", "rows/0/where",
		"rows/0/where_1km", "rows/0/where_10km", "rows/0/where_100km", "rows/1/where", "rows/1/where_10km", "rows/0/text")
	if err := seal.CheckPrecisions(everything); err != nil {
		t.Fatal(err)
	}
	far := geo.Direct(crossing, 45_000, 400_000_000)
	hour := trucewatch.Interval{From: noon + trucewatch.Hour, Till: noon + 2*trucewatch.Hour}
	for _, tt := range []struct {
		name  string
		given []seal.Opening
		want  string
	}{
		{"time of another hour", value(t, everything, "rows/0/time_hour", hour), "rows/0/time_hour"},
		{"time of another day", value(t, everything, "rows/0/time_day", hour), "rows/0/time_day"},
		{"received in another hour", value(t, everything, "received_hour", noon+trucewatch.Hour), "received_hour"},
		{"another kind of source", value(t, everything, "source_kind", trucewatch.PartySource), "source_kind"},
		{"elsewhere", value(t, everything, "rows/0/where_10km", seal.CellOf(geo.Circle(far, 1), 3)), "rows/0/where_10km"},
		{"finer than said", value(t, everything, "rows/0/where_10km", seal.CellOf(geo.Circle(crossing, 1), 0)), "rows/0/where_10km"},
		{"no place", value(t, everything, "rows/0/where_1km", nil), "rows/0/where_1km"},
		{"a place for none", value(t, everything, "rows/1/where_10km", seal.CellOf(geo.Circle(far, 1), 3)), "rows/1/where_10km"},
		{"coarse ones only, apart", value(t, all("rows/0/where_10km", "rows/0/where_100km"), "rows/0/where_100km", seal.CellOf(geo.Circle(far, 1), 7)), "rows/0/where_100km"},
		{"coarse ones only, one none", value(t, all("rows/0/where_10km", "rows/0/where_1km"), "rows/0/where_10km", nil), "rows/0/where_10km"},
		{"coarse times only, apart", value(t, all("rows/0/time_hour", "rows/0/time_day"), "rows/0/time_day",
			trucewatch.Interval{From: noon - 3*trucewatch.Day, Till: noon - 2*trucewatch.Day}), "rows/0/time_day"},
		{"one field with two values", append(value(t, all("rows/0/text"), "rows/0/text", "x"), all("rows/0/text")...), "rows/0/text"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, seal.CheckPrecisions(tt.given), seal.ErrOtherContent, tt.want) })
	}
	for _, name := range []string{"rows/0/where", "rows/0/time", "received", "source"} {
		wantError(t, seal.CheckPrecisions(value(t, everything, name, "no such thing")), seal.ErrInvalid, name)
	}
	wantError(t, seal.CheckPrecisions(value(t, everything, "rows/0/where", geo.Circle(geo.Position{LatE7: 2_000_000_000}, 1))), seal.ErrInvalid, "rows/0/where")
}

// TestCoarseHoldsExact: hours hold the time; a cell holds the middle of the
// region and is no smaller than the region, and the cells lie in one another.
func TestCoarseHoldsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := bare(1)
		o.When.From = trucewatch.Instant(rapid.Int64().Filter(func(n int64) bool { return n != 0 }).Draw(t, "from"))
		o.When.Till = trucewatch.Instant(rapid.Int64Range(int64(o.When.From), 1<<63-1).Draw(t, "till"))
		at := geo.Position{LatE7: rapid.Int32Range(-90*geo.E7, 90*geo.E7).Draw(t, "lat"), LonE7: rapid.Int32Range(-180*geo.E7, 180*geo.E7).Draw(t, "lon")}
		o.Where.Region = geo.Circle(at, rapid.Int64Range(0, 3_000_000_000).Draw(t, "radius"))
		f, err := seal.FieldsOf(&trucewatch.Entry{Body: trucewatch.Body{Payload: batch(o)}}, "")
		if err != nil {
			t.Fatal(err)
		}
		c := seal.Commit(seal.Seed{}, f)
		var openings []seal.Opening
		for _, field := range f {
			op, err := c.Open(field.Name)
			if err != nil {
				t.Fatal(err)
			}
			openings = append(openings, op)
		}
		if err := seal.CheckPrecisions(openings); err != nil {
			t.Fatal(err)
		}
		// Without the exact ones the coarse ones must agree among themselves.
		openings = slices.DeleteFunc(openings, func(o seal.Opening) bool { return o.Name == "rows/0/where" || o.Name == "rows/0/time" })
		if err := seal.CheckPrecisions(openings); err != nil {
			t.Fatal(err)
		}
		cell := seal.CellOf(o.Where.Region, 0)
		low, high := cell.Rings[0][0], cell.Rings[0][2]
		mean := o.Where.Region.Mean()
		if mean.LatE7 < low.LatE7 || mean.LatE7 > high.LatE7 || mean.LonE7 < low.LonE7 || mean.LonE7 > high.LonE7 {
			t.Fatalf("cell %v to %v does not hold %v", low, high, mean)
		}
		var hour trucewatch.Interval
		for _, op := range openings {
			if op.Name == "rows/0/time_hour" {
				if err := trucewatch.Decode(op.Value, &hour); err != nil {
					t.Fatal(err)
				}
			}
		}
		if hour.From > o.When.From || hour.Till < o.When.Till && o.When.Till != 0 {
			t.Fatalf("%v does not hold %v", hour, o.When)
		}
	})
}
