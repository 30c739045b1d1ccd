// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// The states of a notification.
const (
	NoticeDrafted   = "drafted"   // known to its author alone: the record does not have it yet
	NoticeSubmitted = "submitted" // in the record
	NoticeRelayed   = "relayed"   // handed on to the receiving party
	NoticeReceived  = "received"  // by the receiving party, or taken to be: no answer within the time means received
	NoticeAccepted  = "accepted"
	NoticeObjected  = "objected" // exempts nothing until the objection is settled
	NoticeActive    = "active"   // its window runs
	NoticeClosed    = "closed"   // withdrawn, or reported as done
	NoticeBreached  = "breached" // what was observed contradicts it
	NoticeExpired   = "expired"  // its window is over
)

// NoticeStates are the states of a notification, in the order of its life.
func NoticeStates() []string {
	return []string{NoticeDrafted, NoticeSubmitted, NoticeRelayed, NoticeReceived, NoticeAccepted, NoticeObjected,
		NoticeActive, NoticeClosed, NoticeBreached, NoticeExpired}
}

// A NoticeStanding is where a notification stands, since when (0: not known), and
// by whose deed or by what rule.
type NoticeStanding struct {
	State string
	Since trucewatch.Instant
	Why   string
}

// NoticeState says where a notification stands at an instant, by its steps, by
// the time the agreement leaves for an answer, by its window, and by when it was
// first seen to be breached (0: never; replay takes it from the findings of
// Contradicted). An objection stands until the objector accepts or the commission
// enters the notification (a fact commission_entry that refers to it). What was
// closed stays closed, what was breached stays breached.
func NoticeState(a *agreement.Agreement, n *Notice, facts []trucewatch.Dated[trucewatch.Fact], breached, at trucewatch.Instant) NoticeStanding {
	if at < n.Received {
		return NoticeStanding{NoticeDrafted, 0, "not in the record yet"}
	}
	if breached != 0 && breached <= at {
		return NoticeStanding{NoticeBreached, breached, "what was observed contradicts it"}
	}
	answer := n.answered(a, facts, at)
	tolerance := trucewatch.Instant(0)
	if x := a.Exemption(n.Notification.Exemption); x != nil {
		tolerance = x.Tolerance
	}
	from, till := n.Notification.Window.From-tolerance, n.Notification.Window.Till+tolerance
	switch {
	case answer.State == NoticeClosed:
		return answer
	case at > till:
		return NoticeStanding{NoticeExpired, till, "its window is over"}
	case answer.State == NoticeObjected:
		return answer
	case at >= from:
		return NoticeStanding{NoticeActive, max(from, n.Received), "its window runs; " + answer.State}
	}
	return answer
}

// answered is the state of a notification by what was done about it, its window
// apart. Steps count from when they were done, if the record had them by then.
func (n *Notice) answered(a *agreement.Agreement, facts []trucewatch.Dated[trucewatch.Fact], at trucewatch.Instant) NoticeStanding {
	out := NoticeStanding{NoticeSubmitted, n.Received, "in the record"}
	objector := ""
	for i := range n.Steps {
		s := &n.Steps[i]
		if s.What.At > at || s.Received > at {
			continue
		}
		by := NoticeStanding{s.What.Deed, s.What.At, "by " + s.What.By}
		switch s.What.Deed {
		case "withdrawn":
			return NoticeStanding{NoticeClosed, s.What.At, "withdrawn by " + s.What.By}
		case "closed":
			return by
		case "objected":
			objector, out = s.What.By, by
		case "accepted":
			if objector == "" || objector == s.What.By {
				objector, out = "", by
			}
		case "relayed", "received":
			if objector == "" && out.State != NoticeAccepted && out.State != NoticeReceived {
				out = by
			}
		}
	}
	if objector != "" {
		if f := entered(facts, n.Notification.ID, at); f != nil && f.What.At >= out.Since {
			return NoticeStanding{NoticeAccepted, f.What.At, "the objection was settled by the commission (fact " + f.What.ID + ")"}
		}
		return out
	}
	if k := a.Acknowledgement; k != nil && (out.State == NoticeSubmitted || out.State == NoticeRelayed) && at >= n.Received+k.Within {
		state := NoticeReceived
		if k.NoAnswerMeans == "accepted" || k.NoAnswerMeans == "objected" {
			state = k.NoAnswerMeans
		}
		return NoticeStanding{state, n.Received + k.Within, "no answer within " + lasting(k.Within) + " means " + state}
	}
	return out
}

// entered returns the commission's entry about a notification.
func entered(facts []trucewatch.Dated[trucewatch.Fact], ref string, at trucewatch.Instant) *trucewatch.Dated[trucewatch.Fact] {
	i := slices.IndexFunc(facts, func(f trucewatch.Dated[trucewatch.Fact]) bool {
		return f.What.Kind == "commission_entry" && f.What.Ref == ref && f.Received <= at
	})
	if i < 0 {
		return nil
	}
	return &facts[i]
}
