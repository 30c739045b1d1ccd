// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Station is where arrivals are timed, on the tile's plane.
type Station struct {
	EastMM, NorthMM int64
	ClockUS         int64 // error of its times, one standard deviation
}

type station struct {
	x, y  float64
	clock uint8
}

// An Arrival is one time at one station.
type Arrival struct {
	Station int32
	Phase   uint8
	At      int64 // microseconds from the beginning of the tile's time
}

// Ground is a piece of country with its stations: what is the same for every
// time. It keeps what it worked out about cells, so that it serves one task at
// a time.
type Ground struct {
	ears     *Ears
	stations []station
	near     [][]neighbour // for each station the others within reach, by distance
	west     float64       // lattice of cells of the search
	south    float64
	wide     int // top cells
	high     int
	within   [][]int32               // for each top cell the stations within reach of it
	around   [][]int32               // for each station the top cells that the first arrival may come from
	outlooks []*outlook              // of each station; nil until asked for
	unit     float64                 // of outlooks, s
	carries  [len(RangeSteps)]*carry // nil until asked for
}

type neighbour struct {
	station  int32
	distance float64
}

// NewGround readies stations for searching. Stations further apart than they
// reach do not meet; all must lie within 100 km or so of the plane's place.
func NewGround(ears *Ears, stations []Station) *Ground {
	g := &Ground{ears: ears}
	for i, s := range stations {
		p := station{x: km(s.EastMM), y: km(s.NorthMM), clock: clockClass(s.ClockUS)}
		g.stations = append(g.stations, p)
		if i == 0 {
			g.west, g.south = p.x, p.y
		}
		g.west, g.south = min(g.west, p.x), min(g.south, p.y)
	}
	g.lattice()
	g.neighbours()
	return g
}

// lattice lays top cells over the stations and what they hear first.
func (g *Ground) lattice() {
	e := g.ears
	east, north := g.west, g.south
	for _, s := range g.stations {
		east, north = max(east, s.x), max(north, s.y)
	}
	g.west -= e.first + e.top
	g.south -= e.first + e.top
	g.wide = int((east+e.first+e.top-g.west)/e.top) + 1
	g.high = int((north+e.first+e.top-g.south)/e.top) + 1
	g.within = make([][]int32, g.wide*g.high)
	g.around = make([][]int32, len(g.stations))
	g.outlooks = make([]*outlook, len(g.stations))
	slowest := e.speed[e.phases-1]
	g.unit = float64(2*(e.reach+e.first+e.top+e.deep)) / slowest / math.MaxInt16
	half := math.Sqrt(float64(2*float64(e.top*e.top))) / 2
	for i, s := range g.stations {
		reach := e.reach + half
		for cy := max(0, int((s.y-reach-g.south)/e.top)); cy <= min(g.high-1, int((s.y+reach-g.south)/e.top)); cy++ {
			for cx := max(0, int((s.x-reach-g.west)/e.top)); cx <= min(g.wide-1, int((s.x+reach-g.west)/e.top)); cx++ {
				x, y := g.center(0, int32(cx), int32(cy))
				d := length(x-s.x, y-s.y)
				if d <= reach {
					g.within[cy*g.wide+cx] = append(g.within[cy*g.wide+cx], int32(i))
				}
				if d <= e.first+half {
					g.around[i] = append(g.around[i], int32(cy*g.wide+cx))
				}
			}
		}
	}
}

func (g *Ground) neighbours() {
	far := g.ears.reach + g.ears.first
	g.near = make([][]neighbour, len(g.stations))
	for i, s := range g.stations {
		for j, q := range g.stations {
			if d := length(s.x-q.x, s.y-q.y); d <= far {
				g.near[i] = append(g.near[i], neighbour{int32(j), d})
			}
		}
	}
}

func (g *Ground) center(level int, cx, cy int32) (x, y float64) {
	side := g.ears.top / float64(int(1)<<level)
	return g.west + float64((float64(cx)+0.5)*side), g.south + float64((float64(cy)+0.5)*side)
}

func length(x, y float64) float64 { return math.Sqrt(float64(x*x) + float64(y*y)) }

func length3(x, y, z float64) float64 {
	return math.Sqrt(float64(x*x) + float64(y*y) + float64(z*z))
}

// cell returns a cell of the lattice, without candidates.
func (g *Ground) cell(level int8, ix, iy, iz int32) cell {
	e := g.ears
	n := cell{level: level, ix: ix, iy: iy, iz: iz}
	side, depth := e.top/float64(int(1)<<level), e.deep/float64(e.layers[level])
	n.x, n.y = g.center(int(level), ix, iy)
	n.z = float64((float64(iz) + 0.5) * depth)
	n.half = length3(side, side, depth) / 2
	return n
}

// A Sky is what the times and the noise over a Ground depend on for a while.
type Sky struct {
	kinds   []medium
	kind    []int32            // by top cell
	slowest [phasesMax]float64 // anywhere
	fastest float64            // of the first phase
	unstill [phasesMax]float64 // how far the time for a km may be from that in still air, s
	vaguest int                // class of spread anywhere
	surest  int                // the least of these
	clutter []float64          // -ln of the rate of false arrivals, by station and phase
	clock   []uint8            // class of the error of each station's clock
	birth   float64            // ln of the density of sources, per km2 s (km3 s if deep)
	carry   *carry
}

// NewSky readies the air, by kind, with the kind of each top cell (see Cells),
// clutter: for each station and phase, how many false arrivals come in 1,000,000
// seconds, births, in the unit of Hearing.Births, clocks: the error of each
// station's clock, microseconds, 0 for what it states, and how far all is heard, a
// place in RangeSteps.
func (g *Ground) NewSky(kinds []Air, kind []int32, clutter []int64, births int64, clocks []int64, ranges int) *Sky {
	e := g.ears
	k := &Sky{carry: g.carry(ranges), kind: kind, clutter: make([]float64, len(clutter)), clock: make([]uint8, len(g.stations)), birth: geo.Log(float64(births) / (1e6 * 86_400))}
	for i, a := range kinds {
		m := e.medium(a)
		k.kinds = append(k.kinds, m)
		k.vaguest = max(k.vaguest, m.spread)
		if i == 0 || m.spread < k.surest {
			k.surest = m.spread
		}
		k.fastest = max(k.fastest, m.speed[0]+m.wind)
		for ph := range e.phases {
			still := 1 / e.speed[ph]
			k.unstill[ph] = max(k.unstill[ph], 1/m.slowest[ph]-still, still-1/(m.speed[ph]+m.wind))
			if i == 0 || m.slowest[ph] < k.slowest[ph] {
				k.slowest[ph] = m.slowest[ph]
			}
		}
	}
	for i, n := range clutter {
		if i > 0 && n == clutter[i-1] {
			k.clutter[i] = k.clutter[i-1]
			continue
		}
		k.clutter[i] = -geo.Log(float64(max(n, 1)) / 1e6)
	}
	for i := range g.stations {
		k.clock[i] = max(g.stations[i].clock, clockClass(clocks[i]))
	}
	return k
}

// A Tile is what was heard on a Ground for a while.
type Tile struct {
	*Sky
	g       *Ground
	begin   []int32 // for each station and phase the first of its arrivals
	at      []float64
	station []int32
	phase   []uint8
	noise   []float64 // -ln of the rate of arrivals that would be there anyway, by arrival
	taken   []bool
	births  []birth // solutions accepted
}

// A birth is a source that was found: more fire near it is likelier than
// anywhere else.
type birth struct{ x, y, at float64 }

// Accept takes a solution as found: its arrivals are explained.
func (t *Tile) Accept(sol *Solution) {
	t.Take(sol.Arrivals, true)
	t.Remember(sol.EastMM, sol.NorthMM, sol.At)
}

// Remember says that a source was found, with arrivals of other tiles.
func (t *Tile) Remember(eastMM, northMM, at int64) {
	t.births = append(t.births, birth{km(eastMM), km(northMM), float64(at) / 1e6})
}

// MayFollow says whether what an arrival gives may go with a solution, so that
// the solution makes it likelier.
func (t *Tile) MayFollow(sol *Solution, arrival int32) bool {
	e := t.g.ears
	s := &t.g.stations[t.station[arrival]]
	after := t.at[arrival] - float64(sol.At)/1e6
	return e.h.Salvoes && after > -followS && after < followS+e.first/t.slowest[0] &&
		length(s.x-km(sol.EastMM), s.y-km(sol.NorthMM)) < e.first+followKM
}

const (
	// followKM and followS are how far from a source, and how long before or after
	// it, fire that goes with it falls; followCount how many sources that are, on
	// average. Guess: salvoes of a battery. Test: distances and pauses between
	// shots that were each heard by ten stations.
	followKM    = 1
	followS     = 15
	followCount = 1
	followBirth = followCount / (math.Pi * followKM * followKM * 2 * followS) // per km2 s
)

const (
	// crowdS is how far around an arrival others of its station are counted: in a
	// burst of fire another round's sound is likelier there than clutter.
	// Guess: 10 s. Test: bursts of the generated line of contact.
	crowdS = 10
	// crowdShare is how much of the rate so counted stands against an arrival.
	// Guess. Test: as crowdS.
	crowdShare = 0.5
)

// Crowd sets the noise of each arrival: the clutter of its station, and, beyond
// one, the free ones around it.
func (t *Tile) Crowd() {
	for k := 1; k < len(t.begin); k++ {
		low, high := t.begin[k-1], t.begin[k]
		from, till, free := low, low, 0
		for i := low; i < high; i++ {
			for ; t.at[i]-t.at[from] > crowdS; from++ {
				if !t.taken[from] {
					free--
				}
			}
			for ; till < high && t.at[till]-t.at[i] <= crowdS; till++ {
				if !t.taken[till] {
					free++
				}
			}
			t.noise[i] = t.clutter[k-1]
			if others := free - 2; others > 0 {
				t.noise[i] = -geo.Log(geo.Exp(-t.clutter[k-1]) + float64(float64(others)*(crowdShare/(2*crowdS))))
			}
		}
	}
}

// NewTile readies arrivals, sorted by station, phase and time.
func NewTile(g *Ground, sky *Sky, arrivals []Arrival) *Tile {
	e := g.ears
	t := &Tile{Sky: sky, g: g, taken: make([]bool, len(arrivals)), begin: make([]int32, len(g.stations)*e.phases+1)}
	t.at, t.station, t.phase = make([]float64, len(arrivals)), make([]int32, len(arrivals)), make([]uint8, len(arrivals))
	for i, a := range arrivals {
		t.at[i], t.station[i], t.phase[i] = float64(a.At)/1e6, a.Station, a.Phase
		t.begin[int(a.Station)*e.phases+int(a.Phase)+1]++
	}
	for k := 1; k < len(t.begin); k++ {
		t.begin[k] += t.begin[k-1]
	}
	t.noise = make([]float64, len(arrivals))
	t.Crowd()
	return t
}

// Take marks arrivals as explained, or free again.
func (t *Tile) Take(arrivals []int32, taken bool) {
	for _, i := range arrivals {
		t.taken[i] = taken
	}
}

// Taken says whether an arrival is explained.
func (t *Tile) Taken(i int32) bool { return t.taken[i] }

// AreaKM2 is the area of the cells from which a station may be the first to hear.
func (g *Ground) AreaKM2() int64 {
	cells := make([]bool, g.wide*g.high)
	n := 0
	for _, around := range g.around {
		for _, k := range around {
			if !cells[k] {
				cells[k] = true
				n++
			}
		}
	}
	return round(float64(float64(n) * float64(g.ears.top*g.ears.top)))
}

// Cells returns the centres of the top cells on the plane, in the order in
// which NewTile takes their air.
func (g *Ground) Cells() (centres [][2]int64) {
	for k := range g.wide * g.high {
		x, y := g.center(0, int32(k%g.wide), int32(k/g.wide))
		centres = append(centres, [2]int64{round(float64(x * mmPerKM)), round(float64(y * mmPerKM))})
	}
	return centres
}

// topCell returns the top cell that holds (x, y), and whether there is one.
func (g *Ground) topCell(x, y float64) (int, bool) {
	cx, cy := int(math.Floor((x-g.west)/g.ears.top)), int(math.Floor((y-g.south)/g.ears.top))
	return cy*g.wide + cx, cx >= 0 && cy >= 0 && cx < g.wide && cy < g.high
}

// table returns the place of the tables of errors for a station and air.
func (e *Ears) table(clock uint8, spread int) int { return int(clock)*len(spreadClasses) + spread }
