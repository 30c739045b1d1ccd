// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// Errors of a gazetteer's lookups. Both name the words that were looked up, and
// the second lists the candidates.
var (
	ErrUnknownPlace   = errors.New("not in the gazetteer")
	ErrAmbiguousPlace = errors.New("ambiguous in the gazetteer")
)

// PlacesMax is how many places a gazetteer may hold.
const PlacesMax = 1_000_000

// A NamedPlace is one place of a gazetteer.
type NamedPlace struct {
	Name     string
	Position geo.Position
	Kind     string
	Party    trucewatch.PartyID // who holds it, empty if the gazetteer does not say
	Aliases  []string           // other spellings
	Former   []string           // earlier names
	RadiusMM int64              // within which of Position "at the place" is meant, 95 %
}

// A Gazetteer is the mission's list of place names. It does not change after it
// was parsed and may be shared.
type Gazetteer struct {
	places []NamedPlace
	names  map[string][]int32 // by folded name, alias and former name
	hash   trucewatch.Hash

	settlements []int32
	grid        map[[2]int32][]int32 // of settlements
}

var gazetteerColumns = []Column{
	{"name", "the name that is shown", true},
	{"lat", "latitude, decimal degrees WGS 84", true},
	{"lon", "longitude, decimal degrees WGS 84", true},
	{"kind", "city, town, village, post, bridge and so on: see PlaceRadiusMM", true},
	{"party", "who holds it, by the agreement's letter", false},
	{"aliases", "other spellings, parted by ;", false},
	{"former", "earlier names, parted by ;", false},
	{"radius_m", "within how many metres the place lies, if the kind does not say it well", false},
}

// PlaceRadiusMM returns within how many millimetres of its point a place of a
// kind lies.
//
// Guess: from the usual extent of such places. Test: distances between stated
// places and surveyed posts of one mission.
func PlaceRadiusMM(kind string) int64 {
	switch kind {
	case "city":
		return 4_000_000
	case "town", "area":
		return 2_000_000
	case "village", "settlement":
		return 1_000_000
	case "hamlet":
		return 500_000
	case "post", "camera", "sensor", "checkpoint", "crossing", "bridge", "site", "storage", "storage_site", "station",
		"hospital", "medical", "school", "facility", "protected_object", "base":
		return 100_000
	}
	return 1_000_000
}

// ParseGazetteer reads a gazetteer from CSV with a header: name, lat, lon, kind,
// and optionally party, aliases and former (parted by semicolons) and radius_m.
// Any fault is an error: half a gazetteer would resolve to wrong places.
func ParseGazetteer(csv []byte) (*Gazetteer, error) {
	rows, err := NewRows(bytes.NewReader(csv), ',')
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	first, err := rows.Next()
	if err != nil || first == nil || first.Err != nil {
		return nil, fmt.Errorf("gazetteer: no header")
	}
	header, err := Bind(gazetteerColumns, first.Cells)
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	g := &Gazetteer{names: map[string][]int32{}, grid: map[[2]int32][]int32{}, hash: sha256.Sum256(csv)}
	seen := map[string]string{} // name by its skeleton
	for {
		row, err := rows.Next()
		if err != nil {
			return nil, fmt.Errorf("gazetteer: %w", err)
		}
		if row == nil {
			return g, nil
		}
		place, err := gazetteerRow(header, row)
		if err == nil && len(g.places) == PlacesMax {
			err = fmt.Errorf("more than %d places", PlacesMax)
		}
		if err == nil {
			err = unlike(seen, place)
		}
		if err != nil {
			return nil, fmt.Errorf("gazetteer: line %d: %w", row.Line, err)
		}
		g.add(place)
	}
}

// unlike refuses a place whose name looks like another place's and is not the
// same: a report of one would be read as of the other. It refuses names with what
// is not seen, but for the joiners that some scripts need.
func unlike(seen map[string]string, p NamedPlace) error {
	names := slices.Concat([]string{p.Name}, p.Aliases, p.Former)
	for _, name := range names {
		for _, r := range name {
			if !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' {
				return fmt.Errorf("name %+q: a name has no characters that are not seen", name)
			}
		}
		if other, known := seen[fold(Skeleton(name))]; known && fold(other) != fold(name) {
			return fmt.Errorf("name %+q looks like %+q of another place, and is written with letters of another script", name, other)
		}
	}
	for _, name := range names {
		seen[fold(Skeleton(name))] = name
	}
	return nil
}

func gazetteerRow(h *Header, row *Row) (NamedPlace, error) {
	if err := h.Check(row); err != nil {
		return NamedPlace{}, err
	}
	p := NamedPlace{
		Name: h.Cell(row, 0), Kind: h.Cell(row, 3), Party: trucewatch.PartyID(h.Cell(row, 4)),
		Aliases: list(h.Cell(row, 5)), Former: list(h.Cell(row, 6)),
	}
	if fold(p.Name) == "" {
		return p, errors.New("name: missing")
	}
	var err error
	if p.Position, err = ParsePosition(h.Cell(row, 1), h.Cell(row, 2)); err != nil {
		return p, err
	}
	p.RadiusMM = PlaceRadiusMM(p.Kind)
	if m := h.Cell(row, 7); m != "" {
		metres, err := strconv.ParseInt(m, 10, 64)
		if err != nil || metres < 1 || metres > 100_000 {
			return p, fmt.Errorf("radius_m: %q is not a whole number of metres from 1 to 100000", trucewatch.CutText(m, 40))
		}
		p.RadiusMM = metres * 1000
	}
	return p, nil
}

// list cuts a cell at its semicolons.
func list(cell string) []string {
	var out []string
	for part := range strings.SplitSeq(cell, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (g *Gazetteer) add(p NamedPlace) {
	i := int32(len(g.places))
	g.places = append(g.places, p)
	if isSettlement(p.Kind) {
		g.settlements = append(g.settlements, i)
		g.grid[gridCell(p.Position)] = append(g.grid[gridCell(p.Position)], i)
	}
	for _, name := range slices.Concat([]string{p.Name}, p.Aliases, p.Former) {
		key := fold(name)
		if key != "" && !slices.Contains(g.names[key], i) {
			g.names[key] = append(g.names[key], i)
		}
	}
}

// fold makes spellings alike that differ only in case, hyphens, apostrophes and
// space.
func fold(name string) string {
	name = strings.Map(func(c rune) rune {
		switch c {
		case '\'', '\u2019', '\u02BC', '`':
			return -1
		case '-', '\u2010', '\u2011', '\u2013', '_', '.', ',':
			return ' '
		}
		return c
	}, strings.ToLower(name))
	return strings.Join(strings.Fields(name), " ")
}

// Hash returns the SHA-256 of the bytes that were parsed, zero of no gazetteer.
func (g *Gazetteer) Hash() trucewatch.Hash {
	if g == nil {
		return trucewatch.Hash{}
	}
	return g.hash
}

// Places gives every place, in the file's order.
func (g *Gazetteer) Places() iter.Seq[NamedPlace] { return slices.Values(g.places) }

// Len returns how many places g holds.
func (g *Gazetteer) Len() int { return len(g.places) }

// Find returns the place of that name, alias or former name. An error wraps
// ErrUnknownPlace or ErrAmbiguousPlace.
func (g *Gazetteer) Find(name string) (NamedPlace, error) {
	found := g.find(name)
	switch len(found) {
	case 0:
		return NamedPlace{}, fmt.Errorf("%q: %w", trucewatch.CutText(name, 120), ErrUnknownPlace)
	case 1:
		return found[0], nil
	}
	return NamedPlace{}, ambiguous(name, found)
}

// ambiguous names the candidates, the first 8 of them.
func ambiguous(name string, found []NamedPlace) error {
	var all []string
	for _, p := range found[:min(len(found), 8)] {
		all = append(all, fmt.Sprintf("%s %s at %s", p.Kind, p.Name, p.Position))
	}
	return fmt.Errorf("%q: %w: %s", trucewatch.CutText(name, 120), ErrAmbiguousPlace, strings.Join(all, "; "))
}

func (g *Gazetteer) find(name string) []NamedPlace {
	var out []NamedPlace
	for _, i := range g.names[fold(name)] {
		out = append(out, g.places[i])
	}
	return out
}

// wordsMax is how many words of a text are searched for names.
const wordsMax = 40

// within returns the places of the longest name that stands in text as whole
// words; of equally long ones the first. Several places share an ambiguous name.
func (g *Gazetteer) within(text string) []NamedPlace {
	words := strings.Fields(fold(text))
	words = words[:min(len(words), wordsMax)]
	for n := len(words); n > 0; n-- {
		for i := 0; i+n <= len(words); i++ {
			if found := g.find(strings.Join(words[i:i+n], " ")); found != nil {
				return found
			}
		}
	}
	return nil
}

// gridE7 is the side of a grid cell: 0.1 degree.
const gridE7 = geo.E7 / 10

func gridCell(p geo.Position) [2]int32 {
	return [2]int32{floorDiv(p.LatE7, gridE7), floorDiv(p.LonE7, gridE7)}
}

func floorDiv(a, b int32) int32 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// ringsMax is how many rings of cells are searched around a position before all
// places are gone through: about 100 km.
const ringsMax = 10

// isSettlement says whether people live at places of a kind. Only such places
// name a region: the name of a sensor or a post would tell where it stands.
func isSettlement(kind string) bool {
	switch kind {
	case "city", "town", "village", "settlement", "hamlet":
		return true
	}
	return false
}

// Nearest returns the settlement nearest to p, and how p lies from it: distance
// and azimuth from there to p. The name is empty if the gazetteer has none. Of
// two as near, the first of the file is taken.
func (g *Gazetteer) Nearest(p geo.Position) (name string, distanceMM int64, azimuthMdeg int32) {
	best := g.nearest(p)
	if best < 0 {
		return "", 0, 0
	}
	distanceMM, azimuthMdeg = geo.Inverse(g.places[best].Position, p)
	return g.places[best].Name, distanceMM, azimuthMdeg
}

// nearest searches the grid in rings around p, and all places if they hold
// nothing. It returns -1 if there is no settlement.
func (g *Gazetteer) nearest(p geo.Position) int32 {
	best, bestMM := int32(-1), int64(math.MaxInt64)
	try := func(i int32) {
		d := roughMM(g.places[i].Position, p)
		if d < bestMM || d == bestMM && i < best {
			best, bestMM = i, d
		}
	}
	home := gridCell(p)
	// The narrow side of a cell, a tenth less, for the next cells may lie nearer a pole.
	cellMM := int64(gridE7 * mmPerE7 * 0.9 * geo.Cos(radians(min(max(p.LatE7, -85*geo.E7), 85*geo.E7))))
	for ring := int32(0); ring <= ringsMax; ring++ {
		for dy := -ring; dy <= ring; dy++ {
			step := max(1, 2*ring)
			if dy == -ring || dy == ring {
				step = 1
			}
			for dx := -ring; dx <= ring; dx += step {
				for _, i := range g.grid[[2]int32{home[0] + dy, home[1] + dx}] {
					try(i)
				}
			}
		}
		if best >= 0 && bestMM <= int64(ring)*cellMM {
			return best
		}
	}
	for _, i := range g.settlements {
		try(i)
	}
	return best
}

// mmPerE7 is about how many millimetres 1e-7 degree of latitude is.
const mmPerE7 = 11.13

func radians(e7 int32) float64 { return float64(e7) * (math.Pi / 180 / geo.E7) }

// roughMM is the distance between two positions on a sphere rolled flat between
// them: to choose the nearest of several places, not to be stated.
func roughMM(p, q geo.Position) int64 {
	dlat := float64(q.LatE7) - float64(p.LatE7)
	dlon := math.Abs(float64(q.LonE7) - float64(p.LonE7))
	dlon = min(dlon, 360*geo.E7-dlon) * geo.Cos(radians(p.LatE7/2+q.LatE7/2))
	return int64(math.Sqrt(dlat*dlat+dlon*dlon) * mmPerE7)
}

// LabelMaxMM is how far from a settlement a region may lie to be called by its
// name: 50 km.
//
// Guess: further away the name says nothing to a reader.
const LabelMaxMM = 50_000_000

// Label names a region by the nearest settlement, for people: "Novyi Yar", or
// empty if there is none within LabelMaxMM.
func (g *Gazetteer) Label(r geo.Region) string {
	if g == nil || r.Kind == "" {
		return ""
	}
	p := r.Center
	if r.Kind == geo.Sector {
		p = sectorMiddle(r)
	}
	i := g.nearest(p)
	if i < 0 || roughMM(g.places[i].Position, p) > LabelMaxMM {
		return ""
	}
	return g.places[i].Name
}

// sectorMiddle returns a point in the middle of a sector's first arc.
func sectorMiddle(r geo.Region) geo.Position {
	if len(r.Arcs) == 0 || r.Arcs[0].FromMdeg == r.Arcs[0].TillMdeg {
		return r.Center
	}
	a := r.Arcs[0]
	width := (a.TillMdeg - a.FromMdeg + 360_000) % 360_000
	return geo.Direct(r.Center, (a.FromMdeg+width/2)%360_000, (r.RMinMM+r.RMaxMM)/2)
}
