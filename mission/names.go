// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"
	"unicode"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// plainName refuses a new identifier that people would take for another: with characters that are not seen, or with letters of two scripts in
// one word ("r\u0430dar" with a Cyrillic a). Two sources weigh more than one.
// Source: Unicode Technical Standard 39, section 5.1.
func plainName(what, id string) error {
	var word *unicode.RangeTable
	for _, r := range id {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%s %+q: an identifier has no characters that are not seen", what, id)
		}
		if !unicode.IsLetter(r) {
			word = nil
			continue
		}
		for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian} {
			if !unicode.Is(script, r) {
				continue
			}
			if word != nil && word != script {
				return fmt.Errorf("%s %+q: letters of two scripts stand in one word, which people take for another", what, id)
			}
			word = script
		}
	}
	return nil
}

// plainNames holds the names that an entry brings, of offices, devices and
// organisations, to plainName, and refuses one that looks like another's.
func (m *Mission) plainNames(p *trucewatch.Payload) error {
	if k := p.Key; k != nil {
		if err := plainName("key", k.Name); err != nil {
			return err
		}
		for _, other := range m.Keys() {
			if other.Name != k.Name && intake.Skeleton(other.Name) == intake.Skeleton(k.Name) {
				return fmt.Errorf("key %+q: its name looks like that of %+q, and is another", k.Name, other.Name)
			}
		}
	}
	if p.Policy == nil {
		return nil
	}
	seen := map[string]string{}
	for _, o := range p.Policy.Organisations {
		if err := plainName("organisation", o.Name); err != nil {
			return err
		}
		if other, known := seen[intake.Skeleton(o.Name)]; known && other != o.Name {
			return fmt.Errorf("organisation %+q: its name looks like %+q, and is another", o.Name, other)
		}
		seen[intake.Skeleton(o.Name)] = o.Name
	}
	return nil
}
