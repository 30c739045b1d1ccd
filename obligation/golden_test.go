// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

var update = flag.Bool("update", false, "rewrite what the archives want")

// testAgreement reads the agreement of testdata, with each old text replaced by
// the new one that follows it.
func testAgreement(t testing.TB, replace ...string) *agreement.Agreement {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/agreement.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var files []agreement.File
	for _, f := range archive.Files {
		data := string(f.Data)
		for i := 0; f.Name == agreement.MainFile && i+1 < len(replace); i += 2 {
			if !strings.Contains(data, replace[i]) {
				t.Fatalf("the test agreement does not hold %q", replace[i])
			}
			data = strings.Replace(data, replace[i], replace[i+1], 1)
		}
		files = append(files, agreement.File{Name: f.Name, Data: []byte(data)})
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestGolden plays each archive: the record line by line, and what changes. What
// is wanted was written by hand, with the article beside it.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "testdata/agreement.txtar" {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var replace []string
			var record, want string
			var only []string
			for _, f := range archive.Files {
				switch f.Name {
				case "record":
					record = string(f.Data)
				case "want":
					want = string(f.Data)
				case "only": // what lines begin with, of changes that are of interest
					only = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
				case "replace", "by":
					replace = append(replace, strings.TrimSuffix(string(f.Data), "\n"))
				}
			}
			got := play(t, testAgreement(t, replace...), record, only)
			if *update {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got:\n%s", diff(got, want))
			}
		})
	}
}

// diff marks the lines that differ.
func diff(got, want string) string {
	var b strings.Builder
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for _, line := range g {
		mark := " "
		if !slices.Contains(w, line) {
			mark = "+"
		}
		fmt.Fprintf(&b, "%s %s\n", mark, line)
	}
	for _, line := range w {
		if !slices.Contains(g, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	return b.String()
}

// A player folds a record that is written in lines.
type player struct {
	t       testing.TB
	l       *Ledger
	watched trucewatch.PPM
	index   uint64
	only    []string
	out     strings.Builder
}

func play(t testing.TB, a *agreement.Agreement, record string, only []string) string {
	p := &player{t: t, watched: geo.Million, only: only}
	p.l = New(func(string, *geo.Zone, trucewatch.Interval) trucewatch.PPM { return p.watched })
	p.l.Adopt(a.Variants(nil), 0)
	for _, line := range strings.Split(strings.TrimSpace(record), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		p.index++
		p.show(line, p.line(line))
	}
	return p.out.String()
}

// show writes what changed, of what is of interest.
func (p *player) show(line string, changes []Change) {
	head, _, _ := strings.Cut(line, " {")
	head = "> " + head + "\n"
	for _, c := range changes {
		lines := say(c)
		if len(p.only) > 0 && !slices.ContainsFunc(p.only, func(s string) bool { return strings.HasPrefix(lines[0], s) }) {
			continue
		}
		p.out.WriteString(head + strings.Join(lines, "\n") + "\n")
		head = ""
	}
}

// line folds one line: a word, then JSON or fields.
func (p *player) line(line string) []Change {
	word, rest, _ := strings.Cut(line, " ")
	f := strings.Fields(rest)
	var err error
	var out []Change
	switch word {
	case "tick":
		out = p.l.Tick(&trucewatch.Tick{At: p.at(f[0])}, p.index)
	case "day": // the cut-off of a day, at 16:30 UTC
		out = p.l.Tick(&trucewatch.Tick{At: p.at(f[0] + "T16:30:00Z"), CutOff: f[0]}, p.index)
	case "days": // first and last
		for at := p.at(f[0] + "T16:30:00Z"); at <= p.at(f[1]+"T16:30:00Z"); at += trucewatch.Day {
			out = p.l.Tick(&trucewatch.Tick{At: at, CutOff: at.Time().Format("2006-01-02")}, p.index)
		}
	case "watched":
		p.watched = trucewatch.PPM(p.number(f[0]))
	case "coverage": // what is known of a time has changed: watched, from, till
		p.watched = trucewatch.PPM(p.number(f[0]))
		out = p.l.Coverage(trucewatch.Interval{From: p.at(f[1]), Till: p.at(f[2])}, p.index)
	case "inventory":
		var i trucewatch.Inventory
		p.json(rest, &i)
		out, err = p.l.Inventory(&i, i.At, p.index)
	case "fact":
		var x trucewatch.Fact
		p.json(rest, &x)
		out, err = p.l.Fact(&x, x.At, p.index)
	case "notice":
		var n trucewatch.Notification
		p.json(rest, &n)
		out = p.l.Notice(&n, n.NotifiedAt, p.index)
	case "step":
		var n trucewatch.NoticeStep
		p.json(rest, &n)
		out = p.l.NoticeStep(&n, n.At, p.index)
	case "fire": // ID, metres east and north of the middle, radius, time, result
		in, finding := p.fire(f)
		out = p.l.Incident(in, nil, []*trucewatch.Finding{finding}, p.index)
	case "tanks": // ID, metres east and north, radius, time, number
		in, members := p.tanks(f)
		out = p.l.Incident(in, members, nil, p.index)
	case "gone":
		out = p.l.Gone(p.incident(f[0]), p.index)
	default:
		p.t.Fatalf("line %q", line)
	}
	if err != nil {
		fmt.Fprintf(&p.out, "> %s\nrefused: %v\n", strings.SplitN(line, " {", 2)[0], err)
	}
	return out
}

func (p *player) json(s string, v any) {
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		p.t.Fatalf("%v: %s", err, s)
	}
}

func (p *player) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *player) at(s string) trucewatch.Instant {
	var i trucewatch.Instant
	if err := i.UnmarshalText([]byte(s)); err != nil {
		p.t.Fatal(err)
	}
	return i
}

func (p *player) incident(s string) trucewatch.IncidentID {
	var id trucewatch.IncidentID
	if err := id.UnmarshalText([]byte(s)); err != nil {
		p.t.Fatal(err)
	}
	return id
}

// middle is on the line of contact, in the middle of the pilot area.
var middle = geo.Position{LatE7: -460_000_000, LonE7: -1_300_000_000}

func (p *player) scene(f []string, kind trucewatch.Kind) *trucewatch.Incident {
	place := geo.NewPlane(middle).Position(p.number(f[1])*1000, p.number(f[2])*1000)
	when := trucewatch.Interval{From: p.at(f[4]), Till: p.at(f[4])}
	return &trucewatch.Incident{ID: p.incident(f[0]), Kind: kind, When: when, Confidence: 950_000, MeansCount: 1, State: "open", Origin: -1,
		Estimates: []trucewatch.Estimate{{Role: "seen", Region: geo.Circle(place, p.number(f[3])*1000), When: when}}}
}

func (p *player) fire(f []string) (*trucewatch.Incident, *trucewatch.Finding) {
	in := p.scene(f, trucewatch.Explosion)
	return in, &trucewatch.Finding{ID: trucewatch.FindingID("K1/" + f[0]), Act: "K1", Result: trucewatch.Result(f[5]), Agreement: p.l.texts[0].hash, State: "preliminary"}
}

func (p *player) tanks(f []string) (*trucewatch.Incident, []*trucewatch.Recorded) {
	in := p.scene(f, trucewatch.WeaponSeen)
	o := &trucewatch.Observation{Kind: trucewatch.WeaponSeen, Means: trucewatch.UAVMid, When: in.When,
		Weapon: &trucewatch.Weapon{Platform: trucewatch.Tank}, Count: trucewatch.Count{Value: p.number(f[5]), Qualifier: trucewatch.Exact}}
	return in, []*trucewatch.Recorded{{ID: trucewatch.ObservationID(in.ID), Source: &trucewatch.Source{ID: "uav-1"}, Observation: o}}
}

// say writes a change as lines.
func say(c Change) []string {
	switch {
	case c.Site != nil:
		head := fmt.Sprintf("site %s", c.Site.Site)
		if c.Site.Visited != 0 {
			head += " visited " + short(c.Site.Visited)
		}
		out := []string{head}
		for _, it := range c.Site.Items {
			out = append(out, fmt.Sprintf("  %s (%s): %s since %s", itemWords(&it.Item), it.Class, it.Status, short(it.Since)))
		}
		return out
	case c.Ceiling != nil:
		s := c.Ceiling
		text := fmt.Sprintf("ceiling %s %s %s: limit %d", s.Zone, s.Party, s.Class, s.Limit)
		if s.Deviated != 0 {
			text += fmt.Sprintf(", deviated to %d", s.Deviated)
		}
		return []string{text + fmt.Sprintf(", declared %d, seen %d", s.Declared, s.Seen)}
	case c.Streak != nil:
		s := c.Streak
		text := fmt.Sprintf("streak %s: %d of %d days, resets %d, unseen %d", s.Area, s.Days, s.Needed, s.Resets, s.Unseen)
		if s.LastWhy != "" {
			text += ", broken by " + s.LastWhy
		}
		if s.Reached != 0 {
			text += ", reached " + short(s.Reached)
		}
		for _, n := range s.Notices {
			text += "; " + n
		}
		return []string{text}
	case c.Duty != nil:
		d := c.Duty
		text := fmt.Sprintf("duty %s of %s: %s", d.Duty, cmpOr(string(d.Party), "the mission"), d.State)
		if d.Due != 0 {
			text += ", due " + short(d.Due)
		}
		if d.Reason != "" {
			text += " (" + d.Reason + ")"
		}
		return []string{text}
	case c.Silence != nil:
		s := c.Silence
		return []string{fmt.Sprintf("silence %s: %s, guarantees %v, breaches %v", s.Notice, s.State, s.Guarantees, s.Breaches)}
	case c.Finding != nil:
		f := c.Finding
		text := fmt.Sprintf("finding %s: %s, severity %d, %d %s", f.ID, f.Result, f.Severity, f.Quantity, f.Unit)
		out := []string{text}
		for _, r := range f.Reasons {
			out = append(out, fmt.Sprintf("  %s %s", r.Holds, r.Text))
		}
		return out
	}
	return []string{"withdrawn " + string(c.Withdrawn)}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// short writes an instant without what is zero.
func short(at trucewatch.Instant) string {
	s := at.Time().Format("2006-01-02T15:04")
	return strings.TrimSuffix(s, "T00:00")
}
