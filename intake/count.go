// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// countWords are the qualifiers of mission reports, longest first where one is
// the beginning of another. "Nearly 3,000" is taken as about, not at most: the
// speaker gives a size and no bound. "Over 3,300" is taken as at least 3,300.
var countWords = []struct {
	words     string
	qualifier trucewatch.Qualifier
}{
	{"no fewer than", trucewatch.AtLeast}, {"not less than", trucewatch.AtLeast}, {"at least", trucewatch.AtLeast},
	{"more than", trucewatch.AtLeast}, {"over", trucewatch.AtLeast},
	{"no more than", trucewatch.AtMost}, {"not more than", trucewatch.AtMost}, {"at most", trucewatch.AtMost},
	{"up to", trucewatch.AtMost}, {"fewer than", trucewatch.AtMost}, {"less than", trucewatch.AtMost},
	{"approximately", trucewatch.About}, {"approx.", trucewatch.About}, {"around", trucewatch.About}, {"about", trucewatch.About},
	{"nearly", trucewatch.About}, {"almost", trucewatch.About}, {"some", trucewatch.About}, {"ca.", trucewatch.About}, {"~", trucewatch.About},
	{"exactly", trucewatch.Exact},
}

var countFillers = []string{"a total of", "in total", "an additional", "additional", "another", "an aggregated total of"}

var multipleWords = []string{"multiple", "several", "numerous", "many", "a number of", "dozens of", "a few", "a series of"}

var numberWords = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
	"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"}

// ParseCount reads a number as reports word it: "14", "about 80", "at least
// 15,800", "15-20 explosions", "three-five", "multiple", "four bursts". A noun
// may follow the number, and a remark in parentheses; a second number outside
// them is refused, because it is not clear which one is meant. The unit is left
// empty.
func ParseCount(s string) (trucewatch.Count, error) {
	whole := s
	s = strings.TrimSpace(strings.ToLower(s))
	if s == "" {
		return trucewatch.Count{}, fmt.Errorf("count: missing")
	}
	for _, w := range multipleWords {
		if rest, ok := cutWords(s, w); ok && !strings.ContainsAny(rest, "0123456789") {
			return trucewatch.Count{Qualifier: trucewatch.Multiple}, nil
		}
	}
	c := trucewatch.Count{Qualifier: trucewatch.Exact}
	s = cutFillers(s)
	for _, w := range countWords {
		if rest, ok := cutWords(s, w.words); ok {
			s, c.Qualifier = cutFillers(rest), w.qualifier
			break
		}
	}
	n, rest, ok := cutNumber(s)
	if !ok {
		return trucewatch.Count{}, fmt.Errorf("count: %q does not begin with a number", trucewatch.CutText(whole, 80))
	}
	c.Value = n
	if high, after, ok := cutRange(rest); ok {
		if high <= n {
			return trucewatch.Count{}, fmt.Errorf("count: %q is a range that does not rise", trucewatch.CutText(whole, 80))
		}
		c.High, rest = high, after
	}
	if err := checkCountRest(rest); err != nil {
		return trucewatch.Count{}, fmt.Errorf("count: %q: %w", trucewatch.CutText(whole, 80), err)
	}
	if max(c.Value, c.High) > trucewatch.CountMax {
		return trucewatch.Count{}, fmt.Errorf("count: %q is more than %d", trucewatch.CutText(whole, 80), trucewatch.CountMax)
	}
	return c, nil
}

// cutWords cuts words and the space behind them off the beginning of s.
func cutWords(s, words string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(s, words)
	if !ok || words == "~" {
		return strings.TrimSpace(rest), ok
	}
	if rest == "" || rest[0] == ' ' {
		return strings.TrimSpace(rest), true
	}
	return s, false
}

func cutFillers(s string) string {
	for _, f := range countFillers {
		if rest, ok := cutWords(s, f); ok {
			return rest
		}
	}
	return s
}

// cutNumber cuts a whole number off the beginning of s: digits, with commas or
// thin spaces at the thousands, or a word up to twenty.
func cutNumber(s string) (n int64, rest string, ok bool) {
	word := s
	if i := strings.IndexFunc(s, func(c rune) bool { return c < 'a' || c > 'z' }); i >= 0 {
		word = s[:i]
	}
	for i, w := range numberWords {
		if w == word {
			return int64(i), s[len(word):], true
		}
	}
	return cutDigits(s)
}

func cutDigits(s string) (n int64, rest string, ok bool) {
	i := digits(s)
	if i == 0 || i > 10 {
		return 0, s, false
	}
	n = decimal(s[:i])
	rest = s[i:]
	for i <= 3 {
		after, grouped := cutThousands(rest)
		if !grouped || digits(after) != 3 {
			break
		}
		n, rest = n*1000+decimal(after[:3]), after[3:]
		if n > trucewatch.CountMax {
			return n, rest, true // refused by the caller, before it overflows
		}
	}
	if len(rest) > 1 && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9' {
		return 0, s, false
	}
	return n, rest, true
}

// cutThousands cuts one sign of thousands: a comma, a no-break or a narrow
// no-break space. A point is refused: "4.900" may be 4.9.
func cutThousands(s string) (rest string, ok bool) {
	for _, sep := range []string{",", "\u00A0", "\u202F"} {
		if rest, ok := strings.CutPrefix(s, sep); ok {
			return rest, true
		}
	}
	return s, false
}

func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// decimal reads digits alone, 18 at most.
func decimal(s string) int64 {
	n := int64(0)
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n
}

// cutRange cuts "-20", " to 20" or "–five" off the beginning of s.
func cutRange(s string) (high int64, rest string, ok bool) {
	for _, sep := range []string{"-", "\u2013", " - ", " \u2013 ", " to ", " or "} {
		if after, found := strings.CutPrefix(s, sep); found {
			if high, rest, ok = cutNumber(after); ok {
				return high, rest, true
			}
		}
	}
	return 0, s, false
}

func checkCountRest(rest string) error {
	if i := strings.IndexByte(rest, '('); i >= 0 && strings.HasSuffix(rest, ")") {
		rest = rest[:i]
	}
	if rest != "" && rest[0] != ' ' {
		return fmt.Errorf("%q stands behind the number", trucewatch.CutText(rest, 40))
	}
	for word := range strings.FieldsSeq(rest) {
		word = strings.Trim(word, ".,;:-")
		if strings.ContainsAny(word, "0123456789") {
			return fmt.Errorf("a second number, %q", trucewatch.CutText(word, 40))
		}
		for _, w := range numberWords[2:] {
			if w == word {
				return fmt.Errorf("a second number, %q", word)
			}
		}
	}
	return nil
}

// QualifiedCount reads a count whose qualifier may stand in a column of its own.
// Words that say one thing and a column that says another are refused.
func QualifiedCount(words, qualifier string) (trucewatch.Count, error) {
	if qualifier == string(trucewatch.Multiple) && (strings.TrimSpace(words) == "" || words == "0") {
		return trucewatch.Count{Qualifier: trucewatch.Multiple}, nil
	}
	c, err := ParseCount(words)
	if err != nil || qualifier == "" {
		return c, err
	}
	q := trucewatch.Qualifier(qualifier)
	if !slices.Contains(trucewatch.Qualifiers(), q) {
		return c, fmt.Errorf("qualifier: %q is not one of %s", trucewatch.CutText(qualifier, 40), strings.Join(Words(trucewatch.Qualifiers()), ", "))
	}
	if c.Qualifier != trucewatch.Exact && c.Qualifier != q {
		return c, fmt.Errorf("count: %q says %s and the qualifier %s", trucewatch.CutText(words, 80), c.Qualifier, q)
	}
	if q == trucewatch.Multiple && c.Value != 0 {
		return c, fmt.Errorf("count: %q with the qualifier multiple, which means uncounted", trucewatch.CutText(words, 80))
	}
	c.Qualifier = q
	return c, nil
}
