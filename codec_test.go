// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// sample is an observation with every part set.
func sample() trucewatch.Observation {
	return trucewatch.Observation{
		Key: trucewatch.Hash{1}, NativeID: "o-000103", Kind: trucewatch.Explosion, Description: trucewatch.Outgoing, Means: trucewatch.Heard,
		Count: trucewatch.Count{Value: 6, Qualifier: trucewatch.About},
		Where: trucewatch.Place{Text: "3-5km SE", Name: "Novyi Yar", Basis: "16-wind sector", Region: geo.Region{Kind: geo.Sector,
			Center: geo.Position{LatE7: -450_000_000, LonE7: -1_250_000_000}, RMinMM: 3_000_000, RMaxMM: 5_000_000, Arcs: []geo.Arc{{FromMdeg: 123_750, TillMdeg: 146_250}}}},
		When:        trucewatch.Interval{From: 1_000 * trucewatch.Day, Till: 1_000*trucewatch.Day + trucewatch.Hour},
		Clock:       trucewatch.Clock{Kind: "observer", Zone: "EEST"},
		Weapon:      &trucewatch.Weapon{Platform: trucewatch.ArtilleryUnknown, Text: "artillery (type N/K)"},
		Movement:    &trucewatch.Movement{From: "WNW", To: "ESE"},
		Observer:    &trucewatch.Observer{Name: "Novyi Yar", Position: &geo.Position{LatE7: 1, LonE7: 2}, RadiusMM: 500_000, Control: "B"},
		Restriction: &trucewatch.Restriction{Type: "delay", Minutes: 95, By: "B", Reason: "no permission"},
		Casualty:    &trucewatch.Casualty{Injured: 1, Category: "girl", Civilian: "yes", Cause: "close_uav", Status: "reported", Hospital: "yes"},
		Asset:       &trucewatch.Asset{ID: "uav-3", Owner: "mission"},
		Marks:       []trucewatch.Mark{trucewatch.PreciseFire}, ReportedAt: 1_001 * trucewatch.Day, Text: "as heard", URL: "https://example.org/1",
	}
}

func body(payload trucewatch.Payload, t trucewatch.EntryType) []byte {
	return trucewatch.Encode(trucewatch.Body{Version: 1, Log: "trucewatch/x/00", Type: t, Payload: payload})
}

func entry(body []byte) []byte {
	return trucewatch.Encode(trucewatch.Envelope{Received: trucewatch.Day, Body: body})
}

func batch(o ...trucewatch.Observation) trucewatch.Payload {
	return trucewatch.Payload{Observations: &trucewatch.Batch{Source: trucewatch.Source{ID: "p-1", Kind: trucewatch.PatrolSource}, Observations: o}}
}

func TestEntryComesBackAsItWas(t *testing.T) {
	o := sample()
	e, err := trucewatch.DecodeEntry(7, entry(body(batch(o), trucewatch.ObservationsEntry)))
	if err != nil {
		t.Fatal(err)
	}
	got := e.Body.Payload.Observations.Observations[0]
	if !bytes.Equal(trucewatch.Encode(got), trucewatch.Encode(o)) {
		t.Errorf("got %+v, want %+v", got, o)
	}
	asJSON, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back trucewatch.Observation
	if err := json.Unmarshal(asJSON, &back); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(trucewatch.Encode(back), trucewatch.Encode(o)) {
		t.Errorf("JSON lost something: %s", asJSON)
	}
}

func TestEntryIsRefused(t *testing.T) {
	with := func(change func(*trucewatch.Observation)) []byte {
		o := sample()
		change(&o)
		return entry(body(batch(o), trucewatch.ObservationsEntry))
	}
	twice := sample()
	for _, tt := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"nothing", nil, "envelope"},
		{"not CBOR", []byte("hello"), "envelope"},
		{"bytes behind the entry", append(entry(body(batch(twice), trucewatch.ObservationsEntry)), 0), "envelope"},
		{"indefinite length", []byte{0x9f, 0xff}, "envelope"},
		{"a longer integer than needed", []byte{0x83, 0x18, 0x01, 0x40, 0x80}, "envelope"},
		{"type and payload differ", entry(body(batch(twice), trucewatch.TallyEntry)), `"tally", but the payload is observations`},
		{"a reserved type", entry(body(trucewatch.Payload{}, trucewatch.ErasureEntry)), "carries 0 things"},
		{"two payloads", entry(body(trucewatch.Payload{Tick: &trucewatch.Tick{At: 1}, Digest: &trucewatch.Digest{}}, trucewatch.TickEntry)), "carries 2 things"},
		{"too large", make([]byte, trucewatch.EntryMaxBytes+1), "more than 65535"},
		{"no key", with(func(o *trucewatch.Observation) { o.Key = trucewatch.Hash{} }), "observations[0]: key: invalid: missing"},
		{"unknown kind", with(func(o *trucewatch.Observation) { o.Kind = "boom" }), `kind: invalid: "boom"`},
		{"unknown means", with(func(o *trucewatch.Observation) { o.Means = "felt" }), "means"},
		{"negative count", with(func(o *trucewatch.Observation) { o.Count.Value = -1 }), "count"},
		{"range upside down", with(func(o *trucewatch.Observation) { o.Count.High = 1 }), "count"},
		{"off the globe", with(func(o *trucewatch.Observation) { o.Where.Region.Center.LatE7 = 90*geo.E7 + 1 }), "latitude 90.0000001 is outside"},
		{"ends before it begins", with(func(o *trucewatch.Observation) { o.When.Till = 1 }), "before it begins"},
		{"broken UTF-8", with(func(o *trucewatch.Observation) { o.Text = "a\xff" }), "UTF-8"},
		{"long text", with(func(o *trucewatch.Observation) { o.Text = strings.Repeat("x", trucewatch.TextMaxBytes+1) }), "text: invalid: 4097 bytes"},
		{"negative radius", with(func(o *trucewatch.Observation) { o.Where.Region.RMinMM = -1 }), "where.region"},
		{"arrival without a place to arrive at", with(func(o *trucewatch.Observation) { o.Arrival = &trucewatch.Arrival{Wave: "sound"}; o.Observer = nil }), "observer's position"},
		{"infrasound from nowhere", with(func(o *trucewatch.Observation) {
			o.Arrival = &trucewatch.Arrival{Wave: trucewatch.InfrasoundWave}
			o.Observer, o.When.Till = &trucewatch.Observer{Position: &o.Where.Region.Center}, o.When.From
			o.Where.Region = geo.Circle(o.Where.Region.Center, 1_000)
		}), "sector of one arc"},
		{"unknown restriction", with(func(o *trucewatch.Observation) { o.Restriction.Type = "rude" }), "restriction.type"},
		{"empty batch", entry(body(batch(), trucewatch.ObservationsEntry)), "empty batch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := trucewatch.DecodeEntry(7, tt.raw)
			if !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "entry 7: ") {
				t.Errorf("got %v, want an error of entry 7 that says %q", err, tt.want)
			}
		})
	}
}

func TestObservationIDsAreWrittenOneWay(t *testing.T) {
	for _, s := range []string{"", "1", "1.", ".1", "01.2", "1.02", "1.65536", "-1.0", "1.2.3", "1 .2", "18446744073709551616.0"} {
		if id, err := trucewatch.ParseObservationID(s); err == nil {
			t.Errorf("%q was read as %v", s, id)
		}
	}
	id := trucewatch.ObservationID{Index: 101, Row: 3}
	if got, err := trucewatch.ParseObservationID("101.3"); err != nil || got != id {
		t.Errorf("101.3 is %v, %v", got, err)
	}
	if !(trucewatch.ObservationID{Index: 9, Row: 9}).Less(id) || id.Compare(id) != 0 || id.Compare(trucewatch.ObservationID{Index: 101, Row: 2}) != 1 {
		t.Error("the order is not that of the record")
	}
}

func TestIntervalsHoldBothEnds(t *testing.T) {
	v := trucewatch.Interval{From: 10, Till: 20}
	open := trucewatch.Interval{From: 30}
	for _, tt := range []struct {
		at   trucewatch.Instant
		want bool
	}{{9, false}, {10, true}, {20, true}, {21, false}} {
		if v.Contains(tt.at) != tt.want {
			t.Errorf("%v contains %d: %v", v, tt.at, !tt.want)
		}
	}
	if got := v.Gap(open); got != 10 {
		t.Errorf("gap %d, want 10", got)
	}
	if got := open.Gap(v); got != 10 {
		t.Errorf("gap the other way %d, want 10", got)
	}
	if got := v.Gap(trucewatch.Interval{From: 20, Till: 40}); got != 0 {
		t.Errorf("touching intervals are %d apart", got)
	}
	if got := v.Join(open); got != (trucewatch.Interval{From: 10}) {
		t.Errorf("joined with an open one: %v", got)
	}
	if !open.Contains(1 << 60) {
		t.Error("an open interval ends")
	}
}

func TestCutTextKeepsCharactersWhole(t *testing.T) {
	for _, tt := range []struct {
		s     string
		limit int
		want  string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aйb", 2, "a"}, {"aйb", 3, "aй"}, {"й", 1, ""}, {"", 0, ""}} {
		if got := trucewatch.CutText(tt.s, tt.limit); got != tt.want {
			t.Errorf("CutText(%q, %d) = %q, want %q", tt.s, tt.limit, got, tt.want)
		}
	}
}

// TestOneEncoding holds that whatever decodes encodes to the same bytes.
func TestOneEncoding(t *testing.T) {
	raw := entry(body(batch(sample()), trucewatch.ObservationsEntry))
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(raw)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		checkOneEncoding(t, changed)
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

func checkOneEncoding(t failer, raw []byte) {
	var env trucewatch.Envelope
	if trucewatch.Decode(raw, &env) != nil {
		return
	}
	if !bytes.Equal(trucewatch.Encode(env), raw) {
		t.Fatalf("%x decodes and encodes to other bytes", raw)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(entry(body(batch(sample()), trucewatch.ObservationsEntry)))
	f.Fuzz(func(t *testing.T, raw []byte) { checkOneEncoding(t, raw) })
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(entry(body(batch(sample()), trucewatch.ObservationsEntry)))
	f.Add(entry(body(trucewatch.Payload{Tick: &trucewatch.Tick{At: 5, CutOff: "2026-04-11"}}, trucewatch.TickEntry)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := trucewatch.DecodeEntry(3, raw)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "entry 3: ") {
				t.Fatalf("%v does not name the entry", err)
			}
			return
		}
		if err := e.Check(); err != nil {
			t.Fatalf("a decoded entry fails its own check: %v", err)
		}
	})
}

func FuzzParseObservationID(f *testing.F) {
	f.Add("101.3")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := trucewatch.ParseObservationID(s); err == nil && id.String() != s {
			t.Fatalf("%q is read as %v", s, id)
		}
	})
}

// FuzzUnmarshalText: what a type reads as text, it writes so that it reads the same.
func FuzzUnmarshalText(f *testing.F) {
	for _, seed := range []string{"101.3", "18446744073709551615.65535", "2026-04-12T06:40:00.000001+03:00", strings.Repeat("a5", 32), ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		unmarshalText[trucewatch.ObservationID](t, b)
		unmarshalText[trucewatch.IncidentID](t, b)
		unmarshalText[trucewatch.Hash](t, b)
		unmarshalText[trucewatch.Instant](t, b)
	})
}

func unmarshalText[T any, P interface {
	*T
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}](t *testing.T, b []byte) {
	t.Helper()
	var first, second T
	if err := P(&first).UnmarshalText(b); err != nil {
		return
	}
	text, err := P(&first).MarshalText()
	if err == nil {
		err = P(&second).UnmarshalText(text)
	}
	if err != nil || fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%q is read as %v, written as %q and read as %v: %v", b, first, text, second, err)
	}
}
