// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// ParseObserver reads where an observer stood, as mission reports word it: "MM
// camera 1km SW of Stari Luky (Party A-controlled, 41km S of Verkhivka)". Who
// holds the place is taken from the parentheses, else from the gazetteer. The
// radius is that of the place's kind, and with an offset that of the offset too.
// A name that several places bear is decided by the reference in parentheses,
// if that fits exactly one of them.
//
// The basis says how the position follows from the words. Where the words name
// no known place the position is nil and the error wraps ErrUnknownPlace;
// without a gazetteer the position is nil and there is no error.
func ParseObserver(text string, g *Gazetteer) (o trucewatch.Observer, basis string, err error) {
	o.Name = strings.TrimSpace(text)
	w := readPlaceWords(text)
	o.Control = w.control
	if g == nil {
		return o, "no gazetteer: the observer's place stays words", nil
	}
	if o.Name == "" {
		return o, "", fmt.Errorf("the observer's place is empty: %w", ErrUnknownPlace)
	}
	at, err := g.locate(w)
	if err != nil {
		return o, "", err
	}
	if o.Control == "" {
		o.Control = at.place.Party
	}
	o.Position, o.RadiusMM = &at.position, at.radiusMM
	return o, "observer " + at.basis, nil
}

// An offset is a distance and directions from a named place.
type offset struct {
	minMM, maxMM int64
	mdeg         int32
	of           string
}

// placeWords are the parts of the words for a place.
type placeWords struct {
	whole     string
	name      string // in which the place's name stands
	offset    *offset
	control   trucewatch.PartyID
	reference *offset // "41km S of Verkhivka" in parentheses
}

// readPlaceWords takes apart the words for a place.
func readPlaceWords(text string) placeWords {
	w := placeWords{whole: strings.TrimSpace(text)}
	var outside strings.Builder
	for rest := text; rest != ""; {
		before, after, ok := strings.Cut(rest, "(")
		outside.WriteString(before + " ")
		if !ok {
			break
		}
		var inside string
		inside, rest, _ = strings.Cut(after, ")")
		for part := range strings.SplitSeq(inside, ",") {
			if p := control(part); p != "" && w.control == "" {
				w.control = p
			}
			if o := findOffset(part); o != nil && w.reference == nil {
				w.reference = o
			}
		}
	}
	w.name = strings.Join(strings.Fields(outside.String()), " ")
	if w.offset = findOffset(w.name); w.offset != nil {
		w.name = w.offset.of
	}
	return w
}

// control reads "Party A-controlled" and "Party A".
func control(s string) trucewatch.PartyID {
	id, ok := strings.CutPrefix(strings.TrimSpace(s), "Party ")
	if !ok {
		return ""
	}
	id = strings.TrimSuffix(strings.TrimSpace(id), "-controlled")
	if id == "" || len(id) > 16 || strings.ContainsAny(id, " .-") {
		return ""
	}
	return trucewatch.PartyID(id)
}

// findOffset finds "1km SW of Stari Luky" in words, nil if it is not there.
func findOffset(s string) *offset {
	words := strings.Fields(s)
	for i := 2; i+1 < len(words); i++ {
		if strings.ToLower(words[i]) != "of" {
			continue
		}
		mdeg, ok := wind(words[i-1])
		if !ok {
			continue
		}
		near, far, err := ParseDistance(words[i-2])
		if err != nil && i > 2 {
			near, far, err = ParseDistance(words[i-3] + " " + words[i-2])
		}
		if err == nil {
			return &offset{minMM: near, maxMM: far, mdeg: mdeg, of: strings.Join(words[i+1:], " ")}
		}
	}
	return nil
}

// A located place is where words lead.
type located struct {
	place    NamedPlace
	position geo.Position
	radiusMM int64
	basis    string
}

// locate finds the position that words mean.
func (g *Gazetteer) locate(w placeWords) (located, error) {
	found := g.within(w.name)
	if found == nil {
		return located{}, fmt.Errorf("%q: %w", trucewatch.CutText(w.whole, 120), ErrUnknownPlace)
	}
	var fits []located
	for _, p := range found {
		at := moved(p, w.offset)
		if len(found) == 1 || w.reference != nil && g.misfit(at.position, w.reference) == "" {
			fits = append(fits, at)
		}
	}
	if len(fits) != 1 {
		return located{}, ambiguous(w.whole, found)
	}
	at := fits[0]
	if w.reference != nil {
		if why := g.misfit(at.position, w.reference); why != "" {
			at.basis += "; but " + why
		}
	}
	return at, nil
}

// moved applies an offset to a named place.
func moved(p NamedPlace, o *offset) located {
	kind := p.Kind
	if kind == "" {
		kind = "place"
	}
	at := located{place: p, position: p.Position, radiusMM: p.RadiusMM}
	at.basis = fmt.Sprintf("at the %s %s, within %s (extent of such a place)", kind, p.Name, kilometres(p.RadiusMM))
	if o == nil {
		return at
	}
	d := (o.minMM + o.maxMM) / 2
	at.position = geo.Direct(p.Position, o.mdeg, d)
	// Across the direction a 16-wind word leaves 0.2 of the distance: tan 11.25 degrees.
	spread := max((o.maxMM-o.minMM)/2, DistanceSpreadMM(d), d/5)
	at.radiusMM = p.RadiusMM + spread
	at.basis = fmt.Sprintf("%s %s of the %s %s, within %s (%s of the distance and direction, %s of the place)",
		kilometres(d), Wind(o.mdeg), kind, p.Name, kilometres(at.radiusMM), kilometres(spread), kilometres(p.RadiusMM))
	return at
}

// Tolerances of a reference such as "41km S of Verkhivka".
//
// Guess: a quarter of the distance or 5 km, and one and a half winds. It only
// decides between places of one name, and warns. Test: references of surveyed
// posts in a mission's reports.
const (
	referenceSlackMM   = 5_000_000
	referenceSlackMdeg = 3 * sectorHalfMdeg
)

// misfit says in words why a position does not fit a reference, empty if it
// does. A reference to an unknown place fits.
func (g *Gazetteer) misfit(p geo.Position, ref *offset) string {
	found := g.within(ref.of)
	if len(found) != 1 {
		return ""
	}
	d, az := geo.Inverse(found[0].Position, p)
	slack := max(referenceSlackMM, ref.maxMM/4)
	turn := (az - ref.mdeg + fullTurnMdeg + fullTurnMdeg/2) % fullTurnMdeg
	if d >= ref.minMM-slack && d <= ref.maxMM+slack && (turn >= fullTurnMdeg/2-referenceSlackMdeg && turn <= fullTurnMdeg/2+referenceSlackMdeg || d < referenceSlackMM) {
		return ""
	}
	return fmt.Sprintf("the words put it %s %s of %s and the gazetteer %s %s", kilometres(ref.maxMM), Wind(ref.mdeg), found[0].Name, kilometres(d), Wind(az))
}

// IsUnknownPlace says whether err means that the gazetteer does not know a name.
func IsUnknownPlace(err error) bool { return errors.Is(err, ErrUnknownPlace) }
