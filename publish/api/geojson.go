// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A collection is a GeoJSON FeatureCollection (RFC 7946) with foreign members
// that say of what it is.
type collection struct {
	Type string `json:"type"`
	About
	Total    int       `json:"total"`
	Offset   int       `json:"offset"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Geometry   *geometry  `json:"geometry"` // null where the place is not known
	Properties properties `json:"properties"`
}

type geometry struct {
	Type        string          `json:"type"`
	Coordinates [][][][2]degree `json:"coordinates"`
}

// A degree is a coordinate with the seven places that positions have.
type degree float64

type properties struct {
	Kind       trucewatch.Kind     `json:"kind"`
	From       trucewatch.Instant  `json:"from"`
	Till       trucewatch.Instant  `json:"till,omitzero"`
	Place      string              `json:"place,omitempty"`
	Precision  string              `json:"precision"`
	Word       string              `json:"word"`
	Confidence float64             `json:"confidence"`
	Sources    int                 `json:"sources"`
	ClaimsOnly bool                `json:"claims_only"`
	State      string              `json:"state"`
	Results    []trucewatch.Result `json:"results,omitempty"`
	Simulated  bool                `json:"simulated,omitempty"`
}

// incidents serves a list as JSON, or as GeoJSON with format=geojson.
func (s *service) incidents(w http.ResponseWriter, r *http.Request) {
	c, err := s.call(w, r)
	var q trucewatch.Query
	if err == nil {
		q, err = c.query("format")
	}
	format := r.URL.Query().Get("format")
	if err == nil && (len(r.URL.Query()["format"]) > 1 || format != "" && format != "json" && format != "geojson") {
		err = refuse(http.StatusBadRequest, "format is json or geojson")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list, total, err := c.store.Incidents(q)
	if format == "geojson" {
		s.write(w, r, c, "application/geo+json", collect(c, q, list, total), err)
		return
	}
	s.write(w, r, c, "application/json", Page[trucewatch.IncidentView]{c.about(), total, q.Offset, len(list), notNil(list)}, err)
}

func collect(c call, q trucewatch.Query, list []trucewatch.IncidentView, total int) collection {
	out := collection{Type: "FeatureCollection", About: c.about(), Total: total, Offset: q.Offset, Features: []feature{}}
	for _, in := range list {
		out.Features = append(out.Features, feature{Type: "Feature", ID: in.ID.String(), Geometry: shape(in.Where), Properties: properties{
			Kind: in.Kind, From: in.When.From, Till: in.When.Till, Place: in.Place, Precision: in.Precision, Word: in.Word,
			Confidence: float64(in.Confidence) / 1_000_000, Sources: in.Sources, ClaimsOnly: in.Claims, State: in.State,
			Results: in.Results, Simulated: c.head.Mission.Simulated}})
	}
	return out
}

// shape is the outline of a region as a MultiPolygon. Each arc of a sector is a
// part of its own; further rings of a polygon, and of a sector all round, are
// holes.
func shape(r geo.Region) *geometry {
	g := &geometry{Type: "MultiPolygon"}
	for i, ring := range r.Outline() {
		if len(ring) < 3 {
			continue
		}
		hole := i > 0 && (r.Kind == geo.Polygon || len(r.Arcs) == 1)
		closed := wound(ring, !hole)
		if hole && len(g.Coordinates) > 0 {
			last := len(g.Coordinates) - 1
			g.Coordinates[last] = append(g.Coordinates[last], closed)
		} else {
			g.Coordinates = append(g.Coordinates, [][][2]degree{closed})
		}
	}
	if len(g.Coordinates) == 0 {
		return nil
	}
	return g
}

// wound closes a ring and turns it counterclockwise, or clockwise for a hole,
// as RFC 7946, 3.1.6 asks.
func wound(ring []geo.Position, counterclockwise bool) [][2]degree {
	area := 0.0
	out := make([][2]degree, 0, len(ring)+1)
	for i, p := range ring {
		n := ring[(i+1)%len(ring)]
		area += (float64(n.LonE7) - float64(p.LonE7)) * (float64(n.LatE7) + float64(p.LatE7) - 2*float64(ring[0].LatE7))
		out = append(out, [2]degree{degree(float64(p.LonE7) / geo.E7), degree(float64(p.LatE7) / geo.E7)})
	}
	if (area < 0) != counterclockwise { // the sum is twice the area, negative if counterclockwise
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return append(out, out[0])
}
