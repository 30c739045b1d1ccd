// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
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

// TestCases plays every archive of testdata/cases: an article of the whole test
// text, one scene or several, and what must be found, written by hand from the
// article. A scene is lines of a word and its fields:
//
//	place EAST_M ERROR_M [north=M]       of the incident; on A's side if negative
//	when OFFSET [for=DURATION]           from noon of 12 April 2026
//	saw KIND MEANS field=...             one observation, by a source of its own
//	notice EXEMPTION ID by=B lead=30h    of a window of an hour about noon
//	step ID DEED by=A at=OFFSET          in the life of a notification
//	fact ID KIND party=B at=OFFSET ...   recorded at that time
//	call ID at=OFFSET east=M             on the hotline
//	near KIND EAST_M ERROR_M at=OFFSET   another incident
//	settled QUESTION READING             an interpretation in force
//	missed CLOCK party=B                 a clock of a case that ran out
//
// A line of what is wanted is a finding with its result, or "none ACT"; under it
// what must be said: "reason TEXT", "change TEXT", "weight TEXT", "party P LEVEL",
// "severity N", "quantity N", "duplicate".
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d archives: %v", len(files), err)
	}
	terms := wholeAgreement(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) < 3 || archive.Files[0].Name != "article" || len(archive.Files)%2 != 1 {
				t.Fatal("an archive is an article, then scenes, each with what it must give")
			}
			for i := 1; i+1 < len(archive.Files); i += 2 {
				name := archive.Files[i].Name
				p := newPlay(t, terms)
				for line := range strings.Lines(string(archive.Files[i].Data)) {
					if fields := tokens(line); len(fields) > 0 {
						p.line(fields)
					}
				}
				p.check(name, string(archive.Files[i+1].Data))
			}
		})
	}
}

func wholeAgreement(t testing.TB) *agreement.Agreement {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/whole.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var files []agreement.File
	for _, f := range archive.Files {
		files = append(files, agreement.File{Name: f.Name, Data: f.Data})
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tokens splits a line at blanks, but for those in double quotes.
func tokens(line string) []string {
	var out []string
	quoted, word := false, ""
	for _, c := range strings.TrimSpace(line) + " " {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			if word != "" {
				out = append(out, word)
			}
			word = ""
		default:
			word += string(c)
		}
	}
	return out
}

// A play is a scene as it is put together from lines.
type play struct {
	*scene
	t    *testing.T
	a    *agreement.Agreement
	near []Neighbour
	miss *Miss
	noon trucewatch.Instant
}

func newPlay(t *testing.T, a *agreement.Agreement) *play {
	s := newScene(t, eastM(30_000), 50)
	s.input.Terms = Read([]*agreement.Agreement{a}, nil)
	return &play{scene: s, t: t, a: a, noon: at(t, noon)}
}

// A line's fields by name.
type given map[string]string

func (p *play) given(words []string) given {
	g := given{}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		g[k] = v
	}
	return g
}

func (p *play) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && s != "" {
		p.t.Fatalf("%q is no number", s)
	}
	return n
}

// offset reads "-30m", "+2h", "3d".
func (p *play) offset(s string) trucewatch.Instant {
	if s == "" {
		return 0
	}
	unit := map[byte]trucewatch.Instant{'s': trucewatch.Second, 'm': trucewatch.Minute, 'h': trucewatch.Hour, 'd': trucewatch.Day}[s[len(s)-1]]
	if unit == 0 {
		p.t.Fatalf("%q is no length of time", s)
	}
	return trucewatch.Instant(p.number(strings.TrimPrefix(s[:len(s)-1], "+"))) * unit
}

func (p *play) list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (p *play) region(east, errorM, north string) geo.Region {
	at := eastM(p.number(east))
	if n := p.number(north); n != 0 {
		at = geo.Direct(at, 0, n*1000)
	}
	return geo.Circle(at, p.number(errorM)*1000)
}

func (p *play) line(w []string) {
	in := p.input.Incident
	switch w[0] {
	case "place":
		in.Estimates[0].Region = p.region(w[1], w[2], p.given(w[3:])["north"])
	case "origin":
		in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: "origin", Method: "bearings of two posts", Region: p.region(w[1], w[2], "")})
		in.Origin = len(in.Estimates) - 1
	case "when":
		in.When.From = p.noon + p.offset(w[1])
		in.When.Till = in.When.From + max(trucewatch.Minute, p.offset(p.given(w[2:])["for"]))
	case "sure":
		in.Confidence = trucewatch.PPM(p.number(w[1])) * 10_000
	case "saw":
		p.saw(trucewatch.Kind(w[1]), trucewatch.Means(w[2]), func(o *trucewatch.Observation) { p.observe(o, p.given(w[3:])) })
	case "notice":
		p.notify(w)
	case "step":
		g := p.given(w[3:])
		step := trucewatch.NoticeStep{Notice: w[1], Deed: w[2], By: g["by"], At: p.noon + p.offset(g["at"])}
		i := slices.IndexFunc(p.input.Notices, func(n Notice) bool { return n.Notification.ID == w[1] })
		p.input.Notices[i].Steps = append(p.input.Notices[i].Steps, trucewatch.Dated[trucewatch.NoticeStep]{Index: 5, Received: step.At, What: step})
	case "fact":
		p.fact(w)
	case "call":
		g := p.given(w[2:])
		c := trucewatch.Activation{ID: w[1], From: "B", At: p.noon + p.offset(g["at"]), Where: trucewatch.Place{Region: p.region(g["east"], "100", "")}}
		p.input.Calls = append(p.input.Calls, trucewatch.Dated[trucewatch.Activation]{Index: 4, Received: c.At, What: c})
	case "near":
		p.neighbour(w)
	case "settled":
		i := trucewatch.Interpretation{ID: "i-1", Agreement: p.a.ID, Question: w[1], Reading: w[2], Decision: "d-7"}
		p.input.Terms = Read([]*agreement.Agreement{p.a}, []trucewatch.Dated[trucewatch.Interpretation]{{Index: 8, What: i}})
	case "missed":
		p.miss = &Miss{Case: &trucewatch.Case{ID: "case/K2/1.0", Agreement: p.a.Hash()}, Party: trucewatch.PartyID(p.given(w[2:])["party"]),
			Clock: trucewatch.CaseClock{ID: w[1], Do: "each party answers", From: p.noon, Due: p.noon + trucewatch.Day, RanOut: true}}
	default:
		p.t.Fatalf("%q is no line of a scene", w[0])
	}
}

func (p *play) observe(o *trucewatch.Observation, g given) {
	o.When = p.input.Incident.When
	if n := p.number(g["count"]); n > 0 {
		o.Count.Value = n
	}
	if w := strings.Split(g["weapon"], "/"); w[0] != "" {
		o.Weapon = &trucewatch.Weapon{Platform: trucewatch.Platform(w[0])}
		for _, more := range w[1:] {
			if n, err := strconv.ParseInt(more, 10, 64); err == nil {
				o.Weapon.CalibreMM = n
			} else if slices.Contains([]string{"isr", "delivery", "fpv_attack", "bomber"}, more) {
				o.Weapon.Role = more
			} else {
				o.Weapon.Model = more
			}
		}
	}
	if g["owner"]+g["object"]+g["asset"] != "" {
		o.Asset = &trucewatch.Asset{Owner: g["owner"], Object: g["object"], ID: g["asset"]}
	}
	for _, m := range p.list(g["mark"]) {
		o.Marks = append(o.Marks, trucewatch.Mark(m))
	}
	o.Description = trucewatch.Description(g["description"])
	if r := strings.Split(g["restriction"], "/"); r[0] != "" {
		o.Restriction = &trucewatch.Restriction{Type: r[0]}
		if len(r) == 3 {
			o.Restriction.Minutes, o.Restriction.By = p.number(r[1]), trucewatch.PartyID(r[2])
		}
	}
	if c := strings.Split(g["casualty"], "/"); c[0] != "" {
		o.Casualty = &trucewatch.Casualty{Killed: 1, Status: c[0], Civilian: c[1]}
		if len(c) > 2 {
			o.Casualty.Hospital = c[2]
		}
	}
}

func (p *play) notify(w []string) {
	g := p.given(w[3:])
	n := &trucewatch.Notification{ID: w[2], Exemption: w[1], By: g["by"], Window: trucewatch.Interval{From: p.noon - trucewatch.Hour, Till: p.noon + trucewatch.Hour},
		Agency: g["agency"], MaxKG: p.number(g["max_kg"]), Airframes: p.list(g["airframes"]), Weapons: p.list(g["weapons"]), Object: g["object"],
		Vehicles: p.list(g["vehicles"]), Marking: g["marking"], Text: g["text"]}
	_, n.NoMunition = g["no_munition"]
	_, n.Emergency = g["emergency"]
	for _, act := range p.list(g["lifts"]) {
		n.Lifts = append(n.Lifts, trucewatch.ActID(act))
	}
	n.NotifiedAt = n.Window.From - p.offset(g["lead"])
	if east := g["area"]; east != "" {
		radius := g["radius"]
		if radius == "" {
			radius = "0"
		}
		area := p.region(east, radius, g["north"])
		n.Area = &area
	}
	for _, east := range p.list(g["route"]) {
		n.Route = append(n.Route, eastM(p.number(east)))
	}
	p.input.Notices = append(p.input.Notices, Notice{Notification: n, Received: n.NotifiedAt, Index: 2})
}

func (p *play) fact(w []string) {
	g := p.given(w[3:])
	f := trucewatch.Fact{ID: w[1], Kind: w[2], Party: trucewatch.PartyID(g["party"]), At: p.noon + p.offset(g["at"]), Via: g["via"], Level: g["level"],
		To: p.list(g["to"]), Ref: g["ref"], Confirmed: g["confirmed"], Text: g["text"]}
	received := f.At
	if late := g["received"]; late != "" {
		received = p.noon + p.offset(late)
	}
	p.input.Facts = append(p.input.Facts, trucewatch.Dated[trucewatch.Fact]{Index: uint64(10 + len(p.input.Facts)), Received: received, What: f})
}

func (p *play) neighbour(w []string) {
	g := p.given(w[4:])
	s := newScene(p.t, eastM(p.number(w[2])), p.number(w[3]))
	in := s.input.Incident
	in.ID = trucewatch.IncidentID{Index: uint64(100 + len(p.near))}
	in.Kind = trucewatch.Kind(w[1])
	in.When = trucewatch.Interval{From: p.noon + p.offset(g["at"]), Till: p.noon + p.offset(g["at"]) + trucewatch.Minute}
	if o := g["origin"]; o != "" {
		in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: "origin", Method: "bearings", Region: p.region(o, "500", "")})
		in.Origin = 1
	}
	s.saw(in.Kind, trucewatch.Heard, func(o *trucewatch.Observation) { p.observe(o, g) })
	n := Neighbour{Incident: in, Members: s.input.Members}
	if act := g["found"]; act != "" {
		n.Findings = []*trucewatch.Finding{{ID: trucewatch.FindingID(act + "/" + in.ID.String()), Act: trucewatch.ActID(act), Agreement: p.a.Hash(), Result: trucewatch.Violation}}
	}
	p.near = append(p.near, n)
	p.input.Nearby = p.nearby
}

// nearby looks through the play's other incidents.
func (p *play) nearby(kinds []trucewatch.Kind, when trucewatch.Interval, around geo.Region, withinMM int64) []Neighbour {
	var out []Neighbour
	for _, n := range p.near {
		r := regionOf(n.Incident)
		if slices.Contains(kinds, n.Incident.Kind) && when.Gap(n.Incident.When) == 0 && geo.NearMM(r.Mean(), around.Mean()) <= withinMM+spreadMM(r)+spreadMM(around) {
			out = append(out, n)
		}
	}
	return out
}

// found is everything that judge says of the play.
func (p *play) found() []trucewatch.Finding {
	out := Incident(p.input)
	self := Neighbour{Incident: p.input.Incident, Members: p.input.Members}
	for i := range p.input.Notices {
		out = append(out, Contradicted(NoticeInput{Terms: p.input.Terms, Notice: &p.input.Notices[i], Seen: []Neighbour{self}, Facts: p.input.Facts, Index: 9})...)
	}
	out = append(out, Orders(p.input.Terms, p.input.Facts, 9)...)
	if p.miss != nil {
		out = append(out, Missed(p.input.Terms, *p.miss, 9)...)
	}
	return out
}

func (p *play) check(name, want string) {
	found := p.found()
	var f *trucewatch.Finding
	var listed []string
	say := func(format string, args ...any) {
		text := ""
		if f != nil {
			text = "\n" + Explain(f, "en")
		}
		p.t.Errorf("%s: %s%s", name, fmt.Sprintf(format, args...), text)
	}
	for line := range strings.Lines(want) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
			continue
		case "none":
			f = nil
			if i := slices.IndexFunc(found, func(g trucewatch.Finding) bool { return string(g.Act) == rest }); i >= 0 {
				f = &found[i]
				say("%s was found", rest)
			}
		case "reason", "change", "weight", "party", "severity", "quantity", "duplicate":
			if f != nil {
				p.checkLine(f, word, rest, say)
			}
		default:
			listed = append(listed, word)
			i := slices.IndexFunc(found, func(g trucewatch.Finding) bool { return string(g.ID) == word })
			if f = nil; i < 0 {
				say("no finding %s among %v", word, ids(found))
				continue
			}
			f = &found[i]
			if string(f.Result) != rest {
				say("%s, want %s", f.Result, rest)
			}
		}
	}
	for i := range found {
		if !slices.Contains(listed, string(found[i].ID)) {
			f = &found[i]
			say("%s was not expected", f.ID)
		}
	}
}

func (p *play) checkLine(f *trucewatch.Finding, word, rest string, say func(string, ...any)) {
	bad := false
	switch word {
	case "reason":
		bad = !says(f.Reasons, rest)
	case "change":
		bad = !strings.Contains(strings.Join(f.WouldChange, "\n"), rest)
	case "weight":
		bad = !strings.Contains(strings.Join(f.Aggravated, "\n"), rest)
	case "party":
		bad = string(f.Attribution.Party)+" "+f.Attribution.Level != rest
	case "severity":
		bad = digits(f.Severity) != rest
	case "quantity":
		bad = digits(f.Quantity) != rest
	case "duplicate":
		bad = !f.Duplicate
	}
	if bad {
		say("%s is not %q", word, rest)
	}
}

func ids(found []trucewatch.Finding) []trucewatch.FindingID {
	var out []trucewatch.FindingID
	for _, f := range found {
		out = append(out, f.ID)
	}
	return out
}
