// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// Tests on real data that lies beside the repository. It is read, never copied;
// without it they say so and pass.

// shared opens a file of the shared data, unpacked.
func shared(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("skipped: no shared data")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked
}

// table reads rows by the names of their columns.
func table(t *testing.T, name string, comma rune) []map[string]string {
	t.Helper()
	r := csv.NewReader(shared(t, name))
	r.Comma = comma
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var rows []map[string]string
	for _, fields := range all[1:] {
		row := make(map[string]string)
		for i, head := range all[0] {
			row[head] = fields[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func float(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func instant(t *testing.T, layout, s string) tw.Instant {
	t.Helper()
	v, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	return tw.InstantOf(v)
}

func place(lat, lon float64) geo.Position {
	return geo.Position{LatE7: int32(lat * 1e7), LonE7: int32(lon * 1e7)}
}

// id is observation i.
func id(i int) tw.ObservationID { return tw.ObservationID{Index: uint64(i) + 1} }

// recorded is observation o, the i-th.
func recorded(i int, source *tw.Source, o *tw.Observation) *tw.Recorded {
	o.Key = sha256.Sum256([]byte(string(source.ID) + strconv.Itoa(i)))
	if o.Count.Qualifier == "" {
		o.Count = tw.Count{Value: 1, Qualifier: tw.Exact}
	}
	return &tw.Recorded{ID: id(i), Received: o.When.Till, Source: source, Observation: o}
}

// associated associates and reads what came out.
func associated(t *testing.T, all []*tw.Recorded) (*score.Result, []*tw.Incident) {
	t.Helper()
	for _, r := range all {
		if err := r.Observation.Check(); err != nil {
			t.Fatalf("%v: %v", r.ID, err)
		}
	}
	incidents := associate.Once(all)
	r := &score.Result{Name: "trucewatch"}
	for _, in := range incidents {
		r.Events = append(r.Events, score.OfIncident(in))
	}
	return r, incidents
}

// TestRealCataloguesOfOneNetworkAgree holds the catalogue of an automatic system
// against that of the network, Ridgecrest, 4 July 2019. It tests the matching by
// place: within 3 s and 15 km the peer has nine of ten of the network's events,
// each once, though it lists twice as many.
func TestRealCataloguesOfOneNetworkAgree(t *testing.T) {
	truth := &scenario.Truth{About: scenario.About{World: "catalogue"}}
	for i, row := range table(t, "two_catalogues/catalog_scsn.tsv", '\t') {
		truth.Events = append(truth.Events, scenario.TrueEvent{ID: strconv.Itoa(i), At: instant(t, "2006-01-02T15:04:05.999999", row["time"]),
			Position: place(float(t, row["latitude"]), float(t, row["longitude"]))})
	}
	peer := &score.Result{Name: "GaMMA"}
	for _, row := range table(t, "two_catalogues/catalog_gamma.tsv", '\t') {
		peer.Events = append(peer.Events, score.Found{ID: row["event_idx"], At: instant(t, "2006-01-02T15:04:05.999999", row["time"]), Placed: true,
			Position: place(float(t, row["latitude"]), float(t, row["longitude"]))})
	}
	s := score.Of(truth, peer, score.DefaultOptions(truth))
	t.Log("\n" + score.Text([]*score.Score{s}))
	if s.Recall < 0.9 || s.Location.MedianM > 3_000 {
		t.Errorf("recall %.3f, median distance %.0f m", s.Recall, s.Location.MedianM)
	}
}

// An infrasoundDetection is one arrival of a sound at an array, with the
// direction from which it came. The files differ in what they call the time.
type infrasoundDetection struct {
	Peak        string  `json:"Peak F-Stat Time (UTC)"`
	Time        string  `json:"Time (UTC)"`
	BackAzimuth float64 `json:"Back Azimuth"` // degrees, true
	Latitude    float64
	Longitude   float64
}

// infrasound reads files of arrivals, each of one or several arrays. Directions err by 3
// degrees, as in BISL's own example; nobody hears beyond 1,200 km.
func infrasound(t *testing.T, names ...string) []*tw.Recorded {
	t.Helper()
	const bearingMdeg, farMM = 6_000, 1_200_000_000
	var all []*tw.Recorded
	for _, name := range names {
		var detections []infrasoundDetection
		if err := json.NewDecoder(shared(t, "infrasound/"+name+".dets.json")).Decode(&detections); err != nil {
			t.Fatal(err)
		}
		for _, d := range detections {
			back := int32(d.BackAzimuth * 1000)
			array := place(d.Latitude, d.Longitude)
			heard := instant(t, "2006-01-02T15:04:05", d.Peak+d.Time)
			source := tw.Source{ID: tw.SourceID(fmt.Sprint("array ", array)), Kind: tw.SensorSource}
			all = append(all, recorded(len(all), &source, &tw.Observation{
				Kind: tw.AcousticEvent, Means: tw.Infrasound, Observer: &tw.Observer{Position: &array}, Arrival: &tw.Arrival{Wave: tw.InfrasoundWave},
				Where: tw.Place{Region: geo.Region{Kind: geo.Sector, Center: array, RMaxMM: farMM,
					Arcs: []geo.Arc{{FromMdeg: (back - bearingMdeg + 720_000) % 360_000, TillMdeg: (back + bearingMdeg + 720_000) % 360_000}}}},
				When: tw.Interval{From: heard, Till: heard},
			}))
		}
	}
	return all
}

// turned turns the direction of each arrival, and the clock of each array by up to four
// hours: nothing true is left.
func turned(all []*tw.Recorded, seed int) []*tw.Recorded {
	r := rand.New(rand.NewPCG(uint64(seed), 3))
	clocks := make(map[tw.SourceID]tw.Instant)
	var out []*tw.Recorded
	for _, rec := range all {
		if _, known := clocks[rec.Source.ID]; !known {
			clocks[rec.Source.ID] = tw.Instant(r.Int64N(int64(4 * tw.Hour)))
		}
		o := *rec.Observation
		o.When.From += clocks[rec.Source.ID]
		o.When.Till = o.When.From
		by := r.Int32N(360_000)
		arc := o.Where.Region.Arcs[0]
		o.Where.Region.Arcs = []geo.Arc{{FromMdeg: (arc.FromMdeg + by) % 360_000, TillMdeg: (arc.TillMdeg + by) % 360_000}}
		next := *rec
		next.Observation = &o
		out = append(out, &next)
	}
	return out
}

// byChance counts how many arrivals stand in an incident with others if all are turned, so
// many times, and of how many.
func byChance(t *testing.T, all []*tw.Recorded, times int) (joined, arrivals int) {
	t.Helper()
	for seed := range times {
		_, incidents := associated(t, turned(all, seed))
		for _, in := range incidents {
			arrivals += len(in.Links)
			if len(in.Links) > 1 {
				joined += len(in.Links)
			}
		}
	}
	t.Logf("turned: %d of %d arrivals are joined", joined, arrivals)
	return joined, arrivals
}

// TestRealInfrasoundSource: three arrays, 330 to 860 km away, heard a detonation
// of June 2004 whose place and time are known. They are joined, and the 95 % region
// and the time of that incident hold the truth. With clocks and directions turned
// nothing is joined, or seldom.
func TestRealInfrasoundSource(t *testing.T) {
	all := infrasound(t, "example2")
	source := place(41.131, -112.896)
	at := instant(t, "2006-01-02T15:04:05", "2004-06-02T17:23:04")
	for i, r := range all {
		o := r.Observation
		mm, azimuth := geo.Inverse(o.Where.Region.Center, source)
		residual := (o.Where.Region.Arcs[0].FromMdeg+6_000-azimuth+900_000)%360_000 - 180_000
		t.Logf("array %d: %d km away, direction off by %.1f degrees, %d m/s", i, mm/1e6, float64(residual)/1000, mm/int64((o.When.From-at)/1000))
	}
	_, incidents := associated(t, all)
	if len(incidents) != 1 || len(incidents[0].Links) != 3 {
		t.Fatalf("%d arrivals became %d incidents", len(all), len(incidents))
	}
	in := incidents[0]
	region := in.Best().Region
	far, azimuth := geo.Inverse(region.Center, source)
	t.Logf("the source is %d km from the region's middle, half axes %.0f and %.0f km; made %v, stated %v to %v; worth %v",
		far/1e6, float64(region.SemiMajorMM)/1e6, float64(region.SemiMinorMM)/1e6, at, in.When.From, in.When.Till, in.Links)
	across, along := geo.NewPlane(region.Center).Project(geo.Direct(region.Center, azimuth-region.AzimuthMdeg, far))
	if a, b := float64(along)/float64(region.SemiMajorMM), float64(across)/float64(region.SemiMinorMM); a*a+b*b > 1 {
		t.Error("the region does not hold the source")
	}
	if at < in.When.From || at > in.When.Till {
		t.Errorf("the source was at %v, stated is %v to %v", at, in.When.From, in.When.Till)
	}
	chance, reports := byChance(t, all, 100)
	if chance > reports/50 {
		t.Errorf("turned: %d of %d arrivals are joined", chance, reports)
	}
}

// TestRealInfrasoundOfAnotherProgram: the example of another program, 28 arrivals at four
// arrays in two hours, has two incidents that all four arrays heard. With clocks and
// directions turned next to nothing is joined.
func TestRealInfrasoundOfAnotherProgram(t *testing.T) {
	all := infrasound(t, "blom2020_DLIAR", "blom2020_I57US", "blom2020_NVIAR", "blom2020_PDIAR")
	_, incidents := associated(t, all)
	four := 0
	for _, in := range incidents {
		if len(in.Links) > 1 {
			t.Logf("%d arrivals, %v, half axes %.0f and %.0f km", len(in.Links), in.When.From, float64(in.Best().Region.SemiMajorMM)/1e6, float64(in.Best().Region.SemiMinorMM)/1e6)
		}
		if len(in.Links) == 4 {
			four++
		}
	}
	chance, reports := byChance(t, all, 20)
	if four < 2 || chance > reports/25 {
		t.Errorf("%d incidents of all four arrays; turned, %d of %d arrivals are joined", four, chance, reports)
	}
}

// An siteObservation is one observation of the mission of 2015 and 2016.
type siteObservation struct {
	ID, Date, Observed, Note string
	From                     string   `json:"time_from"`
	Till                     string   `json:"time_to"`
	Place                    string   `json:"observer_place"`
	PlaceText                string   `json:"observer_place_text"`
	Sensor                   string   `json:"sensor"`
	Count                    int64    `json:"count"`
	CountText                string   `json:"count_text"`
	Near                     *float64 `json:"distance_km_min"`
	Far                      *float64 `json:"distance_km_max"`
	Bearings                 []string `json:"bearings"`
}

// siteObservations reads the mission's observations with the places of the
// example of those years.
func siteObservations(t *testing.T) ([]siteObservation, []*tw.Recorded) {
	t.Helper()
	lines := bufio.NewScanner(shared(t, "osce_smm/observations.jsonl"))
	csv, err := os.ReadFile("../examples/measures-2020/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	gazetteer, err := intake.ParseGazetteer(csv)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := intake.ParseZone("Europe/Kyiv", time.LoadLocation)
	if err != nil {
		t.Fatal(err)
	}
	var rows []siteObservation
	var all []*tw.Recorded
	for lines.Scan() {
		var row siteObservation
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		all = append(all, recorded(len(rows), &tw.Source{ID: tw.SourceID("smm " + row.Place), Kind: tw.PatrolSource}, row.observation(t, gazetteer, zone)))
		rows = append(rows, row)
	}
	return rows, all
}

func (row *siteObservation) observation(t *testing.T, g *intake.Gazetteer, zone intake.Zone) *tw.Observation {
	t.Helper()
	o := &tw.Observation{Kind: tw.Explosion, Means: tw.Heard}
	switch row.Observed {
	case "outgoing":
		o.Description = tw.Outgoing
	case "impact":
		o.Description = tw.Impact
	case "small_arms_burst":
		o.Kind = tw.Burst
	}
	observer, _, err := intake.ParseObserver(row.Place, g)
	if err != nil {
		t.Fatalf("%s: %v", row.ID, err)
	}
	words := "at position"
	if row.Sensor == "crater_analysis" {
		o.Kind, o.Means, o.Description = tw.Crater, tw.PhysicalTrace, ""
	} else {
		words = strings.Join(row.Bearings, ", ")
		if row.Near != nil {
			words = strconv.FormatFloat(*row.Near, 'f', -1, 64) + "-" + strconv.FormatFloat(*row.Far, 'f', -1, 64) + "km " + words
		}
	}
	if o.Where, err = intake.ParseWhere(strings.TrimSpace(words), observer, g); err != nil {
		t.Fatalf("%s: %q: %v", row.ID, words, err)
	}
	o.Observer = &observer
	from, till := row.From, row.Till
	if from == "night" {
		from, till = "", ""
	}
	if o.When, err = intake.ParseTimes(row.Date, from, till, zone); err != nil {
		t.Fatalf("%s: %v", row.ID, err)
	}
	o.Count = tw.Count{Value: row.Count, Qualifier: tw.Exact}
	if row.Count == 0 {
		o.Count.Qualifier = tw.Multiple
	}
	return o
}

// TestRealMissionObservations: 15 observations of an earlier mission keep their
// days and their people apart. What no second source saw stays alone.
func TestRealMissionObservations(t *testing.T) {
	rows, all := siteObservations(t)
	_, incidents := associated(t, all)
	for _, in := range incidents {
		var ids, dates []string
		for _, l := range in.Links {
			row := rows[l.Observation.Index-1]
			ids, dates = append(ids, row.ID), append(dates, row.Date)
		}
		t.Logf("%v %s: %v, %d km2", ids, in.When.From, in.Kind, in.Best().Region.AreaM2()/1e6)
		slices.Sort(dates)
		if len(slices.Compact(dates)) > 1 {
			t.Errorf("%v are of different days", ids)
		}
	}
	if len(incidents) < 12 {
		t.Errorf("%d observations became %d incidents", len(all), len(incidents))
	}
}

// An alert is one air-raid alert as one collector has it.
type alert struct {
	region     string
	from, till tw.Instant
}

// alerts reads the alerts of whole regions by both collectors.
func alerts(t *testing.T) (official, volunteer []alert) {
	t.Helper()
	read := func(row map[string]string, region string) alert {
		const layout = "2006-01-02 15:04:05-07:00"
		return alert{row[region], instant(t, layout, row["started_at"]), instant(t, layout, row["finished_at"])}
	}
	for _, row := range table(t, "sirens/official.csv.gz", ',') {
		if row["level"] == "oblast" {
			official = append(official, read(row, "oblast"))
		}
	}
	for _, row := range table(t, "sirens/volunteer.csv.gz", ',') {
		volunteer = append(volunteer, read(row, "region"))
	}
	return official, volunteer
}

// overlap is how long two alerts of one region were both on.
func overlap(a, b alert) tw.Instant {
	if a.region != b.region {
		return 0
	}
	return max(min(a.till, b.till)-max(a.from, b.from), 0)
}

// TestRealAlertsOfTwoCollectorsJoin: four months of air-raid alerts, collected by
// an official channel and by volunteers, who name the same regions. Of the pairs
// that overlap by half of the longer of both, nearly all are joined; and of all
// that is joined nearly nothing was not on at the same time, or lasted to within
// the pause of one engagement of it.
func TestRealAlertsOfTwoCollectorsJoin(t *testing.T) {
	official, volunteer := alerts(t)
	list := slices.Concat(official, volunteer)
	truth := &scenario.Truth{About: scenario.About{World: "alerts"}}
	var all []*tw.Recorded
	sources := [2]*tw.Source{{ID: "official", Kind: tw.AgencySource}, {ID: "volunteers", Kind: tw.PersonSource}}
	for i, a := range list {
		source, means := sources[0], tw.OfficialRecord
		if i >= len(official) {
			source, means = sources[1], tw.PublicReport
		}
		all = append(all, recorded(i, source, &tw.Observation{Kind: tw.AirAlert, Means: means,
			Where: tw.Place{Text: a.region, Name: a.region}, When: tw.Interval{From: a.from, Till: a.till}}))
	}
	byRegion := make(map[string][]int)
	for j, b := range volunteer {
		byRegion[b.region] = append(byRegion[b.region], len(official)+j)
	}
	for i, a := range official {
		for _, j := range byRegion[a.region] {
			if b := list[j]; b.till > b.from && 2*overlap(a, b) >= max(a.till-a.from, b.till-b.from) {
				truth.Events = append(truth.Events, scenario.TrueEvent{ID: strconv.Itoa(i), At: a.from, Members: []string{id(i).String(), id(j).String()}})
				break
			}
		}
	}
	result, incidents := associated(t, all)
	s := score.Of(truth, result, score.Options{Rule: score.Jaccard, MembersMin: 2})
	joined, apart := 0, 0
	for _, in := range incidents {
		if len(in.Links) != 2 {
			continue
		}
		joined++
		a, b := list[in.Links[0].Observation.Index-1], list[in.Links[1].Observation.Index-1]
		if a.region != b.region || a.till+associate.EngagementGap < b.from || b.till+associate.EngagementGap < a.from {
			apart++
		}
	}
	t.Logf("%d official and %d volunteer alerts; %d pairs overlap by half, %.4f of them joined; %d joined in all, %d of them apart",
		len(official), len(volunteer), len(truth.Events), s.Recall, joined, apart)
	if s.Recall < 0.985 || apart > 0 {
		t.Errorf("%.4f of the pairs joined, %d joined that were apart", s.Recall, apart)
	}
}

// long makes TestRealHalfDayOfArrivals take the whole of it: about a minute.
var long = flag.Bool("long", false, "half a day of real arrivals in place of one hour")

// TestRealHalfDayOfArrivals: P and S waves at 60 stations in central Italy, from
// midnight of 14 October 2016, and a catalogue of events. All of them are found.
// The catalogue is not complete, so what else is found is held against chance:
// if the clock of each station is turned by another time, so that nothing true is
// left but every station keeps its own noise, at most a seventh as much is found.
func TestRealHalfDayOfArrivals(t *testing.T) {
	span := tw.Hour
	if *long {
		span = 12 * tw.Hour
	}
	day := instant(t, "2006-01-02", "2016-10-14")
	truth := &scenario.Truth{About: scenario.About{World: "central Italy", Span: tw.Interval{From: day, Till: day + span}}}
	for i, row := range table(t, "seismic_picks/catalogue.csv", ',') {
		e := scenario.TrueEvent{ID: strconv.Itoa(i), At: instant(t, time.RFC3339Nano, row["origin_time"]), Position: place(float(t, row["latitude"]), float(t, row["longitude"]))}
		if e.At < day+span-tw.Minute {
			truth.Events = append(truth.Events, e)
		}
	}
	stations, arrivals := halfDay(t, day, span)
	shots, took := find(stations, arrivals, centralItaly())
	result := &score.Result{Name: "trucewatch"}
	members := 0
	for i, s := range shots {
		members += len(s.Arrivals)
		result.Events = append(result.Events, score.Found{ID: strconv.Itoa(i), At: s.At, Placed: true, Position: s.Position})
	}
	for i, a := range arrivals {
		turned := (a.At - day + tw.Instant(a.Station+1)*span/61) % span
		arrivals[i].At = day + turned
	}
	chance, _ := find(stations, arrivals, centralItaly())
	s := score.Of(truth, result, score.DefaultOptions(truth))
	t.Logf("%d arrivals in %v: %d of %d events of the catalogue, median distance %.0f m; %d shots in all, %.1f arrivals each; %d by chance",
		len(arrivals), took.Round(time.Millisecond), s.Matched, s.Events, s.Location.MedianM, len(shots), float64(members)/float64(len(shots)), len(chance))
	if s.Recall < 1 || s.Location.MedianM > 1500 || 7*len(chance) > len(shots) {
		t.Errorf("recall %.3f, median distance %.0f m, %d of %d shots could be chance", s.Recall, s.Location.MedianM, len(chance), len(shots))
	}
}

// find locates shots one task after the other, and says how long it took.
func find(stations []associate.Station, arrivals []associate.Arrival, hearing associate.Hearing) ([]associate.Shot, time.Duration) {
	began := time.Now()
	shots := associate.NewNetwork(hearing, stations).Find(arrivals, func(n int, task func(int)) {
		for i := range n {
			task(i)
		}
	})
	return shots, time.Since(began)
}

// halfDay reads the stations and the arrivals until span has passed.
func halfDay(t *testing.T, day, span tw.Instant) ([]associate.Station, []associate.Arrival) {
	t.Helper()
	var stations []associate.Station
	number := make(map[string]int32)
	for _, row := range table(t, "seismic_picks/stations.csv", ',') {
		number[row["network"]+"."+row["station"]] = int32(len(stations))
		stations = append(stations, associate.Station{Position: place(float(t, row["latitude"]), float(t, row["longitude"])), Clock: 20_000})
	}
	var arrivals []associate.Arrival
	for i, row := range table(t, "seismic_picks/picks.csv.gz", ',') {
		station, ok := number[row["network"]+"."+row["station"]]
		if !ok {
			t.Fatalf("no station %s.%s", row["network"], row["station"])
		}
		a := associate.Arrival{Station: station, At: day + tw.Instant(float(t, row["seconds_of_day"])*1e6), Key: sha256.Sum256([]byte(strconv.Itoa(i)))}
		if row["phase"] == "S" {
			a.Phase = 1
		}
		if a.At < day+span {
			arrivals = append(arrivals, a)
		}
	}
	return stations, arrivals
}

// centralItaly is how that network hears. Guess: speeds of waves in the upper
// crust, 6.0 and 3.3 km/s; the rest as in the simulated network. Test: residuals
// of located events.
func centralItaly() associate.Hearing {
	h := associate.Hearing{PhasesMMS: []int64{6_000_000, 3_300_000}, Detect: 800_000, FloorUS: 300_000, Spread: 20_000, FirstMM: 40_000_000, ReachMM: 120_000_000,
		DeepMM: 20_000_000, TopMM: 16_000_000, LeafMM: 4_000_000, Births: 5_000, Least: 6, Visits: 3_000}
	for _, km := range []int64{15, 30, 50, 80} {
		h.Loudness = append(h.Loudness, associate.Loudness{RangeMM: km * 1_000_000, WidthMM: 10_000_000, Share: 250_000})
	}
	return h
}
