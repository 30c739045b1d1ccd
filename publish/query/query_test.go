// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

var east = time.FixedZone("EEST", 3*60*60)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     trucewatch.Query
	}{
		{"nothing", "", trucewatch.Query{}},
		{"empty parameters are absent", "from=&q=&kind=&bbox=&limit=", trucewatch.Query{}},
		{"a date begins at local midnight", "from=2026-04-12", trucewatch.Query{From: at("2026-04-11T21:00:00Z")}},
		{"a date as till is the end of that day", "till=2026-04-12", trucewatch.Query{Till: at("2026-04-12T21:00:00Z") - 1}},
		{"a local minute", "from=2026-04-12T09:40", trucewatch.Query{From: at("2026-04-12T06:40:00Z")}},
		{"an instant", "from=2026-04-12T06:40:00Z", trucewatch.Query{From: at("2026-04-12T06:40:00Z")}},
		{"kinds with commas and repeated", "kind=burst,shot&kind=explosion", trucewatch.Query{Kinds: []trucewatch.Kind{"burst", "shot", "explosion"}}},
		{"a box", "bbox=37,48,37.5,48.25", trucewatch.Query{Box: &trucewatch.Box{
			Min: geo.Position{LatE7: 480_000_000, LonE7: 370_000_000}, Max: geo.Position{LatE7: 482_500_000, LonE7: 375_000_000}}}},
		{"the rest", "q=+Stari+&order=oldest&limit=500&offset=20&result=violation",
			trucewatch.Query{Text: "Stari", Order: trucewatch.Oldest, Limit: 500, Offset: 20, Results: []trucewatch.Result{"violation"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := url.ParseQuery(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(v, east)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ in, wants string }{
		{"colour=red", `"colour"`},
		{"limit=501", "limit"},
		{"limit=0", "limit"},
		{"limit=1e2", "limit"},
		{"offset=-1", "offset"},
		{"from=yesterday", "from"},
		{"from=2026-04-12&from=2026-04-13", "from"},
		{"from=2026-04-12&till=2026-04-11", "till"},
		{"kind=sabotage", "kind"},
		{"result=guilty", "result"},
		{"order=loudest", "order"},
		{"bbox=1,2,3", "bbox"},
		{"bbox=NaN,0,1,1", "bbox"},
		{"bbox=0,0,1,91", "bbox"},
		{"bbox=179,0,-179,1", "bbox"},
		{"q=" + strings.Repeat("x", 201), "q"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			v, err := url.ParseQuery(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(v, east)
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.wants) {
				t.Errorf("Parse(%q): error %v, want ErrInvalid naming %s", tt.in, err, tt.wants)
			}
		})
	}
}

// FuzzParse holds that what Parse reads, Values writes so that Parse reads the
// same.
func FuzzParse(f *testing.F) {
	f.Add("from=2026-04-12&till=2026-04-13&kind=burst&bbox=37,48,37.5,48.25&limit=10&q=x")
	f.Add("bbox=-0.0000001,1,2,3")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := Parse(v, east)
		if err != nil {
			return
		}
		again, err := Parse(Values(q), time.UTC)
		if err != nil || !reflect.DeepEqual(q, again) {
			t.Fatalf("Parse(%q) = %+v; again %+v, %v", s, q, again, err)
		}
	})
}

func at(s string) trucewatch.Instant {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return trucewatch.InstantOf(t)
}
