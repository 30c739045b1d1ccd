// SPDX-License-Identifier: Apache-2.0

package notifications

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

const places = "name,lat,lon,kind\nOsykove,-46.82734,-126.85173,village\n"

func options(t testing.TB) intake.Options {
	t.Helper()
	g, err := intake.ParseGazetteer([]byte(places))
	if err != nil {
		t.Fatal(err)
	}
	return intake.Options{Source: trucewatch.Source{ID: "desk", Kind: trucewatch.PartySource}, File: "n", Gazetteer: g}
}

func parse(t testing.TB, o intake.Options, text string) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	if err := Parse(o, strings.NewReader(text), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

const csv = `id,exemption,by,notified_at,from,till,route,area,airframes,weapons,agency,no_munition,max_kg,text
n-1,X5,A,2026-04-09T12:00:00Z,2026-04-11T06:00:00Z,2026-04-11T10:00:00Z,-46.5 -126.5; -46.6 -126.6,"2km E of Osykove",UA-1;UA-2,,relief agency,true,40,medical supplies
`

const yaml = `# the same notice
- id: n-1
  exemption: X5
  by: A
  notified_at: 2026-04-09T12:00:00Z
  from: 2026-04-11T06:00:00Z
  till: 2026-04-11T10:00:00Z
  route: ["-46.5 -126.5", "-46.6 -126.6"]
  area: 2km E of Osykove
  airframes: [UA-1, UA-2]
  agency: relief agency
  no_munition: true
  max_kg: 40
  text: medical supplies
`

func TestNotice(t *testing.T) {
	n := parse(t, options(t), csv)[0].Notification
	if n == nil {
		t.Fatal("refused")
	}
	if len(n.Route) != 2 || n.Route[1] != (geo.Position{LatE7: -466000000, LonE7: -1266000000}) {
		t.Errorf("route %v", n.Route)
	}
	if n.Area == nil || n.Area.Kind != geo.Ellipse || n.Area.SemiMajorMM != 1_500_000 {
		t.Errorf("area %+v", n.Area)
	}
	if strings.Join(n.Airframes, "|") != "UA-1|UA-2" || n.Weapons != nil || !n.NoMunition || n.MaxKG != 40 || n.Window.Till-n.Window.From != 4*trucewatch.Hour {
		t.Errorf("%+v", n)
	}
}

func TestYAMLEqualsCSV(t *testing.T) {
	a, b := parse(t, options(t), csv)[0].Notification, parse(t, options(t), yaml)[0]
	if b.Notification == nil {
		t.Fatal(b.Rejection.Reason)
	}
	if !bytes.Equal(trucewatch.Encode(a), trucewatch.Encode(b.Notification)) {
		t.Errorf("%+v\n%+v", a, b.Notification)
	}
}

func TestRefusedNotices(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"n-1,", ",", "id: missing"},
		{"X5", "", "exemption: invalid: missing"},
		{"2026-04-09T12:00:00Z", "2026-04-09", "notified_at: time: no zone"},
		{"2026-04-11T10:00:00Z", "", "till: "},
		{"2026-04-11T10:00:00Z", "2026-04-11T05:00:00Z", "window: invalid: ends"},
		{"; -46.6 -126.6", "", "route: one point is no line"},
		{"-46.6 -126.6", "-46.6", `route: "-46.6" is not "lat lon"`},
		{"-46.6 -126.6", "-96.6 -126.6", "route: latitude: -96.6 is outside"},
		{"2km E of Osykove", "somewhere", `area: "somewhere": the words name no place`},
		{",true,", ",yes,", "no_munition"},
		{",40,", ",heavy,", "max_kg"},
	} {
		text := strings.Replace(csv, tt.old, tt.new, 1)
		if r := parse(t, options(t), text)[0].Rejection; r == nil || r.Line != 2 || !strings.Contains(r.Reason, tt.want) {
			t.Errorf("%q for %q: %+v, want %q", tt.new, tt.old, r, tt.want)
		}
	}
	// A bare date is refused with a zone too: it has a beginning and an end.
	o := options(t)
	o.Zone = "Europe/Kyiv"
	if r := parse(t, o, strings.Replace(csv, "2026-04-11T10:00:00Z", "2026-04-11", 1))[0].Rejection; r == nil || !strings.Contains(r.Reason, "till: a date without a time of day") {
		t.Errorf("%+v", r)
	}
	if r := parse(t, options(t), strings.Replace(yaml, "max_kg: 40", "kg: 40", 1))[0].Rejection; r == nil || !strings.Contains(r.Reason, `n:13:3: unknown key "kg"`) {
		t.Errorf("%+v", r)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(csv))
	f.Add([]byte(yaml))
	o := options(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(o, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Notification != nil && s.Notification.Check() != nil || (s.Notification == nil) == (s.Rejection == nil) {
				t.Errorf("%+v", s)
			}
			return nil
		})
	})
}
