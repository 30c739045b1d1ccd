// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// PolicyDelayH is how many hours lie at least between a change of policy and its
// effect, so that nobody is surprised by who must sign.
//
// Guess: three days, as long as a decision of the commission may take. Test: ask
// the parties how long their capitals need.
const PolicyDelayH = 72

// mayEnter lists the types of entry that a role may sign as their source. The
// desk may sign all.
var mayEnter = map[trucewatch.KeyRole][]trucewatch.EntryType{
	trucewatch.OfficerKey: {trucewatch.KeyEntry, trucewatch.PolicyEntry, trucewatch.ErasureEntry, trucewatch.AccessEntry, trucewatch.ReviewEntry,
		trucewatch.ReleaseEntry, trucewatch.CustodyEntry, trucewatch.StatementEntry, trucewatch.NotificationEntry,
		trucewatch.InterpretationEntry, trucewatch.DecisionEntry, trucewatch.StepEntry, trucewatch.SessionEntry, trucewatch.ActivationEntry,
		trucewatch.NoticeStepEntry, trucewatch.FactEntry, trucewatch.CoverageEntry, trucewatch.InventoryEntry},
	trucewatch.LiaisonKey: {trucewatch.AnswerEntry, trucewatch.StepEntry, trucewatch.NotificationEntry, trucewatch.NoticeStepEntry,
		trucewatch.FactEntry, trucewatch.ActivationEntry, trucewatch.InventoryEntry, trucewatch.StatementEntry},
	trucewatch.DeviceKey: {trucewatch.ObservationsEntry, trucewatch.CoverageEntry},
	trucewatch.HolderKey: {trucewatch.ReceiptEntry},
	trucewatch.LogKey:    {}, // checkpoints only
}

// allowed holds the entry to what its signer's role may say and to the rules
// that want more than one person.
func (r *Ring) allowed(a *admission, e *trucewatch.Entry) {
	k := r.keys[e.Body.Key]
	if k == nil {
		return // reported
	}
	if types, limited := mayEnter[k.Role]; limited && !slices.Contains(types, e.Body.Type) {
		a.problem(e.Index, "is of type %s, which a key of role %s may not enter", e.Body.Type, k.Role)
	}
	if speaker := e.Body.Payload.Speaker(); speaker != "" && k.Role == trucewatch.DeviceKey && speaker != k.Source {
		a.problem(e.Index, "speaks for source %q with a key of source %q", speaker, k.Source)
	}
	if k.Role == trucewatch.LiaisonKey {
		r.ownParty(a, e, k)
	}
	if b := e.Body.Payload.Receipt; b != nil && k.Role == trucewatch.HolderKey && b.Holder != k.Organisation {
		a.problem(e.Index, "is a receipt of %q signed by a key of %q", b.Holder, k.Organisation)
	}
	policy := r.Policy(e.Received)
	if e.Body.Payload.Policy != nil && policy != nil {
		r.consent(a, e, policy, "changes the policy")
	}
	// What the parties are held to is theirs to say: no desk gives them a new text.
	if text := e.Body.Payload.Agreement; text != nil && !text.Draft && policy != nil {
		r.consent(a, e, policy, "adopts an agreement")
	}
	// An erasure takes evidence away for good, and who is shown months that are over
	// knows them for good: no policy can leave that to one.
	access := e.Body.Payload.Access
	grave := e.Body.Type == trucewatch.ErasureEntry || access != nil && len(access.Epochs) > 0
	if two := policy != nil && slices.Contains(policy.TwoPerson, e.Body.Type); !two && !grave {
		return
	}
	if n := len(r.officers(e)); n < 2 {
		a.problem(e.Index, "is of type %s, which two officers must sign; %d did", e.Body.Type, n)
	}
}

// ownParty holds a liaison officer to his own party: nobody answers, objects or
// declares for the other side.
func (r *Ring) ownParty(a *admission, e *trucewatch.Entry, k *key) {
	var party trucewatch.PartyID
	if policy := r.Policy(e.Received); policy != nil {
		for _, o := range policy.Organisations {
			if o.Name == k.Organisation {
				party = o.Party
			}
		}
	}
	if by := e.Body.Payload.DoneBy(); by != "" && by != string(party) {
		a.problem(e.Index, "is done by %s, signed by a liaison officer of %q, which is party %q", by, k.Organisation, party)
	}
}

// officers are the keys of officers that signed the entry.
func (r *Ring) officers(e *trucewatch.Entry) []*key {
	var officers []*key
	for _, s := range e.Signatures {
		if k := r.keys[s.Key]; k != nil && k.till == 0 && k.Role == trucewatch.OfficerKey && !slices.Contains(officers, k) {
			officers = append(officers, k)
		}
	}
	return officers
}

// consent wants the officers of every party and of as many guarantors as make a
// checkpoint provisional, by the policy in force.
func (r *Ring) consent(a *admission, e *trucewatch.Entry, policy *trucewatch.Policy, deed string) {
	guarantors := 0
	officers := r.officers(e)
	for _, o := range policy.Organisations {
		agrees := slices.ContainsFunc(officers, func(k *key) bool { return k.Organisation == o.Name })
		switch {
		case o.Party == "" && agrees:
			guarantors++
		case o.Party != "" && !agrees:
			a.problem(e.Index, "%s without an officer of %s", deed, o.Name)
		}
	}
	if guarantors < policy.Guarantors {
		a.problem(e.Index, "%s with officers of %d guarantors, of %d that must agree", deed, guarantors, policy.Guarantors)
	}
}
