// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

func enteredAs(p trucewatch.Payload) error {
	e := trucewatch.Entry{Received: 1, Body: trucewatch.Body{Version: 1, Type: p.Types()[0], Payload: p}}
	return e.Check()
}

// TestRecordOfNewerEngineIsRefused: a downgrade says what to do, and folds nothing
// by rules that it does not know.
func TestRecordOfNewerEngineIsRefused(t *testing.T) {
	g := trucewatch.Genesis{Mission: "m", Title: "M", DisplayZone: "UTC", CutOff: "19:30", Mode: trucewatch.Live, Engine: trucewatch.EngineVersion}
	if err := enteredAs(trucewatch.Payload{Genesis: &g}); err != nil {
		t.Fatal(err)
	}
	for _, engine := range []int{-1, trucewatch.EngineVersion + 1} {
		g.Engine = engine
		if err := enteredAs(trucewatch.Payload{Genesis: &g}); !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), "read it with a newer one") {
			t.Errorf("engine %d: %v", engine, err)
		}
	}
}

func TestProceedingsThatMayNotEnterNameTheirField(t *testing.T) {
	const c, noon = trucewatch.CaseID("case/1.0"), trucewatch.Instant(1_000_000)
	type p = trucewatch.Payload
	field := geo.Circle(geo.Position{LatE7: 480_000_000, LonE7: 370_000_000}, 1_000_000)
	watch := func(change func(*trucewatch.Watch)) p {
		w := trucewatch.Watch{When: trucewatch.Interval{From: noon, Till: 2 * noon}, State: "watching", Where: trucewatch.Place{Region: field}}
		change(&w)
		return p{Coverage: &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "cam-1", Kind: trucewatch.CameraSource}, Watches: []trucewatch.Watch{w}}}
	}
	votes := []trucewatch.Vote{{Member: "A", Cast: "for"}}
	for _, test := range []struct {
		want string // "" if it may
		p    p
	}{
		{"", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "deny"}}},
		{"answer.party", p{Answer: &trucewatch.Answer{Case: c, Says: "deny"}}},
		{"answer.says", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "perhaps"}}},
		{"answer.until", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "need_time"}}},
		{"answer.until", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "deny", Until: noon}}},
		{"answer.claim_exemption", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "claim_exemption"}}},
		{"answer.claim_return_fire", p{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "claim_return_fire"}}},
		{"", p{Step: &trucewatch.Step{Case: c, Deed: "visit_offered", By: "mission", At: noon, ID: "v-1", To: "B"}}},
		{"step.id", p{Step: &trucewatch.Step{Case: c, Deed: "visit_offered", By: "mission", At: noon, To: "B"}}},
		{"step.reason", p{Step: &trucewatch.Step{Case: c, Deed: "visit_refused", By: "B", At: noon, Ref: "v-1"}}},
		{"step.proof", p{Step: &trucewatch.Step{Case: c, Deed: "remedy_proven", By: "mission", At: noon, Ref: "r-1"}}},
		{"step.deed", p{Step: &trucewatch.Step{Case: c, Deed: "forgotten", By: "mission", At: noon}}},
		{"step.at", p{Step: &trucewatch.Step{Case: c, Deed: "acknowledged", By: "B"}}},
		{"session.deed", p{Session: &trucewatch.Session{ID: "s-1", Body: "joint_commission", Deed: "ended", At: noon}}},
		{"", p{Decision: &trucewatch.Decision{ID: "d-1", Body: "b", About: "close", Question: "?", At: noon, Votes: votes}}},
		{"decision.votes", p{Decision: &trucewatch.Decision{ID: "d-1", Body: "b", About: "close", Question: "?", At: noon}}},
		{"A votes twice", p{Decision: &trucewatch.Decision{ID: "d-1", Body: "b", About: "close", Question: "?", At: noon, Votes: append(votes, votes...)}}},
		{"decision.about", p{Decision: &trucewatch.Decision{ID: "d-1", Body: "b", About: "war", Question: "?", At: noon, Votes: votes}}},
		{"decision.remedies.party", p{Decision: &trucewatch.Decision{ID: "d-1", Body: "b", About: "remedy", Question: "?", At: noon, Votes: votes,
			Remedies: []trucewatch.Remedy{{ID: "r-1", What: "withdraw"}}}}},
		{"interpretation.decision", p{Interpretation: &trucewatch.Interpretation{ID: "i", Agreement: "a", Question: "q", Reading: "A"}}},
		{"activation.alleges", p{Activation: &trucewatch.Activation{ID: "h-1", From: "person", At: noon}}},
		{"notice_step.deed", p{NoticeStep: &trucewatch.NoticeStep{Notice: "n-1", Deed: "liked", By: "B", At: noon}}},
		{"fact.confirmed", p{Fact: &trucewatch.Fact{ID: "f", Kind: "order_by", Party: "A", At: noon, Confirmed: "A"}}},
		{"fact.kind", p{Fact: &trucewatch.Fact{ID: "f", Kind: "wish", Party: "A", At: noon}}},
		{"", watch(func(*trucewatch.Watch) {})},
		{"coverage.watches.where", watch(func(w *trucewatch.Watch) { w.Where = trucewatch.Place{Text: "somewhere"} })},
		{"coverage.watches.cause", watch(func(w *trucewatch.Watch) { w.State = "out" })},
		{"coverage.watches.cause", watch(func(w *trucewatch.Watch) { w.Cause = "night" })},
		{"coverage.watches.share_ppm", watch(func(w *trucewatch.Watch) { w.State, w.Cause = "reduced", "night" })},
		{"coverage.watches.when", watch(func(w *trucewatch.Watch) { w.When.Till = 0 })},
		{"", p{Inventory: &trucewatch.Inventory{Site: "PS-1", Party: "A", By: "A", At: noon, State: "declared"}}},
		{"inventory.by", p{Inventory: &trucewatch.Inventory{Site: "PS-1", Party: "A", By: "A", At: noon, State: "visited"}}},
		{"inventory: ", p{Inventory: &trucewatch.Inventory{Party: "A", By: "A", At: noon, State: "declared"}}},
		{"inventory.items", p{Inventory: &trucewatch.Inventory{Site: "PS-1", Party: "A", By: "A", At: noon, State: "declared",
			Items: []trucewatch.StoredItem{{Weapon: trucewatch.Weapon{Platform: trucewatch.Tank}, State: "present"}}}}},
	} {
		err := enteredAs(test.p)
		if test.want == "" && err != nil {
			t.Errorf("%s: %v", test.p.Types()[0], err)
		}
		if test.want != "" && (!errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.p.Types()[0], err, test.want)
		}
	}
}
