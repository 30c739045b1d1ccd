// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// testAgreement reads the agreement of testdata, with each old text replaced by
// the new one that follows it.
func testAgreement(t testing.TB, replace ...string) *agreement.Agreement {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/agreement.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var files []agreement.File
	for _, f := range archive.Files {
		data := string(f.Data)
		for i := 0; f.Name == agreement.MainFile && i < len(replace); i += 2 {
			if !strings.Contains(data, replace[i]) {
				t.Fatalf("the test agreement does not hold %q", replace[i])
			}
			data = strings.Replace(data, replace[i], replace[i+1], 1)
		}
		files = append(files, agreement.File{Name: f.Name, Data: []byte(data)})
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// noon is when most scenes happen: after the start of force, before P1 is over.
const noon = "2026-04-12T12:00:00Z"

// onLine is a place on the line of contact, far from its ends.
var onLine = geo.Position{LatE7: -460_000_000, LonE7: -1_300_000_000}

// eastM is a place on B's side, so many metres east of the line; on A's, west
// of it, if negative.
func eastM(metres int64) geo.Position {
	if metres < 0 {
		return geo.Direct(onLine, 270_000, -metres*1000)
	}
	return geo.Direct(onLine, 90_000, metres*1000)
}

// A scene is an incident that is put together by hand.
type scene struct {
	input Input
	t     testing.TB
}

// newScene starts a scene at a place known within so many metres (95 %).
func newScene(t testing.TB, place geo.Position, radiusM int64, agreements ...*agreement.Agreement) *scene {
	when := trucewatch.Interval{From: at(t, noon), Till: at(t, noon) + trucewatch.Minute}
	in := &trucewatch.Incident{ID: trucewatch.IncidentID{Index: 1}, When: when, Confidence: 950_000, Origin: -1, State: "open",
		Estimates: []trucewatch.Estimate{{Role: "seen", Method: "by hand", Region: geo.Circle(place, radiusM*1000), When: when}}}
	return &scene{t: t, input: Input{Incident: in, Terms: Read(agreements, nil), Index: 9}}
}

// saw adds an observation, by a source of its own.
func (s *scene) saw(kind trucewatch.Kind, means trucewatch.Means, edit ...func(*trucewatch.Observation)) *scene {
	n := len(s.input.Members)
	o := &trucewatch.Observation{Kind: kind, Means: means, When: s.input.Incident.When, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}}
	for _, e := range edit {
		e(o)
	}
	s.input.Members = append(s.input.Members, &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: 1, Row: uint16(n)}, Observation: o,
		Source: &trucewatch.Source{ID: trucewatch.SourceID("s-" + string(rune('a'+n)))}})
	return s
}

func weapon(p trucewatch.Platform, calibre int64) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) { o.Weapon = &trucewatch.Weapon{Platform: p, CalibreMM: calibre} }
}

func drone(role string) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) { o.Weapon = &trucewatch.Weapon{Platform: trucewatch.UAV, Role: role} }
}

func owner(who string) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) {
		if o.Asset == nil {
			o.Asset = &trucewatch.Asset{}
		}
		o.Asset.Owner = who
	}
}

func marked(m trucewatch.Mark) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) { o.Marks = append(o.Marks, m) }
}

func count(n int64) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) { o.Count.Value = n }
}

// notice adds a notification of a window of two hours round noon, given so many
// hours before the window.
func (s *scene) notice(exemption, id string, hoursBefore int64, edit func(*trucewatch.Notification)) *scene {
	w := trucewatch.Interval{From: at(s.t, noon) - trucewatch.Hour, Till: at(s.t, noon) + trucewatch.Hour}
	n := &trucewatch.Notification{ID: id, Exemption: exemption, By: "B", Window: w, NotifiedAt: w.From - trucewatch.Instant(hoursBefore)*trucewatch.Hour}
	edit(n)
	s.input.Notices = append(s.input.Notices, Notice{Notification: n, Received: n.NotifiedAt, Index: 1})
	return s
}

// detonation notifies a controlled detonation at a point.
func (s *scene) detonation(hoursBefore int64, place geo.Position) *scene {
	return s.notice("X2", "n-1", hoursBefore, func(n *trucewatch.Notification) {
		area := geo.Circle(place, 0)
		n.Area, n.Agency, n.MaxKG = &area, "demining agency", 20
	})
}

// flight notifies a supply flight straight east from the line of contact.
func (s *scene) flight(hoursBefore int64) *scene {
	return s.notice("X5", "n-2", hoursBefore, func(n *trucewatch.Notification) {
		n.Route = []geo.Position{eastM(0), eastM(20_000)}
		n.Airframes, n.NoMunition = []string{"F-1"}, true
	})
}

// finding returns the finding with an ID, nil if there is none.
func (s *scene) finding(id string) *trucewatch.Finding {
	all := Incident(s.input)
	i := slices.IndexFunc(all, func(f trucewatch.Finding) bool { return string(f.ID) == id })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// says reports whether some reason, however deep, has the text.
func says(reasons []trucewatch.Reason, text string) bool {
	return slices.ContainsFunc(reasons, func(r trucewatch.Reason) bool { return strings.Contains(r.Text, text) || says(r.Because, text) })
}
