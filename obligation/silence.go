// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// silenceWatched is how much of a window of silence must have been watched for it
// to count as held: less, and all that is known is that nothing was seen.
//
// Guess: half of its hours and ground. Test: windows that the parties say were
// broken among those that count as held.
const silenceWatched trucewatch.PPM = 500_000

// isSilence returns the exemption by which a notification is of a window of
// silence, nil if it is of something else.
func (b *book) isSilence(n *trucewatch.Notification) *agreement.Exemption {
	if x := b.a.Exemption(n.Exemption); x != nil && asksSilence(x) {
		return x
	}
	return nil
}

// asksSilence says whether what an exemption notifies is a time without fire.
func asksSilence(x *agreement.Exemption) bool {
	return x.Effect == "raises_severity" || x.Name == "window_of_silence"
}

// ground keeps the ground of a notification that is of a window of silence: its
// area, or everywhere.
func (t *text) ground(n *trucewatch.Notification) {
	if t.books[0].isSilence(n) == nil {
		return
	}
	zone := geo.Everywhere()
	if n.Area != nil && !n.Area.IsZero() {
		if area, err := geo.NewArea(n.Area.Outline()); err == nil {
			zone = geo.NewAreas([]*geo.Area{area})
		} else {
			zone = geo.NewDisks([]geo.Disk{{Center: n.Area.Mean(), RadiusMM: n.Area.ReachMM()}})
		}
	}
	t.silences[n.ID] = zone
}

// placeSilence finds the windows of silence that an incident of fire bears on, and
// keeps it for those that are notified later.
func (t *text) placeSilence(s *sighting, notices []*trucewatch.Notification) {
	fire := s.kind.IsPhenomenon() || s.kind == trucewatch.ExchangeOfFire || s.kind == trucewatch.FireAtMissionAsset
	if !fire || s.region.IsZero() || len(s.findings) == 0 {
		return
	}
	b := t.books[0]
	s.kept = s.kept || slices.ContainsFunc(b.a.Exemptions, func(x agreement.Exemption) bool { return asksSilence(&x) })
	for _, n := range notices {
		if ground := t.silences[n.ID]; ground != nil && n.Window.Gap(s.when) == 0 && ground.Share(s.region) > 0 {
			s.bear(part{t.id, "silence", n.ID, ""}, "")
		}
	}
}

// guarantees returns which parties guaranteed a window before it began.
func (b *book) guarantees(l *Ledger, n *trucewatch.Notification) []trucewatch.PartyID {
	var out []trucewatch.PartyID
	for _, p := range b.a.PartyIDs {
		step := slices.ContainsFunc(l.steps, func(s trucewatch.NoticeStep) bool {
			return s.Notice == n.ID && s.Deed == "guaranteed" && s.By == string(p) && s.At <= n.Window.From
		})
		fact := slices.ContainsFunc(l.facts, func(d dated[trucewatch.Fact]) bool {
			return d.what.Kind == "guarantee" && d.what.Ref == n.ID && d.what.Party == p && d.what.At <= n.Window.From
		})
		if step || fact {
			out = append(out, p)
		}
	}
	return out
}

// silence works out how a window of silence was kept. Without the guarantees that
// the text asks for there was none to keep.
func (b *book) silence(l *Ledger, id string, ground *geo.Zone) product {
	n := l.notice(id)
	x := b.isSilence(n)
	if x == nil {
		return product{}
	}
	state := trucewatch.SilenceState{Notice: id, Window: n.Window, Guarantees: b.guarantees(l, n)}
	agreed := !slices.ContainsFunc(x.GuaranteesFrom, func(p trucewatch.PartyID) bool { return !slices.Contains(state.Guarantees, p) })
	if agreed && l.now >= n.Window.From {
		for _, s := range l.seen {
			if n.Window.Gap(s.when) != 0 || s.region.IsZero() || trucewatch.PPM(ground.Share(s.region)) < b.a.Evidence.InIfGE {
				continue
			}
			for _, f := range s.findings {
				if f.hash == b.a.Hash() {
					state.Breaches = append(state.Breaches, f.id)
				}
			}
		}
		slices.Sort(state.Breaches)
	}
	over := n.Window.Till != 0 && l.now >= n.Window.Till
	if agreed && over {
		state.Observed = l.watched("window/"+id, ground, n.Window)
	}
	switch {
	case !agreed && l.now < n.Window.From:
		state.State = "waiting"
	case !agreed:
		state.State = "lapsed"
	case l.now < n.Window.From:
		state.State = "agreed"
	case len(state.Breaches) > 0:
		state.State = "breached"
	case !over:
		state.State = "open"
	case state.Observed < silenceWatched:
		state.State = "unwatched"
	default:
		state.State = "held"
	}
	return product{states: []Change{{Silence: &state}}}
}
