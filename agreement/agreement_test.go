// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

const line2026 = "../examples/agreements/line-2026"

func instant(t *testing.T, s string) trucewatch.Instant {
	t.Helper()
	var i trucewatch.Instant
	if err := i.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return i
}

func at(lat, lon int32) geo.Position { return geo.Position{LatE7: lat, LonE7: lon} }

func TestEverySection(t *testing.T) {
	_, files, _ := archive(t, "testdata/good/all.txtar")
	a, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != Draft || !a.Simulated || a.title() != "Test" || a.Authoritative.SHA256[31] != 0xaa {
		t.Errorf("header: %+v", a)
	}
	// zone_width: the text's figures are both sides together.
	if got := a.Zone("Z1").Bands; !slices.Equal(got, []Band{{"A", 0, 3_750_000}, {"B", 125_000, 3_750_000}}) {
		t.Errorf("bands of zone_width = %v", got)
	}
	if c := a.Class("gun"); c.WithdrawMM != 15_000_000 || c.Match.CalibreMM != (Bounds{21, 99}) || len(c.Limit) != 2 {
		t.Errorf("class gun = %+v", c)
	}
	if x := a.Exemption("X1"); x.Lead != 90*trucewatch.Minute || a.Acts[0].Unless.Exemptions[0] != "X1" || !a.Acts[0].Unless.MissionAsset {
		t.Errorf("exemption = %+v, unless = %+v", x, a.Acts[0].Unless)
	}
	if o := a.Zone("ZP").Objects; o[0] != (Object{"p1", "pump, north", "water", at(-465_000_000, -1_302_500_000), 500_000}) || o[1].RadiusMM != 250_500 {
		t.Errorf("objects = %v", o)
	}
	if l := a.Line("l1"); l.SurveyErrorMM != 500 || l.Points[2].LonE7 != -1_300_000_001 || l.Side("A") != geo.Left || l.Side("C") != geo.OnLine {
		t.Errorf("line = %+v", l)
	}
	if d, ok := a.DisclosureFor(trucewatch.ForPress); !ok || d.PrecisionMM != 5_000_000 || d.Audience != trucewatch.ForPress {
		t.Errorf("press = %+v, %v", d, ok)
	}
	if _, ok := a.DisclosureFor(trucewatch.ForAuditor); ok {
		t.Error("a rule for the auditor, whom the text does not name")
	}
	if !a.Zone("ZA").All.Contains(at(-469_900_000, -1_300_050_000)) || a.Zone("ZA").Share(geo.Circle(at(-480_000_000, 0), 1)) != 0 {
		t.Error("zone of areas")
	}
	if a.Zone("ZW").Share(geo.Circle(at(0, 0), 1_000)) != geo.Million {
		t.Error("everywhere is not everywhere")
	}
}

func TestClassOf(t *testing.T) {
	a := parseFolder(t, line2026)
	for _, tt := range []struct {
		name    string
		weapon  *trucewatch.Weapon
		class   string
		certain bool
	}{
		{"tank", &trucewatch.Weapon{Platform: trucewatch.Tank}, "tank", true},
		{"85-mm gun", &trucewatch.Weapon{Platform: trucewatch.Gun, CalibreMM: 85}, "art_lt100", true},
		{"100-mm gun is not below 100", &trucewatch.Weapon{Platform: trucewatch.ATGun, CalibreMM: 100}, "art_ge100", true},
		{"120-mm mortar by int-1", &trucewatch.Weapon{Platform: trucewatch.Mortar, CalibreMM: 120}, "mortar_le120", true},
		{"160-mm mortar", &trucewatch.Weapon{Platform: trucewatch.Mortar, CalibreMM: 160}, "art_ge100", true},
		{"82-mm mortar", &trucewatch.Weapon{Platform: trucewatch.Mortar, CalibreMM: 82}, "mortar_le120", true},
		{"mortar of unknown calibre", &trucewatch.Weapon{Platform: trucewatch.Mortar}, "mortar_le120", false},
		{"BM-21", &trucewatch.Weapon{Platform: trucewatch.MLRS, Model: "BM-21", CalibreMM: 122}, "mlrs", true},
		{"launcher of unknown model", &trucewatch.Weapon{Platform: trucewatch.MLRS}, "mlrs", false},
		{"Uragan, whatever the case", &trucewatch.Weapon{Platform: trucewatch.MLRS, Model: "uragan"}, "mlrs_long", true},
		{"Tochka-U by int-2", &trucewatch.Weapon{Platform: trucewatch.BallisticMissile, Model: "Tochka-U"}, "mlrs_long", true},
		{"another ballistic missile", &trucewatch.Weapon{Platform: trucewatch.BallisticMissile, Model: "X-1"}, "missile_ballistic", true},
		{"ballistic missile of unknown model", &trucewatch.Weapon{Platform: trucewatch.BallisticMissile}, "missile_ballistic", false},
		{"drone of unknown role", &trucewatch.Weapon{Platform: trucewatch.UAV}, "uav_fpv", false},
		{"drone for reconnaissance", &trucewatch.Weapon{Platform: trucewatch.UAV, Role: "isr"}, "uav_isr", true},
		{"one-way drone of short range", &trucewatch.Weapon{Platform: trucewatch.OneWayAttackUAV, RangeKM: 40}, "", false},
		{"artillery of unknown kind", &trucewatch.Weapon{Platform: trucewatch.ArtilleryUnknown}, "art_lt100", false},
		{"artillery of 122 mm", &trucewatch.Weapon{Platform: trucewatch.ArtilleryUnknown, CalibreMM: 122}, "art_ge100", false},
		{"small arms", &trucewatch.Weapon{Platform: trucewatch.SmallArms}, "", false},
		{"N/K", &trucewatch.Weapon{Platform: trucewatch.UnknownPlatform}, "", false},
		{"none", nil, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			class, certain, ok := a.ClassOf(tt.weapon)
			if class.ID != tt.class || certain != tt.certain || ok != (tt.class != "") {
				t.Errorf("ClassOf(%+v) = %q, certain %v, ok %v; want %q, %v", tt.weapon, class.ID, certain, ok, tt.class, tt.certain)
			}
		})
	}
}

func TestBothReadingsOfAClassAreNotCertain(t *testing.T) {
	_, files, _ := archive(t, "testdata/good/all.txtar")
	a, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	got := a.Candidates(&trucewatch.Weapon{Platform: trucewatch.Gun, CalibreMM: 95})
	if len(got) != 2 || got[0].Class.ID != "gun" || got[1].Class.ID != "big" || got[0].Certain || got[1].Certain {
		t.Errorf("Candidates(95 mm) = %v", got)
	}
	if c, certain, _ := a.ClassOf(&trucewatch.Weapon{Platform: trucewatch.Gun, CalibreMM: 50}); c.ID != "gun" || !certain {
		t.Errorf("ClassOf(50 mm) = %q, %v", c.ID, certain)
	}
}

func TestArtilleryMayBeOfEveryFiringClass(t *testing.T) {
	a := parseFolder(t, line2026)
	var ids []string
	for _, c := range a.Candidates(&trucewatch.Weapon{Platform: trucewatch.ArtilleryUnknown}) {
		ids = append(ids, c.Class.ID)
	}
	if got, want := strings.Join(ids, " "), "art_lt100 mortar_le120 art_ge100 mlrs mlrs_long"; got != want {
		t.Errorf("Candidates(artillery) = %s, want %s", got, want)
	}
}

func TestForceAndPhases(t *testing.T) {
	a := parseFolder(t, line2026)
	for s, want := range map[string]bool{"2026-03-01T21:59:59Z": false, "2026-03-01T22:00:00Z": true, "2030-01-01T00:00:00Z": true} {
		if got := a.InForce(instant(t, s)); got != want {
			t.Errorf("InForce(%s) = %v, want %v", s, got, want)
		}
	}
	r := a.Readings()[0]
	for phase, want := range map[string]string{"": "2026-03-01T22:00:00Z", "P1": "2026-03-17T22:00:00Z", "P2": "2026-04-10T22:00:00Z"} {
		if got := a.PhaseEnd(phase, r); got != instant(t, want) {
			t.Errorf("PhaseEnd(%q) = %s, want %s", phase, got, want)
		}
	}
	if a.MissionAdjudicates() {
		t.Error("the mission adjudicates, which the text denies")
	}
}

func TestEasterReadings(t *testing.T) {
	a := parseFolder(t, "../examples/easter-truces/agreements/easter-2026")
	r := a.Readings()
	if len(r) != 2 || r[0].ID != "local" || r[1].ID != "utc" ||
		r[0].Span.From != instant(t, "2026-04-11T13:00:00Z") || r[1].Span.From != instant(t, "2026-04-11T16:00:00Z") ||
		r[0].Span.Till != instant(t, "2026-04-12T21:00:00Z") || r[1].Span.Till != instant(t, "2026-04-13T00:00:00Z") {
		t.Errorf("readings = %+v", r)
	}
	if !a.InForce(instant(t, "2026-04-11T14:00:00Z")) || a.InForce(instant(t, "2026-04-11T12:59:59Z")) {
		t.Error("in force under at least one reading")
	}
	if a.ControlShareAt(geo.Circle(at(0, 0), 1), latest) != nil || a.SideOfAt(at(0, 0), latest) != "" {
		t.Error("sides of a line that the truce does not have")
	}
	if got := parseFolder(t, "../examples/measures-2020/agreement").Readings()[0].Span; got != (trucewatch.Interval{From: instant(t, "2020-07-26T21:01:00Z")}) {
		t.Errorf("measures of 2020 in force %v", got)
	}
	if got := parseFolder(t, "../examples/easter-truces/agreements/easter-2025").Readings()[0].Span; got !=
		(trucewatch.Interval{From: instant(t, "2025-04-19T15:00:00Z"), Till: instant(t, "2025-04-20T21:00:00Z")}) {
		t.Errorf("Easter 2025 in force %v", got)
	}
}

// Places of the example mission, by its gazetteer.
var (
	stariLuky = at(-463_688_500, -1_270_000_000)
	novyiYar  = at(-457_896_700, -1_266_999_000)
	osykove   = at(-468_273_400, -1_268_517_300)
	dubrivka  = at(-466_205_000, -1_266_866_500)
	compound  = at(-466_205_000, -1_266_605_400) // 2 km east of Dubrivka
)

func TestSides(t *testing.T) {
	a := parseFolder(t, line2026)
	for _, tt := range []struct {
		name string
		p    geo.Position
		want trucewatch.PartyID
	}{{"Stari Luky", stariLuky, "A"}, {"Novyi Yar", novyiYar, "B"}, {"Osykove", osykove, "A"}, {"Dubrivka", dubrivka, "B"},
		{"a vertex of the line", a.Line("loc-2026-01").Points[60], ""},
	} {
		if got := a.SideOfAt(tt.p, latest); got != tt.want {
			t.Errorf("SideOf(%s) = %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := a.ControlShareAt(geo.Circle(osykove, 500_000), latest); len(got) != 2 || got[0] != (PartyShare{"A", geo.Million}) || got[1] != (PartyShare{"B", 0}) {
		t.Errorf("ControlShare(Osykove) = %v", got)
	}
	got := a.ControlShareAt(geo.Circle(osykove, 3_000_000), latest)
	if got[0].Party != "A" || got[0].Share < 600_000 || got[0].Share > 950_000 || got[0].Share+got[1].Share != geo.Million {
		t.Errorf("ControlShare(3 km round Osykove, 1.2 km from the line) = %v", got)
	}
}

func TestZones(t *testing.T) {
	a := parseFolder(t, line2026)
	mlrs := a.Class("mlrs")
	in := func(zone []SideZone, party trucewatch.PartyID, p geo.Position) trucewatch.PPM {
		for i := range zone {
			if zone[i].Party == party {
				return zone[i].Share(geo.Circle(p, 200_000))
			}
		}
		t.Fatalf("no side %s", party)
		return 0
	}
	// The compound is 19 km from the line on B's side: inside 35 and 25, not 15.
	if got := a.Line("loc-2026-01").Line.DistanceMM(compound); got < 18_950_000 || got > 19_050_000 {
		t.Errorf("compound is %d mm from the line", got)
	}
	if in(mlrs.Limit, "B", compound) != geo.Million || in(mlrs.Limit, "A", compound) != 0 {
		t.Error("compound and the limit of launchers")
	}
	if in(a.Zone("Z3").PerSide, "B", compound) != geo.Million || in(a.Zone("Z2").PerSide, "B", compound) != 0 {
		t.Error("compound and the limits of 25 and 15 km")
	}
	if z := a.Zone("Z0"); len(z.Areas) != 2 || z.MinSize != [2]int64{2_000_000, 2_000_000} || z.Share(geo.Circle(at(-469_280_600, -1_268_342_600), 100_000)) != geo.Million {
		t.Errorf("disengagement areas = %+v", z)
	}
	if got := a.Zone("ZS").Share(geo.Circle(novyiYar, 100_000)); got != geo.Million {
		t.Errorf("Novyi Yar in a settlement: %d", got)
	}
	if n := a.Line("loc-2026-01").Line.LengthMM() / 1_000_000; n < 1_200 || n > 1_300 {
		t.Errorf("line of contact is %d km long", n)
	}
}

// TestWhatIsJudged holds the promise of what the generic matcher handles.
func TestWhatIsJudged(t *testing.T) {
	a := parseFolder(t, line2026)
	judged := map[string]bool{}
	for _, id := range []string{"disclosure/public", "disclosure/press", "clock/answer", "evidence/zone_test", "interpretation/int-1", "weapon/mlrs"} {
		judged[id] = true
	}
	for _, c := range a.Clauses() {
		if judged[c.ID] && !c.Judged {
			t.Errorf("%s is not judged: %s", c.ID, c.Why)
		}
		if c.Judged == (c.Why != "") {
			t.Errorf("%s: judged %v, why %q", c.ID, c.Judged, c.Why)
		}
		if (c.Group == "act" || c.Group == "exemption") && !c.Judged {
			t.Errorf("%s is not judged: %s", c.ID, c.Why)
		}
	}
}

// TestWhatIsNotJudged names, of the whole example, what no program can judge or
// what this one does not give, and why. Whatever else is not judged is a fault.
func TestWhatIsNotJudged(t *testing.T) {
	want := map[string]string{
		"humanitarian/prisoners": "never in the record", "humanitarian/remains": "never in the record",
		"disclosure/researcher": "after 24 hours already, so that 30 days withholds nothing", "disclosure/humanitarian": "places to 5 km after 24 hours, and nothing finer or sooner",
		"disclosure/party_A": "coarse fields", "disclosure/party_B": "coarse fields",
		"disclosure/commission": "nothing finer or sooner", "disclosure/guarantor": "nothing finer or sooner",
		"disclosure/commission/per_case": "no warrant", "disclosure/guarantor/per_case": "no warrant",
		"disclosure/auditor/openings": "role's key",
	}
	for _, c := range parseFolder(t, line2026).Clauses() {
		why, listed := want[c.ID]
		if c.Judged == listed || !strings.Contains(c.Why, why) {
			t.Errorf("%s: judged %v, why %q, want %q", c.ID, c.Judged, c.Why, why)
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		t.Errorf("the text has no %v", want)
	}
}

// TestRulesOfZonesAskForActs: a zone's rule that no act holds is told, with what is
// missing.
func TestRulesOfZonesAskForActs(t *testing.T) {
	files := bundle(t, line2026)
	for i := range files {
		if files[i].Name == "agreement.yaml" {
			files[i].Data = bytes.Replace(files[i].Data, []byte("jammer], zone: Z0}"), []byte("jammer], zone: Z1}"), 1)
			files[i].Data = bytes.Replace(files[i].Data, []byte("rules: [no_forces, no_aerial_vehicles]"), []byte("rules: [no_forces, no_singing]"), 1)
		}
	}
	a, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for _, c := range a.Clauses() {
		why[c.ID] = c.Why
	}
	if got := why["zone/Z0"]; got != "no weapons: no act is about weapon seen in Z0" {
		t.Errorf("Z0: %q", got)
	}
	if got := why["zone/Z1"]; got != "no singing is a rule that this software does not know" {
		t.Errorf("Z1: %q", got)
	}
}

// TestFollows: an amendment binds nobody for what is past, and an end asks for
// its notice.
func TestFollows(t *testing.T) {
	const from = 1_000 * trucewatch.Day
	version := func(from, till trucewatch.Instant) *Agreement {
		return &Agreement{ID: "agr", Version: 2, Spans: []trucewatch.Reading{{Span: trucewatch.Interval{From: from, Till: till}}},
			Amendment: &Amendment{Effective: "not_retroactive"}, Termination: &Termination{Notice: 72 * trucewatch.Hour}}
	}
	old := version(from, 0)
	at := from + 30*trucewatch.Day
	for _, c := range []struct {
		name string
		next *Agreement
		want string
	}{
		{"from now on", version(at, 0), ""},
		{"for what is past", version(at-1, 0), "not retroactive"},
		{"ends after its notice", version(at, at+72*trucewatch.Hour), ""},
		{"ends sooner than its notice", version(at, at+72*trucewatch.Hour-1), "notice is 72 hours"},
	} {
		if err := c.next.Follows(old, at); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestPublishes: an accusation needs the certainty that the text asks for, and
// nothing else does.
func TestPublishes(t *testing.T) {
	a := &Agreement{Evidence: Evidence{Possible: 200_000, Probable: 600_000, Confirmed: 900_000, ToPublish: "probable"}}
	for _, c := range []struct {
		result trucewatch.Result
		p      trucewatch.PPM
		want   bool
	}{
		{trucewatch.Violation, 600_000, true}, {trucewatch.Violation, 599_999, false},
		{trucewatch.ProbableViolation, 599_999, false}, {trucewatch.Indeterminate, 0, true},
	} {
		if got := a.Publishes(&trucewatch.Finding{Result: c.result, Confidence: c.p}); got != c.want {
			t.Errorf("%s at %d: %v", c.result, c.p, got)
		}
	}
}

// TestActsOfMissions holds that the acts that missions forbid can be said, and are
// judged but for those about words.
func TestActsOfMissions(t *testing.T) {
	_, files, _ := archive(t, "testdata/good/acts.txtar")
	if problems, err := Check(files); err != nil || len(problems) > 0 {
		t.Fatalf("Check = %v, %v", problems, err)
	}
	a, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range a.Acts {
		if why := c.Unjudged(); (why != "") != (c.ID == "P-words") {
			t.Errorf("%s: %q", c.ID, why)
		}
	}
	list := func(s ...string) []string { return s }
	for _, tt := range []struct {
		act  trucewatch.ActID
		vars map[string]any
		want Answer
	}{
		{"K-mine", map[string]any{"cause": "mine_uxo"}, Yes},
		{"K-mine", map[string]any{"cause": "shelling"}, No},
		{"O-massing", map[string]any{"count": int64(99)}, No},
		{"O-forward", map[string]any{"owner": "A", "side": "B"}, Yes},
		{"A-cross", map[string]any{"owner": "A", "side": "B", "distance_to_line_mm": int64(9_999)}, No},
		{"A-over", map[string]any{"owner": "B", "side": "B"}, No},
		{"W-school", map[string]any{"object_class": "school"}, Yes},
		{"W-school", map[string]any{}, Unknown},
		{"F-works", map[string]any{"distance_to_line_mm": int64(499_999)}, Yes},
		{"C-repair", map[string]any{"notified": list("X-aid", "X-repair")}, Yes},
		{"H-aid", map[string]any{"notified": list("X-aid"), "restriction": "delay", "minutes": int64(59)}, No},
		{"H-aid", map[string]any{"notified": list("X-aid"), "restriction": "denial"}, Yes},
		{"P-move", map[string]any{"notified": list()}, Yes},
		{"P-night", map[string]any{"hour_utc": int64(3)}, Yes},
		{"P-night", map[string]any{"hour_utc": int64(12)}, No},
	} {
		if got, _, err := a.Act(tt.act).Evaluate(tt.vars, nil); err != nil || got != tt.want {
			t.Errorf("%s with %v = %s, %v; want %s", tt.act, tt.vars, got, err, tt.want)
		}
	}
}

func TestCovers(t *testing.T) {
	a := parseFolder(t, line2026)
	for _, tt := range []struct {
		exemption string
		act       trucewatch.ActID
		want      bool
	}{{"X1", "K2", true}, {"X2", "K1", true}, {"X1", "A1", false}, {"X1", "W1", false}, {"X5", "A1", true}, {"X5", "K2", false}, {"X4", "K2", false}} {
		if got := a.Exemption(tt.exemption).Covers(a.Act(tt.act)); got != tt.want {
			t.Errorf("%s covers %s = %v, want %v", tt.exemption, tt.act, got, tt.want)
		}
	}
}

func TestTextShowsNoRegister(t *testing.T) {
	text := parseFolder(t, line2026).Text()
	if text.ID != "agr-line-2026" || text.Version != 3 || !text.Simulated || text.Draft || len(text.Lines) != 2 || len(text.Parties) != 2 || text.Parties[0].Name != "Party A" {
		t.Errorf("text = %+v", text)
	}
	for _, z := range text.Zones {
		if z.ID == "ZP" {
			t.Error("protected objects are drawn for every reader")
		}
		if len(z.Rings) == 0 {
			t.Errorf("zone %s %s has no outline", z.ID, z.Side)
		}
	}
	for _, c := range text.Clauses {
		if strings.Contains(c.Text, "hospital") || strings.Contains(c.Text, "PS-") {
			t.Errorf("clause %s names a place: %s", c.ID, c.Text)
		}
	}
}

func TestEvidence(t *testing.T) {
	e := parseFolder(t, line2026).Evidence
	for p, want := range map[trucewatch.PPM]string{0: "below possible", 199_999: "below possible", 200_000: "possible", 600_000: "probable", 899_999: "probable", 900_000: "confirmed"} {
		if got := e.Word(p); got != want {
			t.Errorf("Word(%d) = %s, want %s", p, got, want)
		}
	}
	if e.Attribute(2) != 800_000 || e.Attribute(3) != 900_000 || e.Means(2) != 1 || e.Means(3) != 2 {
		t.Errorf("thresholds by severity: %+v", e)
	}
}

func TestDecimal(t *testing.T) {
	for _, tt := range []struct {
		in     string
		digits int
		want   int64 // -1: refused
	}{
		{"7.5", 6, 7_500_000}, {"0", 7, 0}, {"-0.2", 1, -2}, {"0.8", 6, 800_000}, {"1.50", 1, 15}, {"179.9999999", 7, 1_799_999_999},
		{"", 6, -1}, {"-", 6, -1}, {".5", 6, -1}, {"5.", 6, -1}, {"1e3", 6, -1}, {"+1", 6, -1}, {"01", 6, -1}, {"1_000", 6, -1}, {"0x1", 6, -1},
		{"1.23", 1, -1}, {"10000000000", 6, -1}, {"1.2.3", 6, -1}, {"١", 6, -1}, {"NaN", 6, -1},
	} {
		got, err := decimal(tt.in, tt.digits)
		if tt.want == -1 && err == nil || tt.want != -1 && (err != nil || got != tt.want) {
			t.Errorf("decimal(%q, %d) = %d, %v; want %d", tt.in, tt.digits, got, err, tt.want)
		}
	}
}

func TestInventories(t *testing.T) {
	a := parseFolder(t, line2026)
	var got []string
	for _, s := range a.Storage.Sites {
		for _, i := range s.Items {
			got = append(got, s.ID+" "+i.Serial+" "+string(i.Weapon.Platform)+" "+i.State)
		}
	}
	if len(got) != 11 || got[0] != "PS-04 A-MT-1107 at_gun present" || got[2] != "PS-04  mortar present" || a.Storage.Sites[0].Items[2].Count != 6 {
		t.Errorf("inventories: %q", got)
	}
	if q := a.StatusQuo; len(q.Positions) != 5 || q.Positions[2].Party != "B" || q.Positions[2].RadiusMM != 200_000 || len(q.Minefields) != 2 || q.Minefields[0].ID != "MF-1" {
		t.Errorf("status quo: %+v", a.StatusQuo)
	}
	if !a.IsHeavy("mlrs") || a.IsHeavy("uav_fpv") || a.Body("joint_commission").GoesUpTo != "special_commission" || a.Obligation("OB-release").Within != 10*trucewatch.Day {
		t.Error("heavy, goes_up_to, or an obligation")
	}
	if a.Attribute(a.Act("D2")) != 800_000 || a.Attribute(a.Act("K2")) != 900_000 {
		t.Error("the digital annex has its own threshold")
	}
}
