// SPDX-License-Identifier: Apache-2.0

package count

import (
	"errors"
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// ErrUnlike is wrapped by every refusal to compare or add.
var ErrUnlike = errors.New("are not the same thing")

// SideGapMost is by which share of the larger one what was observed of two sides may
// differ before their counts are shown only with a warning.
//
// Guess: a tenth; with equal fire it makes one side's count a tenth larger. Test:
// readers who are asked which side fired more.
const SideGapMost trucewatch.PPM = 100_000

// unlike returns why two numbers are not the same thing, nil if they are.
func unlike(deed string, a, b trucewatch.Number) error {
	if a.Layer == b.Layer && a.Rule == b.Rule && a.Unit == b.Unit && a.What == b.What {
		return nil
	}
	return fmt.Errorf("count: refuse to %s: %s and %s %w", deed, said(a), said(b), ErrUnlike)
}

// said writes a number with what makes it what it is: "12 engagements (fire) by
// rule agr-line-2026/3".
func said(n trucewatch.Number) string {
	rule, _, _ := strings.Cut(n.Rule, ": ")
	noun := n.Layer
	switch {
	case n.Layer == PhenomenonLayer && n.Value != 1:
		noun = "phenomena"
	case n.Value != 1:
		noun += "s"
	}
	return fmt.Sprintf("%d %s (%s) by rule %s", n.Value, noun, n.What, rule)
}

// A Difference is two numbers of one thing side by side.
type Difference struct {
	A, B trucewatch.Number
	More int64  // of B than of A
	Text string // with what a reader must know before concluding
}

// Compare sets a number beside an earlier one. Numbers of another layer, rule,
// unit or thing are refused; the error wraps ErrUnlike and says so in words.
func Compare(a, b trucewatch.Number) (Difference, error) {
	if err := unlike("compare", a, b); err != nil {
		return Difference{}, err
	}
	d := Difference{A: a, B: b, More: b.Value - a.Value}
	switch {
	case a.Coverage == "" || b.Coverage == "":
		d.Text = fmt.Sprintf("%d, then %d; what could have been seen is not said, so nothing follows.", a.Value, b.Value)
	case a.Rate == nil || b.Rate == nil:
		d.Text = fmt.Sprintf("%d, then %d; %s, so nothing follows.", a.Value, b.Value, blind(a, b))
	case b.Rate.Low > a.Rate.High:
		d.Text = fmt.Sprintf("%d, then %d: more in each observed hour.", a.Value, b.Value)
	case b.Rate.High < a.Rate.Low:
		d.Text = fmt.Sprintf("%d, then %d: fewer in each observed hour.", a.Value, b.Value)
	default:
		d.Text = fmt.Sprintf("%d, then %d: whether there were more or fewer cannot be told from what was observed.", a.Value, b.Value)
	}
	return d, nil
}

// blind says of which of two numbers nothing could be seen.
func blind(a, b trucewatch.Number) string {
	word := a.Coverage
	if a.Rate != nil {
		word = b.Coverage
	}
	if word == "unknown" {
		return "no source says what it could see"
	}
	return "nobody looked"
}

// Add adds numbers of one thing, such as those of two regions. The sum carries no
// coverage: that of unlike grounds is asked of the ground, not added. Numbers of
// another layer, rule, unit or thing are refused as by Compare.
func Add(numbers ...trucewatch.Number) (trucewatch.Number, error) {
	if len(numbers) == 0 {
		return trucewatch.Number{}, fmt.Errorf("count: refuse to add: %w: no numbers", trucewatch.ErrInvalid)
	}
	out := numbers[0]
	out.Previous, out.Coverage, out.Observed, out.Rate = nil, "", 0, nil
	for _, n := range numbers[1:] {
		if err := unlike("add", numbers[0], n); err != nil {
			return trucewatch.Number{}, err
		}
		out.Value += n.Value
		out.AtLeast = out.AtLeast || n.AtLeast
	}
	return out, nil
}

// Statement says a number in one sentence, with what could have been seen.
// "Observed none" and "nobody looked" are different.
func Statement(n trucewatch.Number) string {
	least := ""
	if n.AtLeast {
		least = "at least "
	}
	value := fmt.Sprintf("%s%d", least, n.Value)
	switch {
	case n.Coverage == "":
		return value + "; what could have been seen is not said"
	case n.Coverage == "nobody_looked" && n.Value == 0:
		return "nobody looked"
	case n.Coverage == "nobody_looked":
		return value + ", by sources that say that they saw nothing else; nobody looked on purpose"
	case n.Coverage == "unknown" && n.Value == 0:
		return "nothing was reported; no source says what it could see"
	case n.Coverage == "unknown":
		return value + " reported; no source says what it could see"
	case n.Value == 0 && n.Coverage == "watched":
		return "observed none: the ground was watched"
	case n.Value == 0:
		return fmt.Sprintf("observed none, of 100 events about %d would have been noticed", max(1, n.Observed/10_000))
	case n.Coverage == "partly":
		return fmt.Sprintf("%s observed; of 100 events about %d would have been noticed", value, max(1, n.Observed/10_000))
	}
	return value + " observed: the ground was watched"
}

// A Side is a number of one party.
type Side struct {
	Party  trucewatch.PartyID
	Number trucewatch.Number
}

// Sides are the numbers of two parties and what must stand beside them.
type Sides struct {
	A, B   Side
	Caveat string // "" if what was observed of both is alike
}

// PerSide sets the counts of two parties side by side. It refuses, with an error
// that wraps ErrUnlike, numbers of another layer, rule, unit or thing, and numbers
// of which nobody knows what could have been seen of one side: a comparison would
// then show who is watched, not who fires. Where what was observed of the sides
// differs by more than SideGapMost the numbers come with a caveat, and must not be
// shown without it.
func PerSide(a, b Side) (Sides, error) {
	if err := unlike("compare sides", a.Number, b.Number); err != nil {
		return Sides{}, err
	}
	for _, s := range []Side{a, b} {
		if s.Number.Rate == nil {
			return Sides{}, fmt.Errorf("count: refuse to compare sides: %s: %w: of side %s nobody can say what could have been seen", said(s.Number), ErrUnlike, s.Party)
		}
	}
	out := Sides{A: a, B: b}
	more, less := a, b
	if more.Number.Observed < less.Number.Observed {
		more, less = less, more
	}
	if gap := more.Number.Observed - less.Number.Observed; int64(gap)*geo.Million > int64(SideGapMost)*int64(more.Number.Observed) {
		events, per := "100", trucewatch.PPM(10_000)
		if less.Number.Observed < 10*per { // otherwise both may round to one figure
			events, per = "10,000", 100
		}
		out.Caveat = fmt.Sprintf("side %s was watched more than side %s: of %s events about %d against about %d would have been noticed; the counts do not show who did more",
			more.Party, less.Party, events, max(1, more.Number.Observed/per), max(1, less.Number.Observed/per))
	}
	return out, nil
}

// Sentence says both numbers, on whose ground each is, and what must stand beside
// them.
func (s Sides) Sentence() string {
	out := fmt.Sprintf("on the side of %s: %s; on the side of %s: %s", s.A.Party, Statement(s.A.Number), s.B.Party, Statement(s.B.Number))
	if s.Caveat != "" {
		out += "; " + s.Caveat
	}
	return out + "; where fire was seen does not say who fired"
}
