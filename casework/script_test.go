// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// commission is an agreement with two parties and two bodies, as in the example
// agreement. Its places are in the empty South Pacific.
func commission() *agreement.Agreement {
	return &agreement.Agreement{
		ID: "agr-test", PartyIDs: []trucewatch.PartyID{"A", "B"}, Clocks: clocks(),
		Acts: []agreement.Act{{ID: "K1", Severity: 2}, {ID: "K2", Severity: 3}, {ID: "C2", Severity: 4}, {ID: "I2", Severity: 1}},
		Bodies: []agreement.Body{
			{ID: "mission", Role: []string{"monitor"}},
			{ID: "special_commission", Members: []string{"G1", "G2", "MISSION"}, DecidesBy: "majority", MeetsOnCallIn: 24 * trucewatch.Hour,
				Powers: []string{"attribute", "remedies"}},
			{ID: "joint_commission", Members: []string{"A", "B"}, DecidesBy: "consensus", MeetsEvery: 7 * trucewatch.Day, GoesUpTo: "special_commission"},
		},
	}
}

// levels is an agreement with four levels of commission, one above the other, and a
// time by which discipline is to be reported.
func levels() *agreement.Agreement {
	a := commission()
	a.Clocks = append(a.Clocks, agreement.Clock{ID: "discipline", After: 40 * trucewatch.Hour, From: "service"})
	a.Bodies = nil
	for i, id := range []string{"local", "joint", "area", "presidency"} {
		b := agreement.Body{ID: id, Members: []string{"A", "B", "CHAIR"}, MeetsOnCallIn: 48 * trucewatch.Hour}
		if i < 3 {
			b.GoesUpTo = []string{"joint", "area", "presidency"}[i]
		}
		a.Bodies = append([]agreement.Body{b}, a.Bodies...) // the text names the highest first
	}
	return a
}

// places of the scripts. From mill to ford it is 1.1 km, from mill to town 22 km;
// moor lies between mill and dam, 3.6 km from each.
var places = map[string]geo.Position{
	"mill": {LatE7: -400_000_000, LonE7: -1200_000_000},
	"ford": {LatE7: -399_900_000, LonE7: -1200_000_000},
	"town": {LatE7: -398_000_000, LonE7: -1200_000_000},
	"moor": {LatE7: -400_325_000, LonE7: -1200_000_000},
	"dam":  {LatE7: -400_650_000, LonE7: -1200_000_000},
}

// A play runs one script. Time passes as in a mission: a tick at every instant
// that is due, then the deeds.
type play struct {
	t         *testing.T
	desk      *Desk
	now       trucewatch.Instant
	index     uint64
	missed    []Missed
	incidents map[trucewatch.IncidentID]geo.Region
	files     map[string]string
}

// TestScripts plays testdata/*.txtar. The comment of an archive quotes the source;
// its file "agreement", if there is one, says "four levels"; its file "script" holds deeds and what must follow from them, one a line:
//
//	at +30m                              time passes until 30 minutes after the start
//	finding K2 7 violation 3 [state]     about incident 7, with [against=B] [place=mill] [subject=site:PS-1]
//	serve, answer, step, session, decide, call, fact, notice      what people do
//	! deed => words                      the deed is refused with these words and changes nothing
//	case ID STATE [before=] [severity=]  how a case stands
//	waits, clock, missed, stands, outcome, remedy, agenda, feedback, findings, calls, history
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 13 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, second := playAll(t, archive), playAll(t, archive)
			if a, b := everything(first.desk), everything(second.desk); a != b {
				t.Errorf("the same deeds gave another state:\n%s\n%s", a, b)
			}
		})
	}
}

func playAll(t *testing.T, archive *txtar.Archive) *play {
	t.Helper()
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	terms := commission()
	if strings.Contains(files["agreement"], "four levels") {
		terms = levels()
	}
	p := newPlay(terms)
	p.t, p.files = t, files
	for n, line := range strings.Split(p.files["script"], "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			if err := p.line(line); err != nil {
				t.Fatalf("line %d: %s\n\t%v", n+1, line, err)
			}
		}
	}
	return p
}

// everything writes all that a desk shows, for comparing.
func everything(d *Desk) string {
	var b strings.Builder
	for c := range d.All() {
		fmt.Fprintf(&b, "%s %x\n", c.ID, trucewatch.Encode(c))
	}
	for _, s := range d.Sessions() {
		fmt.Fprintf(&b, "%s %x\n", s.ID, trucewatch.Encode(s))
	}
	for _, r := range d.Rulings() {
		fmt.Fprintf(&b, "%x\n", trucewatch.Encode(r))
	}
	fmt.Fprint(&b, d.NextDue())
	return b.String()
}

func (p *play) line(line string) error {
	if deed, refused := strings.CutPrefix(line, "! "); refused {
		deed, want, _ := strings.Cut(deed, " => ")
		before := everything(p.desk)
		err := p.deed(strings.TrimSpace(deed))
		if err == nil {
			return errors.New("was not refused")
		}
		if got := strings.TrimPrefix(err.Error(), "casework: invalid: "); got != want {
			return fmt.Errorf("refused with %q", got)
		}
		if !errors.Is(err, trucewatch.ErrInvalid) && !errors.Is(err, ErrNoCase) && !errors.Is(err, ErrServed) && !errors.Is(err, ErrClosed) {
			return fmt.Errorf("no error that callers know: %v", err)
		}
		if everything(p.desk) != before {
			return errors.New("was refused and changed something")
		}
		return nil
	}
	verb, _, _ := strings.Cut(line, " ")
	if expect, is := expectations[strings.TrimSuffix(verb, ":")]; is {
		head, want, _ := strings.Cut(line, ":")
		if verb == "case" {
			head, want = line, ""
		}
		return expect(p, strings.Fields(head)[1:], strings.TrimSpace(want))
	}
	return p.deed(line)
}

// deed does what a line says. The desk must be able to say beforehand what it
// does.
func (p *play) deed(line string) error {
	words := strings.Fields(line)
	args := map[string]string{}
	var plain []string
	for _, w := range words[1:] {
		if key, value, named := strings.Cut(w, "="); named {
			args[key] = value
		} else {
			plain = append(plain, w)
		}
	}
	if words[0] == "at" {
		p.at(when(plain[0]))
		return nil
	}
	p.index++
	if words[0] == "finding" {
		p.desk.Findings([]*trucewatch.Finding{p.finding(plain, args)}, p.now, p.index)
		return nil
	}
	payload := p.payload(words[0], plain, args)
	check := p.desk.Check(payload, p.now)
	err := p.enter(payload)
	if fmt.Sprint(check) != fmt.Sprint(err) {
		return fmt.Errorf("Check said %v, the deed %v", check, err)
	}
	return err
}

func (p *play) at(at trucewatch.Instant) {
	for due := p.desk.NextDue(); due != 0 && due <= at; due = p.desk.NextDue() {
		p.tick(max(due, p.now))
	}
	p.tick(at)
	p.now = at
}

func (p *play) tick(at trucewatch.Instant) {
	p.index++
	_, missed := p.desk.Tick(at, p.index)
	p.missed = append(p.missed, missed...)
}

// enter does what a payload enters, as replay does.
func (p *play) enter(e *trucewatch.Payload) (err error) {
	switch {
	case e.Review != nil:
		_, err = p.desk.Serve(e.Review.Case, p.now, p.index)
	case e.Answer != nil:
		_, err = p.desk.Answer(e.Answer, p.now, p.index)
	case e.Step != nil:
		_, err = p.desk.Step(e.Step, p.now, p.index)
	case e.Session != nil:
		_, err = p.desk.Session(e.Session, p.now, p.index)
	case e.Decision != nil:
		_, err = p.desk.Decide(e.Decision, p.now, p.index)
	case e.Activation != nil:
		_, err = p.desk.Activate(e.Activation, p.now, p.index)
	case e.Fact != nil:
		_, err = p.desk.Fact(e.Fact, p.now, p.index)
	case e.Notification != nil:
		p.desk.Notified(e.Notification)
	case e.Interpretation != nil:
		err = p.desk.CheckInterpretation(e.Interpretation)
	}
	return err
}

// when reads "+24h30m" after the start.
func when(s string) trucewatch.Instant {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimPrefix(s, "+"))
	if err != nil {
		panic(err)
	}
	return t0 + trucewatch.Instant(d.Microseconds())
}

// since writes an instant as when reads it.
func since(at trucewatch.Instant) string {
	hours, minutes := (at-t0)/trucewatch.Hour, (at-t0)%trucewatch.Hour/trucewatch.Minute
	switch {
	case minutes == 0:
		return fmt.Sprintf("+%dh", hours)
	case hours == 0:
		return fmt.Sprintf("+%dm", minutes)
	}
	return fmt.Sprintf("+%dh%dm", hours, minutes)
}

func region(place string) geo.Region {
	if place == "" {
		return geo.Region{}
	}
	at, known := places[place]
	if !known {
		panic(place)
	}
	return geo.Circle(at, 100_000)
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (p *play) finding(plain []string, args map[string]string) *trucewatch.Finding {
	number, err := strconv.ParseUint(plain[1], 10, 64)
	severity, err2 := strconv.Atoi(plain[3])
	if err := errors.Join(err, err2); err != nil {
		panic(err)
	}
	f := finding(plain[0], number, trucewatch.Result(plain[2]), severity, append(plain, "preliminary")[4])
	f.Act, f.Attribution.Party = trucewatch.ActID(plain[0]), trucewatch.PartyID(args["against"])
	f.When = trucewatch.Interval{From: p.now, Till: p.now}
	if args["place"] != "" {
		p.incidents[*f.Subject.Incident] = region(args["place"])
	}
	if kind, of, other := strings.Cut(args["subject"], ":"); other {
		f.ID = trucewatch.FindingID(plain[0] + "/" + of)
		f.Subject = trucewatch.Subject{}
		switch kind {
		case "site":
			f.Subject.Site = of
		case "zone":
			f.Subject.Zone = of
		case "duty":
			f.Subject.Duty = of
		case "notice":
			f.Subject.Notice = of
		case "fact":
			f.Subject.Fact = of
		case "case":
			f.Subject.Case = trucewatch.CaseID(of)
		}
	}
	return f
}

func (p *play) payload(verb string, plain []string, args map[string]string) *trucewatch.Payload {
	plain = append(plain, "", "", "", "")
	id := trucewatch.CaseID(plain[0])
	switch verb {
	case "serve":
		return &trucewatch.Payload{Review: &trucewatch.Review{Case: id, Deed: "serve"}}
	case "answer":
		return &trucewatch.Payload{Answer: &trucewatch.Answer{Case: id, Party: trucewatch.PartyID(plain[1]), Says: plain[2],
			Notification: args["notification"], Fact: args["fact"], Until: when(args["until"])}}
	case "step":
		s := &trucewatch.Step{Case: id, Deed: plain[1], By: args["by"], At: p.now, To: args["to"], Ref: args["ref"], ID: args["id"],
			Due: when(args["due"]), Reason: strings.ReplaceAll(args["reason"], "_", " ")}
		if args["at"] != "" {
			s.At = when(args["at"])
		}
		if args["proof"] != "" {
			s.Proof = sha256.Sum256([]byte(args["proof"]))
		}
		return &trucewatch.Payload{Step: s}
	case "session":
		s := &trucewatch.Session{ID: plain[0], Body: plain[1], Deed: plain[2], At: p.now, Present: list(args["present"])}
		for _, c := range list(args["agenda"]) {
			s.Agenda = append(s.Agenda, trucewatch.CaseID(c))
		}
		return &trucewatch.Payload{Session: s}
	case "decide":
		return &trucewatch.Payload{Decision: p.decision(plain, args)}
	case "call":
		a := &trucewatch.Activation{ID: plain[0], From: args["from"], At: p.now, Alleges: "as heard", Act: trucewatch.ActID(args["act"]),
			Against: trucewatch.PartyID(args["against"]), Case: trucewatch.CaseID(args["case"]), Emergency: args["emergency"] != ""}
		a.Where.Region = region(args["place"])
		if args["when"] != "" {
			a.When = trucewatch.Interval{From: when(args["when"]), Till: when(args["when"])}
		}
		if args["code"] != "" {
			a.Feedback = sha256.Sum256([]byte(args["code"]))
		}
		return &trucewatch.Payload{Activation: a}
	case "fact":
		return &trucewatch.Payload{Fact: &trucewatch.Fact{ID: plain[0], Kind: plain[1], Party: trucewatch.PartyID(plain[2]), At: p.now,
			Ref: args["ref"], Confirmed: args["confirmed"]}}
	case "notice":
		return &trucewatch.Payload{Notification: &trucewatch.Notification{ID: plain[0]}}
	case "interpret":
		return &trucewatch.Payload{Interpretation: &trucewatch.Interpretation{ID: plain[0], Question: plain[1], Reading: plain[2], Decision: plain[3]}}
	}
	p.t.Fatalf("no such deed: %s", verb)
	return nil
}

func (p *play) decision(plain []string, args map[string]string) *trucewatch.Decision {
	d := &trucewatch.Decision{ID: plain[0], Body: plain[1], About: plain[2], Case: trucewatch.CaseID(args["case"]), Session: args["session"],
		Question: "?", Party: trucewatch.PartyID(args["party"]), Ref: args["ref"], At: p.now}
	for _, vote := range list(args["votes"]) {
		part := append(strings.Split(vote, ":"), "")
		d.Votes = append(d.Votes, trucewatch.Vote{Member: part[0], Cast: part[1], Dissent: strings.ReplaceAll(part[2], "_", " ")})
	}
	for _, r := range list(args["remedies"]) {
		part := append(strings.Split(r, "/"), "")
		d.Remedies = append(d.Remedies, trucewatch.Remedy{ID: part[0], Party: trucewatch.PartyID(part[1]), What: "to be done", Due: when(part[2])})
	}
	return d
}

// expectations are the lines of a script that say how things must stand.
var expectations = map[string]func(p *play, args []string, want string) error{
	"case": func(p *play, args []string, _ string) error {
		c := p.desk.Case(trucewatch.CaseID(args[0]))
		if c == nil {
			return same("none", args[1])
		}
		got := []string{c.State}
		for _, a := range args[2:] {
			key, _, _ := strings.Cut(a, "=")
			got = append(got, key+"="+map[string]string{"before": c.Before, "severity": strconv.Itoa(c.Severity), "joined": string(c.JoinedTo)}[key])
		}
		return same(strings.Join(got, " "), strings.Join(args[1:], " "))
	},
	"waits": func(p *play, args []string, want string) error {
		return same(strings.Join(p.shown(args[0]).Waits, "; "), want)
	},
	"clock": func(p *play, args []string, want string) error {
		got := "none"
		for _, k := range p.shown(args[0]).Clocks { // the newest stands
			if k.ID == args[1] && (len(args) < 3 || string(k.Party) == args[2]) {
				got = map[bool]string{true: "ran out", false: "due " + since(k.Due)}[k.RanOut]
				if k.Ended != 0 {
					got = "ended " + since(k.Ended) + map[bool]string{true: " late"}[k.RanOut]
				}
			}
		}
		return same(got, want)
	},
	"missed": func(p *play, _ []string, want string) error {
		var got []string
		for _, m := range p.missed {
			got = append(got, named(&m.Clock)+" in "+string(m.Case))
		}
		p.missed = nil
		return same(strings.Join(got, "; "), want)
	},
	"stands": func(p *play, args []string, want string) error {
		a := p.shown(args[0]).AnswerOf(trucewatch.PartyID(args[1]))
		if a == nil {
			return same("nothing", want)
		}
		return same(a.What.Says, want)
	},
	"outcome": func(p *play, args []string, want string) error {
		r := p.desk.Ruling(args[0])
		got := r.Outcome + ", " + r.Why
		for _, v := range r.Decision.Votes {
			if v.Dissent != "" {
				got += "; " + v.Member + " holds that " + v.Dissent
			}
		}
		return same(got, want)
	},
	"remedy": func(p *play, args []string, want string) error {
		return same(remedy(p.shown(args[0]), args[1]).State, want)
	},
	"agenda": func(p *play, args []string, want string) error {
		return same(words(p.desk.Agenda(args[0])), want)
	},
	"session-agenda": func(p *play, args []string, want string) error {
		return same(words(p.desk.sittings[args[0]].Agenda), want)
	},
	"feedback": func(p *play, args []string, want string) error {
		f := p.desk.FeedbackFor(args[0])
		if f == nil {
			return same("nobody's", want)
		}
		got := f.State
		if f.Decided != 0 {
			got += ", decided " + f.Decided.String()
		}
		if f.Closed != 0 {
			got += ", closed " + f.Closed.String()
		}
		return same(got, want)
	},
	"findings": func(p *play, args []string, want string) error {
		return same(words(p.shown(args[0]).Findings), want)
	},
	"calls": func(p *play, args []string, want string) error {
		return same(words(p.shown(args[0]).Activations), want)
	},
	"cases": func(p *play, _ []string, want string) error {
		n := 0
		for range p.desk.All() {
			n++
		}
		return same(strconv.Itoa(n), want)
	},
	"history": func(p *play, args []string, _ string) error {
		var got strings.Builder
		for _, h := range p.shown(args[0]).History {
			fmt.Fprintln(&got, strings.ReplaceAll(h.What, "2026-", ""))
		}
		return same(got.String(), p.files["history "+args[0]])
	},
}

func (p *play) shown(id string) *trucewatch.Case {
	c := p.desk.Case(trucewatch.CaseID(id))
	if c == nil {
		p.t.Fatalf("no case %s", id)
	}
	return c
}

func words[T ~string](list []T) string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return strings.Join(out, " ")
}

func same(got, want string) error {
	if got != want {
		return fmt.Errorf("it is %q", got)
	}
	return nil
}
