// SPDX-License-Identifier: Apache-2.0

package judge

import "github.com/trucewatch/trucewatch"

// quantity counts the act in its unit. Where several sources count the same, the
// largest count of one source stands, because one round may be heard twice;
// claims count only where nothing else does.
func (t *trial) quantity() int64 {
	members := t.counted()
	switch t.act.Unit {
	case "shot", "sortie", "item_visit", "phenomenon":
		return largest(members, func(o *trucewatch.Observation) int64 { return o.Count.Value })
	case "item_day":
		return largest(members, func(o *trucewatch.Observation) int64 { return o.Count.Value }) * started(t.in.Incident.When, trucewatch.Day)
	case "site_day":
		return started(t.in.Incident.When, trucewatch.Day)
	case "person":
		return largest(members, func(o *trucewatch.Observation) int64 {
			if o.Casualty == nil || o.Casualty.Killed+o.Casualty.Injured == 0 {
				return o.Count.Value
			}
			return o.Casualty.Killed + o.Casualty.Injured
		})
	case "asset_hour":
		return started(t.in.Incident.When, trucewatch.Hour)
	}
	return 1 // engagement, salvo, occurrence: the incident is one
}

// largest returns the largest sum of one source, at least 1: "multiple" counts
// nothing, but something was seen.
func largest(members []*trucewatch.Recorded, count func(*trucewatch.Observation) int64) int64 {
	most := int64(1)
	sums := map[trucewatch.SourceID]int64{}
	for _, m := range members {
		sums[sourceOf(m)] += count(m.Observation)
		most = max(most, sums[sourceOf(m)])
	}
	return most
}

func sourceOf(r *trucewatch.Recorded) trucewatch.SourceID {
	if r.Source == nil {
		return ""
	}
	return r.Source.ID
}

// started counts the units of time that an event touched: a moment touches one.
func started(when trucewatch.Interval, unit trucewatch.Instant) int64 {
	if when.Till <= when.From {
		return 1
	}
	return int64((when.Till - when.From + unit - 1) / unit)
}
