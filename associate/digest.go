// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// OrderFreeDigest returns the hash of what the incidents are, whatever order the
// observations came in: members are named by content key, and IDs, entries and
// history are left out.
func (a *Associator) OrderFreeDigest() trucewatch.Hash {
	var all [][]byte
	for in := range a.All() {
		all = append(all, a.orderFree(in))
	}
	slices.SortFunc(all, bytes.Compare)
	h := sha256.New()
	for _, b := range all {
		h.Write(b)
	}
	return trucewatch.Hash(h.Sum(nil))
}

// orderFree encodes an incident without what depends on the record's order.
func (a *Associator) orderFree(in *trucewatch.Incident) []byte {
	c := *in
	c.ID, c.Aliases, c.History = trucewatch.IncidentID{}, nil, nil
	c.Links = slices.Clone(in.Links)
	slices.SortFunc(c.Links, func(l, m trucewatch.Link) int { return bytes.Compare(l.Key[:], m.Key[:]) })
	for i := range c.Links {
		c.Links[i].Observation, c.Links[i].Reason = trucewatch.ObservationID{}, ""
	}
	c.Estimates = slices.Clone(in.Estimates)
	for i := range c.Estimates {
		c.Estimates[i].Uses = nil
	}
	return trucewatch.Encode(&c)
}
