// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/count"
	"github.com/trucewatch/trucewatch/geo"
)

// epoch is the start of the invented mission: half past, as cut-offs are.
const epoch = 1_770_003_000 * trucewatch.Second

var genesis = &trucewatch.Genesis{Mission: "invented", Title: "Invented mission", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30", Epoch: epoch}

func rules(t *testing.T, a trucewatch.Audience) Rules {
	t.Helper()
	r, err := RulesFor(a, nil, genesis)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func terms(status agreement.Status, change func(*agreement.Agreement, *agreement.DisclosureRule)) *agreement.Agreement {
	a := &agreement.Agreement{Status: status, ID: "invented", Version: 1,
		Evidence: agreement.Evidence{Possible: 200_000, Probable: 600_000, Confirmed: 900_000}}
	rule := agreement.DisclosureRule{Audience: trucewatch.ForPublic, Precise: true, PrecisionMM: 5_000_000, Delay: 24 * trucewatch.Hour, Only: []string{"released_findings"}}
	change(a, &rule)
	a.Disclosure = []agreement.DisclosureRule{rule}
	return a
}

func TestRulesFor(t *testing.T) {
	same := func(*agreement.Agreement, *agreement.DisclosureRule) {}
	fine := func(_ *agreement.Agreement, d *agreement.DisclosureRule) {
		d.PrecisionMM, d.Delay = 1_000_000, trucewatch.Hour
	}
	late := func(_ *agreement.Agreement, d *agreement.DisclosureRule) {
		d.PrecisionMM, d.Delay = 2_000_000, 48*trucewatch.Hour
	}
	judges := func(a *agreement.Agreement, _ *agreement.DisclosureRule) {
		a.Bodies = []agreement.Body{{ID: "mission", Adjudicates: true}}
	}
	for _, tt := range []struct {
		name        string
		agreements  []*agreement.Agreement
		precisionMM int64
		delay       trucewatch.Instant
		adjudicates bool
	}{
		{"without an agreement the defaults", nil, PublicPrecisionMM, PublicDelay, false},
		{"an agreement may be finer and quicker", []*agreement.Agreement{terms(agreement.InForce, fine)}, 1_000_000, trucewatch.Hour, false},
		{"of two the stricter wins, each way", []*agreement.Agreement{terms(agreement.InForce, same), terms(agreement.InForce, late)}, 5_000_000, 48 * trucewatch.Hour, false},
		{"and in the other order", []*agreement.Agreement{terms(agreement.InForce, late), terms(agreement.InForce, same)}, 5_000_000, 48 * trucewatch.Hour, false},
		{"a draft changes nothing", []*agreement.Agreement{terms(agreement.Draft, fine)}, PublicPrecisionMM, PublicDelay, false},
		{"the mission may adjudicate", []*agreement.Agreement{terms(agreement.InForce, judges)}, PublicPrecisionMM, PublicDelay, true},
		{"one text against it suffices", []*agreement.Agreement{terms(agreement.InForce, judges), terms(agreement.InForce, same)}, PublicPrecisionMM, PublicDelay, false},
		{"a text that is silent keeps the defaults", []*agreement.Agreement{{Status: agreement.InForce, ID: "silent"}}, PublicPrecisionMM, PublicDelay, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := RulesFor(trucewatch.ForPublic, tt.agreements, genesis)
			if err != nil || r.PrecisionMM != tt.precisionMM || r.Delay != tt.delay || r.Adjudicates != tt.adjudicates {
				t.Errorf("got %d mm, %d us, %v, %v; want %d, %d, %v", r.PrecisionMM, r.Delay, r.Adjudicates, err, tt.precisionMM, tt.delay, tt.adjudicates)
			}
		})
	}
}

func TestAudienceThatIsNotServedIsRefused(t *testing.T) {
	for _, a := range []trucewatch.Audience{trucewatch.ForPress, trucewatch.ForResearcher, trucewatch.ForHumanitarian, trucewatch.ForPartyA, trucewatch.ForPartyB,
		trucewatch.ForCommission, trucewatch.ForGuarantor, trucewatch.ForAuditor, "", "Public"} {
		_, err := Build(Facts{Genesis: genesis}, a, epoch, trucewatch.Interval{}, trucewatch.Interval{})
		if !errors.Is(err, ErrAudience) || !strings.Contains(err.Error(), "audience "+string(a)+": audience is not served by this version") {
			t.Errorf("%q: got %v", a, err)
		}
	}
	var none Rules
	in := &trucewatch.Incident{Preferred: -1}
	if _, shown := none.Incident(epoch, in, nil, nil); shown {
		t.Error("the zero Rules show an incident")
	}
	if _, shown := none.Tally(trucewatch.TallyView{Source: trucewatch.Source{Kind: trucewatch.PressSource}}); shown || len(none.Sources(make([]trucewatch.SourceView, 3))) > 0 {
		t.Error("the zero Rules show a tally or a source")
	}
}

func TestTermsThatCannotBeKeptAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		change     func(*agreement.DisclosureRule)
	}{
		{"exact places", "exact places", func(d *agreement.DisclosureRule) { d.PrecisionMM = 0 }},
		{"other classes", "only", func(d *agreement.DisclosureRule) { d.Only = []string{"hazard"} }},
		{"an unknown thing to hide", `"moods"`, func(d *agreement.DisclosureRule) { d.Hide = []string{"moods"} }},
		{"a party's rule", "own_side", func(d *agreement.DisclosureRule) { d.OwnSide = "exact" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := terms(agreement.InForce, func(_ *agreement.Agreement, d *agreement.DisclosureRule) { tt.change(d) })
			_, err := RulesFor(trucewatch.ForPublic, []*agreement.Agreement{a}, genesis)
			if !errors.Is(err, ErrTerms) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "invented version 1") {
				t.Errorf("got %v, want %v about %s", err, ErrTerms, tt.want)
			}
		})
	}
}

// event makes a judged incident at a place and time.
func event(n uint64, kind trucewatch.Kind, where geo.Region, when trucewatch.Interval) (*trucewatch.Incident, FindingFact) {
	id := trucewatch.IncidentID{Index: n}
	in := &trucewatch.Incident{ID: id, Kind: kind, When: when, Preferred: 0, Origin: -1, Confidence: 730_000, Sources: 2, MeansCount: 2, State: "open",
		Estimates: []trucewatch.Estimate{{Role: "impact", Method: "single pixel", Region: where, When: when, Mode: "automatic", Status: "preliminary"}},
		Phenomena: []trucewatch.Phenomena{{Kind: kind, Count: trucewatch.Count{Value: 3, Qualifier: trucewatch.Exact}}}}
	f := &trucewatch.Finding{ID: trucewatch.FindingID("K2/" + id.String()), Subject: trucewatch.Subject{Incident: &id}, Act: "K2", ActName: "fire_heavy", Result: trucewatch.Violation,
		Severity: 3, Confidence: 730_000, Word: "probable", Unit: "engagement", Quantity: 1, State: "preliminary", When: when}
	return in, FindingFact{Finding: f}
}

var somewhere = geo.Circle(geo.Position{LatE7: 481234567, LonE7: 377654321}, 200_000)

func moment(at trucewatch.Instant) trucewatch.Interval {
	return trucewatch.Interval{From: at, Till: at}
}

func TestDelayEndsOnTheHourAfterTheEvent(t *testing.T) {
	const hour, minute, day = trucewatch.Hour, trucewatch.Minute, trucewatch.Day
	for _, tt := range []struct {
		name           string
		end            trucewatch.Instant // after epoch; -1: it goes on
		released       trucewatch.Instant // after epoch; 0: nobody did
		first, tick    trucewatch.Instant // after epoch; -1: never
		alsoMissesThis trucewatch.Instant
	}{
		{"in the middle of an hour", 20 * minute, hour, hour + day, hour + day, hour + day - 1},
		{"on the last microsecond of an hour", hour - 1, hour, hour + day, hour + day, hour + day - 1},
		{"on the first microsecond of an hour", hour, hour, 2*hour + day, 2*hour + day, 2*hour + day - 1},
		{"released after its delay", 20 * minute, 3 * day, 3 * day, -1, 3*day - 1},
		{"not released", 20 * minute, 0, -1, -1, 90 * day},
		{"not ended", -1, hour, -1, -1, 90 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			when := trucewatch.Interval{From: epoch}
			if tt.end >= 0 {
				when.Till = epoch + tt.end
			}
			in, f := event(7, trucewatch.Explosion, somewhere, when)
			if tt.released != 0 {
				f.Released = epoch + tt.released
			}
			r := rules(t, trucewatch.ForPublic)
			if _, shown := r.Incident(epoch+tt.alsoMissesThis, in, nil, []FindingFact{f}); shown {
				t.Errorf("shown too early")
			}
			_, incident := r.Incident(epoch+tt.first, in, nil, []FindingFact{f})
			_, finding := r.Finding(epoch+tt.first, f, in)
			if want := tt.first >= 0; incident != want || finding != want {
				t.Errorf("at %d incident %v, finding %v; want %v", tt.first, incident, finding, want)
			}
			want := trucewatch.Instant(0)
			if tt.tick >= 0 {
				want = epoch + tt.tick
			}
			if got := r.VisibleFrom(f, in); got != want {
				t.Errorf("VisibleFrom = %v, want %v", got, want)
			}
			if got := rules(t, trucewatch.ForMission).VisibleFrom(f, in); got != 0 {
				t.Errorf("the mission waits until %v", got)
			}
		})
	}
	in, f := event(7, trucewatch.Explosion, somewhere, moment(math.MaxInt64-5))
	f.Released = 1
	if _, shown := rules(t, trucewatch.ForPublic).Incident(math.MaxInt64, in, nil, []FindingFact{f}); shown {
		t.Error("an event at the end of time is shown: the delay has overflowed")
	}
}

// width returns the sides of a cell on the ground, the narrowest.
func width(r geo.Region) int64 {
	ring := r.Rings[0]
	least := int64(math.MaxInt64)
	for i := range ring {
		least = min(least, geo.DistanceMM(ring[i], ring[(i+1)%len(ring)]))
	}
	return least
}

type rect struct{ south, west, north, east int64 }

func rectOf(r geo.Region) rect {
	a, b := r.Rings[0][0], r.Rings[0][2]
	return rect{int64(a.LatE7), int64(a.LonE7), int64(b.LatE7), int64(b.LonE7)}
}

func (a rect) holds(b rect) bool {
	return a.south <= b.south && a.west <= b.west && a.north >= b.north && a.east >= b.east
}

func (a rect) apart(b rect) bool {
	return a.south >= b.north || b.south >= a.north || a.west >= b.east || b.west >= a.east
}

func drawPosition(t *rapid.T, name string) geo.Position {
	return geo.Position{LatE7: rapid.Int32Range(-890000000, 890000000).Draw(t, name+" lat"), LonE7: rapid.Int32Range(-1800000000, 1800000000).Draw(t, name+" lon")}
}

func TestCellsNestAndAreNeverFinerThanTheirSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.SampledFrom([]int64{500_000, 1_000_000, 5_000_000, 7_300_000}).Draw(t, "side")
		p, q := drawPosition(t, "p"), drawPosition(t, "q")
		if rapid.Bool().Draw(t, "near") {
			q = geo.Direct(p, rapid.Int32Range(0, 359_999).Draw(t, "azimuth"), rapid.Int64Range(0, 200_000_000).Draw(t, "distance"))
		}
		i, k := rapid.UintRange(0, coarsest).Draw(t, "i"), rapid.UintRange(0, coarsest).Draw(t, "k")
		a, b := geo.Cell(p, side, i), geo.Cell(q, side, k)
		ra, rb := rectOf(a), rectOf(b)
		if !ra.holds(rect{int64(p.LatE7), int64(p.LonE7), int64(p.LatE7), int64(p.LonE7)}) {
			t.Fatalf("cell %v does not hold %v", ra, p)
		}
		if !ra.apart(rb) && !ra.holds(rb) && !rb.holds(ra) {
			t.Fatalf("cells %v and %v have a part in common that is finer than both", ra, rb)
		}
		// Long edges of a large cell are no geodesics; the rule is held where cells are
		// small against the globe.
		if i <= 2 && width(a) < side {
			t.Fatalf("cell %v at %v is %d mm wide, less than %d", ra, p, width(a), side)
		}
	})
}

func TestWhatDoesNotMoveIsGivenByDistrict(t *testing.T) {
	r := rules(t, trucewatch.ForPublic)
	for _, kind := range trucewatch.Kinds() {
		in, _ := event(1, kind, somewhere, moment(epoch))
		where, words := r.where(in)
		least := int64(PublicPrecisionMM)
		if kind == trucewatch.WeaponSeen || kind == trucewatch.PositionSeen || kind == trucewatch.Jamming {
			least = StillPrecisionMM
		}
		if width(where) < least {
			t.Errorf("%s is given to %d mm (%s), finer than %d", kind, width(where), words, least)
		}
	}
}

func TestVagueRegionGetsALargerCell(t *testing.T) {
	r := rules(t, trucewatch.ForPublic)
	for _, tt := range []struct {
		name   string
		region geo.Region
		want   string
	}{
		{"a circle of 200 m", somewhere, "5 km cell"},
		{"a circle of 5 km across", geo.Circle(somewhere.Center, 2_500_000), "5 km cell"},
		{"a little larger", geo.Circle(somewhere.Center, 2_500_001), "10 km cell"},
		{"a circle of 200 km across", geo.Circle(somewhere.Center, 100_000_000), "320 km cell"},
		{"a sector 2 to 4 km ENE", geo.NewSector(somewhere.Center, 2_000_000, 4_000_000, []int32{67_500}), "5 km cell"},
		{"a sector 10 to 15 km ENE", geo.NewSector(somewhere.Center, 10_000_000, 15_000_000, []int32{67_500}), "20 km cell"},
		{"nowhere", geo.Region{}, "place not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, _ := event(1, trucewatch.Explosion, tt.region, moment(epoch))
			if _, got := r.where(in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// numbers counts as replay does for an audience.
func numbers(now, before Items) []trucewatch.Number {
	return count.Numbers(count.Plain(), count.Items(now), count.Items(before), count.Ground{})
}

// facts hands incidents over as replay does.
func facts(list []IncidentFact) Facts {
	about := func(id trucewatch.FindingID) (About, bool) {
		for _, i := range list {
			for _, f := range i.Findings {
				if f.Finding.ID == id {
					return About{f, i.Incident}, true
				}
			}
		}
		return About{}, false
	}
	return Facts{
		Genesis: genesis, Finding: about, Numbers: numbers,
		Incidents: func(period trucewatch.Interval) iter.Seq[IncidentFact] {
			return func(yield func(IncidentFact) bool) {
				for _, i := range list {
					if (period.IsZero() || period.Gap(i.Incident.When) == 0) && !yield(i) {
						return
					}
				}
			}
		},
		Revised: func(period trucewatch.Interval) iter.Seq[About] {
			return func(yield func(About) bool) {
				for _, i := range list {
					for _, f := range i.Findings {
						if f.Revised != 0 && (period.IsZero() || period.Contains(f.Revised)) && !yield(About{f, i.Incident}) {
							return
						}
					}
				}
			}
		},
	}
}

// A plain is what the public may know of an incident; a secret is the rest.
type plain struct {
	n              uint64
	kind           trucewatch.Kind
	hour, hours    int
	lat, lon       int32 // in which cell
	steps          int   // of confidence
	count          int64
	means          int
	released       trucewatch.Instant
	result         trucewatch.Result
	exemption      string
	claims, placed bool
	revised        bool
}

func drawPlain(t *rapid.T, n uint64) plain {
	return plain{
		n: n, kind: rapid.SampledFrom(trucewatch.Kinds()).Draw(t, "kind"),
		hour: rapid.IntRange(0, 60).Draw(t, "hour"), hours: rapid.IntRange(0, 2).Draw(t, "hours"),
		lat: rapid.Int32Range(470000000, 490000000).Draw(t, "lat"), lon: rapid.Int32Range(370000000, 390000000).Draw(t, "lon"),
		steps: rapid.IntRange(0, 9).Draw(t, "steps"), count: rapid.Int64Range(0, 20).Draw(t, "count"), means: rapid.IntRange(0, 3).Draw(t, "means"),
		released:  epoch + trucewatch.Instant(rapid.IntRange(0, 100).Draw(t, "released"))*trucewatch.Hour,
		result:    rapid.SampledFrom(trucewatch.Results()).Draw(t, "result"),
		exemption: rapid.SampledFrom([]string{"", "X5"}).Draw(t, "exemption"),
		claims:    rapid.Bool().Draw(t, "claims"), placed: rapid.Bool().Draw(t, "placed"), revised: rapid.Bool().Draw(t, "revised"),
	}
}

// secretly draws an incident that the public may know as p, with everything
// else at random.
func secretly(t *rapid.T, p plain) IncidentFact {
	from := epoch + trucewatch.Instant(p.hour)*trucewatch.Hour
	when := trucewatch.Interval{From: from + trucewatch.Instant(rapid.Int64Range(0, int64(trucewatch.Hour)-1).Draw(t, "from"))}
	till := from + trucewatch.Instant(p.hours)*trucewatch.Hour
	when.Till = max(when.From, till+trucewatch.Instant(rapid.Int64Range(0, int64(trucewatch.Hour)-1).Draw(t, "till")))
	in, f := event(p.n, p.kind, geo.Region{}, when)
	in.Confidence = trucewatch.PPM(p.steps)*ConfidenceStep + trucewatch.PPM(rapid.Int64Range(0, ConfidenceStep-1).Draw(t, "confidence"))
	in.Claims, in.MeansCount, in.Phenomena[0].Count.Value = p.claims, p.means, p.count
	if p.placed {
		doubled := uint(0)
		if Still(p.kind) {
			doubled = 3
		}
		c := rectOf(geo.Cell(geo.Position{LatE7: p.lat, LonE7: p.lon}, PublicPrecisionMM, doubled))
		at := geo.Position{LatE7: int32(rapid.Int64Range(c.south, c.north-1).Draw(t, "lat")), LonE7: int32(rapid.Int64Range(c.west, c.east-1).Draw(t, "lon"))}
		in.Estimates[0].Region = geo.Circle(at, rapid.Int64Range(1, 2_500_000).Draw(t, "radius"))
		in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: "origin", Method: words(rapid.String().Draw(t, "method")), Region: geo.Circle(drawPosition(t, "origin"), 7)})
		in.Origin = 1
	}
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		in.Links = append(in.Links, trucewatch.Link{Observation: trucewatch.ObservationID{Index: rapid.Uint64().Draw(t, "observation")}})
		in.History = append(in.History, trucewatch.Revision{What: rapid.String().Draw(t, "what")})
	}
	var members []*trucewatch.Recorded
	for _, l := range in.Links {
		here := drawPosition(t, "observer")
		members = append(members, &trucewatch.Recorded{ID: l.Observation, Source: &trucewatch.Source{ID: trucewatch.SourceID(rapid.String().Draw(t, "source"))},
			Observation: &trucewatch.Observation{Text: rapid.String().Draw(t, "text"), Where: trucewatch.Place{Name: rapid.String().Draw(t, "name")},
				Observer: &trucewatch.Observer{Position: &here}, Asset: &trucewatch.Asset{ID: rapid.String().Draw(t, "asset")}}})
	}
	v := f.Finding
	v.Result, v.Exemption = p.result, p.exemption
	v.Confidence = in.Confidence
	f.Released = p.released
	if p.exemption != "" {
		v.Exemption += "/" + rapid.StringMatching(`n-[0-9]+`).Draw(t, "notice")
	}
	if p.revised {
		f.Revised = p.released + 50*trucewatch.Hour
		v.Revision = 1
	}
	v.Index = rapid.Uint64().Draw(t, "index")
	v.Reasons = []trucewatch.Reason{{Text: rapid.String().Draw(t, "reason")}}
	v.WouldChange = []string{rapid.String().Draw(t, "change")}
	v.Attribution = trucewatch.Attribution{Level: "party", Party: trucewatch.PartyID(rapid.SampledFrom([]string{"A", "B"}).Draw(t, "party"))}
	out := IncidentFact{Incident: in, Members: members, Findings: []FindingFact{f}}
	if rapid.Bool().Draw(t, "second finding") {
		other := *v
		other.ID = trucewatch.FindingID("Z9/" + in.ID.String())
		out.Findings = append(out.Findings, FindingFact{Finding: &other}) // nobody released it
	}
	return out
}

// drawState draws a state of which the public may know list.
func drawState(t *rapid.T, list []plain) Facts {
	var all []IncidentFact
	for _, p := range list {
		all = append(all, secretly(t, p))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "kept") {
		hidden := secretly(t, drawPlain(t, uint64(1000+i)))
		hidden.Findings[0].Released = 0
		all = append(all, hidden)
	}
	st := facts(all)
	st.Sources = []trucewatch.SourceView{
		{Source: trucewatch.Source{ID: trucewatch.SourceID(rapid.String().Draw(t, "camera")), Kind: trucewatch.CameraSource}, Accepted: rapid.Int64().Draw(t, "accepted"), LastSeen: trucewatch.Instant(rapid.Int64().Draw(t, "seen"))},
		{Source: trucewatch.Source{ID: "press", Kind: trucewatch.PressSource}, Accepted: 4},
	}
	for range rapid.IntRange(0, 2).Draw(t, "notices") {
		st.Notices = append(st.Notices, trucewatch.NoticeView{Notification: trucewatch.Notification{ID: rapid.String().Draw(t, "id")}})
	}
	for i := range all {
		f := all[i].Findings
		c := &trucewatch.Case{ID: "case/" + trucewatch.CaseID(f[0].Finding.ID), Opened: epoch, State: "opened", History: []trucewatch.Revision{{What: rapid.String().Draw(t, "case")}}}
		c.Decisions = drawDecisions(t)
		for _, one := range f[:1] {
			c.Findings = append(c.Findings, one.Finding.ID)
		}
		st.Cases = append(st.Cases, c)
	}
	st.Tallies = append(st.Tallies, trucewatch.TallyView{Source: trucewatch.Source{Kind: trucewatch.PatrolSource}, Tally: trucewatch.Tally{Text: rapid.String().Draw(t, "tally")}},
		trucewatch.TallyView{Source: trucewatch.Source{Kind: trucewatch.PressSource}, Tally: trucewatch.Tally{Text: "published"}})
	return st
}

// drawDecisions makes decisions of which the public learns body, outcome and day.
func drawDecisions(t *rapid.T) []trucewatch.Ruling {
	hour := trucewatch.Instant(rapid.Int64Range(0, int64(trucewatch.Day)-1).Draw(t, "time of the day"))
	return []trucewatch.Ruling{{Outcome: "carried", Why: rapid.String().Draw(t, "why"), Index: rapid.Uint64().Draw(t, "entry"), Decision: trucewatch.Decision{
		ID: rapid.String().Draw(t, "decision"), Body: "joint_commission", About: rapid.SampledFrom([]string{"responsibility", "remedy"}).Draw(t, "about"),
		Question: rapid.String().Draw(t, "question"), Party: trucewatch.PartyID(rapid.String().Draw(t, "held responsible")), At: epoch - epoch%trucewatch.Day + trucewatch.Day + hour,
		Votes:    []trucewatch.Vote{{Member: rapid.String().Draw(t, "member"), Cast: "for", Dissent: rapid.String().Draw(t, "dissent")}},
		Remedies: []trucewatch.Remedy{{What: rapid.String().Draw(t, "remedy")}},
	}}}
}

func drawPeriod(t *rapid.T, name string) trucewatch.Interval {
	if rapid.Bool().Draw(t, name+" is all time") {
		return trucewatch.Interval{}
	}
	from := epoch + trucewatch.Instant(rapid.Int64Range(0, 60*int64(trucewatch.Hour)).Draw(t, name+" from"))
	return trucewatch.Interval{From: from, Till: from + trucewatch.Instant(rapid.Int64Range(1, 48*int64(trucewatch.Hour)).Draw(t, name+" length"))}
}

func build(t interface{ Fatal(...any) }, st Facts, a trucewatch.Audience, at trucewatch.Instant, period, before trucewatch.Interval) (trucewatch.View, []byte) {
	v, err := Build(st, a, at, period, before)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return v, b
}

// TestPublicViewDoesNotDependOnSecrets is non-interference: whatever period is
// asked for, at whatever instant, two states that differ only in what is kept
// from the public give it the same bytes.
func TestPublicViewDoesNotDependOnSecrets(t *testing.T) {
	shown := 0
	rapid.Check(t, func(t *rapid.T) {
		var list []plain
		for i := range rapid.IntRange(1, 4).Draw(t, "incidents") {
			list = append(list, drawPlain(t, uint64(i+1)))
		}
		one, other := drawState(t, list), drawState(t, list)
		at := epoch + 400*trucewatch.Hour
		if rapid.Bool().Draw(t, "early") {
			at = epoch + trucewatch.Instant(rapid.Int64Range(0, 150*int64(trucewatch.Hour)).Draw(t, "at"))
		}
		period, before := drawPeriod(t, "period"), drawPeriod(t, "before")
		v, a := build(t, one, trucewatch.ForPublic, at, period, before)
		_, b := build(t, other, trucewatch.ForPublic, at, period, before)
		shown += len(v.Incidents)
		if !bytes.Equal(a, b) {
			t.Fatalf("the public sees\n%s\nof one state and\n%s\nof the other", a, b)
		}
	})
	if shown < 50 {
		t.Errorf("only %d incidents were ever shown: the test tests nothing", shown)
	}
}

// stateOf makes a state from the mission's View and nothing else.
func stateOf(v trucewatch.View) Facts {
	var list []IncidentFact
	for _, i := range v.Incidents {
		in := &trucewatch.Incident{ID: i.ID, Aliases: i.Aliases, Kind: i.Kind, When: i.When, Estimates: i.Estimates, Preferred: i.Preferred, Origin: -1, Phenomena: i.Phenomena,
			Confidence: i.Confidence, Sources: i.Sources, MeansCount: i.MeansCount, Claims: i.Claims, Degraded: i.Degraded, State: i.State}
		var found []FindingFact
		for _, f := range v.Findings {
			if f.Subject.Incident != nil && *f.Subject.Incident == i.ID {
				found = append(found, FindingFact{Finding: &f.Finding, Released: f.Released})
			}
		}
		list = append(list, IncidentFact{Incident: in, Findings: found})
	}
	st := facts(list)
	st.Tallies, st.Statements, st.Notices, st.Sources, st.Texts = v.Tallies, v.Statements, v.Notices, v.Sources, v.Agreements
	for i := range v.Cases {
		st.Cases = append(st.Cases, &v.Cases[i].Case)
	}
	return st
}

func TestPublicViewIsAFunctionOfTheMissionView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []plain
		for i := range rapid.IntRange(0, 4).Draw(t, "incidents") {
			p := drawPlain(t, uint64(i+1))
			p.revised = false // when a finding was revised is in the record, not in a View
			list = append(list, p)
		}
		st := drawState(t, list)
		at := epoch + trucewatch.Instant(rapid.Int64Range(0, 150*int64(trucewatch.Hour)).Draw(t, "at"))
		mission, _ := build(t, st, trucewatch.ForMission, at, trucewatch.Interval{}, trucewatch.Interval{})
		period := drawPeriod(t, "period")
		_, direct := build(t, st, trucewatch.ForPublic, at, period, trucewatch.Interval{})
		_, through := build(t, stateOf(mission), trucewatch.ForPublic, at, period, trucewatch.Interval{})
		if !bytes.Equal(direct, through) {
			t.Fatalf("directly\n%s\nthrough the mission's View\n%s", direct, through)
		}
	})
}

// TestManyPublicationsNeverAddUp publishes an incident again and again while
// its place and time are worked out better: what the publications have in
// common is never finer than the finest of them.
func TestManyPublicationsNeverAddUp(t *testing.T) {
	r := rules(t, trucewatch.ForPublic)
	rapid.Check(t, func(t *rapid.T) {
		truth := geo.Position{LatE7: rapid.Int32Range(-600000000, 600000000).Draw(t, "lat"), LonE7: rapid.Int32Range(-1700000000, 1700000000).Draw(t, "lon")}
		var places []rect
		for range rapid.IntRange(2, 6).Draw(t, "publications") {
			radius := rapid.Int64Range(1, 60_000_000).Draw(t, "radius")
			estimate := geo.Direct(truth, rapid.Int32Range(0, 359_999).Draw(t, "azimuth"), rapid.Int64Range(0, radius).Draw(t, "off"))
			kind := rapid.SampledFrom([]trucewatch.Kind{trucewatch.Explosion, trucewatch.WeaponSeen}).Draw(t, "kind")
			in, f := event(1, kind, geo.Circle(estimate, radius), moment(epoch+trucewatch.Instant(rapid.Int64Range(0, int64(trucewatch.Day)).Draw(t, "when"))))
			f.Released = epoch
			v, shown := r.Incident(epoch+10*trucewatch.Day, in, nil, []FindingFact{f})
			if !shown || width(v.Where) < PublicPrecisionMM {
				t.Fatalf("shown %v, %d mm wide", shown, width(v.Where))
			}
			if (v.When.From-epoch)%trucewatch.Hour != 0 || (v.When.Till-epoch)%trucewatch.Hour != 0 || v.When.Till == v.When.From {
				t.Fatalf("the time %v is finer than an hour", v.When)
			}
			places = append(places, rectOf(v.Where))
		}
		for i, a := range places {
			for _, b := range places[:i] {
				if !a.apart(b) && !a.holds(b) && !b.holds(a) {
					t.Fatalf("%v and %v together are finer than each", a, b)
				}
			}
		}
	})
}

func TestSecretsAreNowhereInThePublicView(t *testing.T) {
	at := geo.Position{LatE7: 481234567, LonE7: 377654321}
	in, f := event(41, trucewatch.Explosion, geo.Circle(at, 123_457), moment(epoch+17*trucewatch.Minute+3*trucewatch.Second+777))
	post := geo.Position{LatE7: 481999931, LonE7: 377111113}
	source := trucewatch.Source{ID: "secret-camera", Kind: trucewatch.CameraSource, Name: "secret camera name", Note: "secret blind spot"}
	in.Links = []trucewatch.Link{{Observation: trucewatch.ObservationID{Index: 41}, Reason: "secret link"}}
	in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: "origin", Region: geo.Circle(geo.Position{LatE7: 489876543, LonE7: 381234987}, 55_001), Method: "secret method"})
	in.Origin, in.History = 1, []trucewatch.Revision{{What: "secret history"}}
	f.Released = epoch + trucewatch.Hour
	v := f.Finding
	v.Reasons = []trucewatch.Reason{{Text: "secret reason: 1,234 m from secret-camera", Evidence: []trucewatch.ObservationID{{Index: 41}}, Because: []trucewatch.Reason{{Text: "secret leaf"}}}}
	v.WouldChange = []string{"secret change"}
	v.Exemption = "X5/secret-notice"
	v.Attribution = trucewatch.Attribution{Level: "party", Party: "SECRETPARTY", Share: 912_345, Basis: []string{"secret basis"}}
	v.Index = 987_654_321
	st := facts([]IncidentFact{{Incident: in, Findings: []FindingFact{f}, Members: []*trucewatch.Recorded{{ID: trucewatch.ObservationID{Index: 41}, Source: &source, Observation: &trucewatch.Observation{
		Key: trucewatch.Hash{0xde, 0xad}, Text: "secret text", Observer: &trucewatch.Observer{Name: "secret observer", Position: &post}, Where: trucewatch.Place{Name: "secret hamlet", Text: "secret words"},
		Asset: &trucewatch.Asset{ID: "secret-asset"}}}}}})
	st.Sources = []trucewatch.SourceView{{Source: source, Accepted: 7_654_321, Rejection: []trucewatch.RejectionView{{File: "secret.csv"}}}}
	st.Notices = []trucewatch.NoticeView{{Notification: trucewatch.Notification{ID: "secret-notice", Route: []geo.Position{post}}}}
	st.Tallies = []trucewatch.TallyView{{Source: source, Tally: trucewatch.Tally{Text: "secret tally"}}}
	st.Statements = []trucewatch.StatementView{{Source: trucewatch.Source{Kind: trucewatch.PersonSource}, Statement: trucewatch.Statement{Text: "secret statement"}}}
	st.Texts = []trucewatch.AgreementText{{ID: "secret-draft", Draft: true}, {ID: "open", Zones: []trucewatch.ZoneShape{{ID: "secret-hospital", Kind: "protected_objects"}, {ID: "Z1", Kind: "buffer"}}}}
	st.Cases = []*trucewatch.Case{{ID: "case/K2/41.0", Findings: []trucewatch.FindingID{"K2/41.0"}, Opened: epoch + 18*trucewatch.Minute + 1, History: []trucewatch.Revision{{What: "secret case"}},
		Decisions: []trucewatch.Ruling{{Index: 730_000_001, Outcome: "carried", Why: "consensus: secret member", Decision: trucewatch.Decision{ID: "d-secret", Session: "secret session", Body: "joint_commission",
			About: "responsibility", Question: "secret question", Party: "SECRETPARTY", At: epoch + 25*trucewatch.Hour + 48*trucewatch.Minute + 1, Votes: []trucewatch.Vote{{Member: "SECRETPARTY", Cast: "for", Dissent: "secret view"}},
			Remedies: []trucewatch.Remedy{{ID: "secret remedy", Party: "SECRETPARTY", What: "secret depot"}}}}}}}
	view, public := build(t, st, trucewatch.ForPublic, epoch+30*trucewatch.Hour, trucewatch.Interval{}, trucewatch.Interval{})
	if len(view.Incidents) != 1 || len(view.Findings) != 1 || len(view.Cases) != 1 || len(view.Cases[0].Decided) != 1 || len(view.Agreements) != 1 {
		t.Fatalf("the public does not see what it may: %s", public)
	}
	secrets := []string{"secret", "SECRETPARTY", "912345", "987654321", "481234567", "377654321", "123457", "489876543", "381234987", "55001", "481999931", "377111113", "7654321", "dead", ":47:03", ":48:00.000001", "730000", "d-secret", "responsibility"}
	for _, s := range secrets {
		if bytes.Contains(public, []byte(s)) {
			t.Errorf("the public finds %q in %s", s, public)
		}
	}
	_, mission := build(t, st, trucewatch.ForMission, epoch+30*trucewatch.Hour, trucewatch.Interval{}, trucewatch.Interval{})
	for _, s := range secrets {
		if !bytes.Contains(mission, []byte(s)) {
			t.Errorf("%q is not in the mission's View: the test tests nothing of it", s)
		}
	}
	fv := view.Findings[0]
	if fv.Attribution.Level != trucewatch.WithheldAttribution || !slices.Contains(fv.Withheld, "attribution") || fv.Exemption != "X5" || len(fv.Reasons) != 1 || fv.Reasons[0].Holds != "yes" {
		t.Errorf("the finding is %+v", fv)
	}
}

func TestMissionSeesEverything(t *testing.T) {
	in, f := event(41, trucewatch.Explosion, somewhere, moment(epoch))
	in.Links = []trucewatch.Link{{Observation: trucewatch.ObservationID{Index: 41}, Share: 900_000}, {Observation: trucewatch.ObservationID{Index: 40}, Share: 950_000}}
	source := &trucewatch.Source{ID: "cam-1"}
	far := &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: 40}, Source: source, Observation: &trucewatch.Observation{Where: trucewatch.Place{Text: "2-4km ENE"}}}
	near := &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: 41}, Source: source, Observation: &trucewatch.Observation{Where: trucewatch.Place{Name: "Novyi Yar"}}}
	r := rules(t, trucewatch.ForMission)
	v, shown := r.Incident(epoch, in, []*trucewatch.Recorded{near, far}, []FindingFact{f})
	if !shown || !reflect.DeepEqual(v.Where, somewhere) || v.Precision != "exact" || v.Place != "2-4km ENE" || v.Word != "probable" || len(v.Observations) != 2 || v.Preferred != 0 {
		t.Errorf("the mission sees %+v %v", v, shown)
	}
	fv, shown := r.Finding(epoch, f, in)
	if !shown || !reflect.DeepEqual(fv.Finding, *f.Finding) || len(fv.Withheld) > 0 {
		t.Errorf("the mission sees %+v %v", fv, shown)
	}
}

func TestWindowThatNobodyCouldAssessStaysInside(t *testing.T) {
	f := FindingFact{Released: epoch, Finding: &trucewatch.Finding{ID: "K2/w", Subject: trucewatch.Subject{Window: &trucewatch.Interval{From: epoch, Till: epoch + 1}}, When: moment(epoch), Result: trucewatch.NotAssessable}}
	if _, shown := rules(t, trucewatch.ForPublic).Finding(epoch+90*trucewatch.Day, f, nil); shown {
		t.Error("the public learns where and when nobody looked")
	}
	if _, shown := rules(t, trucewatch.ForMission).Finding(epoch, f, nil); !shown {
		t.Error("the mission does not see it")
	}
}

func TestAttributionWhereTheMissionAdjudicates(t *testing.T) {
	a := terms(agreement.InForce, func(a *agreement.Agreement, _ *agreement.DisclosureRule) {
		a.Bodies = []agreement.Body{{ID: "mission", Adjudicates: true}}
	})
	r, err := RulesFor(trucewatch.ForPublic, []*agreement.Agreement{a}, genesis)
	if err != nil {
		t.Fatal(err)
	}
	in, f := event(1, trucewatch.Explosion, somewhere, moment(epoch))
	f.Released = epoch
	f.Finding.Attribution = trucewatch.Attribution{Level: "party", Party: "A", Share: 912_345, Basis: []string{"free text"}, Alternatives: []trucewatch.Alternative{{Party: "B", Share: 87_655}}}
	v, shown := r.Finding(epoch+10*trucewatch.Day, f, in)
	want := trucewatch.Attribution{Level: "party", Party: "A", Share: 900_000, Alternatives: []trucewatch.Alternative{{Party: "B"}}}
	if !shown || !reflect.DeepEqual(v.Attribution, want) {
		t.Errorf("got %+v %v, want %+v", v.Attribution, shown, want)
	}
}

// TestNothingIsAttributedWhereTheMissionDoesNotAdjudicate holds for every view,
// the mission's own among them.
func TestNothingIsAttributedWhereTheMissionDoesNotAdjudicate(t *testing.T) {
	a := terms(agreement.InForce, func(a *agreement.Agreement, _ *agreement.DisclosureRule) {
		a.Bodies = []agreement.Body{{ID: "mission", Adjudicates: false}}
	})
	for _, audience := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		r, err := RulesFor(audience, []*agreement.Agreement{a}, genesis)
		if err != nil {
			t.Fatal(err)
		}
		in, f := event(1, trucewatch.Explosion, somewhere, moment(epoch))
		f.Released = epoch
		f.Finding.Attribution = trucewatch.Attribution{Level: "party", Party: "A", Share: 912_345}
		v, shown := r.Finding(epoch+10*trucewatch.Day, f, in)
		if !shown || v.Attribution.Level != trucewatch.WithheldAttribution || v.Attribution.Party != "" || !slices.Contains(v.Withheld, "attribution") {
			t.Errorf("%s: shown %v, attribution %+v, withheld %v", audience, shown, v.Attribution, v.Withheld)
		}
	}
}

func TestCaseIsPublicAsFarAsItsFindingsAre(t *testing.T) {
	c := &trucewatch.Case{ID: "case/a", Findings: []trucewatch.FindingID{"a", "b"}, Severity: 4, State: "before_commission", Opened: epoch + 5*trucewatch.Minute}
	r := rules(t, trucewatch.ForPublic)
	if v, shown := r.Case(epoch, c); shown {
		t.Errorf("no finding of it is public, and the case is: %+v", v)
	}
	a := trucewatch.FindingView{Finding: trucewatch.Finding{ID: "a", Severity: 2}}
	v, shown := r.Case(epoch, c, a)
	if !shown || v.Severity != 2 || v.State != "opened" || v.Opened != epoch || !slices.Equal(v.Findings, []trucewatch.FindingID{"a"}) {
		t.Errorf("shown %v: %+v; want severity 2, opened on the hour, finding a alone", shown, v)
	}
	c.Served = epoch + 70*trucewatch.Minute
	if v, _ := r.Case(epoch, c, a); v.State != "served" || v.Served != epoch+trucewatch.Hour {
		t.Errorf("served: %+v", v)
	}
}

func TestPublicIsToldThatABodyDecided(t *testing.T) {
	day := epoch - epoch%trucewatch.Day + 3*trucewatch.Day
	ruling := func(body, about, outcome string, after trucewatch.Instant) trucewatch.Ruling {
		return trucewatch.Ruling{Outcome: outcome, Decision: trucewatch.Decision{Body: body, About: about, At: day + after, Party: "B"}}
	}
	a := trucewatch.FindingView{Finding: trucewatch.Finding{ID: "a", Severity: 2}}
	silent, may := rules(t, trucewatch.ForPublic), rules(t, trucewatch.ForPublic)
	may.Adjudicates = true
	for _, tt := range []struct {
		name      string
		rules     Rules
		decisions []trucewatch.Ruling
		state     string
		want      []trucewatch.DecidedView
	}{
		{"nobody", silent, nil, "served", nil},
		{"carried, to the day", silent, []trucewatch.Ruling{ruling("joint_commission", "close", "carried", 9*trucewatch.Hour)}, "decided",
			[]trucewatch.DecidedView{{Body: "joint_commission", About: "close", Day: day}}},
		{"did not carry", silent, []trucewatch.Ruling{ruling("joint_commission", "no_violation", "not_carried", 1)}, "served", nil},
		{"responsibility and remedy read the same, and as one", silent,
			[]trucewatch.Ruling{ruling("special_commission", "responsibility", "carried", 1), ruling("special_commission", "remedy", "carried", 2)}, "decided",
			[]trucewatch.DecidedView{{Body: "special_commission", About: "consequences", Day: day}}},
		{"where the mission may say who", may, []trucewatch.Ruling{ruling("special_commission", "responsibility", "carried", 1)}, "decided",
			[]trucewatch.DecidedView{{Body: "special_commission", About: "responsibility", Day: day}}},
		{"a deviation is no news, and decides no case", may, []trucewatch.Ruling{ruling("joint_commission", "deviation", "carried", 1)}, "served",
			[]trucewatch.DecidedView{{Body: "joint_commission", About: "procedure", Day: day}}},
	} {
		c := &trucewatch.Case{ID: "case/a", Findings: []trucewatch.FindingID{"a"}, Opened: epoch, Served: epoch, Decisions: tt.decisions}
		v, shown := tt.rules.Case(day, c, a)
		if !shown || v.State != tt.state || !slices.Equal(v.Decided, tt.want) || v.Decisions != nil {
			t.Errorf("%s: shown %v, %s, %+v, %+v; want %s, %+v", tt.name, shown, v.State, v.Decided, v.Decisions, tt.state, tt.want)
		}
		if v, shown := tt.rules.Case(day, c); shown {
			t.Errorf("%s: no finding of it is public, and the case is: %+v", tt.name, v)
		}
	}
}

func TestWithoutAgreementThePublicSeesWhatWasPublished(t *testing.T) {
	in, _ := event(1, trucewatch.Explosion, somewhere, moment(epoch))
	st := facts([]IncidentFact{{Incident: in}})
	st.Tallies = []trucewatch.TallyView{{Source: trucewatch.Source{Kind: trucewatch.PartySource}}}
	st.Statements = []trucewatch.StatementView{{Source: trucewatch.Source{Kind: trucewatch.PressSource}}}
	v, _ := build(t, st, trucewatch.ForPublic, epoch+90*trucewatch.Day, trucewatch.Interval{}, trucewatch.Interval{})
	if len(v.Incidents) != 0 || len(v.Tallies) != 1 || len(v.Statements) != 1 {
		t.Errorf("the public sees %d incidents, %d tallies, %d statements; want 0, 1, 1", len(v.Incidents), len(v.Tallies), len(v.Statements))
	}
}

func TestReadersCountAgainAndGetTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []plain
		for i := range rapid.IntRange(0, 5).Draw(t, "incidents") {
			list = append(list, drawPlain(t, uint64(i+1)))
		}
		st := drawState(t, list)
		period := drawPeriod(t, "period")
		for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
			v, _ := build(t, st, a, epoch+90*trucewatch.Day, period, trucewatch.Interval{})
			if again := numbers(Items{Period: v.Period, Incidents: v.Incidents, Findings: v.Findings}, Items{}); !reflect.DeepEqual(again, v.Numbers) {
				t.Fatalf("%s: the View says %v, counting again gives %v", a, v.Numbers, again)
			}
		}
	})
}

func TestCorrectionsAndRestrictions(t *testing.T) {
	const day = trucewatch.Day
	in, f := event(1, trucewatch.Jamming, somewhere, moment(epoch))
	f.Released, f.Revised = epoch, epoch+3*day // seen from day 1 on, revised on day 3
	early, g := event(2, trucewatch.Explosion, somewhere, moment(epoch))
	g.Released, g.Revised = epoch, epoch+day/2 // revised before anybody had seen it
	st := facts([]IncidentFact{{Incident: in, Findings: []FindingFact{f}}, {Incident: early, Findings: []FindingFact{g}}})
	for _, tt := range []struct {
		name                 string
		period               trucewatch.Interval
		corrected, restricts []trucewatch.FindingID
		findings             int
	}{
		{"the day of the event", trucewatch.Interval{From: epoch, Till: epoch + day}, nil, []trucewatch.FindingID{"K2/1.0"}, 2},
		{"the day of the revision", trucewatch.Interval{From: epoch + 3*day, Till: epoch + 4*day}, []trucewatch.FindingID{"K2/1.0"}, nil, 1},
		{"a day on which nothing was", trucewatch.Interval{From: epoch + 5*day, Till: epoch + 6*day}, nil, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := build(t, st, trucewatch.ForPublic, epoch+9*day, tt.period, trucewatch.Interval{})
			if !slices.Equal(v.Corrected, tt.corrected) || !slices.Equal(v.Restricted, tt.restricts) || len(v.Findings) != tt.findings {
				t.Errorf("corrected %v, restricted %v, %d findings; want %v, %v, %d", v.Corrected, v.Restricted, len(v.Findings), tt.corrected, tt.restricts, tt.findings)
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	in, _ := event(1, trucewatch.Jamming, somewhere, moment(epoch))
	in.Links = []trucewatch.Link{{Observation: trucewatch.ObservationID{Index: 1}}}
	cam := trucewatch.Source{ID: "cam-1", Kind: trucewatch.CameraSource}
	st := facts([]IncidentFact{{Incident: in, Members: []*trucewatch.Recorded{{ID: trucewatch.ObservationID{Index: 1}, Source: &cam,
		Observation: &trucewatch.Observation{Asset: &trucewatch.Asset{ID: "uav-7"}}}}}})
	st.Sources = []trucewatch.SourceView{{Source: cam, Rejected: 4}, {Source: trucewatch.Source{ID: "cam-2", Kind: trucewatch.CameraSource}}}
	mission, _ := build(t, st, trucewatch.ForMission, epoch, trucewatch.Interval{}, trucewatch.Interval{})
	said := strings.Join(mission.Coverage, "\n")
	for _, want := range []string{"heard from in this period: 1 of 2", "Not heard from: cam-2", "1; assets concerned: uav-7", "with a reason beside each source: 4"} {
		if !strings.Contains(said, want) {
			t.Errorf("the mission is not told %q in\n%s", want, said)
		}
	}
	public, _ := build(t, st, trucewatch.ForPublic, epoch, trucewatch.Interval{}, trucewatch.Interval{})
	if said := strings.Join(public.Coverage, "\n"); strings.Contains(said, "cam-") || strings.Contains(said, "uav-7") || !strings.Contains(said, "camera") {
		t.Errorf("the public is told\n%s", said)
	}
	if len(public.Hidden) == 0 || len(mission.Hidden) != 0 {
		t.Errorf("hidden: public %v, mission %v", public.Hidden, mission.Hidden)
	}
}

// TestPublicHeaderIsNoClock: how many entries there are and when the last one
// came tells the public, who asks every second, when something happens and
// when nobody looks.
func TestPublicHeaderIsNoClock(t *testing.T) {
	in, f := event(41, trucewatch.Explosion, somewhere, moment(epoch+17*trucewatch.Minute))
	f.Released = epoch + trucewatch.Hour
	press := trucewatch.Source{ID: "press", Kind: trucewatch.PressSource}
	public := func(index uint64, into trucewatch.Instant) string {
		st := facts([]IncidentFact{{Incident: in, Findings: []FindingFact{f}}})
		st.Index = index
		st.Tallies = []trucewatch.TallyView{{Index: index - 1, Received: epoch + 50*trucewatch.Hour + into, Source: press}}
		st.Statements = []trucewatch.StatementView{{Index: index - 2, Received: epoch + 50*trucewatch.Hour + into, Source: press}}
		v, text := build(t, st, trucewatch.ForPublic, epoch+50*trucewatch.Hour+into, trucewatch.Interval{}, trucewatch.Interval{})
		if len(v.Incidents) != 1 || len(v.Tallies) != 1 || len(v.Statements) != 1 {
			t.Fatalf("the public does not see what it may: %s", text)
		}
		return string(text)
	}
	if early, late := public(77, trucewatch.Second), public(99, 59*trucewatch.Minute); early != late {
		t.Errorf("the public can tell 22 entries and 59 minutes apart:\n%s\n%s", early, late)
	}
}

// TestLaunchPointIsNoPlaceForThePublic: of an outgoing round that nobody saw
// come down, all that is known is where it was fired from.
func TestLaunchPointIsNoPlaceForThePublic(t *testing.T) {
	in, f := event(41, trucewatch.Explosion, somewhere, moment(epoch))
	in.Estimates[0].Role, in.Origin = "origin", 0
	f.Released = epoch + trucewatch.Hour
	v, _ := build(t, facts([]IncidentFact{{Incident: in, Findings: []FindingFact{f}}}), trucewatch.ForPublic, epoch+50*trucewatch.Hour, trucewatch.Interval{}, trucewatch.Interval{})
	if len(v.Incidents) != 1 || len(v.Findings) != 1 || v.Incidents[0].Where.Kind != "" || v.Findings[0].Where.Kind != "" {
		t.Errorf("the public is told from where it was fired: %v", v.Incidents)
	}
	if v, _ := rules(t, trucewatch.ForMission).Incident(epoch, in, nil, nil); v.Where.Kind == "" {
		t.Error("the operations room does not see the place")
	}
}

// TestSilenceOfThoseOnDutyIsNotPublic: silence shows who watched, and its absence
// where nobody did. The public gets the same bytes of an incident that it lowered,
// within the word for how sure it is.
func TestSilenceOfThoseOnDutyIsNotPublic(t *testing.T) {
	list := func(sure trucewatch.PPM, silent ...trucewatch.Silent) []IncidentFact {
		in, f := event(1, trucewatch.Explosion, somewhere, moment(epoch))
		in.MeansCount, in.Confidence, in.Silent = 1, sure, silent
		f.Finding.Confidence, f.Released = sure, epoch+trucewatch.Hour
		if len(silent) > 0 {
			in.Unopposed = 790_000
		}
		return []IncidentFact{{Incident: in, Findings: []FindingFact{f}}}
	}
	heard, doubted := facts(list(790_000)), facts(list(610_000, trucewatch.Silent{Source: "post-north", Share: 580_000, Gain: -868}))
	for _, audience := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		_, a := build(t, heard, audience, epoch+1000*trucewatch.Hour, trucewatch.Interval{}, trucewatch.Interval{})
		v, b := build(t, doubted, audience, epoch+1000*trucewatch.Hour, trucewatch.Interval{}, trucewatch.Interval{})
		if len(v.Incidents) != 1 {
			t.Fatalf("%s sees %d incidents", audience, len(v.Incidents))
		}
		if named := bytes.Contains(b, []byte("post-north")); named != (audience == trucewatch.ForMission) {
			t.Errorf("%s is told who was silent: %v", audience, named)
		}
		if audience != trucewatch.ForMission && !bytes.Equal(a, b) {
			t.Errorf("%s can tell that somebody was silent:\n%s\n%s", audience, a, b)
		}
	}
}

// However sure a claim's link is, an incident is called by what other evidence says of its
// place.
func TestEvidenceNamesThePlaceBeforeClaims(t *testing.T) {
	said := func(n uint64, means trucewatch.Means, name string) *trucewatch.Recorded {
		return &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: n}, Source: &trucewatch.Source{},
			Observation: &trucewatch.Observation{Means: means, Where: trucewatch.Place{Name: name}}}
	}
	members := []*trucewatch.Recorded{said(1, trucewatch.PartyReport, "claimed"), said(2, trucewatch.Heard, "heard"), said(3, trucewatch.RecordedCamera, "filmed")}
	in := &trucewatch.Incident{Links: []trucewatch.Link{{Observation: members[0].ID, Share: 900_000}, {Observation: members[1].ID, Share: 600_000}, {Observation: members[2].ID, Share: 700_000}}}
	if got := Place(in, members); got != "filmed" {
		t.Errorf("called by %q", got)
	}
	if got := Place(in, members[:1]); got != "claimed" {
		t.Errorf("called by %q where there are claims alone", got)
	}
}
