// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"slices"
	"testing"
)

// TestDepths: the depths say the share, and each its distance from the edge.
func TestDepths(t *testing.T) {
	line, err := NewLine([]Position{{LatE7: -47 * E7, LonE7: -130 * E7}, {LatE7: -45 * E7, LonE7: -130 * E7}}, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	on := Position{LatE7: -46 * E7, LonE7: -130 * E7}
	both := Union(NewBand(line, Left, 0, 7_500_000), NewBand(line, Right, 0, 7_500_000))
	square, err := NewArea([][]Position{{{-461_000_000, -1_301_000_000}, {-461_000_000, -1_300_000_000}, {-459_000_000, -1_300_000_000}, {-459_000_000, -1_301_000_000}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		zone   *Zone
		at     Position
		middle int64
	}{
		{"in a band", NewBand(line, Right, 0, 70_000_000), Direct(on, 90_000, 50_000), 50_000},
		{"off a band", NewBand(line, Right, 0, 70_000_000), Direct(on, 270_000, 50_000), -50_000},
		{"at the far edge", both, Direct(on, 90_000, 7_400_000), 100_000},
		{"in a disk", NewDisks([]Disk{{on, 500_000}}), Direct(on, 0, 450_000), 50_000},
		{"in an area", NewAreas([]*Area{square}), Direct(on, 270_000, 80_000), 80_000},
		{"off an area", NewAreas([]*Area{square}), Direct(on, 90_000, 80_000), -80_000},
	} {
		r := Circle(tt.at, 120_000)
		share, depths, middle := tt.zone.Depths(NewCloud(r))
		if off := middle - tt.middle; off < -30 || off > 30 {
			t.Errorf("%s: the middle is %d mm deep, want %d", tt.name, middle, tt.middle)
		}
		inside := int64(0)
		for _, d := range depths {
			if d >= 0 {
				inside++
			}
		}
		if share != tt.zone.ShareSurveyed(r) {
			t.Errorf("%s: share %d, ShareSurveyed %d", tt.name, share, tt.zone.ShareSurveyed(r))
		}
		if share := inside * Million / int64(len(depths)); share-tt.zone.Share(r) > 2_000 || tt.zone.Share(r)-share > 2_000 || !slices.IsSorted(depths) {
			t.Errorf("%s: depths say %d ppm, Share %d", tt.name, share, tt.zone.Share(r))
		}
	}
	// The line in the middle of a zone on both sides of it is no edge.
	if _, depths, middle := both.Depths(NewCloud(Circle(on, 120_000))); middle < 7_490_000 || depths[0] < 7_000_000 {
		t.Errorf("the middle of a zone is %d mm deep, its samples from %d", middle, depths[0])
	}
}
