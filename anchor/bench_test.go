// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"testing"

	"github.com/trucewatch/trucewatch/anchor"
)

func BenchmarkCheck(b *testing.B) {
	a := newAuthority(b, settings{})
	token, roots := a.sign(b, honest(checkpoint).info()), a.roots()
	for b.Loop() {
		if _, err := anchor.Check(token, checkpoint, roots); err != nil {
			b.Fatal(err)
		}
	}
}
