// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/verify"
	"github.com/trucewatch/trucewatch/witness"
)

// TestThiefsHandoverIsFoundByAPolicyFromElsewhere: checks 1 and 2. A thief of the
// log's first key hands it over to himself, and shows a record that is signed as it
// should be. Who knows the first key alone believes it; who brings the policy sees
// that no witness vouches for it.
func TestThiefsHandoverIsFoundByAPolicyFromElsewhere(t *testing.T) {
	g, now := newGround(t, false), time.Now().Add(time.Hour)
	var members []witness.Member
	for _, o := range policy().Organisations {
		members = append(members, witness.Member{Name: o.Name, Party: string(o.Party), Witness: o.Witness})
	}
	brought, err := witness.NewPolicy(g.logKey(), members, policy().Guarantors)
	g.must(err)
	_, _, err = g.m.RotateLog(nil)
	g.must(err)
	g.found(g.run(verify.Options{Now: now}), "")
	g.found(g.run(verify.Options{Now: now, Policy: brought}), "too few of those who must co-sign did", 2)
}
