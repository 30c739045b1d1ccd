// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// HearingRangeM is how far away a thing may be that is reported without a
	// distance by somebody who heard or saw it.
	//
	// Guess: 15 km, as mission reports state explosions up to 10-15 km. Test:
	// distances at which single sources still report located incidents.
	HearingRangeM = 15_000
	// PointErrorM is the least error of a position that is given without one.
	//
	// Guess: 100 m, a map reading. Test: against surveyed craters.
	PointErrorM = 100
)

// ParseWhere reads the place of an event, as mission reports word it, from where
// the observer stood:
//
//	"2-4km ENE", "8.1km az 148 +-3"   a sector around the observer
//	"ENE"                             a sector out to HearingRangeM
//	"4.5km"                           a ring, 4.5 km less and more DistanceSpreadMM
//	"in situ", "at position"          the observer's own place
//	"compound 2km E of Dubrivka"      a circle, by the gazetteer
//	"48.123,37.456 +-375m"            a circle; "48.xxx,37.xxx" what the masked digits leave
//	""                                a disk out to HearingRangeM around the observer
//
// A sector is what the words say and no more: that the observer's own position
// has an error is in Observer.RadiusMM, and is not added.
//
// Words that name no place the gazetteer knows give a Place of words alone, with
// an empty Region and a Basis that says so. Words that must be a distance and
// direction but cannot be read are an error, and so is an ambiguous name; a
// sector from an unknown observer is an error that wraps ErrUnknownPlace if
// there is a gazetteer.
func ParseWhere(text string, from trucewatch.Observer, g *Gazetteer) (trucewatch.Place, error) {
	text = strings.TrimSpace(text)
	place := trucewatch.Place{Text: text, Gazetteer: g.Hash()}
	var err error
	switch {
	case isOwnPlace(text):
		if from.Position == nil {
			place.Basis = "the observer's own place, which is not known"
			return place, nil
		}
		radius := max(from.RadiusMM, PointErrorM*1000)
		place.Region = geo.Circle(*from.Position, radius)
		place.Basis = "the observer's own place, within " + kilometres(radius)
	case looksLikePosition(text):
		place.Region, place.Basis, err = parseStatedPosition(text)
	default:
		bearings, sector := sectorWords(text)
		if !sector {
			return g.namedPlace(place)
		}
		place.Region, place.Basis, err = parseSector(bearings, from, g)
	}
	if err == nil {
		place.Name = g.Label(place.Region)
	}
	return place, err
}

func isOwnPlace(text string) bool {
	switch strings.ToLower(text) {
	case "in situ", "at position", "at asset", "at the post", "at post", "at location":
		return true
	}
	return false
}

// sectorWords says whether text is a distance or direction, or empty, and not
// the offset of a named place.
func sectorWords(text string) (string, bool) {
	switch strings.ToUpper(text) {
	case "", "N/K", "NOT KNOWN", "UNKNOWN":
		return "", true
	}
	if findOffset(text) != nil {
		return "", false
	}
	if _, _, _, ok := cutDistance(text); ok {
		return text, true
	}
	_, err := ParseBearings(text)
	return text, err == nil
}

// parseSector reads "2-4km ENE", "2-4km", "ENE" or nothing.
func parseSector(text string, from trucewatch.Observer, g *Gazetteer) (geo.Region, string, error) {
	r := geo.Region{Kind: geo.Sector, RMaxMM: HearingRangeM * 1000, Arcs: []geo.Arc{{}}}
	distance := fmt.Sprintf("no distance stated: taken as up to %s (hearing range)", kilometres(r.RMaxMM))
	rest := text
	if near, far, after, ok := cutDistance(text); ok {
		if far < near || far > distanceMaxMM {
			return geo.Region{}, "", fmt.Errorf("distance: %q is a range that falls, or more than 2000 km", trucewatch.CutText(text, 80))
		}
		r.RMinMM, r.RMaxMM, rest = near, far, strings.TrimSpace(after)
		distance = fmt.Sprintf("%s to %s, as stated", kilometres(near), kilometres(far))
		if near == far {
			spread := DistanceSpreadMM(near)
			r.RMinMM, r.RMaxMM = max(0, near-spread), far+spread
			distance = fmt.Sprintf("one distance, %s, stated: taken as %s to %s", kilometres(near), kilometres(r.RMinMM), kilometres(r.RMaxMM))
		}
	}
	if rest != "" {
		var err error
		if r.Arcs, err = ParseBearings(rest); err != nil {
			return geo.Region{}, "", err
		}
	}
	if from.Position == nil {
		if g == nil {
			return geo.Region{}, "no gazetteer: a sector around a place that stays words", nil
		}
		return geo.Region{}, "", fmt.Errorf("a distance or direction from %q: %w", trucewatch.CutText(from.Name, 120), ErrUnknownPlace)
	}
	r.Center = *from.Position
	basis := distance + ", " + bearingWords(r.Arcs) + ", from the observer"
	if from.RadiusMM > 0 {
		basis += fmt.Sprintf(", whose own place is known within %s (not added)", kilometres(from.RadiusMM))
	}
	return r, basis, nil
}

// namedPlace resolves words by the gazetteer.
func (g *Gazetteer) namedPlace(place trucewatch.Place) (trucewatch.Place, error) {
	if g == nil {
		place.Basis = "no gazetteer: the place stays words"
		return place, nil
	}
	at, err := g.locate(readPlaceWords(place.Text))
	if IsUnknownPlace(err) {
		place.Basis = "the words name no place of the gazetteer"
		return place, nil
	}
	if err != nil {
		return place, err
	}
	place.Region = geo.Circle(at.position, at.radiusMM)
	place.Name = at.place.Name
	place.Basis = at.basis
	return place, nil
}

// looksLikePosition says whether text begins with two numbers parted by a comma.
func looksLikePosition(text string) bool {
	lat, rest, ok := strings.Cut(text, ",")
	return ok && isDegrees(lat) && rest != "" && strings.ContainsAny(rest[:1], " -+0123456789") && strings.ContainsAny(rest, "0123456789x")
}

func isDegrees(s string) bool {
	s = strings.TrimLeft(strings.TrimSpace(s), "+-")
	return s != "" && s[0] >= '0' && s[0] <= '9' && strings.Trim(s, "0123456789.x") == ""
}

// parseStatedPosition reads "48.123,37.456 +-375m".
func parseStatedPosition(text string) (geo.Region, string, error) {
	plain := strings.NewReplacer("\u00B1", "+-", "+/-", "+-").Replace(text)
	numbers, spread, given := strings.Cut(plain, "+-")
	latText, lonText, _ := strings.Cut(numbers, ",")
	latText, lonText = strings.TrimSpace(latText), strings.TrimSpace(lonText)
	var errMM int64
	if given {
		near, far, err := ParseDistance(spread)
		if err != nil || near != far || near == 0 {
			return geo.Region{}, "", fmt.Errorf("position: %q is not an error such as 375m", trucewatch.CutText(spread, 40))
		}
		errMM = near
	}
	if strings.Contains(latText+lonText, "x") {
		return maskedPosition(latText, lonText, errMM)
	}
	p, err := ParsePosition(latText, lonText)
	if err != nil {
		return geo.Region{}, "", err
	}
	basis := "the stated position and error"
	if !given {
		errMM = max(PointErrorM*1000, halfUnitMM(latText), halfUnitMM(lonText))
		basis = fmt.Sprintf("the stated position; no error stated: taken as %s", kilometres(errMM))
	}
	return geo.Circle(p, errMM), basis, nil
}

// degreeMM is about the length of one degree of latitude.
const degreeMM = 111_320_000

// halfUnitMM is half of the last digit of a number of degrees.
func halfUnitMM(s string) int64 {
	unit := int64(degreeMM)
	for i := strings.IndexByte(s, '.') + 1; i > 0 && i < len(s); i++ {
		unit /= 10
	}
	return unit / 2
}

// maskedPosition reads degrees whose last digits are written x: the source shows
// a cell and not a point.
func maskedPosition(latText, lonText string, errMM int64) (geo.Region, string, error) {
	south, north, ok1 := maskedE7(latText)
	west, east, ok2 := maskedE7(lonText)
	if !ok1 || !ok2 || south < -90*geo.E7 || north > 90*geo.E7 || west < -180*geo.E7 || east > 180*geo.E7 {
		return geo.Region{}, "", fmt.Errorf("position: %q is not degrees with masked digits, such as 48.1xx,37.4xx", trucewatch.CutText(latText+","+lonText, 60))
	}
	corner := func(lat, lon int64, northward, eastward int32) geo.Position {
		p := geo.Position{LatE7: int32(lat), LonE7: int32(lon)}
		return geo.Direct(geo.Direct(p, northward, errMM), eastward, errMM)
	}
	ring := []geo.Position{
		corner(south, west, 180_000, 270_000), corner(south, east, 180_000, 90_000),
		corner(north, east, 0, 90_000), corner(north, west, 0, 270_000),
	}
	centre := geo.Position{LatE7: int32((south + north) / 2), LonE7: int32((west + east) / 2)}
	return geo.Region{Kind: geo.Polygon, Center: centre, Rings: [][]geo.Position{ring}},
		fmt.Sprintf("the source masks digits: the whole cell that they leave, widened by %s", kilometres(errMM)), nil
}

// maskedE7 returns the bounds of a number whose last digits are x.
func maskedE7(s string) (low, high int64, ok bool) {
	known := strings.TrimRight(s, "x")
	whole, decimals, point := strings.Cut(known, ".")
	if !point || strings.Contains(known, "x") || len(decimals) > 7 {
		return 0, 0, false
	}
	near, ok := parseE7(whole + "." + decimals + "0")
	width := int64(geo.E7)
	for range decimals {
		width /= 10
	}
	if known == s {
		width = 1
	}
	if strings.HasPrefix(whole, "-") {
		return near - width, near, ok
	}
	return near, near + width, ok
}

// SetPlace reads the words for an observer and for the place of the event into
// o. Where the event's words are empty and o's means do not hear or see from a
// place, the region stays empty: a party's claim is not bounded by hearing.
func SetPlace(o *trucewatch.Observation, observer, event string, g *Gazetteer) error {
	var from trucewatch.Observer
	var basis string
	if strings.TrimSpace(observer) != "" {
		var err error
		from, basis, err = ParseObserver(observer, g)
		if err != nil && !IsUnknownPlace(err) {
			return fmt.Errorf("observer: %w", err)
		}
		o.Observer = &from
	}
	if strings.TrimSpace(event) == "" && (from.Position == nil || !fromPlace(o.Means)) {
		o.Where = trucewatch.Place{Gazetteer: g.Hash(), Basis: "no place stated"}
		return nil
	}
	place, err := ParseWhere(event, from, g)
	if err != nil {
		return fmt.Errorf("event location: %w", err)
	}
	if basis != "" && (place.Region.Kind == geo.Sector || isOwnPlace(place.Text)) {
		place.Basis += "; " + basis
	}
	o.Where = place
	return nil
}

// fromPlace says whether m works from where its observer is.
func fromPlace(m trucewatch.Means) bool {
	switch m {
	case trucewatch.Heard, trucewatch.Saw, trucewatch.HeardSaw, trucewatch.RecordedCamera:
		return true
	}
	return false
}
