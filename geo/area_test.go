// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math/rand"
	"strings"
	"testing"
)

func square(lat, lon, size int32) []Position {
	return []Position{{lat, lon}, {lat, lon + size}, {lat + size, lon + size}, {lat + size, lon}}
}

func TestNewAreaRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rings [][]Position
		want  string
	}{
		{"nothing", nil, "without rings"},
		{"an empty ring", [][]Position{{}}, "ring 0: geo: invalid: 0 distinct points"},
		{"two points", [][]Position{{{0, 0}, {1, 1}, {0, 0}}}, "2 distinct points"},
		{"a flat ring", [][]Position{{{0, 0}, {1, 1}, {2, 2}}}, "no area"},
		{"a bow tie", [][]Position{{{0, 0}, {10, 10}, {10, 0}, {0, 10}}}, "ring 0 vertex 0 meets that from ring 0 vertex 2"},
		{"a spike", [][]Position{{{0, 0}, {0, 10}, {5, 10}, {20, 10}, {7, 10}, {10, 0}}}, "meets that from ring 0"},
		{"a hole outside", [][]Position{square(0, 0, 10), square(20, 20, 5)}, "ring 1, a hole, lies outside"},
		{"a hole that crosses", [][]Position{square(0, 0, 10), square(5, 5, 10)}, "meets that from ring"},
		{"a hole in a hole", [][]Position{square(0, 0, 100), square(10, 10, 50), square(20, 20, 5)}, "both holes"},
		{"a hole round a hole", [][]Position{square(0, 0, 100), square(20, 20, 5), square(10, 10, 50)}, "both holes"},
		{"off the globe", [][]Position{{{0, 0}, {0, 10}, {91 * E7, 0}}}, "ring 0: vertex 2"},
		{"round a pole", [][]Position{{{80 * E7, 0}, {80 * E7, 90 * E7}, {80 * E7, 180 * E7}, {80 * E7, -90 * E7}}}, "180 degrees wide"},
		{"most of a hemisphere", [][]Position{{{-80 * E7, 0}, {-80 * E7, 85 * E7}, {-80 * E7, 170 * E7}, {80 * E7, 170 * E7}, {80 * E7, 85 * E7}, {80 * E7, 0}}}, "half a hemisphere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewArea(tt.rings); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func mustArea(t testing.TB, rings ...[]Position) *Area {
	t.Helper()
	a, err := NewArea(rings)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAreaContains(t *testing.T) {
	plain := mustArea(t, square(0, 0, 100), square(40, 40, 20))
	date := mustArea(t, []Position{{0, 179 * E7}, {0, -179 * E7}, {E7, -179 * E7}, {E7, 179 * E7}, {0, 179 * E7}})
	for _, tt := range []struct {
		name string
		area *Area
		p    Position
		want bool
	}{
		{"inside", plain, Position{20, 20}, true},
		{"beside a vertex of the hole", plain, Position{40, 30}, true},
		{"in the hole", plain, Position{50, 50}, false},
		{"on the hole's edge", plain, Position{40, 50}, true},
		{"on an edge", plain, Position{0, 50}, true},
		{"on a vertex", plain, Position{100, 100}, true},
		{"level with a vertex, outside", plain, Position{100, -5}, false},
		{"outside", plain, Position{101, 50}, false},
		{"on the antimeridian", date, Position{5, 180 * E7}, true},
		{"on the antimeridian by its other name", date, Position{5, -180 * E7}, true},
		{"east of it", date, Position{5, -1795 * E7 / 10}, true},
		{"on the other half of the globe", date, Position{5, 0}, false},
	} {
		if got := tt.area.Contains(tt.p); got != tt.want {
			t.Errorf("%s: Contains(%v) = %v", tt.name, tt.p, got)
		}
	}
}

func TestAreaIndexAgreesWithAllEdges(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	points := wiggly(Position{10 * E7, 20 * E7}, 500, 1_000, 6)
	ring := append(append([]Position{}, points...), Position{11 * E7, 20*E7 + 499_000}, Position{11 * E7, 20 * E7})
	area := mustArea(t, ring)
	path, err := closedPath(ring)
	if err != nil {
		t.Fatal(err)
	}
	for range 20_000 {
		p := position(10*E7+rng.Int63n(E7/10)-E7/20, 20*E7+rng.Int63n(510_000)-5_000)
		if got, want := area.Contains(p), inRing(path, vertex{int64(p.LatE7), int64(p.LonE7)}); got != want {
			t.Fatalf("Contains(%v) = %v, want %v", p, got, want)
		}
	}
}
