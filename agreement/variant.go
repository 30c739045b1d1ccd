// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// A source is the text from which readings are made.
type source struct {
	top   *yaml.Node
	files []File
	edits [][][]edit // by question and reading
}

// An edit is one key that a reading reads otherwise.
type edit struct {
	path  string
	key   *yaml.Node // where the reading says so
	value *yaml.Node
}

// Variants returns the readings of the text that remain once some questions are
// settled: one for each way in which a party reads it, times the spans in which
// it is said to be in force; at least one. A party that says nothing of an open
// question takes the text as it stands; a reading that nobody holds is a variant
// of its own, with every other question as the text stands. They are never
// combined beyond that: with parties A and B there are about two.
//
// Variants(nil), and the settled questions of an agreement that Settle made, cost
// nothing; others cost a parse of the text for each. Questions or readings that
// the text does not have are left out; so are settlements that cannot stand
// together, which Settle refuses.
func (a *Agreement) Variants(settled []Settled) []Variant {
	if len(settled) == 0 || slices.Equal(settled, a.settled) {
		return a.variants
	}
	known := slices.DeleteFunc(slices.Clone(settled), func(s Settled) bool { return !a.HasReading(s) })
	if b, err := a.Settle(known); err == nil {
		return b.variants
	}
	return a.variants
}

// Settle returns the same text, under the same hash, with these questions
// settled besides those that already are. It refuses a question or reading that
// the text does not have, a question settled twice in different ways, and
// readings that cannot stand together; the error wraps trucewatch.ErrInvalid.
func (a *Agreement) Settle(settled []Settled) (*Agreement, error) {
	all := slices.Clone(a.settled)
	for _, s := range settled {
		if !a.HasReading(s) {
			return nil, fmt.Errorf("agreement %s: %w: the text has no question %q with a reading %q", a.ID, trucewatch.ErrInvalid, s.Question, s.Reading)
		}
		if was := answer(all, s.Question); was != "" && was != s.Reading {
			return nil, fmt.Errorf("agreement %s: %w: question %q is settled as %q and as %q", a.ID, trucewatch.ErrInvalid, s.Question, was, s.Reading)
		} else if was == "" {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(s, t Settled) int { return cmp.Compare(s.Question, t.Question) })
	b, err := a.read(all)
	if err != nil {
		return nil, err
	}
	b.settled = all
	b.variants, err = a.readings(all)
	return b, err
}

// Settled returns the questions that have one reading in this agreement, by
// question.
func (a *Agreement) Settled() []Settled { return a.settled }

// Question returns the question with an ID, nil if there is none.
func (a *Agreement) Question(id string) *Question {
	return find(a.Questions, func(q *Question) bool { return q.ID == id })
}

func (q *Question) reading(id string) *TermReading {
	return find(q.Readings, func(t *TermReading) bool { return t.ID == id })
}

// HasReading says whether the text has a reading of a question.
func (a *Agreement) HasReading(s Settled) bool {
	q := a.Question(s.Question)
	return q != nil && q.reading(s.Reading) != nil
}

// answer returns the reading of a question, empty if it is not among them.
func answer(of []Settled, question string) string {
	for _, s := range of {
		if s.Question == question {
			return s.Reading
		}
	}
	return ""
}

// A voice is one way to answer all open questions.
type voice struct {
	name    string
	heldBy  []trucewatch.PartyID
	answers []Settled
}

// voices returns the ways to answer the questions that are not settled. Ways that
// come to the same text are one.
func (a *Agreement) voices(settled []Settled) []voice {
	open := slices.DeleteFunc(slices.Clone(a.Questions), func(q Question) bool { return answer(settled, q.ID) != "" })
	var out []voice
	add := func(v voice) {
		effect := a.effect(v.answers)
		if i := slices.IndexFunc(out, func(o voice) bool { return a.effect(o.answers) == effect }); i < 0 {
			out = append(out, v)
		} else if len(v.heldBy) > 0 {
			out[i].heldBy = append(out[i].heldBy, v.heldBy...)
		}
	}
	for _, p := range a.PartyIDs {
		v := voice{answers: slices.Clone(settled)}
		for _, q := range open {
			if t := find(q.Readings, func(t *TermReading) bool { return slices.Contains(t.HeldBy, p) }); t != nil {
				v.answers, v.heldBy = append(v.answers, Settled{q.ID, t.ID}), []trucewatch.PartyID{p}
			}
		}
		v.name = "text" // what a party that says nothing takes
		add(v)
	}
	for _, q := range open {
		for _, t := range q.Readings {
			if len(t.HeldBy) == 0 {
				add(voice{name: q.ID + "-" + t.ID, answers: append(slices.Clone(settled), Settled{q.ID, t.ID})})
			}
		}
	}
	if len(out) == 1 {
		out[0].name = ""
		return out
	}
	for i := range out {
		if len(out[i].heldBy) > 0 {
			out[i].name = strings.ReplaceAll(enumerate(out[i].heldBy), ", ", "-")
		}
	}
	return out
}

// effect writes what answers change in the text: equal effects are one reading.
func (a *Agreement) effect(answers []Settled) string {
	var changes []string
	for _, s := range answers {
		for _, e := range a.source.of(a, s) {
			is, _ := resolve(a.source.top, e.path)
			if value := canonical(e.value); is == nil || canonical(is) != value {
				changes = append(changes, e.path+"="+value)
			}
		}
	}
	slices.Sort(changes)
	return strings.Join(changes, "\n")
}

// of returns the edits of one reading.
func (s *source) of(a *Agreement, settled Settled) []edit {
	q := slices.IndexFunc(a.Questions, func(q Question) bool { return q.ID == settled.Question })
	if q < 0 {
		return nil
	}
	t := slices.IndexFunc(a.Questions[q].Readings, func(t TermReading) bool { return t.ID == settled.Reading })
	if t < 0 {
		return nil
	}
	return s.edits[q][t]
}

// readings makes the variants that remain once questions are settled.
func (a *Agreement) readings(settled []Settled) ([]Variant, error) {
	var out []Variant
	for _, v := range a.voices(settled) {
		read, err := a.read(v.answers)
		if err != nil {
			return nil, err
		}
		for _, span := range read.Spans {
			one := *read
			one.Spans = []trucewatch.Reading{span}
			one.settled = v.answers
			name := strings.Trim(v.name+"."+span.ID, ".")
			variant := Variant{Reading: name, HeldBy: v.heldBy, Answers: a.differing(v.answers, settled), Span: span.Span, Basis: a.basis(v.answers, settled, span.Basis)}
			one.variants = []Variant{variant}
			one.variants[0].Agreement = &one
			out = append(out, one.variants[0])
		}
	}
	return out, nil
}

// differing returns the answers that are not settled.
func (a *Agreement) differing(answers, settled []Settled) []Settled {
	return slices.DeleteFunc(slices.Clone(answers), func(s Settled) bool { return answer(settled, s.Question) != "" })
}

// basis joins where each open question is answered so.
func (a *Agreement) basis(answers, settled []Settled, span string) string {
	var parts []string
	for _, s := range a.differing(answers, settled) {
		if t := a.Question(s.Question).reading(s.Reading); t.Basis != "" {
			parts = append(parts, t.Basis)
		}
	}
	if span != "" {
		parts = append(parts, span)
	}
	return strings.Join(parts, "; ")
}

// read parses the text with answers in place of what it says; without edits it
// is the text as it stands.
func (a *Agreement) read(answers []Settled) (*Agreement, error) {
	top := a.source.top
	for _, s := range answers {
		for _, e := range a.source.of(a, s) {
			top = put(top, e)
		}
	}
	if top == a.source.top {
		same := *a
		return &same, nil
	}
	r := &reader{a: &Agreement{}, files: a.source.files}
	r.text(top)
	if err := join(r.problems); err != nil {
		return nil, err
	}
	r.derive()
	r.a.hash, r.a.source = a.hash, a.source
	return r.a, nil
}

// asks makes the variants of the text as it stands, and reports what is wrong
// with a reading where the reading stands. In a text that is not sound itself no
// reading is tried.
func (r *reader) asks(top *yaml.Node) {
	a := r.a
	a.source = source{top: top, files: r.files, edits: r.edits}
	for _, e := range slices.Concat(slices.Concat(r.edits...)...) {
		if err := settable(top, e.path); err != nil {
			r.errorf(e.key, "%v", err)
		}
	}
	if len(r.problems) > 0 {
		return
	}
	for i := range a.Questions {
		q := &a.Questions[i]
		differ := false
		for j := range q.Readings {
			differ = differ || a.effect([]Settled{{q.ID, q.Readings[j].ID}}) != a.effect([]Settled{{q.ID, q.Readings[0].ID}})
			r.stands(i, j)
		}
		if !differ {
			r.errorf(r.questionNodes[i], "question %q: every reading comes to the same text, so nothing is asked: let set change a key", q.ID)
		}
	}
	if len(r.problems) > 0 {
		return
	}
	var err error
	if a.variants, err = a.readings(nil); err != nil {
		r.errorf(r.questionNodes[0], "readings that a party holds cannot stand together: %v", err)
	}
}

// stands refuses a reading under which the text is not sound. The problems of a
// value that the reading sets stand where it stands; those of another part of the
// text are told at the reading.
func (r *reader) stands(question, reading int) {
	q := &r.a.Questions[question]
	edits := r.edits[question][reading]
	top := r.a.source.top
	for _, e := range edits {
		top = put(top, e)
	}
	sub := &reader{a: &Agreement{}, files: r.files}
	sub.text(top)
	for _, p := range sub.problems {
		// The text as it stands is sound: a reading without edits has no problem.
		first, last := edits[0].key, edits[len(edits)-1].value
		if p.File == MainFile && p.Line >= first.Line && p.Line <= last.Line {
			r.problems = append(r.problems, p)
			continue
		}
		r.errorf(first, "reading %q of question %q makes the text unsound: %v", q.Readings[reading].ID, q.ID, p)
	}
}

// settable refuses paths that lead nowhere, or to what makes this agreement this
// agreement.
func settable(top *yaml.Node, path string) error {
	for _, fixed := range []string{"schema", "status", "simulated", "questions", "parties", "agreement.id", "agreement.version", "agreement.parties", "agreement.title"} {
		if path == fixed || strings.HasPrefix(path, fixed+".") {
			return fmt.Errorf("%s is what every reading has in common: it is not read otherwise", fixed)
		}
	}
	if strings.HasSuffix(path, ".id") {
		return fmt.Errorf("%s: a name is not read otherwise", clip(path))
	}
	if _, broken := resolve(top, path); broken != "" {
		return fmt.Errorf("the text has no %s: a path is made of keys, and of IDs in lists, such as weapons.mortar.withdraw_km", clip(broken))
	}
	return nil
}

// resolve returns the value at a path, nil if its last key is not set, and the
// part of the path that leads nowhere.
func resolve(n *yaml.Node, path string) (found *yaml.Node, broken string) {
	i, rest := step(n, path)
	switch {
	case i >= 0 && rest == "":
		return n.Content[i], ""
	case i >= 0:
		found, broken = resolve(n.Content[i], rest)
		if broken != "" {
			broken = strings.TrimSuffix(path, rest) + broken
		}
		return found, broken
	case n.Kind == yaml.MappingNode && !strings.Contains(path, "."):
		return nil, ""
	}
	return nil, path
}

// step returns the index of the content that the path's first part names, and
// what follows it; -1 if there is none. IDs may hold dots: the longest fits.
func step(n *yaml.Node, path string) (index int, rest string) {
	index, longest := -1, -1
	try := func(i int, name string) {
		if after, ok := strings.CutPrefix(path, name); ok && len(name) > longest && name != "" && (after == "" || after[0] == '.') {
			index, longest, rest = i, len(name), strings.TrimPrefix(after, ".")
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			try(i+1, n.Content[i].Value)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			if c.Kind == yaml.MappingNode && hasKey(c, "id") {
				try(i, child(c, "id").Value)
			}
		}
	}
	return index, rest
}

// put returns a copy of the tree with an edit made: what the path does not touch
// is shared.
func put(n *yaml.Node, e edit) *yaml.Node {
	same := *n
	same.Content = slices.Clone(n.Content)
	i, rest := step(n, e.path)
	switch {
	case i >= 0 && rest == "":
		same.Content[i] = e.value
	case i >= 0:
		same.Content[i] = put(n.Content[i], edit{rest, e.key, e.value})
	default: // a key that the text leaves out
		key := *e.key
		key.Value = e.path
		same.Content = append(same.Content, &key, e.value)
	}
	return &same
}

// canonical writes a value so that equal values are equal texts, wherever they
// stand.
func canonical(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.ShortTag() + " " + n.Value
	}
	parts := make([]string, 0, len(n.Content))
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, n.Content[i].Value+": "+canonical(n.Content[i+1]))
		}
		slices.Sort(parts)
	} else {
		for _, c := range n.Content {
			parts = append(parts, canonical(c))
		}
	}
	return fmt.Sprintf("%d%q", n.Kind, parts)
}
