// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// Arrivals alone are no incidents. Those of one medium go to a Listener; each
// shot that it finds is then weighed against other evidence like an observation
// of the whole network, and its incident links every arrival.

// arrivalTimes are times at which sound, or a P or S wave, reached a station.
//
// Source of the form: picks of seismic and acoustic networks (NET-VISA, see the package
// comment). Gate: a station within reach, at a time that a source there allows. Bound: of a
// cell of country, the best that each arrival may add (kernel/bound.go). Likelihood: a
// normal density of the time, detection by distance, clutter by station.
func arrivalTimes() evidence {
	return evidence{name: "arrival", solved: true, where: func(o *trucewatch.Observation) (location, bool) { return location{}, o.Arrival != nil }}
}

// An ear is the Listener of one medium.
type ear struct {
	kind     trucewatch.Kind
	means    trucewatch.Means
	source   trucewatch.Source // the network as a whole
	listener *Listener
	stations map[stationKey]int32
	recs     []*trucewatch.Recorded // by number of arrival
	fresh    []int32                // nodes of shots that arrivals to come may still change
}

// A stationKey is one place from which a source listens; one that moves is
// several stations.
type stationKey struct {
	source trucewatch.SourceID
	at     geo.Position
	clock  trucewatch.Instant
}

// A solved is a shot as a node: the arrivals that it holds, and what each adds.
type solved struct {
	shot  Shot
	recs  []*trucewatch.Recorded // by ObservationID
	gain  []trucewatch.MilliNat  // of each of recs
	clock []kernel.Clock         // of the station of each of recs; nil if none was wrong
	fresh bool                   // arrivals to come may still change it
}

const (
	// unsyncedClock is the error taken for a clock that states none. Guess: a
	// network clock without supervision. Test: residuals of such stations.
	unsyncedClock = trucewatch.Second / 10
	// readError is the error taken for reading a time when none is stated. Guess:
	// an automatic picker on an impulsive sound. Test: as unsyncedClock.
	readError = trucewatch.Second / 50
)

// soundHearing is how sensors of sound hear fire.
//
// Guess: all but the speed, until a mission's own record says better. Ranges of
// 6, 10 and 15 km for small arms in volleys, mortars and guns: no primary source
// was found; a factor on all of them is learned (see ranges.go). Test: count, by
// distance, how many sensors in service heard shots located by ten others. Speed at 15 C: 340 m/s (ISO 9613-1).
func soundHearing() Hearing {
	return Hearing{
		PhasesMMS: []int64{340_000}, Spread: 3_300, SpeedMMS: 3_000, WindMMS: 4_500, Detect: 950_000,
		Loudness: []Loudness{{RangeMM: 6_000_000, WidthMM: 720_000, Share: 333_333}, {RangeMM: 10_000_000, WidthMM: 1_200_000, Share: 333_333}, {RangeMM: 15_000_000, WidthMM: 1_800_000, Share: 333_334}},
		FirstMM:  8_000_000, ReachMM: 27_000_000, TopMM: 4_000_000, LeafMM: 500_000,
		Births: 86_400, Salvoes: true, Least: 4, Visits: 3_000,
	}
}

// earthHearing is how seismic stations of a region hear tremors, and explosions
// that shake the ground.
//
// Source of the speeds and errors: the shallow scenario of PyOcto's benchmark
// (Münchmeyer, Seismica 3(1), 2024), P 6.3 and S 3.7 km/s, 1 % and at least 0.4 s; a
// station with one of them has the other with half of what is missing to certainty.
// Ranges are 20 km and more there, exponential with a mean of 52; the classes are the
// means of five intervals that end at 40, 70, 110 and 170. Guess: that it is so
// elsewhere. Test: as of soundHearing, against a catalogue.
func earthHearing() Hearing {
	h := Hearing{
		PhasesMMS: []int64{6_300_000, 3_700_000}, FloorUS: 400_000, Spread: 10_000, Detect: 800_000, Together: 500_000,
		FirstMM: 70_000_000, ReachMM: 300_000_000, DeepMM: 30_000_000, TopMM: 32_000_000, LeafMM: 8_000_000,
		Births: 864, Least: 10, Visits: 3_000,
	}
	for _, c := range [...][3]int64{{29, 30, 319_000}, {54, 30, 298_000}, {88, 30, 205_000}, {134, 30, 121_000}, {222, 30, 57_000}} {
		h.Loudness = append(h.Loudness, Loudness{RangeMM: c[0] * 1_000_000, WidthMM: c[1] * 1_000_000, Share: c[2]})
	}
	return h
}

// waves are the media, each with its waves by number of phase.
var waves = [...][]string{{"sound"}, {"P", "S"}}

func (a *Associator) newEar(medium int) *ear {
	e := &ear{kind: trucewatch.AcousticEvent, means: trucewatch.Acoustic, source: trucewatch.Source{ID: "located by sound"}, stations: make(map[stationKey]int32)}
	h := soundHearing()
	if medium == 1 {
		e.kind, e.means, e.source.ID, h = trucewatch.SeismicEvent, trucewatch.Seismic, "located by tremor", earthHearing()
	}
	e.listener = NewListener(NewNetwork(h, nil))
	return e
}

// hear takes an arrival.
func (a *Associator) hear(rec *trucewatch.Recorded) {
	if a.arrivals[rec.ID] != nil {
		return
	}
	a.arrivals[rec.ID] = rec
	o := rec.Observation
	for medium, names := range waves {
		phase := slices.Index(names, o.Arrival.Wave)
		if phase < 0 {
			continue
		}
		if a.ears[medium] == nil {
			a.ears[medium] = a.newEar(medium)
		}
		e := a.ears[medium]
		e.listener.Add(Arrival{Station: e.station(rec), Phase: uint8(phase), At: o.When.From, Key: o.Key})
		e.recs = append(e.recs, rec)
	}
}

// station returns the number of the station that timed rec.
func (e *ear) station(rec *trucewatch.Recorded) int32 {
	o := rec.Observation
	clock, read := trucewatch.Instant(o.Clock.SyncError), trucewatch.Instant(o.Arrival.Error)
	if clock == 0 {
		clock = unsyncedClock
	}
	if read == 0 {
		read = readError
	}
	key := stationKey{rec.Source.ID, *o.Observer.Position, max(clock, read)}
	number, known := e.stations[key]
	if !known {
		number = int32(len(e.stations))
		e.stations[key] = number
		e.listener.AddStations(Station{Position: key.at, Clock: key.clock})
	}
	return number
}

// settle has the ears find what new arrivals change: it takes out the nodes of
// shots that are gone and makes nodes of new ones. It returns the former, and
// those that are no longer provisional.
func (a *Associator) settle(index uint64) []int32 {
	var dead []int32 // or settled
	for _, e := range a.ears {
		if e == nil {
			continue
		}
		changed := e.listener.settle(a.run, a.ask)
		for _, s := range changed.Gone {
			dead = append(dead, a.bury(e.node(&s).recs[0].ID))
		}
		for _, s := range changed.New {
			a.raise(index, e, e.node(&s))
		}
		e.fresh = slices.DeleteFunc(e.fresh, func(n int32) bool {
			v := a.nodes[n].solved
			if !a.nodes[n].dead && e.listener.Fresh(&v.shot) {
				return false
			}
			v.fresh = false
			dead = append(dead, n)
			return true
		})
	}
	return dead
}

func oneByOne(tasks int, task func(i int)) {
	for i := range tasks {
		task(i)
	}
}

// node readies a shot as a node.
func (e *ear) node(s *Shot) *solved {
	v := &solved{shot: *s}
	at := make([]int, len(s.Arrivals))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return e.recs[s.Arrivals[i]].ID.Compare(e.recs[s.Arrivals[j]].ID) })
	for _, i := range at {
		v.recs, v.gain = append(v.recs, e.recs[s.Arrivals[i]]), append(v.gain, s.Gains[i])
		if s.Clocks != nil {
			v.clock = append(v.clock, s.Clocks[i])
		}
	}
	return v
}

// raise makes a node of a shot. What the network says is that the shot was there
// then; its key is that of its arrivals.
func (a *Associator) raise(index uint64, e *ear, v *solved) {
	var keys [][]byte
	for _, r := range v.recs {
		keys = append(keys, r.Observation.Key[:])
	}
	slices.SortFunc(keys, bytes.Compare)
	o := &trucewatch.Observation{Key: sha256.Sum256(bytes.Join(keys, nil)), Kind: e.kind, Means: e.means, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
		Where: trucewatch.Place{Region: v.shot.Region}, When: trucewatch.Interval{From: v.shot.At, Till: v.shot.At}, Clock: trucewatch.Clock{SyncError: trucewatch.Microseconds(v.shot.Error)}}
	rec := &trucewatch.Recorded{ID: v.recs[0].ID, Source: &e.source, Observation: o}
	for _, r := range v.recs {
		rec.Received = max(rec.Received, r.Received)
	}
	at, _ := a.search(rec.ID)
	v.fresh = e.listener.Fresh(&v.shot)
	n := a.insert(index, rec, v, at)
	if v.fresh {
		e.fresh = append(e.fresh, n)
	}
	for _, r := range v.recs {
		a.holder[r.ID] = n
	}
}

// bury takes out the node with the given ID, which is a shot's.
func (a *Associator) bury(id trucewatch.ObservationID) int32 {
	at, _ := a.search(id)
	n := a.byID[at]
	a.byID = slices.Delete(a.byID, at, at+1)
	a.compareTimes(n, a.beside(n), -1)
	a.nodes[n].dead = true
	for _, r := range a.nodes[n].solved.recs {
		delete(a.holder, r.ID)
	}
	return n
}

// holderOf returns the node that stands for an observation, and whether there is
// one: an arrival that no shot holds has none.
func (a *Associator) holderOf(id trucewatch.ObservationID) (int32, bool) {
	if a.arrivals[id] != nil {
		n, held := a.holder[id]
		return n, held
	}
	at, found := a.search(id)
	if !found {
		return 0, false
	}
	return a.byID[at], true
}

// spread returns the links of each arrival of a shot, whose own link is given.
func (v *solved) spread(link trucewatch.Link) []trucewatch.Link {
	out := make([]trucewatch.Link, len(v.recs))
	for i, r := range v.recs {
		share := link.Share * trucewatch.PPM(kernel.Probability(int64(v.gain[i]))) / geo.Million
		out[i] = trucewatch.Link{Observation: r.ID, Key: r.Observation.Key, Gain: v.gain[i], Share: share, Reason: v.words(i)}
		if link.Reason != aloneReason {
			out[i].Reason += "; the source: " + link.Reason
		}
	}
	return out
}

// spread returns the links of all that s holds, given one for each exhibit.
func spread(s *set, links []trucewatch.Link) []trucewatch.Link {
	if !slices.ContainsFunc(s.members, func(e *exhibit) bool { return e.solved != nil }) {
		return links
	}
	var out []trucewatch.Link
	for _, e := range append(s.unclaimed(), s.claims...) {
		if link := *linkOf(links, e); e.solved == nil {
			out = append(out, link)
		} else {
			out = append(out, e.solved.spread(link)...)
		}
	}
	slices.SortFunc(out, func(l, m trucewatch.Link) int { return l.Observation.Compare(m.Observation) })
	return out
}

// words says why an arrival belongs to the shot: "sound 12.3 s after its source,
// with 11 other arrivals; together 45.0 nats against chance", and how wrong the clock of
// its station was taken to be.
func (v *solved) words(i int) string {
	r := v.recs[i]
	var clock kernel.Clock
	if len(v.clock) > 0 {
		clock = v.clock[i]
	}
	after := r.Observation.When.From - v.shot.At - trucewatch.Instant(clock.LateUS)
	tenth := int64((after + trucewatch.Second/20) / (trucewatch.Second / 10))
	score := int64(v.shot.Score+50) / 100
	said := r.Observation.Arrival.Wave + " " + tenths(tenth) + " s after its source, with " + number(len(v.recs)-1) +
		" other arrivals; together " + tenths(score) + " nats against chance"
	if clock == (kernel.Clock{}) {
		return said
	}
	way := "late"
	if clock.LateUS < 0 {
		way, clock.LateUS = "early", -clock.LateUS
	}
	return said + "; its clock taken to be " + milliseconds(clock.LateUS) + " " + way + ", with an error of " + milliseconds(clock.ErrorUS) + ", by " + number(int(clock.Shots)) + " shots"
}

func milliseconds(us int64) string { return strconv.FormatInt(us/1000, 10) + " ms" }

func tenths(v int64) string { return strconv.FormatInt(v/10, 10) + "." + strconv.FormatInt(v%10, 10) }

// observations returns what a node links: itself, or the arrivals of its shot.
func (n *node) observations() []trucewatch.ObservationID {
	if n.solved == nil {
		return []trucewatch.ObservationID{n.rec.ID}
	}
	var out []trucewatch.ObservationID
	for _, r := range n.solved.recs {
		out = append(out, r.ID)
	}
	return out[:min(len(out), trucewatch.ListMax)]
}
