// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pairs draws pairs of places: anywhere, nearly antipodal, close, from a pole,
// on the equator, on one meridian.
func pairs(seed int64, n int) [][2]Position {
	rng := rand.New(rand.NewSource(seed))
	anywhere := func() Position {
		return Position{int32(rng.Int63n(180*E7+1) - 90*E7), int32(rng.Int63n(360*E7) - 180*E7)}
	}
	shift := func(p Position, by int64) Position {
		lat := int64(p.LatE7) + rng.Int63n(2*by+1) - by
		return position(max(-90*E7, min(90*E7, lat)), int64(p.LonE7)+rng.Int63n(2*by+1)-by)
	}
	out := make([][2]Position, n)
	for i := range out {
		a, b := anywhere(), anywhere()
		switch i % 6 {
		case 1:
			b = shift(position(-int64(a.LatE7), int64(a.LonE7)+180*E7), E7)
		case 2:
			b = shift(a, []int64{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, E7}[rng.Intn(8)])
		case 3:
			a.LatE7 = []int32{90 * E7, -90 * E7}[rng.Intn(2)]
		case 4:
			a.LatE7, b.LatE7 = 0, 0
		case 5:
			b.LonE7 = position(0, int64(a.LonE7)+180*E7*rng.Int63n(2)).LonE7
			if rng.Intn(3) == 0 {
				b.LatE7 = -a.LatE7
			}
		}
		out[i] = [2]Position{a, b}
	}
	return out
}

// checkGeodesic compares with a line "azimuth azimuth2 distance" of GeodSolve,
// in degrees and metres.
func checkGeodesic(t *testing.T, a, b Position, line string) {
	t.Helper()
	var azimuth, azimuth2, metres float64
	if _, err := fmt.Sscan(line, &azimuth, &azimuth2, &metres); err != nil {
		t.Fatalf("cannot read %q: %v", line, err)
	}
	distance, mdeg := Inverse(a, b)
	if math.Abs(float64(distance)-metres*1000) > 0.501 {
		t.Errorf("Inverse(%v, %v) = %d mm, want %.4f", a, b, distance, metres*1000)
	}
	if metres < 1 {
		return // the azimuth of two places a few units apart
	}
	off := math.Abs(math.Mod(float64(mdeg)/1000-azimuth+900, 360) - 180)
	opposite := wrapE7(int64(a.LonE7)-int64(b.LonE7)) == 180*E7 // two geodesics may be equally short
	if off > 0.000_501 && !opposite {
		t.Errorf("Inverse(%v, %v) leaves at %d, want %.5f", a, b, mdeg, azimuth)
	}
}

func TestInverseAgreesWithTheTableOfGeodSolve(t *testing.T) {
	file, err := os.Open("testdata/geodsolve.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.Fields(lines.Text())
		var e7 [4]int32
		for i := range e7 {
			fmt.Sscan(fields[i], &e7[i])
		}
		checkGeodesic(t, Position{e7[0], e7[1]}, Position{e7[2], e7[3]}, strings.Join(fields[4:], " "))
		n++
	}
	if n < 60 {
		t.Errorf("only %d rows", n)
	}
}

// asked runs a tool of GeographicLib on lines, or skips.
func asked(t *testing.T, lines []string, tool string, args ...string) []string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("skipped: no %s (Debian package geographiclib-tools)", tool)
	}
	run := exec.Command(path, args...)
	run.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestInverseAgreesWithGeodSolve(t *testing.T) {
	places := pairs(7, 12_000)
	lines := make([]string, len(places))
	for i, p := range places {
		lines[i] = fmt.Sprint(degrees(p[0].LatE7), " ", degrees(p[0].LonE7), " ", degrees(p[1].LatE7), " ", degrees(p[1].LonE7))
	}
	answers := asked(t, lines, "GeodSolve", "-i", "-p", "6")
	worst := 0.0
	for i, p := range places {
		checkGeodesic(t, p[0], p[1], answers[i])
		if p[0] == p[1] {
			continue
		}
		var z1, z2, metres float64
		fmt.Sscan(answers[i], &z1, &z2, &metres)
		s, _, _ := inverse(int64(p[0].LatE7), int64(p[1].LatE7), wrapE7(int64(p[1].LonE7)-int64(p[0].LonE7)))
		worst = math.Max(worst, math.Abs(s-metres))
	}
	if worst > 0.6e-6 { // GeodSolve prints micrometres
		t.Errorf("worst difference %v m before rounding", worst)
	}
}

func TestDirectAgreesWithGeodSolve(t *testing.T) {
	rng := rand.New(rand.NewSource(8))
	places := pairs(9, 4_000)
	lines := make([]string, len(places))
	azimuths, distances := make([]int32, len(places)), make([]int64, len(places))
	for i, p := range places {
		azimuths[i], distances[i] = rng.Int31n(circleMdeg), rng.Int63n(int64(math.Pow(10, float64(1+i%11))))
		lines[i] = fmt.Sprintf("%s %s %.3f %.3f", degrees(p[0].LatE7), degrees(p[0].LonE7), float64(azimuths[i])/1000, float64(distances[i])/1000)
	}
	for i, line := range asked(t, lines, "GeodSolve", "-p", "6") {
		var lat, lon float64
		fmt.Sscan(line, &lat, &lon)
		got := Direct(places[i][0], azimuths[i], distances[i])
		dLon := math.Mod(float64(got.LonE7)/E7-lon+900, 360) - 180
		if math.Abs(float64(got.LatE7)-lat*E7) > 0.51 || math.Abs(dLon*E7*math.Cos(lat*pi/180)) > 0.51 {
			t.Errorf("Direct(%v, %d, %d) = %v, want %s", places[i][0], azimuths[i], distances[i], got, line)
		}
	}
}

// anyPosition draws a position, often a special one.
func anyPosition() *rapid.Generator[Position] {
	return rapid.Custom(func(t *rapid.T) Position {
		lat := rapid.OneOf(rapid.Int32Range(-90*E7, 90*E7), rapid.SampledFrom([]int32{-90 * E7, 0, 90 * E7})).Draw(t, "lat")
		lon := rapid.OneOf(rapid.Int32Range(-180*E7, 180*E7), rapid.SampledFrom([]int32{-180 * E7, 0, 180 * E7})).Draw(t, "lon")
		return Position{lat, lon}
	})
}

func TestInverseIsAMetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyPosition().Draw(t, "a"), anyPosition().Draw(t, "b"), anyPosition().Draw(t, "c")
		ab, azimuth := Inverse(a, b)
		if ba := DistanceMM(b, a); ab != ba {
			t.Fatalf("a to b is %d mm, b to a %d", ab, ba)
		}
		if bc, ac := DistanceMM(b, c), DistanceMM(a, c); ac > ab+bc+2 {
			t.Fatalf("a to c is %d mm, by b %d", ac, ab+bc)
		}
		if azimuth < 0 || azimuth >= circleMdeg || ab < 0 || ab > 20_003_931_459 {
			t.Fatalf("%d mm at %d", ab, azimuth)
		}
	})
}

func TestDirectUndoesInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyPosition().Draw(t, "a"), anyPosition().Draw(t, "b")
		distance, azimuth := Inverse(a, b)
		got := Direct(a, azimuth, distance)
		// The azimuth is rounded to half a thousandth of a degree.
		limit := 20 + distance*9/1_000_000
		if off := DistanceMM(got, b); off > limit {
			t.Fatalf("Direct(%v, %d, %d) = %v, %d mm from %v", a, azimuth, distance, got, off, b)
		}
	})
}

func TestNearIsWithinItsBound(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	worst := 0.0
	for range 100_000 {
		a := Position{int32(rng.Int63n(180*E7+1) - 90*E7), int32(rng.Int63n(360*E7) - 180*E7)}
		b := Direct(a, rng.Int31n(circleMdeg), rng.Int63n(NearMaxMM))
		want, got := DistanceMM(a, b), NearMM(a, b)
		off := math.Abs(float64(got-want)) - 1
		worst = math.Max(worst, off/float64(want+1))
		if off > float64(want)*NearRelativePPB/1e9 {
			t.Fatalf("NearMM(%v, %v) = %d, want %d", a, b, got, want)
		}
	}
	t.Logf("worst relative error %.3g", worst)
}

func TestFramePointIsNearDirect(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	for range 20_000 {
		p := Position{int32(rng.Int63n(180*E7+1) - 90*E7), int32(rng.Int63n(360*E7) - 180*E7)}
		azimuth, distance := rng.Int31n(circleMdeg), rng.Int63n(200_000_000)
		s, c := sincosE7(int64(azimuth) * (E7 / 1000))
		f := frameAt(p)
		got := f.point(float64(distance)/1000*s, float64(distance)/1000*c)
		if off := DistanceMM(got, Direct(p, azimuth, distance)); off > 20+distance/10_000 {
			t.Fatalf("%d mm at %d from %v: off by %d mm", distance, azimuth, p, off)
		}
	}
}
