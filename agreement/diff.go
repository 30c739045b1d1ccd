// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Difference is one thing that two texts say differently, in words, and, if it
// is ground, on the map.
type Difference struct {
	Clause string      `json:"clause"` // ID of the clause: "K2", "zone/Z1/ground", "weapon/mlrs"
	Change string      `json:"change"` // added, removed or changed
	Before string      `json:"before,omitempty"`
	After  string      `json:"after,omitempty"`
	Basis  string      `json:"basis,omitempty"` // the article, of the later text if it has one
	Area   *AreaChange `json:"area,omitempty"`
}

// An AreaChange is how the ground of a zone, or inside the limit of a weapon
// class, changes for one party. Areas are square metres on the ellipsoid.
//
// They are counted on a lattice: boxes of the ground that lie wholly inside or
// outside count whole, boxes on a rim by the share of 16 points inside. ErrorM2
// is two standard errors of that count, each box on a rim being off by one point
// either way.
type AreaChange struct {
	Party    trucewatch.PartyID `json:"party,omitempty"` // empty: the ground is nobody's in particular
	BeforeM2 int64              `json:"before_m2"`
	AfterM2  int64              `json:"after_m2"`
	GainedM2 int64              `json:"gained_m2"` // in the later text only
	LostM2   int64              `json:"lost_m2"`   // in the earlier text only
	ErrorM2  int64              `json:"error_m2"`
	Before   [][]geo.Position   `json:"-"` // outlines to draw
	After    [][]geo.Position   `json:"-"`
}

// GainedPPM is the ground gained in parts per million of what it was before, 0 if
// there was none before.
func (c *AreaChange) GainedPPM() int64 { return share(c.GainedM2, c.BeforeM2) }

// LostPPM is the ground lost, likewise.
func (c *AreaChange) LostPPM() int64 { return share(c.LostM2, c.BeforeM2) }

// share is a part of a whole in parts per million; areas are below 2^50 m2, so
// the product is taken in thousandths first.
func share(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return part/whole*geo.Million + part%whole*1_000/whole*1_000 + part%whole*1_000%whole*1_000/whole
}

// Diff returns what b says otherwise than a: clause by clause in the order of a,
// then what only b says, then the ground. Registers are compared in words only:
// they are never drawn.
func Diff(a, b *Agreement) []Difference {
	var out []Difference
	before, after := a.statements(), b.statements()
	for _, s := range before {
		t := find(after, func(t *trucewatch.Clause) bool { return t.ID == s.ID })
		switch {
		case t == nil:
			out = append(out, Difference{Clause: s.ID, Change: "removed", Before: s.Text, Basis: s.Basis})
		case t.Text != s.Text:
			out = append(out, Difference{Clause: s.ID, Change: "changed", Before: s.Text, After: t.Text, Basis: basisOf(s, *t)})
		}
	}
	for _, t := range after {
		if find(before, func(s *trucewatch.Clause) bool { return s.ID == t.ID }) == nil {
			out = append(out, Difference{Clause: t.ID, Change: "added", After: t.Text, Basis: t.Basis})
		}
	}
	return append(out, groundDiff(a, b)...)
}

func basisOf(s, t trucewatch.Clause) string {
	if t.Basis == "" {
		return s.Basis
	}
	return t.Basis
}

// statements are everything that a text says: its clauses, and what is not a
// clause of its own: who, when, and where things lie.
func (a *Agreement) statements() []trucewatch.Clause {
	w := &writer{}
	w.add("other", "title", "", "", "%s", a.title())
	w.add("other", "parties", "", "", "parties %s, guarantors %s, witnesses of the record %s", enumerate(a.PartyIDs), enumerate(a.Guarantors), enumerate(a.Witnesses))
	for _, s := range a.Spans {
		till := "until further notice"
		if s.Span.Till != 0 {
			till = "until " + s.Span.Till.String()
		}
		w.add("other", strings.TrimSuffix("in_force/"+s.ID, "/"), s.Basis, "", "in force from %s %s", s.Span.From, till)
	}
	for _, b := range a.Bodies {
		text := fmt.Sprintf("%s: members %s, decides by %s, goes up to %s, powers %s", plain(b.ID), orNone(enumerate(b.Members)), orNone(b.DecidesBy), orNone(plain(b.GoesUpTo)), orNone(list(b.Powers)))
		if b.Adjudicates {
			text += ", adjudicates"
		}
		w.add("other", "body/"+b.ID, b.Basis, "", "%s", text)
	}
	for _, l := range a.Lines {
		w.add("other", "line/"+l.ID, l.Basis, "", "%s of %s km, drawn by %d points, %s on the left, %s on the right, surveyed to %s m",
			plain(l.Kind), kilometres(l.Line.LengthMM()/metre*metre), len(l.Points), l.Left, l.Right, thousandths(l.SurveyErrorMM))
	}
	for _, f := range a.References {
		w.add("other", "reference/"+string(f.Party), "", "", "distances of party %s count from line %s", f.Party, f.Line)
	}
	for _, z := range a.Zones {
		w.add("other", "zone/"+z.ID+"/ground", z.Basis, "", "%s", z.words())
	}
	return append(w.clauses, a.Clauses()...)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// words says where a zone is. What a register lists is counted, not named.
func (z *Zone) words() string {
	switch {
	case z.IsGlobal:
		return plain(z.Kind)
	case len(z.Bands) > 0:
		var parts []string
		for _, b := range z.Bands {
			parts = append(parts, fmt.Sprintf("%s to %s km from the line of %s", kilometres(b.FromMM), kilometres(b.TillMM), b.Party))
		}
		return plain(z.Kind) + ": " + strings.Join(parts, ", ")
	case len(z.Areas) > 0:
		var ids []string
		for _, area := range z.Areas {
			ids = append(ids, area.ID)
		}
		return fmt.Sprintf("%s: %s (%s)", plain(z.Kind), plural(int64(len(z.Areas)), "area"), enumerate(ids))
	}
	return fmt.Sprintf("%s: %s of a register", plain(z.Kind), plural(int64(len(z.Objects)), "place"))
}

// A ground is one piece of ground of a text, and a box in which all of it lies.
type ground struct {
	clause string
	party  trucewatch.PartyID
	zone   *geo.Zone
	low    geo.Position
	high   geo.Position

	// What it is made of: equal makings are equal ground, and need no count.
	line     []geo.Position // of a band
	side     geo.Side
	band     Band
	polygons [][][]geo.Position
}

// equal says whether two pieces of ground are made alike.
func (g *ground) equal(h *ground) bool {
	return g.side == h.side && g.band == h.band && slices.Equal(g.line, h.line) &&
		slices.EqualFunc(g.polygons, h.polygons, func(p, q [][]geo.Position) bool {
			return slices.EqualFunc(p, q, func(r, s []geo.Position) bool { return slices.Equal(r, s) })
		})
}

// grounds returns what is drawn of a text: zones per side or by areas, and the
// limits of weapon classes per side.
func (a *Agreement) grounds() []ground {
	var out []ground
	band := func(clause string, b Band, zone *geo.Zone) {
		l := a.reference(b.Party)
		g := ground{clause: clause, party: b.Party, zone: zone, line: l.Points, side: l.Side(b.Party), band: b}
		for _, p := range l.Points {
			g.include(geo.Circle(p, b.TillMM))
		}
		out = append(out, g)
	}
	for _, z := range a.Zones {
		for i, b := range z.Bands {
			band("zone/"+z.ID+"/ground", b, z.PerSide[i].Zone)
		}
		for _, area := range z.Areas {
			g := ground{clause: "zone/" + z.ID + "/" + area.ID, zone: area.Zone, polygons: area.Polygons}
			for _, rings := range area.Polygons {
				g.include(geo.Region{Kind: geo.Polygon, Rings: rings})
			}
			out = append(out, g)
		}
	}
	for _, c := range a.Weapons {
		for _, s := range c.Limit {
			band("weapon/"+c.ID, Band{Party: s.Party, TillMM: c.WithdrawMM}, s.Zone)
		}
	}
	return out
}

// include widens the box in which the ground lies.
func (g *ground) include(r geo.Region) {
	low, high := r.Bounds()
	if g.low == g.high {
		g.low, g.high = low, high
	}
	g.low = geo.Position{LatE7: min(g.low.LatE7, low.LatE7), LonE7: min(g.low.LonE7, low.LonE7)}
	g.high = geo.Position{LatE7: max(g.high.LatE7, high.LatE7), LonE7: max(g.high.LonE7, high.LonE7)}
}

// groundDiff compares pieces of ground by clause and party.
func groundDiff(a, b *Agreement) []Difference {
	var out []Difference
	before, after := a.grounds(), b.grounds()
	same := func(g, h *ground) bool { return g.clause == h.clause && g.party == h.party }
	for i := range before {
		g := &before[i]
		if h := find(after, func(h *ground) bool { return same(g, h) }); h == nil {
			out = append(out, changeOf(g, nil))
		} else if !g.equal(h) {
			out = append(out, changeOf(g, h))
		}
	}
	for i := range after {
		if h := &after[i]; find(before, func(g *ground) bool { return same(g, h) }) == nil {
			out = append(out, changeOf(nil, h))
		}
	}
	return out
}

// changeOf counts how ground changes; nil is no ground.
func changeOf(g, h *ground) Difference {
	one, d := g, Difference{Change: "changed", Area: &AreaChange{}}
	switch {
	case g == nil:
		one, d.Change, g = h, "added", &ground{low: h.low, high: h.high}
	case h == nil:
		d.Change, h = "removed", &ground{low: g.low, high: g.high}
	}
	d.Clause, d.Area.Party = one.clause, one.party
	l := lattice{before: g.zone, after: h.zone}
	low := geo.Position{LatE7: min(g.low.LatE7, h.low.LatE7), LonE7: min(g.low.LonE7, h.low.LonE7)}
	high := geo.Position{LatE7: max(g.high.LatE7, h.high.LatE7), LonE7: max(g.high.LonE7, h.high.LonE7)}
	l.count(low, high, 0)
	c := d.Area
	c.BeforeM2, c.AfterM2, c.GainedM2, c.LostM2 = l.sums[0]/latticePoints, l.sums[1]/latticePoints, l.sums[2]/latticePoints, l.sums[3]/latticePoints
	c.ErrorM2 = 2 * root(l.squares) / latticePoints
	c.Before, c.After = g.zone.Outline(), h.zone.Outline()
	d.Before, d.After = squareKM(c.BeforeM2), squareKM(c.AfterM2)
	return d
}

func squareKM(m2 int64) string { return fmt.Sprintf("%s km2", decimals(m2/10_000, 2)) }

// A lattice counts ground by boxes.
type lattice struct {
	before, after *geo.Zone
	sums          [4]int64 // before, after, gained, lost: m2 times latticePoints
	squares       int64    // of the areas of boxes on a changed rim, m4 in units of squareUnit
}

// latticePoints are tried in each box on a rim, in rows of 4; boxes are halved
// latticeDepth times. Guess: 512 boxes across a line's length, 2.4 km for a line
// of 1,250 km. Test: areas of bands and rectangles, known by hand, are within the
// stated error.
const (
	latticePoints = 16
	latticeDepth  = 9
)

// count counts the box from low to high. A box of a line that crosses longitude
// 180 spans the globe; it is counted, coarsely.
func (l *lattice) count(low, high geo.Position, depth int) {
	center := middle(low, high)
	reach := max(geo.DistanceMM(center, low), geo.DistanceMM(center, high), geo.DistanceMM(center, geo.Position{LatE7: low.LatE7, LonE7: high.LonE7}),
		geo.DistanceMM(center, geo.Position{LatE7: high.LatE7, LonE7: low.LonE7}))
	before, settled := l.before.Settled(center, reach)
	after, alsoSettled := l.after.Settled(center, reach)
	switch {
	case settled && alsoSettled:
		if before || after {
			l.add(areaOf(low, high), before, after, latticePoints)
		}
	case depth < latticeDepth:
		l.count(low, center, depth+1)
		l.count(geo.Position{LatE7: low.LatE7, LonE7: center.LonE7}, geo.Position{LatE7: center.LatE7, LonE7: high.LonE7}, depth+1)
		l.count(geo.Position{LatE7: center.LatE7, LonE7: low.LonE7}, geo.Position{LatE7: high.LatE7, LonE7: center.LonE7}, depth+1)
		l.count(center, high, depth+1)
	default:
		l.points(low, high)
	}
}

// points counts a box on a rim by points in it.
func (l *lattice) points(low, high geo.Position) {
	area := areaOf(low, high)
	changed := false
	for i := range int64(latticePoints) {
		p := geo.Position{LatE7: part(low.LatE7, high.LatE7, 2*(i/4)+1), LonE7: part(low.LonE7, high.LonE7, 2*(i%4)+1)}
		before, after := l.before.Contains(p), l.after.Contains(p)
		changed = changed || before != after
		l.add(area, before, after, 1)
	}
	if changed {
		l.squares += area / metre * (area / metre) // a box of 2.4 km is 6e6 m2: thousands of m2 keep the sum below 2^63
	}
}

// part is the eighths'th eighth between two coordinates.
func part(low, high int32, eighths int64) int32 {
	return int32(int64(low) + (int64(high)-int64(low))*eighths/8)
}

func middle(low, high geo.Position) geo.Position {
	return geo.Position{LatE7: part(low.LatE7, high.LatE7, 4), LonE7: part(low.LonE7, high.LonE7, 4)}
}

func (l *lattice) add(area int64, before, after bool, points int64) {
	for i, holds := range [4]bool{before, after, after && !before, before && !after} {
		if holds {
			l.sums[i] += area * points
		}
	}
}

// areaOf is the area of a box, square metres.
func areaOf(low, high geo.Position) int64 {
	return geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{low, {LatE7: low.LatE7, LonE7: high.LonE7}, high, {LatE7: high.LatE7, LonE7: low.LonE7}}}}.AreaM2()
}

// root is the square root of a sum of squares of thousands of square metres, in
// square metres.
func root(squares int64) int64 {
	x := int64(0)
	for bit := int64(1) << 31; bit > 0; bit >>= 1 {
		if y := x | bit; y <= squares/y {
			x = y
		}
	}
	return x * metre
}

// DifferenceMap returns the ground that changes as a GeoJSON FeatureCollection (RFC
// 7946): for each piece its outline before and after, with the areas.
func DifferenceMap(differences []Difference) []byte {
	type shape struct {
		Type        string               `json:"type"`
		Coordinates [][][][2]json.Number `json:"coordinates"`
	}
	type properties struct {
		Clause string `json:"clause"`
		Change string `json:"change"`
		State  string `json:"state"` // before or after
		AreaChange
	}
	type feature struct {
		Type       string     `json:"type"`
		Properties properties `json:"properties"`
		Geometry   shape      `json:"geometry"`
	}
	features := []feature{}
	for _, d := range differences {
		if d.Area == nil {
			continue
		}
		for i, rings := range [2][][]geo.Position{d.Area.Before, d.Area.After} {
			if len(rings) == 0 {
				continue
			}
			s := shape{Type: "MultiPolygon"}
			for _, ring := range rings {
				points := make([][2]json.Number, 0, len(ring)+1)
				for k := range len(ring) + 1 {
					p := ring[k%len(ring)]
					points = append(points, [2]json.Number{degrees(p.LonE7), degrees(p.LatE7)})
				}
				s.Coordinates = append(s.Coordinates, [][][2]json.Number{points})
			}
			features = append(features, feature{"Feature", properties{d.Clause, d.Change, [2]string{"before", "after"}[i], *d.Area}, s})
		}
	}
	out, err := json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
	if err != nil {
		panic("agreement: a map of numbers and text cannot be written: " + err.Error()) // no value of these types fails
	}
	return out
}

// degrees writes 1e-7 degree exactly.
func degrees(e7 int32) json.Number {
	v := int64(e7)
	if v < 0 {
		return json.Number("-" + decimals(-v, 7))
	}
	return json.Number(decimals(v, 7))
}
