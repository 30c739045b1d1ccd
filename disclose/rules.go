// SPDX-License-Identifier: Apache-2.0

// Package disclose says what an audience may see, how precisely, and how late.
//
// A View is a pure function of the state, the audience and an instant. What the
// public may see is a function of what the mission sees: two states that differ
// only in what is kept from the public give the public the same bytes. Places
// are given as cells of one nested grid, never as a point that was moved at
// random, so that many publications of one incident never add up to a finer
// place than the finest cell among them. Times are given by the hour.
//
// This version serves the mission's operations room and the public. It
// withholds whole fields and rebuilds texts from structured fields; it never
// searches a text for secrets. It does not judge, and it words nothing beyond
// one sentence per reason and per gap.
package disclose

import (
	"errors"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// ErrAudience is wrapped by the error about an audience that this version does
// not serve. Such an audience sees nothing; it is never treated as another.
var ErrAudience = errors.New("audience is not served by this version")

// ErrTerms is wrapped by the error about a disclosure rule of an agreement that
// this version cannot keep.
var ErrTerms = errors.New("disclosure rule cannot be kept by this version")

const (
	// PublicPrecisionMM is the side of the cell in which the public sees a
	// place, if no agreement says otherwise.
	//
	// Source: the example agreement, disclosure, public: precision_km 5
	// (docs/harm.md).
	PublicPrecisionMM = 5_000_000

	// StillPrecisionMM is the side of the cell for what does not move: there a
	// delay protects nothing, and only a coarser place does.
	//
	// Source: such objects are given by band or district (docs/harm.md).
	// Guess: 25 km is about the size of a district. Test: settlements per cell
	// along the line; no cell should hold fewer than five.
	StillPrecisionMM = 25_000_000

	// PublicDelay is how long after its end the public first sees an event, if
	// no agreement says otherwise.
	//
	// Source: the example agreement, disclosure, public: delay_hours 24
	// (docs/harm.md).
	PublicDelay = 24 * trucewatch.Hour

	// ConfidenceStep is the step to which confidence and shares are rounded
	// down for the public. The exact figure says how far inside a zone a place
	// lies, which is finer than its cell.
	//
	// Guess: a tenth, which keeps the words' usual thresholds (0.2, 0.6, 0.9)
	// apart. Test: information about the distance to a zone's edge that the
	// rounded share still holds.
	ConfidenceStep = 100_000
)

// The scale of words for confidence, if no agreement has one.
//
// Source: evidence.scale in examples/agreements/line-2026/agreement.yaml.
const (
	possibleFrom  = 200_000
	probableFrom  = 600_000
	confirmedFrom = 900_000
)

// Rules are what one audience may see. The zero Rules show nothing.
type Rules struct {
	Audience    trucewatch.Audience
	PrecisionMM int64              // side of the finest cell; 0: exact places
	Delay       trucewatch.Instant // after the end of an event
	Adjudicates bool               // the mission may name who is responsible

	hour  trucewatch.Instant // an instant at which an hour begins, so that reporting periods end on whole hours
	scale agreement.Evidence // the thresholds of its words
}

// whatIsHidden are the words by which an agreement hides something from the
// public. This version hides all of it from the public in any case.
var whatIsHidden = []string{"sensor_positions", "coverage_cells", "source_identity", "personal_data", "exact_hit_points", "launch_points",
	"effect_of_own_fire_live", "launch_points_live"}

// DefaultRules returns the rules of a mission without an agreement that says
// more.
func DefaultRules(a trucewatch.Audience, genesis *trucewatch.Genesis) (Rules, error) {
	r := Rules{Audience: a, scale: agreement.Evidence{Possible: possibleFrom, Probable: probableFrom, Confirmed: confirmedFrom}}
	if genesis != nil {
		r.hour = genesis.Epoch
	}
	switch a {
	case trucewatch.ForMission:
		r.Adjudicates = true
		return r, nil
	case trucewatch.ForPublic:
		r.PrecisionMM, r.Delay = PublicPrecisionMM, PublicDelay
		return r, nil
	}
	return Rules{}, fmt.Errorf("audience %s: %w", a, ErrAudience)
}

// RulesFor returns the rules for an audience under all agreements that hold in
// a mission; of several the stricter wins. Drafts are left out. The error wraps
// ErrAudience if this version does not serve the audience, and ErrTerms if an
// agreement asks for something that this version cannot keep.
func RulesFor(a trucewatch.Audience, agreements []*agreement.Agreement, genesis *trucewatch.Genesis) (Rules, error) {
	r, err := DefaultRules(a, genesis)
	if err != nil {
		return Rules{}, err
	}
	first := true
	for _, g := range agreements {
		if g.Status == agreement.Draft {
			continue
		}
		if err := r.hold(g, first); err != nil {
			return Rules{}, fmt.Errorf("agreement %s version %d: %w", g.ID, g.Version, err)
		}
		first = false
	}
	return r, nil
}

// hold adds an agreement's rule. The first replaces the defaults, each other
// one can only make them stricter.
func (r *Rules) hold(g *agreement.Agreement, first bool) error {
	next := Rules{PrecisionMM: PublicPrecisionMM, Delay: PublicDelay, Adjudicates: g.MissionAdjudicates(), scale: g.Evidence}
	if rule, ok := g.DisclosureFor(r.Audience); ok && r.Audience == trucewatch.ForPublic {
		if err := keepable(rule); err != nil {
			return err
		}
		next.Delay = rule.Delay
		if rule.Precise {
			next.PrecisionMM = rule.PrecisionMM
		}
	}
	if next.scale.Possible == 0 && next.scale.Probable == 0 && next.scale.Confirmed == 0 {
		next.scale = r.scale
	}
	if first {
		r.scale = next.scale
	} else {
		r.scale.Possible = max(r.scale.Possible, next.scale.Possible)
		r.scale.Probable = max(r.scale.Probable, next.scale.Probable)
		r.scale.Confirmed = max(r.scale.Confirmed, next.scale.Confirmed)
	}
	if r.Audience == trucewatch.ForMission {
		r.Adjudicates = r.Adjudicates && next.Adjudicates
		return nil
	}
	if first {
		r.PrecisionMM, r.Delay, r.Adjudicates = next.PrecisionMM, next.Delay, next.Adjudicates
		return nil
	}
	r.PrecisionMM = max(r.PrecisionMM, next.PrecisionMM)
	r.Delay = max(r.Delay, next.Delay)
	r.Adjudicates = r.Adjudicates && next.Adjudicates
	return nil
}

// keepable refuses a rule for the public that this version would not keep.
func keepable(d agreement.DisclosureRule) error {
	switch {
	case d.Precise && d.PrecisionMM <= 0:
		return fmt.Errorf("public: precision: exact places are for the operations room alone: %w", ErrTerms)
	case len(d.Only) > 0 && !slices.Equal(d.Only, []string{"released_findings"}):
		return fmt.Errorf("public: only %q: this version gives the public released findings and nothing narrower: %w", d.Only, ErrTerms)
	case d.OwnSide != "" || d.OtherSide != nil || d.PerCase != "" || d.Openings != "":
		return fmt.Errorf("public: own_side, other_side, per_case and openings are for other audiences: %w", ErrTerms)
	}
	for _, what := range slices.Concat(d.Hide, d.Never) {
		if !slices.Contains(whatIsHidden, what) {
			return fmt.Errorf("public: hide %q is not known: %w", what, ErrTerms)
		}
	}
	return nil
}

// mission says whether the audience sees everything.
func (r Rules) mission() bool { return r.Audience == trucewatch.ForMission }

// public says whether the audience is the public. Rules that are neither the
// mission's nor the public's show nothing.
func (r Rules) public() bool { return r.Audience == trucewatch.ForPublic && r.PrecisionMM > 0 }
