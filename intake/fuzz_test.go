// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"math"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// checked fails if what a reader of words accepted may not enter the record.
func checked(t *testing.T, change func(o *trucewatch.Observation)) {
	t.Helper()
	o := trucewatch.Observation{
		Key: trucewatch.ContentKey{1}, Kind: trucewatch.Explosion, Means: trucewatch.Heard,
		Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}, When: trucewatch.Interval{From: 1, Till: 1},
	}
	change(&o)
	// Text that is not UTF-8 or too long is the row's fault, and refused there.
	o.Where.Text, o.Where.Name = "", ""
	if o.Weapon != nil {
		o.Weapon.Text = ""
	}
	if o.Observer != nil {
		o.Observer.Name, o.Observer.Control = "", ""
	}
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}

func FuzzParseCount(f *testing.F) {
	for _, s := range []string{"14", "about 80", "at least 15,800", "15-20 explosions", "three-five", "multiple", "1\u00A0882", "~7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseCount(s); err == nil {
			checked(t, func(o *trucewatch.Observation) { o.Count = c })
		}
	})
}

func FuzzParseDistance(f *testing.F) {
	for _, s := range []string{"2-4km", "0.6-4 km", "800m", "about 5km", "2 to 4 kilometres"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if near, far, err := ParseDistance(s); err == nil && (near < 0 || far < near || far > distanceMaxMM) {
			t.Errorf("%d-%d", near, far)
		}
	})
}

func FuzzParseBearings(f *testing.F) {
	for _, s := range []string{"ENE", "S and SSW", "east-north-east, east", "az 148 +-3", "bearing 5\u00B0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := ParseBearings(s)
		if err == nil && len(all) == 0 || len(all) > 8 {
			t.Errorf("%v", all)
		}
		for _, a := range all {
			if a.FromMdeg < 0 || a.FromMdeg >= fullTurnMdeg || a.TillMdeg < 0 || a.TillMdeg >= fullTurnMdeg {
				t.Errorf("%v", all)
			}
		}
	})
}

func FuzzParseWhere(f *testing.F) {
	for _, s := range []string{"2-4km ENE", "8.1km az 148 +-3", "in situ", "compound 2km E of Osykove (Party B-controlled), 19km from line",
		"48.123,37.456 +-375m", "48.xxx,37.xxx +-1km", "-89.9x,179.9x +-2000km", "4 points given", ""} {
		f.Add(s)
	}
	g := gazetteer(f)
	from := trucewatch.Observer{Position: &geo.Position{LatE7: 46, LonE7: 127}, RadiusMM: 5}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParseWhere(s, from, g); err == nil {
			checked(t, func(o *trucewatch.Observation) { o.Where = p })
		}
	})
}

func FuzzParseObserver(f *testing.F) {
	for _, s := range []string{"MM camera 1km SW of Stari Luky (Party A-controlled, 41km S of Verkhivka)", "Berezivka (40km S of Verkhivka)", "(((", "2 km N of"} {
		f.Add(s)
	}
	g := gazetteer(f)
	f.Fuzz(func(t *testing.T, s string) {
		if v, _, err := ParseObserver(s, g); err == nil {
			checked(t, func(o *trucewatch.Observation) { o.Observer = &v })
		}
	})
}

func FuzzParseWeapon(f *testing.F) {
	for _, s := range []string{"artillery (type N/K)", "120mm mortar", "MLRS BM-21 122mm", "82 and 120mm mortar", "T-72"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if w, err := ParseWeapon(s); err == nil {
			checked(t, func(o *trucewatch.Observation) { o.Weapon = w })
		}
	})
}

func FuzzParseTimes(f *testing.F) {
	f.Add("2026-04-11", "22:04", "22:31")
	f.Add("2025-10-26", "between 3:30 and 4:00hrs", "")
	f.Add("2025-03-30", "", "")
	z := zone(f, "Europe/Kyiv")
	f.Fuzz(func(t *testing.T, date, from, to string) {
		v, err := ParseTimes(date, from, to, z)
		if err == nil && (v.Till < v.From || v.Till-v.From > 25*trucewatch.Hour) {
			t.Errorf("%v to %v", v.From, v.Till)
		}
	})
}

func FuzzParseTimeOfDay(f *testing.F) {
	f.Add("08:30hrs")
	f.Add("0830")
	f.Fuzz(func(t *testing.T, s string) {
		if h, m, sec, err := ParseTimeOfDay(s); err == nil && (h < 0 || h > 24 || m < 0 || m > 59 || sec < 0 || sec > 59) {
			t.Errorf("%d:%d:%d", h, m, sec)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-04-11")
	f.Fuzz(func(t *testing.T, s string) {
		if y, m, d, err := ParseDate(s); err == nil && (y < yearMin || y > yearMax || m < 1 || m > 12 || d < 1 || d > 31) {
			t.Errorf("%d-%d-%d", y, m, d)
		}
	})
}

func FuzzParseInstants(f *testing.F) {
	f.Add("2026-04-12T06:40:00Z")
	f.Add("2026-04-12 06:40")
	z := zone(f, "EET")
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseInstants(s, z); err == nil && (v.Till < v.From || v.From < -trucewatch.Day) {
			t.Errorf("%v", v)
		}
	})
}

func FuzzParseZone(f *testing.F) {
	f.Add("Europe/Kyiv")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, s string) {
		if z, err := ParseZone(s, nil); err == nil && z.Known() != (z.String() != "") {
			t.Errorf("%q", z)
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	f.Add("48.1234567", "-37.5")
	f.Fuzz(func(t *testing.T, lat, lon string) {
		if p, err := ParsePosition(lat, lon); err == nil && p.Check() != nil {
			t.Error(p.Check())
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	f.Add("12.345", 3)
	f.Fuzz(func(t *testing.T, s string, places int) {
		if places < 0 || places > 9 {
			return
		}
		v, ok := ParseDecimal(s, places)
		if ok && math.Abs(float64(v)) > 1e18 {
			t.Error(v)
		}
	})
}

func FuzzParseGazetteer(f *testing.F) {
	f.Add([]byte(places))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ParseGazetteer(b)
		if err != nil {
			return
		}
		for i := range g.places {
			if g.places[i].Position.Check() != nil || g.places[i].Name == "" {
				t.Errorf("%+v", g.places[i])
			}
		}
		g.Nearest(geo.Position{})
	})
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(smallMap))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMapping("m.yaml", b)
		if err == nil && (!m.Kind.Set() || !m.Means.Set()) {
			t.Errorf("%+v", m)
		}
	})
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte("- {a: 1}\n- [b, c]\n"))
	f.Add([]byte("a: &x 1\nb: *x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseYAML("y.yaml", b)
		if err == nil && d.Line() < 1 {
			t.Errorf("line %d", d.Line())
		}
	})
}

func FuzzReadYAMLList(f *testing.F) {
	f.Add([]byte("- {a: 1}\n- [b, c]\n"))
	f.Add([]byte("\xEF\xBB\xBF- a: {from: 2026-04-12T06:40:00Z, till: \"\"}\n  b: [1, 2]\n-\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ReadYAMLList(Options{File: "y.yaml"}, bytes.NewReader(b))
		if err != nil {
			return
		}
		line := int64(0)
		if err := l.Each(func(s trucewatch.Submission) error {
			if s.Line < line {
				t.Errorf("line %d after line %d", s.Line, line)
			}
			line = s.Line
			return nil
		}, func(d Doc) (trucewatch.Submission, error) {
			_, err := d.Interval(Zone{})
			return trucewatch.Submission{}, err
		}); err != nil {
			t.Error(err)
		}
	})
}
