// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand"
	"testing"
)

// sameEverywhere is the digest of TestDigest. A change means that records made
// before no longer replay to the same state: it needs a line in the CHANGELOG.
const sameEverywhere = "062847eb160b9ffeede91fbb168fd36f9f477f40837a5c9762d82b05f6001553"

// TestDigest holds the results of every function to the same bits on every
// machine. Run it also with GOAMD64=v3 and with GOARCH=arm64 under qemu.
func TestDigest(t *testing.T) {
	h := sha256.New()
	add := func(values ...any) {
		for _, v := range values {
			switch v := v.(type) {
			case float64:
				binary.Write(h, binary.BigEndian, math.Float64bits(v))
			default:
				fmt.Fprintf(h, "%v;", v)
			}
		}
	}
	rng := rand.New(rand.NewSource(99))
	for range 2_000 {
		x := math.Ldexp(2*rng.Float64()-1, rng.Intn(40)-20)
		add(Sin(x), Cos(x), Atan2(x, rng.Float64()-0.5), Exp(x), Log(math.Abs(x)), cbrt(x), sinh(x), asinh(x))
	}
	line := mustLine(t, wiggly(origin, 50, E7/50, 1), 100_000)
	area := mustArea(t, square(48*E7, 37*E7, E7/3), square(48*E7+E7/10, 37*E7+E7/10, E7/10))
	zones := []*Zone{NewBand(line, Left, 0, 15_000_000), NewAreas([]*Area{area}), NewDisks([]Disk{{origin, 9_000_000}})}
	zones = append(zones, Union(zones...))
	add(line.LengthMM(), zones[3].Outline())
	for _, p := range pairs(98, 1_500) {
		a, b := p[0], p[1]
		distance, azimuth := Inverse(a, b)
		add(distance, azimuth, Direct(a, azimuth+7, distance/3), NearMM(a, b), line.SignedDistanceMM(a))
		add(FormatDMS(a), FormatUTM(a), FormatMGRS(a, 10), FormatSK42(a), WindName(azimuth), GridCell(a, 1_000_000))
	}
	for range 60 {
		c := position(48*E7+rng.Int63n(E7)-E7/2, 37*E7+rng.Int63n(E7))
		for _, r := range []Region{
			{Kind: Ellipse, Center: c, SemiMajorMM: rng.Int63n(5_000_000), SemiMinorMM: rng.Int63n(3_000_000), AzimuthMdeg: rng.Int31n(circleMdeg)},
			{Kind: Pixel, Center: c, SemiMajorMM: 190_000, SemiMinorMM: 200_000, AzimuthMdeg: rng.Int31n(circleMdeg)},
			NewSector(c, 2_000_000, 4_000_000, []int32{rng.Int31n(circleMdeg), rng.Int31n(circleMdeg)}),
			GridCell(c, 5_000_000),
		} {
			low, high := r.Bounds()
			add(r.Samples(), r.Mean(), r.AreaM2(), r.ReachMM(), low, high, r.Outline())
			for _, z := range zones {
				add(z.Share(r), z.ShareSurveyed(r))
			}
		}
	}
	for _, s := range []string{"48.123 37.456", "X=5345678 Y=7405123"} {
		p, err := ParsePosition(s, SK42)
		add(p, err)
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != sameEverywhere {
		t.Errorf("digest %s, want %s", got, sameEverywhere)
	}
}
