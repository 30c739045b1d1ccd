// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"testing"

	"github.com/trucewatch/trucewatch/record"
)

// walked is what the walk over a mission's record, and what lies beside it, gave.
type walked struct {
	problems, doubts  []string
	entries, unsigned uint64
}

// walkOver reads the record in dir through, as package verify does.
func walkOver(t testing.TB, dir string) *walked {
	t.Helper()
	c, err := FindCopy(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := c.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := record.Verify(c.Record, verifier)
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.OpenReader(c.Record, verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	v := &walked{entries: tree.Signed, unsigned: tree.Unsigned}
	w, err := c.Walk(r, func(Step) {}, func(f Fault) {
		if f.Doubt {
			v.doubts = append(v.doubts, f.What)
		} else {
			v.problems = append(v.problems, f.What)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	rejected, _ := w.CheckRejected()
	v.problems = append(v.problems, rejected...)
	return v
}

func mustBeSound(t testing.TB, dir string) *walked {
	t.Helper()
	v := walkOver(t, dir)
	if len(v.problems) > 0 {
		t.Fatalf("not sound: %v", v.problems)
	}
	return v
}
