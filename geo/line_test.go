// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// wiggly is a line of n points that runs east from start, step units apart, and
// never meets itself.
func wiggly(start Position, n int, step int64, seed int64) []Position {
	rng := rand.New(rand.NewSource(seed))
	points := make([]Position, n)
	lat := int64(start.LatE7)
	for i := range points {
		lat += rng.Int63n(2*step+1) - step
		points[i] = position(lat, int64(start.LonE7)+int64(i)*step)
	}
	return points
}

func mustLine(t testing.TB, points []Position, surveyErrorMM int64) *Line {
	t.Helper()
	l, err := NewLine(points, surveyErrorMM)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNewLineRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		points []Position
		error  int64
		want   string
	}{
		{"no points", nil, 0, "two distinct points"},
		{"one point twice", []Position{{1, 2}, {1, 2}}, 0, "two distinct points"},
		{"a negative error", []Position{{0, 0}, {0, 10}}, -1, "negative"},
		{"a point off the globe", []Position{{0, 0}, {91 * E7, 0}}, 0, "point 1"},
		{"a loop", []Position{{0, 0}, {10, 10}, {10, 0}, {0, 10}}, 0, "meets itself"},
		{"a touch", []Position{{0, 0}, {0, 10}, {10, 10}, {0, 5}}, 0, "meets itself"},
		{"a way back", []Position{{0, 0}, {0, 10}, {0, 5}}, 0, "meets itself"},
		{"a ring", []Position{{0, 0}, {0, 10}, {10, 10}, {0, 0}}, 0, "meets itself"},
		{"a long step", []Position{{0, 0}, {0, 91 * E7}}, 0, "more than 90"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewLine(tt.points, tt.error); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSide(t *testing.T) {
	north := []Position{{0, 0}, {10 * E7, 0}}
	corner := []Position{{0, 0}, {E7, 0}, {E7, E7}}    // north, then right, east
	spike := []Position{{0, 0}, {E7, 0}, {0, E7 / 10}} // north, then back south-east
	date := []Position{{0, 179 * E7}, {0, -179 * E7}}  // eastwards over the antimeridian
	for _, tt := range []struct {
		name string
		line []Position
		p    Position
		want Side
	}{
		{"west of a line north", north, Position{E7, -1}, Left},
		{"east of a line north", north, Position{E7, 1}, Right},
		{"on it", north, Position{E7, 0}, OnLine},
		{"on its end", north, Position{10 * E7, 0}, OnLine},
		{"on its continuation", north, Position{11 * E7, 0}, OnLine},
		{"left of its continuation", north, Position{11 * E7, -5}, Left},
		{"before its start", north, Position{-E7, 5}, Right},
		{"in the corner", corner, Position{E7 - 5, 5}, Right},
		{"round the corner", corner, Position{E7 + 5, -5}, Left},
		{"above the corner, right of the first edge's continuation", corner, Position{E7 + 5, 3}, Left},
		{"west of the corner, right of the second edge's continuation", corner, Position{E7 - 3, -5}, Left},
		{"on the corner", corner, Position{E7, 0}, OnLine},
		{"in the spike", spike, Position{E7 / 2, E7 / 40}, Right},
		{"over the spike's tip", spike, Position{E7 + E7/10, 0}, Left},
		{"right over the spike's tip", spike, Position{E7 + E7/10, 5}, Left},
		{"north of the antimeridian", date, Position{5, 180 * E7}, Left},
		{"south of the antimeridian, by its other name", date, Position{-5, -180 * E7}, Right},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := mustLine(t, tt.line, 0)
			if got := l.Side(tt.p); got != tt.want {
				t.Errorf("Side(%v) = %d, want %d", tt.p, got, tt.want)
			}
			back := make([]Position, len(tt.line))
			for i, p := range tt.line {
				back[len(back)-1-i] = p
			}
			if got := mustLine(t, back, 0).Side(tt.p); got != -tt.want {
				t.Errorf("Side(%v) of the line turned round = %d, want %d", tt.p, got, -tt.want)
			}
		})
	}
}

// TestSideOfAClosedRegion holds Side against whether a place is in the area
// that the line bounds, which Area tells in another way.
func TestSideIsThatOfTheAreaBeside(t *testing.T) {
	for seed := range int64(20) {
		points := wiggly(Position{48 * E7, 179 * E7}, 40, E7/40, seed)
		l := mustLine(t, points, 0)
		first, last := points[0], points[len(points)-1]
		ring := append(append([]Position{}, points...), Position{55 * E7, last.LonE7}, Position{55 * E7, first.LonE7})
		area, err := NewArea([][]Position{ring})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewSource(seed))
		for range 2_000 {
			p := position(int64(points[rng.Intn(40)].LatE7)+rng.Int63n(E7/10)-E7/20, int64(first.LonE7)+E7/10+rng.Int63n(39*E7/40-E7/5))
			want := Right
			if area.Contains(p) {
				want = Left
			}
			if got := l.Side(p); got != want && got != OnLine {
				t.Fatalf("seed %d: Side(%v) = %d, want %d", seed, p, got, want)
			}
		}
	}
}

// slowDistance is the least distance to places along the line.
func slowDistance(l *Line, p Position, pieces int64) int64 {
	best := int64(1 << 62)
	for i := 0; i+1 < len(l.path); i++ {
		a, b := l.path[i], l.path[i+1]
		for k := range pieces + 1 {
			q := vertex{a.lat + (b.lat-a.lat)*k/pieces, a.lon + (b.lon-a.lon)*k/pieces}
			best = min(best, DistanceMM(p, q.position()))
		}
	}
	return best
}

func TestLineDistanceIsTheLeastOfManyPlaces(t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	for _, tt := range []struct {
		name  string
		start Position
		step  int64
		away  int64 // units of 1e-7 degree
	}{
		{"short edges", Position{48 * E7, 37 * E7}, 20_000, E7 / 20},
		{"long edges", Position{48 * E7, 37 * E7}, E7, E7},
		{"far north", Position{79 * E7, 15 * E7}, E7 / 4, E7 / 2},
		{"over the antimeridian", Position{-10 * E7, 179 * E7}, E7 / 2, E7},
		{"far away", Position{0, 10 * E7}, E7 / 2, 30 * E7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := mustLine(t, wiggly(tt.start, 8, tt.step, 1), 0)
			for range 40 {
				p := position(int64(tt.start.LatE7)+rng.Int63n(2*tt.away)-tt.away, int64(tt.start.LonE7)+rng.Int63n(8*tt.step))
				const pieces = 2_000
				got, want := l.DistanceMM(p), slowDistance(l, p, pieces)
				// The best of the pieces may lie half a piece off, and on the
				// grid of positions.
				spacing := l.LengthMM() / 7 / pieces
				if got > want+10+want/1_000_000 || got < want-10-want/1_000_000-spacing*spacing/max(want, 1)-spacing/20 {
					t.Fatalf("DistanceMM(%v) = %d, want %d", p, got, want)
				}
			}
		})
	}
}

func TestLineDistanceOnAParallelAndAMeridian(t *testing.T) {
	meridian := mustLine(t, []Position{{40 * E7, 0}, {50 * E7, 0}}, 0)
	equator := mustLine(t, []Position{{0, 0}, {0, 20 * E7}}, 0)
	rng := rand.New(rand.NewSource(5))
	for range 1_000 {
		d := 1 + rng.Int63n(100_000_000)
		// The foot of a place due east of a meridian is where the geodesic
		// leaves the meridian at a right angle.
		foot := Position{45*E7 + int32(rng.Int63n(E7)), 0}
		p := Direct(foot, 90_000, d)
		if got, want := meridian.DistanceMM(p), DistanceMM(foot, p); got-want > 1+want/5_000_000 || want-got > 1+want/5_000_000 {
			t.Fatalf("%v: %d mm, want %d", p, got, want)
		}
		if got := meridian.SignedDistanceMM(p); got >= 0 {
			t.Fatalf("%v: %d mm, want it right of the line", p, got)
		}
		foot = Position{0, 5*E7 + int32(rng.Int63n(E7))}
		p = Direct(foot, 0, d)
		if got, want := equator.SignedDistanceMM(p), DistanceMM(foot, p); got-want > 1+want/5_000_000 || want-got > 1+want/5_000_000 {
			t.Fatalf("%v: %d mm, want %d", p, got, want)
		}
	}
}

func TestLineDistanceIsMonotone(t *testing.T) {
	points := wiggly(Position{48 * E7, 37 * E7}, 60, E7/50, 9)
	whole, part := mustLine(t, points, 0), mustLine(t, points[:30], 0)
	rapid.Check(t, func(t *rapid.T) {
		p := anyPosition().Draw(t, "p")
		if w, h := whole.DistanceMM(p), part.DistanceMM(p); w > h+12+h/1_000_000 {
			t.Fatalf("a longer line is %d mm away, its part %d", w, h)
		}
		for _, q := range points {
			if d, to := whole.DistanceMM(p), DistanceMM(p, q); d > to+12+to/1_000_000 {
				t.Fatalf("the line is %d mm away, its point %v %d", d, q, to)
			}
		}
		if w, s := whole.DistanceMM(p), whole.SignedDistanceMM(p); s != 0 && s != w && s != -w {
			t.Fatalf("distance %d, signed %d", w, s)
		}
	})
}

func TestLineKeepsWhatItWasMadeOf(t *testing.T) {
	l := mustLine(t, []Position{{0, 0}, {0, 0}, {0, E7}, {0, 2 * E7}}, 100_000)
	if len(l.Points()) != 3 || l.SurveyErrorMM() != 100_000 || l.LengthMM() != 222_638_982 {
		t.Errorf("points %v, error %d, length %d", l.Points(), l.SurveyErrorMM(), l.LengthMM())
	}
}
