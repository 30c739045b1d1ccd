// SPDX-License-Identifier: Apache-2.0

package missiontable

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

func gazetteer(t testing.TB) *intake.Gazetteer {
	t.Helper()
	b, err := os.ReadFile("testdata/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	g, err := intake.ParseGazetteer(b)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func options(t testing.TB) intake.Options {
	return intake.Options{Source: trucewatch.Source{ID: "mm", Kind: trucewatch.PatrolSource}, File: "night.csv", Gazetteer: gazetteer(t)}
}

func parse(t testing.TB, o intake.Options, csv string) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	err := Parse(o, strings.NewReader(csv), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// night returns the sample table's observations by their last digits.
func night(t testing.TB) map[string]*trucewatch.Observation {
	t.Helper()
	b, err := os.ReadFile("testdata/night.csv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*trucewatch.Observation{}
	for _, s := range parse(t, options(t), string(b)) {
		if s.Rejection != nil {
			t.Fatalf("line %d refused: %s", s.Rejection.Line, s.Rejection.Reason)
		}
		out[s.Observation.NativeID] = s.Observation
	}
	if len(out) != 15 {
		t.Fatalf("%d rows, not 15", len(out))
	}
	return out
}

// The columns of the manifest are those of the sample and the optional ones.
func TestColumnsAreNamed(t *testing.T) {
	b, err := os.ReadFile("testdata/night.csv")
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(b), "\n")
	want := header + ",[reported_at],[url],[asset_id],[owner],[marks],[civilian],[killed],[injured],[category],[by]"
	if got := intake.Names(columns()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// words writes what matters of an observation in one line.
func words(o *trucewatch.Observation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", o.Kind, o.Means, o.Clock.Kind)
	add := func(name, format string, args ...any) { fmt.Fprintf(&b, "; "+name+" "+format, args...) }
	if o.Description != "" {
		add("is", "%s", o.Description)
	}
	add("n", "%d %s", o.Count.Value, o.Count.Qualifier)
	switch r := o.Where.Region; r.Kind {
	case geo.Sector:
		add("sector", "%d-%d %v", r.RMinMM, r.RMaxMM, r.Arcs)
	case geo.Ellipse:
		add("circle", "%d", r.SemiMajorMM)
	case "":
		add("nowhere", "%q", o.Where.Text)
	default:
		add(string(r.Kind), "")
	}
	add("near", "%q", o.Where.Name)
	add("when", "%s %s", o.When.From.Time().Format("02T15:04"), o.When.Till.Time().Format("02T15:04"))
	if v := o.Observer; v != nil && v.Position != nil {
		add("observer", "%d %s", v.RadiusMM, v.Control)
	}
	if w := o.Weapon; w != nil {
		add("weapon", "%s %s %d %s", w.Platform, w.Model, w.CalibreMM, w.Basis)
	}
	if o.Movement != nil {
		add("movement", "%+v", *o.Movement)
	}
	if o.Restriction != nil {
		add("restriction", "%+v", *o.Restriction)
	}
	if o.Casualty != nil {
		add("casualty", "%+v", *o.Casualty)
	}
	if o.Asset != nil {
		add("asset", "%+v", *o.Asset)
	}
	if o.Marks != nil {
		add("marks", "%v", o.Marks)
	}
	if o.Text != "" {
		add("text", "%q", o.Text)
	}
	return b.String()
}

func TestNight(t *testing.T) {
	all := night(t)
	for id, want := range map[string]string{
		"o-000101": `projectile_in_flight recorded_camera device; n 14 exact; sector 2000000-4000000 [{56250 78750}]; near "Stari Luky"; when 11T19:04 11T19:31; observer 1500000 A; weapon unknown  0 ; movement {From:WNW To:ESE HeadingMdeg:0}; text "from WNW to ESE"`,
		"o-000102": `explosion recorded_camera device; is undetermined; n 3 exact; sector 2000000-4000000 [{56250 78750}]; near "Stari Luky"; when 11T19:05 11T19:29; observer 1500000 A; weapon unknown  0 `,
		"o-000103": `explosion heard observer; is outgoing; n 6 about; sector 3000000-5000000 [{123750 146250}]; near "Novyi Yar"; when 11T20:10 11T20:14; observer 1000000 B; weapon artillery  0 sound`,
		"o-000104": `explosion heard observer; is impact; n 5 about; sector 8000000-10000000 [{168750 191250}]; near "Novyi Yar"; when 11T20:11 11T20:15; observer 1000000 B; weapon artillery  0 sound`,
		"o-000105": `burst heard_saw observer; n 22 at_least; sector 600000-1000000 [{348750 11250}]; near "Zelenyi Hai"; when 12T03:40 12T03:58; observer 1500000 A; weapon small_arms  0 `,
		"o-000106": `explosion acoustic device; is impact; n 5 exact; sector 7290000-8910000 [{145000 151000}]; near "Novyi Yar"; when 11T20:11 11T20:15; observer 100000 B; weapon mortar  120 sound`,
		"o-000107": `persons_in_zone uav_mini device; n 4 exact; circle 2000000; near "disengagement area DA-2"; when 12T07:12 12T07:12; observer 1000000 B; text "at former position"`,
		"o-000108": `weapon_seen uav_mid device; n 3 exact; circle 1500000; near "Dubrivka"; when 12T08:30 12T08:30; weapon mlrs BM-21 122 image; text "in violation of withdrawal line"`,
		"o-000109": `inventory_mismatch saw observer; n 2 exact; circle 100000; near "Verkhivka"; when 12T10:05 12T10:40; observer 100000 A; weapon howitzer_sp 2S1 122 sight; text "again missing; access to serial numbers refused"`,
		"o-000110": `uav_sighted recorded_camera device; n 9 exact; sector 4000000-6000000 [{303750 326250}]; near "Osykove"; when 11T23:15 11T23:47; observer 100000 A; weapon one_way_attack_uav  0 image; movement {From: To:W HeadingMdeg:270000}; text "one-way attack type, heading W"`,
		"o-000111": `restriction saw observer; n 1 exact; circle 100000; near "Vyshneve"; when 12T05:20 12T06:55; observer 100000 B; restriction {Type:delay Minutes:95 By: Reason:no permission}; text "delay 95 min; reason cited: no permission"`,
		"o-000112": `jamming recorded_camera device; n 1 exact; circle 1000000; near "Stari Luky"; when 12T11:02 12T11:09; observer 1000000 A; asset {ID: Owner:mission Object:}; marks [mission_asset]; text "GPS interference assessed as probable jamming"`,
		"o-000113": `casualty interview observer; n 1 exact; circle 1000000; near "Osykove"; when 11T14:30 11T14:30; observer 100000 A; weapon uav  0 statement; casualty {Killed:0 Injured:0 Category:woman Civilian: Cause:close_uav Status:reported Hospital:yes}; marks [munition_dropped]; text "woman, adult, fragments; hospital confirmed"`,
		"c-000031": `explosion party_report report; n 12 exact; nowhere "4 points given"; near ""; when 11T17:00 11T20:59; weapon mortar  0 statement; text "alleged incoming 120mm"`,
		"o-000114": `thermal_anomaly satellite_thermal device; n 1 exact; polygon ; near ""; when 11T23:36 11T23:36; text "FRP 6.1; >=95/100 baseline models abnormal"`,
	} {
		if got := words(all[id]); got != want {
			t.Errorf("%s\n %s\nwant\n %s", id, got, want)
		}
	}
}

const header = "mission_position,event_location,means,no,qualifier,observation,description,weapon,date,time_from,time_to,tz,ref"

// row is a good row; tests change one word of it.
const row = "Novyi Yar,3-5km SE,heard,6,about,explosion,outgoing,N/K,2026-04-11,23:10,23:14,EEST,r-1"

func TestRefusedRows(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"heard", "smelt", `means: "smelt" is not a word`},
		{"explosion", "boom", `observation: "boom" is not a word`},
		{",6,", ",,", "count: missing"},
		{"about", "roughly", `qualifier: "roughly"`},
		{"EEST", "", "no zone is stated"},
		{"EEST", "XYZ", "tz: zone"},
		{"23:10", "evening", `time: "evening" is not a time of day`},
		{"2026-04-11", "11.4.2026", "date"},
		{"SE", "SEE", `event location: bearing: "see" is not a direction`},
		{"Novyi Yar", "Nowhere", `event location: a distance or direction from "Nowhere": not in the gazetteer`},
		{"Novyi Yar", "Berezivka", `observer: "Berezivka": ambiguous`},
		{"N/K", "5000mm mortar", "weapon"},
		{"explosion,outgoing", "restriction,nothing happened", "a restriction begins with denial"},
		{"explosion,outgoing", "restriction,delay 95", "followed by neither min nor h"},
		{"explosion,outgoing", "casualty,boy 54", "the age does not fit the category"},
	} {
		all := parse(t, options(t), header+"\n"+strings.Replace(row, tt.old, tt.new, 1)+"\n"+row+"\n")
		if r := all[0].Rejection; r == nil || r.Line != 2 || !strings.Contains(r.Reason, tt.want) || all[1].Observation == nil {
			t.Errorf("%q for %q: %+v, want %q", tt.new, tt.old, r, tt.want)
		}
	}
}

// A refused row counts: a better gazetteer later must not move the other's key.
// TestRefusedRowLeavesItsIdentifier: keys do not depend on the gazetteer.
func TestRefusedRowLeavesItsIdentifier(t *testing.T) {
	all := parse(t, options(t), header+"\n"+strings.Replace(row, "Novyi Yar", "Nowhere", 1)+"\n"+row+"\n")
	if all[0].Rejection == nil || all[1].Observation.Key != intake.Key("mm", []byte("nr-1"), 0) {
		t.Errorf("%+v", all)
	}
}

func TestZoneOfTheCaller(t *testing.T) {
	o := options(t)
	o.Zone = "Europe/Kyiv"
	s := parse(t, o, header+"\n"+strings.Replace(row, "EEST", "", 1)+"\n")[0]
	if s.Observation == nil || s.Observation.When.From.String() != "2026-04-11T20:10:00Z" || s.Observation.Clock.Zone != "Europe/Kyiv" {
		t.Errorf("%+v", s)
	}
}

func TestOptionalColumns(t *testing.T) {
	s := parse(t, options(t), header+",reported_at,url,asset_id,owner,marks,civilian,killed,injured,category,by\n"+
		strings.Replace(row, "explosion,outgoing", "casualty,two persons; hospital refused", 1)+",2026-04-12 08:00,https://example.org,X-1,A,precise; assessed_training,yes,1,2,girl,\n")[0]
	if s.Observation == nil {
		t.Fatal(s.Rejection.Reason)
	}
	o := s.Observation
	if o.ReportedAt.String() != "2026-04-12T05:00:00Z" || o.URL != "https://example.org" || *o.Asset != (trucewatch.Asset{ID: "X-1", Owner: "A"}) {
		t.Errorf("%+v", o)
	}
	if fmt.Sprint(o.Marks) != "[precise assessed_training]" ||
		*o.Casualty != (trucewatch.Casualty{Killed: 1, Injured: 2, Category: "girl", Civilian: "yes", Status: "reported", Hospital: "refused"}) {
		t.Errorf("%v %+v", o.Marks, o.Casualty)
	}
	for _, tt := range []struct{ observation, tail, want string }{
		{"explosion,outgoing", ",,,,,,yes,,,,", "belong to a casualty"},
		{"explosion,outgoing", ",,,,,,,,,,A", "by: only a restriction"},
		{"explosion,outgoing", ",,,,,odd,,,,,", `marks: "odd"`},
		{"casualty,girl", ",,,,,,,,,boy,", `"girl" where the category is boy`},
		{"casualty,girl", ",,,,,,maybe,,,,", "casualty.civilian"},
		{"casualty,girl", ",,,,,,,-1,,,", "killed"},
	} {
		text := header + ",reported_at,url,asset_id,owner,marks,civilian,killed,injured,category,by\n" + strings.Replace(row, "explosion,outgoing", tt.observation, 1) + tt.tail
		if r := parse(t, options(t), text)[0].Rejection; r == nil || !strings.Contains(r.Reason, tt.want) {
			t.Errorf("%s%s: %+v, want %q", tt.observation, tt.tail, r, tt.want)
		}
	}
}

func TestCause(t *testing.T) {
	for _, tt := range []struct{ words, weapon, want string }{
		{"fragments", "uav_drop", "close_uav"}, {"", "FPV", "close_uav"}, {"", "UAV (reported)", ""}, {"", "one-way attack UAV", "long_range_uav"},
		{"", "120mm mortar", "shelling"}, {"", "small_arms", "small_arms"}, {"stepped on a mine", "N/K", "mine_uxo"}, {"", "n/a", ""}, {"", "AGL", ""},
		{"", "ballistic missile", "missile"}, {"", "aircraft", "air_delivered"},
	} {
		w, err := intake.ParseWeapon(tt.weapon)
		if got := cause(tt.words, w); err != nil || got != tt.want {
			t.Errorf("cause(%q, %q) = %q (%v), want %q", tt.words, tt.weapon, got, err, tt.want)
		}
	}
}

func TestRestriction(t *testing.T) {
	for _, tt := range []struct{ words, want string }{
		{"delay 95 min; reason cited: no permission", "{Type:delay Minutes:95 By: Reason:no permission}"},
		{"delay 2 h 08 min", "{Type:delay Minutes:128 By: Reason:}"},
		{"delayed 2h", "{Type:delay Minutes:120 By: Reason:}"},
		{"denied; reason cited: orders from superiors", "{Type:denial Minutes:0 By: Reason:orders from superiors}"},
		{"conditional access; reason cited: escort", "{Type:conditional_access Minutes:0 By: Reason:escort}"},
		{"impediment", "{Type:impediment Minutes:0 By: Reason:}"},
		{"", "error"}, {"turned back", "error"}, {"delay 999999 min", "error"},
	} {
		r, err := restriction(tt.words)
		got := "error"
		if err == nil {
			got = fmt.Sprintf("%+v", *r)
		}
		if got != tt.want {
			t.Errorf("restriction(%q) = %s (%v), want %s", tt.words, got, err, tt.want)
		}
	}
}

// No age is kept, in whatever words it stands.
func TestAgeIsNotKept(t *testing.T) {
	for _, tt := range []struct{ words, text, category string }{
		{"woman, 54, fragments", "woman, adult, fragments", "woman"},
		{"man (17)", "", "error"},
		{"17, injured", "child, injured", "child_unknown"},
		{"a 54-year-old, killed", "a adult, killed", "adult_unknown"},
		{"girl 9", "girl child", "girl"},
		{"a child", "a child", "child_unknown"},
		{"boy, 17yo", "boy, child", "boy"},
		{"woman", "woman", "woman"},
	} {
		o := &trucewatch.Observation{Text: tt.words, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}}
		err := casualty(o, func(int) string { return "" })
		got := "error"
		if err == nil {
			got = o.Casualty.Category
		}
		if got != tt.category || err == nil && o.Text != tt.text {
			t.Errorf("%q: %s %q (%v), want %s %q", tt.words, got, o.Text, err, tt.category, tt.text)
		}
	}
}

func TestMovement(t *testing.T) {
	for _, tt := range []struct{ words, want string }{
		{"from wnw to ese", "{From:WNW To:ESE HeadingMdeg:0}"},
		{"mostly from north to south", "{From:N To:S HeadingMdeg:0}"},
		{"three, heading west", "{From: To:W HeadingMdeg:270000}"},
		{"in vertical flight", "none"}, {"from", "none"}, {"", "none"}, {"from afar to here", "none"},
	} {
		got := "none"
		if m := movement(tt.words); m != nil {
			got = fmt.Sprintf("%+v", *m)
		}
		if got != tt.want {
			t.Errorf("movement(%q) = %s, want %s", tt.words, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("testdata/night.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(header + ",marks,by\n" + row + ",precise,\n"))
	o := options(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(o, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Observation != nil && s.Observation.Check() != nil || (s.Observation == nil) == (s.Rejection == nil) {
				t.Errorf("%+v", s)
			}
			return nil
		})
	})
}
