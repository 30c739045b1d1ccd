// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// Limits of a geometry file. Guess: a surveyed line of 1,250 km with a vertex
// each 25 m. Test: a real line that is refused for its size.
const (
	pointsMax    = 50_000
	valuesMax    = 4 * pointsMax
	featuresMax  = 4_096
	jsonDepthMax = 12
)

// A jsonValue is one value of a JSON file and where it begins.
type jsonValue struct {
	offset  int
	kind    string // object, list, text, number, other
	text    string // of a text or number
	keys    []jsonKey
	members []jsonValue // of an object, parallel to keys; or of a list
}

type jsonKey struct {
	offset int
	name   string
}

// A geometry reads one GeoJSON file (RFC 7946): a Feature or a
// FeatureCollection, strictly.
type geometry struct {
	r      *reader
	name   string
	data   []byte
	values int
}

func (r *reader) geometry(name string, data []byte) *geometry {
	return &geometry{r: r, name: name, data: data}
}

// errorf reports a problem at an offset of the file.
func (g *geometry) errorf(offset int, format string, args ...any) {
	before := g.data[:min(offset, len(g.data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := characters(before[bytes.LastIndexByte(before, '\n')+1:])
	g.r.problem(g.name, line, column, format, args...)
}

// characters returns the column that follows a part of a line.
func characters(before []byte) int { return 1 + utf8.RuneCount(before) }

// invalid reports an error of package geo without its prefix.
func (g *geometry) invalid(offset int, err error) { g.errorf(offset, "%s", withoutPrefix(err)) }

func withoutPrefix(err error) string {
	return strings.Replace(err.Error(), geo.ErrInvalid.Error()+": ", "", 1)
}

// parse reads the file into a value, and says whether it is JSON.
func (g *geometry) parse() (jsonValue, bool) {
	dec := json.NewDecoder(bytes.NewReader(g.data))
	dec.UseNumber()
	v, err := g.value(dec, 0)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = fmt.Errorf("something follows the end")
		}
	}
	if err != nil {
		g.errorf(int(dec.InputOffset()), "not GeoJSON: %v", err)
		return jsonValue{}, false
	}
	return v, true
}

func (g *geometry) value(dec *json.Decoder, depth int) (jsonValue, error) {
	v := jsonValue{offset: g.start(dec)}
	g.values++
	switch {
	case depth > jsonDepthMax:
		return v, fmt.Errorf("nested deeper than %d", jsonDepthMax)
	case g.values > valuesMax:
		return v, fmt.Errorf("more than %d values", valuesMax)
	}
	token, err := dec.Token()
	if err != nil {
		return v, err
	}
	switch t := token.(type) {
	case json.Delim:
		v.kind = "list"
		if t == '{' {
			v.kind = "object"
		}
		for dec.More() {
			if t == '{' {
				key := jsonKey{offset: g.start(dec)}
				k, err := dec.Token()
				if err != nil {
					return v, err
				}
				key.name = k.(string) // the decoder lets nothing else be a key
				v.keys = append(v.keys, key)
			}
			m, err := g.value(dec, depth+1)
			if err != nil {
				return v, err
			}
			v.members = append(v.members, m)
		}
		_, err = dec.Token()
		return v, err
	case string:
		v.kind, v.text = "text", t
	case json.Number:
		v.kind, v.text = "number", t.String()
	default:
		v.kind = "other"
	}
	return v, nil
}

// start returns the offset of the token that comes next.
func (g *geometry) start(dec *json.Decoder) int {
	at := int(dec.InputOffset())
	for at < len(g.data) && strings.IndexByte(" \t\r\n,:", g.data[at]) >= 0 {
		at++
	}
	return at
}

// member returns the member of an object with a name, and whether it has one.
func (v *jsonValue) member(name string) (jsonValue, bool) {
	for i, k := range v.keys {
		if k.name == name && i < len(v.members) {
			return v.members[i], true
		}
	}
	return jsonValue{offset: v.offset}, false
}

// closed refuses members other than those allowed, and doubled ones.
func (g *geometry) closed(v jsonValue, what string, allowed ...string) bool {
	if v.kind != "object" {
		g.errorf(v.offset, "%s is not an object", what)
		return false
	}
	for i, k := range v.keys {
		switch {
		case !slices.Contains(allowed, k.name):
			g.errorf(k.offset, "unknown member %q of %s%s", clip(k.name), what, nearest(k.name, allowed))
			return false
		case slices.ContainsFunc(v.keys[:i], func(o jsonKey) bool { return o.name == k.name }):
			g.errorf(k.offset, "member %q stands twice", k.name)
			return false
		}
	}
	return true
}

// A feature is one Feature of a file.
type feature struct {
	at         int
	properties jsonValue
	kind       string // of its geometry
	shape      jsonValue
}

// features reads the features of a file.
func (g *geometry) features() []feature {
	top, ok := g.parse()
	if !ok {
		return nil
	}
	list := []jsonValue{top}
	if t, _ := top.member("type"); t.text == "FeatureCollection" {
		if !g.closed(top, "the FeatureCollection", "type", "features") {
			return nil
		}
		all, _ := top.member("features")
		if all.kind != "list" || len(all.members) == 0 || len(all.members) > featuresMax {
			g.errorf(all.offset, "features is not a list of 1 to %d", featuresMax)
			return nil
		}
		list = all.members
	}
	var out []feature
	for _, v := range list {
		if f, ok := g.feature(v); ok {
			out = append(out, f)
		}
	}
	return out
}

func (g *geometry) feature(v jsonValue) (feature, bool) {
	f := feature{at: v.offset}
	if t, _ := v.member("type"); v.kind == "object" && t.text != "Feature" {
		g.errorf(t.offset, "type %q is not Feature or FeatureCollection", clip(t.text))
		return f, false
	}
	if !g.closed(v, "the Feature", "type", "id", "properties", "geometry") {
		return f, false
	}
	shape, _ := v.member("geometry")
	if !g.closed(shape, "the geometry", "type", "coordinates") {
		return f, false
	}
	kind, _ := shape.member("type")
	f.kind = kind.text
	f.shape, _ = shape.member("coordinates")
	f.properties, _ = v.member("properties")
	return f, true
}

// property returns a text of the feature's properties.
func (g *geometry) property(f feature, name string) string {
	p, ok := f.properties.member(name)
	if !ok || p.kind != "text" || p.text == "" || len(p.text) > trucewatch.TextMaxBytes {
		g.errorf(p.offset, "property %q is missing, or not text", name)
		return ""
	}
	return p.text
}

// line reads the one LineString of a file into l.
func (g *geometry) line(l *Line) {
	list := g.features()
	if len(list) != 1 {
		if len(list) > 1 {
			g.errorf(list[1].at, "a second feature: a line is one LineString")
		}
		return
	}
	f := list[0]
	if f.kind != "LineString" {
		g.errorf(f.at, "geometry %q is not a LineString", clip(f.kind))
		return
	}
	if !g.closed(f.properties, "properties", "id", "name", "left", "right") {
		return
	}
	g.id(f, l.ID)
	l.Left, l.Right = trucewatch.PartyID(g.property(f, "left")), trucewatch.PartyID(g.property(f, "right"))
	if l.Left == l.Right && l.Left != "" {
		g.errorf(f.properties.offset, "the same party %q is left and right", l.Left)
	}
	points, ok := g.positions(f.shape)
	if !ok {
		return
	}
	line, err := geo.NewLine(points, l.SurveyErrorMM)
	if err != nil {
		g.invalid(f.shape.offset, err)
		return
	}
	l.Points, l.Line = line.Points(), line
}

// id wants the feature's property id, equal to want unless that is empty.
func (g *geometry) id(f feature, want string) string {
	got := g.property(f, "id")
	if p, _ := f.properties.member("id"); got != "" && want != "" && got != want {
		g.errorf(p.offset, "id %q is not %q, by which the text names it", clip(got), want)
	}
	return got
}

// areas reads the Polygons and MultiPolygons of a file.
func (g *geometry) areas() []Area {
	var out []Area
	for _, f := range g.features() {
		if !g.closed(f.properties, "properties", "id", "name") {
			continue
		}
		a := Area{ID: g.id(f, "")}
		if _, named := f.properties.member("name"); named {
			a.Name = g.property(f, "name")
		}
		if p, _ := f.properties.member("id"); slices.ContainsFunc(out, func(o Area) bool { return o.ID == a.ID && a.ID != "" }) {
			g.errorf(p.offset, "area %q stands twice", clip(a.ID))
			continue
		}
		if g.polygons(f, &a) {
			out = append(out, a)
		}
	}
	return out
}

// polygons reads the rings of one feature and checks them.
func (g *geometry) polygons(f feature, a *Area) bool {
	var list []jsonValue
	switch f.kind {
	case "Polygon":
		list = []jsonValue{f.shape}
	case "MultiPolygon":
		list = f.shape.members
	default:
		g.errorf(f.at, "geometry %q is not a Polygon or MultiPolygon", clip(f.kind))
		return false
	}
	if len(list) == 0 {
		g.errorf(f.shape.offset, "no polygon")
		return false
	}
	var areas []*geo.Area
	for _, v := range list {
		rings, ok := g.rings(v)
		if !ok {
			return false
		}
		area, err := geo.NewArea(rings)
		if err != nil {
			g.invalid(v.offset, err)
			return false
		}
		a.Polygons, areas = append(a.Polygons, rings), append(areas, area)
	}
	a.Zone = geo.NewAreas(areas)
	return true
}

// rings reads closed rings and drops the point that closes each.
func (g *geometry) rings(v jsonValue) ([][]geo.Position, bool) {
	if v.kind != "list" || len(v.members) == 0 {
		g.errorf(v.offset, "a polygon is a list of rings")
		return nil, false
	}
	var out [][]geo.Position
	for _, ring := range v.members {
		points, ok := g.positions(ring)
		if !ok {
			return nil, false
		}
		last := len(points) - 1
		if last < 3 || points[0] != points[last] {
			g.errorf(ring.offset, "ring is not closed: its last position is not its first, or it has fewer than 4")
			return nil, false
		}
		out = append(out, points[:last])
	}
	return out, true
}

// positions reads [[lon, lat], ...], exactly to 1e-7 degree.
func (g *geometry) positions(v jsonValue) ([]geo.Position, bool) {
	if v.kind != "list" || len(v.members) > pointsMax {
		g.errorf(v.offset, "not a list of at most %d positions", pointsMax)
		return nil, false
	}
	out := make([]geo.Position, 0, len(v.members))
	for _, m := range v.members {
		if m.kind != "list" || len(m.members) != 2 || m.members[0].kind != "number" || m.members[1].kind != "number" {
			g.errorf(m.offset, "a position is [longitude, latitude], two numbers")
			return nil, false
		}
		p, err := position(m.members[1].text, m.members[0].text)
		if err != nil {
			g.invalid(m.offset, err)
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

// position reads decimal degrees exactly.
func position(lat, lon string) (geo.Position, error) {
	var v [2]int64
	for i, s := range []string{lat, lon} {
		e7, err := decimal(s, 7)
		if err != nil {
			return geo.Position{}, err
		}
		if e7 < -180*geo.E7 || e7 > 180*geo.E7 {
			return geo.Position{}, fmt.Errorf("%s is not within -180 to 180 degrees", clip(s))
		}
		v[i] = e7
	}
	p := geo.Position{LatE7: int32(v[0]), LonE7: int32(v[1])}
	if err := p.Check(); err != nil {
		return geo.Position{}, err
	}
	return p, nil
}
