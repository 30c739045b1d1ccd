// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/seal"
)

// payloads are one of every type that may be sealed, each with all its fields.
func payloads() []trucewatch.Payload {
	source := trucewatch.Source{ID: "desk-b", Kind: trucewatch.PartySource, Party: "B", Name: "Press office of B", URL: "https://example.org"}
	exact := func(n int64) trucewatch.Count {
		return trucewatch.Count{Value: n, Qualifier: trucewatch.Exact, Unit: "shot"}
	}
	exercise := exact(2)
	window := trucewatch.Interval{From: noon, Till: noon + trucewatch.Hour}
	area := geo.Circle(crossing, 500_000)
	return append(proceedings(window, area), []trucewatch.Payload{
		batch(observation(1), bare(2)),
		{Statement: &trucewatch.StatementBatch{Source: source, File: "s.csv", Statements: []trucewatch.Statement{{
			Key: trucewatch.Hash{3}, NativeID: "s-1", Speaker: "Colonel Invented", Capacity: "head", For: "B", Channel: "briefing", RelayedBy: "radio",
			SaidAt: window, PublishedAt: window, Track: "military", Meeting: "m", Topics: []string{"mines"}, Text: "We did not fire.", Quoted: true, Language: "en",
			Claims: []trucewatch.Claim{{Kind: "event", Text: "none fired", About: "A", Count: &exercise, Status: "denied"}}, Inferred: []string{"track"},
			ReportedAt: noon, URL: "https://example.org/s",
		}}}},
		{Tally: &trucewatch.TallyBatch{Source: source, Tallies: []trucewatch.Tally{{
			Key: trucewatch.Hash{4}, NativeID: "t-1", Claimant: "B", Against: "A", Window: window, WindowText: "at night", Area: "east bank", Category: "shelling",
			Count: exact(7), PartOf: "all", Running: true, Previous: &trucewatch.PreviousTally{Value: 3, Span: "24h"}, Exercise: &exercise, Issue: "12",
			Inferred: []string{"window"}, ReportedAt: noon, Text: "seven", URL: "https://example.org/t",
		}}}},
		{Notification: &trucewatch.Notification{Key: trucewatch.Hash{5}, ID: "N1", Exemption: "X5", By: "A", NotifiedAt: noon, Window: window,
			Route: []geo.Position{crossing, geo.Direct(crossing, 0, 9_000_000)}, Area: &area, Airframes: []string{"tail 77"}, Weapons: []string{"none"},
			Agency: "clinic", NoMunition: true, MaxKG: 20, Text: "to the clinic"}},
		{Review: &trucewatch.Review{Finding: "K2/1.0", Deed: "confirm", By: "officer", Reason: "two sources, one of them Jane"}},
		{Review: &trucewatch.Review{Case: "case/K2/1.0", Deed: "serve", By: "officer"}},
		{Release: &trucewatch.Release{Findings: []trucewatch.FindingID{"K2/1.0"}, By: "officer", Reason: "agreed with Jane"}},
		{Tick: &trucewatch.Tick{At: noon + 31*trucewatch.Minute, CutOff: "2026-04-12"}},
		{Custody: &trucewatch.Custody{Item: trucewatch.Hash{6}, Deed: "copied", By: "officer", At: noon, Reason: "for Jane", SizeBytes: 5, Chunks: trucewatch.Hash{7},
			MediaType: "video/mp4", DerivedFrom: trucewatch.Hash{8}, To: "Jane", About: "3.0", Restricted: true}},
	}...)
}

// proceedings has what is done about cases, with a name in every free text.
func proceedings(window trucewatch.Interval, area geo.Region) []trucewatch.Payload {
	const c = "case/1.0"
	return []trucewatch.Payload{
		{Interpretation: &trucewatch.Interpretation{ID: "i-1", Agreement: "agr", Question: "q-1", Reading: "A", Decision: "d-1", Reason: "as Jane said"}},
		{Answer: &trucewatch.Answer{Case: c, Party: "A", Says: "need_time", Until: noon, Text: "ask Jane"}},
		{Decision: &trucewatch.Decision{ID: "d-1", Case: c, Body: "joint_commission", Session: "s-1", About: "remedy", Question: "Did Jane see it?",
			Votes: []trucewatch.Vote{{Member: "A", Cast: "for", Dissent: "Jane errs"}}, Party: "B", At: noon,
			Remedies: []trucewatch.Remedy{{ID: "r-1", Party: "B", What: "pay Jane", Due: noon}}, Ref: "i-1"}},
		{Step: &trucewatch.Step{Case: c, Deed: "visit_refused", By: "B", At: noon, To: "A", Ref: "v-1", ID: "v-2", Due: noon, Reason: "Jane objects",
			Proof: trucewatch.Hash{4}, Comment: "so Jane said"}},
		{Session: &trucewatch.Session{ID: "s-1", Body: "joint_commission", Deed: "closed", At: noon, Agenda: []trucewatch.CaseID{c}, Present: []string{"A"}, Internal: "Jane left"}},
		{Activation: &trucewatch.Activation{ID: "h-1", From: "Jane of the mill", At: noon, Alleges: "Jane heard shots", Act: "K1", Against: "B", When: window,
			Where: trucewatch.Place{Text: "Jane's house", Region: area}, Case: c, Feedback: trucewatch.Hash{5}, Emergency: true}},
		{NoticeStep: &trucewatch.NoticeStep{Notice: "N1", Deed: "objected", By: "B", At: noon, To: "A", Reason: "Jane lives there"}},
		{Fact: &trucewatch.Fact{ID: "f-1", Kind: "order_by", Party: "A", At: noon, Via: "hotline", Level: "high_command", To: []string{"mission"}, Ref: c,
			Confirmed: "mission", Window: window, Text: "order of Jane"}},
		{Coverage: &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "post-4", Kind: trucewatch.PostSource, Name: "Jane's post"}, Watches: []trucewatch.Watch{
			{When: window, Kinds: []trucewatch.Kind{trucewatch.Shot}, State: "reduced", Cause: "night", Share: 500_000, Where: trucewatch.Place{Text: "Jane's field", Region: area}}}}},
		{Inventory: &trucewatch.Inventory{Site: "PS-1", Party: "A", By: "mission", At: noon, State: "visited", Text: "Jane counted",
			Items: []trucewatch.StoredItem{{Weapon: trucewatch.Weapon{Platform: trucewatch.Tank, Text: "Jane's tank"}, Serial: "77", State: "missing"}}}},
	}
}

const openly = noon + 31*trucewatch.Minute

func TestResidueIsSoundAndTellsNothingThatPinpoints(t *testing.T) {
	for _, p := range payloads() {
		e := entry(t, p)
		raw, err := seal.Residue(e, trucewatch.Hash{1}, "source-00000000", openly)
		if err != nil {
			t.Errorf("%s: %v", e.Body.Type, err)
			continue
		}
		r, err := trucewatch.DecodeEntry(3, raw)
		if err != nil || r.Received != openly || r.Body.Type != e.Body.Type || len(r.Signatures) != 0 || r.Body.Key != e.Body.Key || r.Body.Sequence != e.Body.Sequence || !r.Body.Previous.IsZero() {
			t.Errorf("%s: %v, received %v", e.Body.Type, err, r)
		}
		for _, secret := range []string{"post-4", "desk-b", "mill", "Mill", "row-", "model X", "a mortar", "bakery", "officer on duty", "drone 7", "water works",
			"Her name", "example.org", "Colonel", "We did not", "radio", "Jane", "tail 77", "to the clinic", "east bank", "april.csv"} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s: the residue says %q", e.Body.Type, secret)
			}
		}
		if err := seal.CheckResidue(e, trucewatch.Hash{1}, "source-00000000", openly, raw); err != nil {
			t.Error(err)
		}
		other := slices.Clone(raw)
		other[len(other)-1] ^= 1
		wantError(t, seal.CheckResidue(e, trucewatch.Hash{1}, "source-00000000", openly, other), seal.ErrOtherContent, "entry 3", "residue")
	}
}

func TestResidueKeepsWhatFindingsNeed(t *testing.T) {
	o := observation(1)
	raw, err := seal.Residue(entry(t, batch(o, bare(2))), trucewatch.Hash{1}, "source-00000000", openly)
	if err != nil {
		t.Fatal(err)
	}
	r, err := trucewatch.DecodeEntry(3, raw)
	if err != nil {
		t.Fatal(err)
	}
	b := r.Body.Payload.Observations
	got := b.Observations[0]
	if b.Source.ID != "source-00000000" || b.Source.Kind != trucewatch.PostSource || len(b.Observations) != 2 {
		t.Errorf("source %v, %d rows", b.Source, len(b.Observations))
	}
	if got.Kind != o.Kind || got.Description != o.Description || got.Means != o.Means || got.Count != o.Count || got.Casualty.Category != "woman" ||
		!got.Has(trucewatch.PreciseFire) || got.Weapon.CalibreMM != 120 || got.Movement.From != "NE" || got.Movement.HeadingMdeg != 225_000 {
		t.Errorf("residue %+v", got)
	}
	if got.When.From > o.When.From || got.When.Till < o.When.Till || got.When.Till-got.When.From != trucewatch.Hour || got.When.From%trucewatch.Hour != 0 {
		t.Errorf("time %v became %v", o.When, got.When)
	}
	if got.Where.Region.ReachMM() < 5_000_000 || geo.DistanceMM(got.Where.Region.Mean(), crossing) > got.Where.Region.ReachMM() {
		t.Errorf("place became %v", got.Where.Region)
	}
	if got.Key == o.Key || got.Key == b.Observations[1].Key {
		t.Error("a key of the residue is the true one or not its own")
	}
}

// TestResidueDropsSentencesInPlaceOfIdentifiers: a sheet has a sentence where a
// party, a direction or an identifier belongs.
func TestResidueDropsSentencesInPlaceOfIdentifiers(t *testing.T) {
	o := observation(1)
	o.Asset.Owner, o.Restriction.By, o.Movement.From, o.Weapon.Role, o.Count.Unit = "Jane of the mill", "Jane of the mill", "from Jane", "Jane's", "rounds at Jane"
	custody := trucewatch.Payload{Custody: &trucewatch.Custody{Item: trucewatch.Hash{6}, Deed: "copied", By: "officer", At: noon, About: "what Jane saw"}}
	for _, p := range []trucewatch.Payload{batch(o), custody} {
		raw, err := seal.Residue(entry(t, p), trucewatch.Hash{1}, "source-00000000", openly)
		if err != nil || bytes.Contains(raw, []byte("Jane")) {
			t.Errorf("%v: the residue is %q", err, raw)
		}
	}
}

func TestResidueOfABatchThatWasRefusedWhole(t *testing.T) {
	p := batch()
	p.Observations.Rejected = []trucewatch.Rejection{{Line: 2, Reason: "time: by the mill?", RowHash: trucewatch.Hash{1}}}
	raw, err := seal.Residue(entry(t, p), trucewatch.Hash{1}, "source-00000000", openly)
	if err != nil || bytes.Contains(raw, []byte("mill")) {
		t.Errorf("%v: the residue is %q", err, raw)
	}
}

func TestResidueOfWhatIsNeverSealed(t *testing.T) {
	e := entry(t, trucewatch.Payload{Digest: &trucewatch.Digest{Index: 3}})
	_, err := seal.Residue(e, trucewatch.Hash{}, "", openly)
	wantError(t, err, seal.ErrInvalid, "digest")
	_, err = seal.FieldsOf(e, "")
	wantError(t, err, seal.ErrInvalid, "digest")
	if _, err := seal.Residue(entry(t, batch(bare(1))), trucewatch.Hash{}, "", openly); err == nil || !strings.Contains(err.Error(), "source.id") {
		t.Errorf("residue without a pseudonym: %v", err)
	}
}
