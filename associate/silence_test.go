// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// onDuty is a Duty of sources that watch all the time, everywhere.
func onDuty(share tw.PPM, posts ...tw.SourceID) associate.Duty {
	return func(tw.Interval, geo.Region, tw.Kind) []tw.Silent {
		var out []tw.Silent
		for _, p := range posts {
			out = append(out, tw.Silent{Source: p, Share: share})
		}
		return out
	}
}

func lone() seen {
	return seen{source: "p1", kind: tw.Explosion, description: tw.Impact, means: tw.Heard, count: exactly(1), region: point(0, 0, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
}

func TestSilenceLowersALoneReport(t *testing.T) {
	other := lone()
	other.source, other.means = "cam", tw.RecordedCamera
	claim := lone()
	claim.source, claim.means = "party-b", tw.PartyReport
	elsewhere := lone()
	elsewhere.source, elsewhere.kind, elsewhere.region = "north", tw.Shot, point(500, 0, 300)
	for _, c := range []struct {
		name   string
		scene  []seen
		duty   associate.Duty
		sure   [2]tw.PPM
		silent int
	}{
		{"nobody on duty: as sure as people on the spot", []seen{lone()}, onDuty(0), [2]tw.PPM{700_000, 700_000}, 0},
		{"no duty log at all", []seen{lone()}, nil, [2]tw.PPM{700_000, 700_000}, 0},
		{"three posts on duty that heard nothing", []seen{lone()}, onDuty(500_000, "north", "west", "south"), [2]tw.PPM{225_000, 226_000}, 3},
		{"of five silent posts three are weighed", []seen{lone()}, onDuty(500_000, "a", "b", "c", "d", "e"), [2]tw.PPM{225_000, 226_000}, 3},
		{"who reported it was not silent", []seen{lone()}, onDuty(500_000, "p1"), [2]tw.PPM{700_000, 700_000}, 0},
		{"who recorded something near was not silent", []seen{lone(), elsewhere}, onDuty(500_000, "north"), [2]tw.PPM{700_000, 1_000_000}, 0},
		{"who says that nothing escapes him is not believed", []seen{lone()}, onDuty(1_000_000, "north"), [2]tw.PPM{189_000, 190_000}, 1},
		{"two independent means stand against silence", []seen{lone(), other}, onDuty(900_000, "north", "west"), [2]tw.PPM{900_000, 1_000_000}, 0},
		{"an unchecked claim falls too", []seen{claim}, onDuty(500_000, "north"), [2]tw.PPM{176_000, 177_000}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := associate.New()
			a.SetDuty(c.duty)
			for i, s := range c.scene {
				a.Add(uint64(i+1), []*tw.Recorded{s.recorded(uint64(i + 1))})
			}
			in := a.Incident(tw.IncidentID{Index: 1})
			if in.Confidence < c.sure[0] || in.Confidence > c.sure[1] || len(in.Silent) != c.silent {
				t.Errorf("sure %d with %d silent; want %v with %d", in.Confidence, len(in.Silent), c.sure, c.silent)
			}
			if (in.Unopposed > 0) != (c.silent > 0) || in.Unopposed > 0 && in.Unopposed < in.Confidence {
				t.Errorf("before silence it was %d, after it %d", in.Unopposed, in.Confidence)
			}
		})
	}
}

func TestADutyLogThatComesLateIsWeighed(t *testing.T) {
	logs := onDuty(0)
	a := associate.New()
	a.SetDuty(func(when tw.Interval, where geo.Region, kind tw.Kind) []tw.Silent { return logs(when, where, kind) })
	a.Add(1, []*tw.Recorded{lone().recorded(1)})
	day := tw.Interval{From: at("2026-04-11 00:00"), Till: at("2026-04-12 00:00")}
	low, high := place(-5_000, -5_000), place(5_000, 5_000)
	if got := a.Reconsider(2, day, low, high); got != nil {
		t.Errorf("nothing is known anew, and %d incidents changed", len(got))
	}
	logs = onDuty(500_000, "north")
	if got := a.Reconsider(3, day, place(50_000, 0), place(60_000, 5_000)); got != nil {
		t.Errorf("a log of other ground changed %d incidents", len(got))
	}
	got := a.Reconsider(4, day, low, high)
	if len(got) != 1 || got[0].Incident.Confidence >= 700_000 || a.Len() != 1 {
		t.Fatalf("the log changed %+v of %d incidents", got, a.Len())
	}
	if last := got[0].Incident.History; len(last) != 2 || last[1].Index != 4 || !strings.Contains(last[1].What, "on duty") {
		t.Errorf("history %+v", last)
	}
	logs = onDuty(0)
	if got := a.Reconsider(5, day, low, high); len(got) != 1 || got[0].Incident.Confidence != 700_000 || got[0].Incident.Silent != nil || got[0].Incident.Unopposed != 0 {
		t.Errorf("the post takes its log back: %+v", got)
	}
}

// TestSilenceNeverRaisesConfidence is a property: whatever was reported, and in
// whatever order, nobody is surer of anything because somebody was silent; and more
// silence, or of more attentive sources, makes nobody surer.
func TestSilenceNeverRaisesConfidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 40).Draw(t, "observations"))
		posts := []tw.SourceID{"silent-1", "silent-2", "silent-3", "silent-4"}
		share := tw.PPM(rapid.IntRange(1, 1_000_000).Draw(t, "share"))
		less := share * tw.PPM(rapid.IntRange(0, 100).Draw(t, "less")) / 100
		n := rapid.IntRange(1, 4).Draw(t, "posts")
		none, few, many := associate.New(), associate.New(), associate.New()
		few.SetDuty(onDuty(less, posts[:max(1, n-1)]...))
		many.SetDuty(onDuty(share, posts[:n]...))
		for _, a := range []*associate.Associator{none, few, many} {
			for i, r := range recs {
				a.Add(uint64(i+1), []*tw.Recorded{r})
			}
		}
		all, fewer, most := slices.Collect(none.All()), slices.Collect(few.All()), slices.Collect(many.All())
		if len(all) != len(most) || len(all) != len(fewer) {
			t.Fatalf("silence made %d and %d incidents of %d", len(fewer), len(most), len(all))
		}
		for i, in := range all {
			if most[i].Confidence > fewer[i].Confidence || fewer[i].Confidence > in.Confidence || !slices.Equal(most[i].Links, in.Links) {
				t.Fatalf("incident %v is sure to %d, with silence %d, with more %d", in.ID, in.Confidence, fewer[i].Confidence, most[i].Confidence)
			}
		}
	})
}

// TestDutyLogsInAnyOrder is a property: it does not matter whether a log is known
// before an observation or after it.
func TestDutyLogsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 40).Draw(t, "observations"))
		when := rapid.IntRange(0, len(recs)).Draw(t, "log after")
		logs := onDuty(0)
		early, late := associate.New(), associate.New()
		early.SetDuty(onDuty(600_000, "silent-1", "s1"))
		late.SetDuty(func(when tw.Interval, where geo.Region, kind tw.Kind) []tw.Silent { return logs(when, where, kind) })
		for i, r := range recs {
			if i == when {
				logs = onDuty(600_000, "silent-1", "s1")
				late.Reconsider(uint64(i+1), tw.Interval{From: at("2026-04-01 00:00"), Till: at("2026-05-01 00:00")}, place(-90_000, -90_000), place(90_000, 90_000))
			}
			early.Add(uint64(i+1), []*tw.Recorded{r})
			late.Add(uint64(i+1), []*tw.Recorded{r})
		}
		if when == len(recs) {
			logs = onDuty(600_000, "silent-1", "s1")
			late.Reconsider(uint64(when+1), tw.Interval{From: at("2026-04-01 00:00"), Till: at("2026-05-01 00:00")}, place(-90_000, -90_000), place(90_000, 90_000))
		}
		one, other := slices.Collect(early.All()), slices.Collect(late.All())
		if len(one) != len(other) || early.Len() != late.Len() {
			t.Fatalf("%d incidents and %d", early.Len(), late.Len())
		}
		for i := range one {
			if one[i].Confidence != other[i].Confidence || !slices.Equal(one[i].Silent, other[i].Silent) || one[i].Unopposed != other[i].Unopposed {
				t.Fatalf("incident %v: %d %v, and %d %v", one[i].ID, one[i].Confidence, one[i].Silent, other[i].Confidence, other[i].Silent)
			}
		}
	})
}
