// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"reflect"
	"testing"
)

func TestParseWind(t *testing.T) {
	for _, tt := range []struct {
		s    string
		want int32
		ok   bool
	}{
		{"N", 0, true}, {"ENE", 67_500, true}, {"ene", 67_500, true}, {"East-North-East", 67_500, true},
		{"east north east", 67_500, true}, {"eastnortheast", 67_500, true}, {" south ", 180_000, true},
		{"NNW", 337_500, true}, {"north-north-west", 337_500, true},
		{"", 0, false}, {"NN", 0, false}, {"northish", 0, false}, {"north of the village on the river bank", 0, false},
	} {
		if got, ok := ParseWind(tt.s); got != tt.want || ok != tt.ok {
			t.Errorf("ParseWind(%q) = %d, %v", tt.s, got, ok)
		}
	}
}

func FuzzParseWind(f *testing.F) {
	for _, w := range winds {
		f.Add(w.short)
		f.Add(w.long)
	}
	f.Fuzz(func(t *testing.T, s string) {
		mdeg, ok := ParseWind(s)
		if !ok {
			return
		}
		if again, ok := ParseWind(WindName(mdeg)); !ok || again != mdeg {
			t.Errorf("%q is %d, its name %q is %d", s, mdeg, WindName(mdeg), again)
		}
	})
}

func TestWindNameIsTheNearest(t *testing.T) {
	for mdeg, want := range map[int32]string{0: "N", 11_249: "N", 11_250: "NNE", 348_749: "NNW", 348_750: "N", 359_999: "N", -90_000: "W", 720_000: "N"} {
		if got := WindName(mdeg); got != want {
			t.Errorf("WindName(%d) = %s, want %s", mdeg, got, want)
		}
	}
}

func TestNewSectorJoinsWinds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		winds []int32
		want  []Arc
	}{
		{"one", []int32{90_000}, []Arc{{78_750, 101_250}}},
		{"north", []int32{0}, []Arc{{348_750, 11_250}}},
		{"neighbours in disorder", []int32{112_500, 67_500, 90_000}, []Arc{{56_250, 123_750}}},
		{"neighbours over north", []int32{22_500, 337_500, 0}, []Arc{{326_250, 33_750}}},
		{"two apart", []int32{180_000, 0}, []Arc{{168_750, 191_250}, {348_750, 11_250}}},
		{"one twice", []int32{90_000, 90_000}, []Arc{{78_750, 101_250}}},
		{"none", nil, []Arc{{}}},
		{"all", []int32{0, 22_500, 45_000, 67_500, 90_000, 112_500, 135_000, 157_500, 180_000, 202_500, 225_000, 247_500, 270_000, 292_500, 315_000, 337_500}, []Arc{{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewSector(origin, 1, 2, tt.winds)
			if !reflect.DeepEqual(r.Arcs, tt.want) {
				t.Errorf("got %v, want %v", r.Arcs, tt.want)
			}
			if r.Kind != Sector || r.Center != origin || r.RMinMM != 1 || r.RMaxMM != 2 {
				t.Errorf("got %+v", r)
			}
		})
	}
}
