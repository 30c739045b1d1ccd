// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "slices"

// checkProceedings checks what parties, bodies and the mission do about cases.
func (p *Payload) checkProceedings() error {
	switch {
	case p.Interpretation != nil:
		i := p.Interpretation
		return first(need("interpretation.id", i.ID, "interpretation.agreement", i.Agreement, "interpretation.question", i.Question,
			"interpretation.reading", i.Reading, "interpretation.decision", i.Decision), checkText("interpretation.reason", i.Reason))
	case p.Answer != nil:
		return p.Answer.check()
	case p.Decision != nil:
		return p.Decision.check()
	case p.Step != nil:
		return p.Step.check()
	case p.Session != nil:
		return p.Session.check()
	case p.Activation != nil:
		return p.Activation.check()
	case p.NoticeStep != nil:
		n := p.NoticeStep
		return first(since("notice_step.at", n.At), oneOf("notice_step.deed", n.Deed, NoticeDeeds()),
			need("notice_step.notice", n.Notice, "notice_step.by", n.By), checkText("notice_step.to", n.To, "notice_step.reason", n.Reason))
	case p.Fact != nil:
		return p.Fact.check()
	case p.Coverage != nil:
		return p.Coverage.check()
	case p.Inventory != nil:
		return p.Inventory.check()
	}
	return nil
}

// since refuses an instant that is missing.
func since(field string, at Instant) error {
	if at <= 0 {
		return invalid(field, "missing")
	}
	return nil
}

func (a *Answer) check() error {
	if (a.Says == "need_time") != (a.Until != 0) {
		return invalid("answer.until", "stands with need_time, and only there")
	}
	if a.Says == "claim_exemption" && a.Notification == "" || a.Says == "claim_return_fire" && a.Fact == "" {
		return invalid("answer."+a.Says, "names no notification or order to check it by")
	}
	return first(need("answer.case", string(a.Case), "answer.party", string(a.Party)), oneOf("answer.says", a.Says, AnswersToCase()),
		checkText("answer.notification", a.Notification, "answer.fact", a.Fact, "answer.text", a.Text))
}

// stepNeeds says which fields a deed cannot do without.
var stepNeeds = map[string][]string{
	"information_requested": {"id", "to"}, "information_given": {"ref"}, "information_refused": {"ref", "reason"},
	"visit_offered": {"id", "to"}, "visit_accepted": {"ref"}, "visit_refused": {"ref", "reason"}, "visit_impossible": {"ref", "reason"},
	"visit_held": {"ref"}, "remedy_reported": {"ref"}, "remedy_proven": {"ref"}, "remedy_failed": {"ref", "reason"},
	"escalated": {"to"}, "joined": {"ref"},
}

func (s *Step) check() error {
	has := map[string]string{"id": s.ID, "to": s.To, "ref": s.Ref, "reason": s.Reason}
	for _, field := range stepNeeds[s.Deed] {
		if has[field] == "" {
			return invalid("step."+field, "missing, which %s needs", s.Deed)
		}
	}
	if s.Deed == "remedy_proven" && s.Proof.IsZero() {
		return invalid("step.proof", "missing: a remedy is proven by evidence")
	}
	return first(since("step.at", s.At), need("step.case", string(s.Case), "step.by", s.By), oneOf("step.deed", s.Deed, StepDeeds()),
		checkText("step.to", s.To, "step.ref", s.Ref, "step.id", s.ID, "step.reason", s.Reason, "step.comment", s.Comment))
}

func (s *Session) check() error {
	if len(s.Agenda) > RowsMax || len(s.Present) > ListMax {
		return invalid("session", "an agenda of more than %d, or more than %d present", RowsMax, ListMax)
	}
	for _, c := range s.Agenda {
		if err := need("session.agenda", string(c)); err != nil {
			return err
		}
	}
	return first(since("session.at", s.At), need("session.id", s.ID, "session.body", s.Body), oneOf("session.deed", s.Deed, SessionDeeds()),
		checkText(append(named("session.present", s.Present), "session.internal", s.Internal)...))
}

func (d *Decision) check() error {
	if len(d.Votes) == 0 || len(d.Votes) > ListMax || len(d.Remedies) > ListMax {
		return invalid("decision.votes", "none, or more than %d votes or remedies", ListMax)
	}
	var members, remedies []string
	for _, v := range d.Votes {
		if slices.Contains(members, v.Member) {
			return invalid("decision.votes", "%s votes twice", v.Member)
		}
		members = append(members, v.Member)
		if err := first(need("decision.votes.member", v.Member), oneOf("decision.votes.cast", v.Cast, Casts()), checkText("decision.votes.dissent", v.Dissent)); err != nil {
			return err
		}
	}
	for _, r := range d.Remedies {
		if slices.Contains(remedies, r.ID) {
			return invalid("decision.remedies", "%s stands twice", r.ID)
		}
		remedies = append(remedies, r.ID)
		if err := need("decision.remedies.id", r.ID, "decision.remedies.party", string(r.Party), "decision.remedies.what", r.What); err != nil {
			return err
		}
	}
	return first(since("decision.at", d.At), need("decision.id", d.ID, "decision.body", d.Body, "decision.question", d.Question),
		oneOf("decision.about", d.About, DecisionSubjects()),
		checkText("decision.case", string(d.Case), "decision.session", d.Session, "decision.party", string(d.Party), "decision.ref", d.Ref))
}

func (a *Activation) check() error {
	return first(since("activation.at", a.At), need("activation.id", a.ID, "activation.from", a.From, "activation.alleges", a.Alleges),
		a.When.check("activation.when"), checkPlace("activation.where", a.Where),
		checkText("activation.act", string(a.Act), "activation.against", string(a.Against), "activation.case", string(a.Case)))
}

func (f *Fact) check() error {
	if f.Confirmed != "" && f.Confirmed == string(f.Party) {
		return invalid("fact.confirmed", "party %s cannot confirm its own word", f.Party)
	}
	if len(f.To) > ListMax {
		return invalid("fact.to", "more than %d", ListMax)
	}
	if f.Limit < 0 || f.Limit > CountMax {
		return invalid("fact.limit", "%d, not 0 to %d", f.Limit, CountMax)
	}
	return first(since("fact.at", f.At), need("fact.id", f.ID, "fact.party", string(f.Party)), oneOf("fact.kind", f.Kind, FactKinds()),
		f.Window.check("fact.window"), checkText(append(named("fact.to", f.To), "fact.via", f.Via, "fact.level", f.Level, "fact.ref", f.Ref,
			"fact.confirmed", f.Confirmed, "fact.text", f.Text)...))
}

func (c *CoverageReport) check() error {
	if n := len(c.Watches); n == 0 || n > RowsMax {
		return invalid("coverage.watches", "%d, not 1 to %d", n, RowsMax)
	}
	for i := range c.Watches {
		w := &c.Watches[i]
		if w.When.IsZero() || w.When.Till == 0 {
			return invalid("coverage.watches.when", "needs a beginning and an end")
		}
		if w.Share < 0 || w.Share > PPM(1_000_000) || w.Share == 0 && w.State == "reduced" {
			return invalid("coverage.watches.share_ppm", "%d; reduced needs a share of 1 to 1,000,000", w.Share)
		}
		if (w.State == "watching") != (w.Cause == "") {
			return invalid("coverage.watches.cause", "stands where a source saw less or nothing, and only there")
		}
		if w.Where.Region.Kind == "" {
			return invalid("coverage.watches.where", "%q is no place on the ground: what was watched is not known", CutText(w.Where.Text, 120))
		}
		for _, k := range w.Kinds {
			if err := oneOf("coverage.watches.kinds", k, Kinds()); err != nil {
				return err
			}
		}
		if err := first(w.When.check("coverage.watches.when"), oneOf("coverage.watches.state", w.State, WatchStates()),
			optional("coverage.watches.cause", w.Cause, WatchCauses()), checkPlace("coverage.watches.where", w.Where)); err != nil {
			return err
		}
	}
	return c.Source.Check()
}

func (i *Inventory) check() error {
	if (i.Site == "") == (i.Zone == "") {
		return invalid("inventory", "is of a site or of a zone, exactly one")
	}
	if len(i.Items) > RowsMax {
		return invalid("inventory.items", "more than %d", RowsMax)
	}
	if (i.State == "declared") != (i.By == string(i.Party)) {
		return invalid("inventory.by", "a party declares its own inventory, and somebody else visits it")
	}
	for n := range i.Items {
		it := &i.Items[n]
		if (it.Serial == "") == (it.Count == 0) || it.Count < 0 || it.Count > CountMax {
			return invalid("inventory.items", "needs a serial number or a count")
		}
		if err := first(oneOf("inventory.items.weapon", it.Weapon.Platform, Platforms()), oneOf("inventory.items.state", it.State, ItemStates()),
			checkText("inventory.items.serial", it.Serial, "inventory.items.model", it.Weapon.Model, "inventory.items.text", it.Weapon.Text)); err != nil {
			return err
		}
	}
	return first(since("inventory.at", i.At), need("inventory.party", string(i.Party), "inventory.by", i.By),
		oneOf("inventory.state", i.State, InventoryStates()), checkText("inventory.site", i.Site, "inventory.zone", i.Zone, "inventory.text", i.Text))
}

func checkPlace(field string, p Place) error {
	return first(checkRegion(field+".region", p.Region), checkText(field+".text", p.Text, field+".name", p.Name, field+".basis", p.Basis))
}

// check refuses an azimuth that is no direction.
func (a *Azimuth) check() error {
	switch {
	case a.Mdeg < 0 || a.Mdeg >= 360_000 || a.ErrorMdeg < 1 || a.ErrorMdeg > 180_000:
		return invalid("azimuth", "%d +- %d thousandths of a degree", a.Mdeg, a.ErrorMdeg)
	case a.MinMM < 0 || a.MaxMM < 0 || a.MaxMM != 0 && a.MaxMM < a.MinMM:
		return invalid("azimuth", "a distance is negative, or the greatest less than the least")
	}
	if err := a.From.Check(); err != nil {
		return invalid("azimuth.from", "%v", err)
	}
	return oneOf("azimuth.basis", a.Basis, AzimuthBases())
}
