// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

func TestSeeds(t *testing.T) {
	for seed := range uint64(20) {
		cryptotest.SetGlobalRandom(t, seed)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			w.run(60)
		})
	}
}
