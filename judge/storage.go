// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// missing answers, for inventories that did not match, which site was visited and
// how each item stood there: missing, missing again, or not to be verified
// because the visit was restricted, which shows nothing missing.
func (t *trial) missing() condition {
	site := t.site()
	if site == nil && t.a.Storage != nil {
		return condition{holds: unknown, reason: reasonOf(unknown, "", t.evidence(), sayItemsOpen), change: changeSite}
	}
	name := "visited"
	if site != nil {
		name = site.Name + " (" + site.ID + ")"
	}
	holds := no
	var items []trucewatch.Reason
	var open []string
	for _, r := range t.support {
		o := r.Observation
		if o.Kind != trucewatch.InventoryMismatch {
			continue
		}
		state, is := "missing", yes
		switch {
		case o.Restriction != nil:
			state, is = "cannot be verified: "+plain(o.Restriction.Type), unknown
			open = append(open, weaponText(o.Weapon))
		case t.missingBefore(o):
			state = "missing again"
		}
		holds = max(holds, is)
		items = append(items, reasonOf(is, "", []trucewatch.ObservationID{r.ID}, sayItem, weaponText(o.Weapon), digits(max(1, o.Count.Value)), state))
	}
	c := condition{holds: holds, reason: reasonOf(holds, string(t.act.ID), t.evidence(), sayItems, name, digits(len(items)))}
	c.reason.Because = items
	if holds == unknown {
		c.change = fill(changeItem, strings.Join(open, ", "))
	}
	return c
}

// site returns the storage site that was visited, nil if it is none of the
// register.
func (t *trial) site() *agreement.Site {
	if t.a.Storage == nil {
		return nil
	}
	for _, r := range t.support {
		a := r.Observation.Asset
		for i := range t.a.Storage.Sites {
			if s := &t.a.Storage.Sites[i]; a != nil && a.Object == s.ID {
				return s
			}
		}
	}
	if t.region.IsZero() {
		return nil
	}
	for i := range t.a.Storage.Sites {
		s := &t.a.Storage.Sites[i]
		if t.inside(t.shareIn(geo.NewDisks([]geo.Disk{{Center: s.At, RadiusMM: s.RadiusMM}}).ShareOf)) == yes {
			return s
		}
	}
	return nil
}

// missingBefore says whether a visit of the same place in the interval of
// inspections before this one missed a weapon of the same kind.
func (t *trial) missingBefore(o *trucewatch.Observation) bool {
	if t.in.Nearby == nil || t.region.IsZero() || t.a.Storage == nil || o.Weapon == nil {
		return false
	}
	from := t.in.Incident.When.From
	when := trucewatch.Interval{From: from - 2*t.a.Storage.MaxInterval, Till: from - 1}
	for _, n := range t.in.Nearby([]trucewatch.Kind{trucewatch.InventoryMismatch}, when, t.region, 0) {
		for _, m := range n.Members {
			if w := m.Observation.Weapon; w != nil && w.Platform == o.Weapon.Platform && w.Model == o.Weapon.Model {
				return true
			}
		}
	}
	return false
}
