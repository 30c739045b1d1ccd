// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// problemsMax bounds how many problems one Parse reports: more help nobody.
const problemsMax = 200

// A Problem is one error of a bundle and where it stands. It wraps
// trucewatch.ErrInvalid.
type Problem struct {
	File         string
	Line, Column int // from 1, columns in characters; 0: the file as a whole
	Message      string
}

// Error writes "agreement.yaml:12:7: unknown key "severty"".
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Unwrap returns trucewatch.ErrInvalid.
func (p *Problem) Unwrap() error { return trucewatch.ErrInvalid }

// join sorts problems by place, the main file first, and joins them into one
// error; nil if there is none.
func join(problems []*Problem) error {
	problems = inOrder(problems)
	var all []error
	for i, p := range problems {
		if i == problemsMax {
			all = append(all, fmt.Errorf("%s: %w: %d problems more", MainFile, trucewatch.ErrInvalid, len(problems)-i))
			break
		}
		all = append(all, p)
	}
	return errors.Join(all...)
}

// inOrder sorts problems by place, the main file first, each once.
func inOrder(problems []*Problem) []*Problem {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		return cmp.Or(
			cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(problems, func(a, b *Problem) bool { return *a == *b })
}

func rank(file string) int {
	if file == MainFile {
		return 0
	}
	return 1
}
