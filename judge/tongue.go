// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"

	"github.com/trucewatch/trucewatch"
)

// A tongue is what findings say in one language: fixed words by key, and the
// sentences of reasons by their English. The blanks of a told sentence are {1},
// {2} and so on, because languages order them differently.
type tongue struct {
	words map[string]string
	told  []told // empty: the sentences are told as they are stored
}

// A told is a sentence in another language.
type told struct{ english, text string }

// tongueOf returns the tongue of a language, English if there is none.
func tongueOf(language string) *tongue {
	switch language {
	case "uk":
		return &ukrainian
	case "ru":
		return &russian
	}
	return &english
}

// word writes a fixed word or a word of a vocabulary.
func (in *tongue) word(key string) string {
	if w, ok := in.words[key]; ok {
		return w
	}
	return plain(key)
}

// sentences writes several sentences in a row.
func (in *tongue) sentences(of []string) string {
	out := make([]string, 0, len(of))
	for _, s := range of {
		out = append(out, in.sentence(s))
	}
	return strings.Join(out, "; ")
}

// leastLetters is how many letters of its own a template must have to be looked
// for in what fills a blank: shorter ones fit anything.
const leastLetters = 12

// sentence tells a sentence of a reason. One that is none of ours, such as a
// quoted text, stays as it is.
func (in *tongue) sentence(s string) string {
	return in.tell(s, 0)
}

func (in *tongue) tell(s string, least int) string {
	var best *told
	var blanks []string
	letters := -1
	for i := range in.told {
		t := &in.told[i]
		own := len(t.english) - 2*strings.Count(t.english, "%s")
		if own < least || own <= letters {
			continue
		}
		if b, fits := takeApart(t.english, s); fits {
			best, blanks, letters = t, b, own
		}
	}
	if best == nil {
		if parts := strings.Split(s, "; "); len(parts) > 1 {
			for i, p := range parts {
				parts[i] = in.tell(p, least)
			}
			return strings.Join(parts, "; ")
		}
		return in.vocabulary(s)
	}
	out := best.text
	for i, b := range blanks {
		out = strings.Replace(out, "{"+digits(i+1)+"}", in.tell(b, leastLetters), 1)
	}
	return out
}

// vocabulary tells words of the vocabularies, alone or listed.
func (in *tongue) vocabulary(s string) string {
	if w, ok := in.words[s]; ok {
		return w
	}
	for _, joint := range []string{"; ", ", ", " or ", " and ", " ± ", " to "} {
		if parts := strings.Split(s, joint); len(parts) > 1 {
			for i, p := range parts {
				parts[i] = in.vocabulary(p)
			}
			if w, ok := in.words[joint]; ok {
				joint = w
			}
			return strings.Join(parts, joint)
		}
	}
	for _, before := range []string{"from ", "until "} {
		if rest, found := strings.CutPrefix(s, before); found && in.words[before] != "" {
			return in.words[before] + rest
		}
	}
	return s
}

// takeApart returns what fills the blanks of a template, each as short as can be
// but for the last.
func takeApart(template, sentence string) (blanks []string, ok bool) {
	parts := strings.Split(template, "%s")
	rest, ok := strings.CutPrefix(sentence, parts[0])
	if !ok {
		return nil, false
	}
	for i, part := range parts[1:] {
		at := strings.Index(rest, part)
		if i == len(parts)-2 {
			at = len(rest) - len(part)
			if !strings.HasSuffix(rest, part) {
				return nil, false
			}
		}
		if at < 0 {
			return nil, false
		}
		blanks = append(blanks, rest[:at])
		rest = rest[at+len(part):]
	}
	return blanks, rest == ""
}

// span writes an interval in UTC.
func (in *tongue) span(v trucewatch.Interval) string {
	return in.vocabulary(span(v))
}
