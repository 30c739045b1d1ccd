// SPDX-License-Identifier: Apache-2.0

package score

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/trucewatch/trucewatch"
)

// A Summary is the main numbers of one score, for tables and charts over many
// worlds. Numbers that do not exist are absent.
type Summary struct {
	Name        string   `json:"name"`
	World       string   `json:"world"`
	Seed        uint64   `json:"seed,omitempty"`
	Parameters  string   `json:"parameters,omitempty"`
	PerHour     float64  `json:"events_per_hour"`
	Events      int      `json:"events"`
	Results     int      `json:"results"`
	Matched     int      `json:"matched"`
	Precision   *float64 `json:"precision,omitempty"`
	Recall      *float64 `json:"recall,omitempty"`
	F1          *float64 `json:"f1,omitempty"`
	LinkF1      *float64 `json:"link_f1,omitempty"`
	PairF1      *float64 `json:"pair_f1,omitempty"`
	BCubedF1    *float64 `json:"bcubed_f1,omitempty"`
	MedianM     *float64 `json:"median_m,omitempty"`
	RMSEM       *float64 `json:"rmse_m,omitempty"`
	OverBound   *float64 `json:"rmse_over_bound,omitempty"`
	Fine        *float64 `json:"rmse_over_bound_without_gross,omitempty"`
	Gross       int      `json:"gross"`
	RootNEES    *float64 `json:"root_nees,omitempty"`
	Covered     *float64 `json:"covered,omitempty"`
	CoveredOf   int      `json:"covered_of"`
	ECE         *float64 `json:"ece,omitempty"`
	Probability int      `json:"links_with_probability"`
	// Of results with findings.
	Findings  int      `json:"findings,omitempty"`
	Baseless  int      `json:"findings_of_nothing,omitempty"`
	Named     int      `json:"named,omitempty"`
	Wrong     int      `json:"named_wrongly,omitempty"`
	Refusal   *float64 `json:"refusal_rate,omitempty"`
	NamedECE  *float64 `json:"named_ece,omitempty"`
	NineRight *float64 `json:"right_of_nine_tenths,omitempty"`
	DelayS    *float64 `json:"median_s_to_finding,omitempty"`
	// What a mean over worlds is made of.
	Bounded   int        `json:"bounded,omitempty"`
	SquaresM2 [2]float64 `json:"bounded_squares_m2"` // sum of squared distances of those with a bound; and without gross errors
	BoundsM2  [2]float64 `json:"bounds_m2"`          // sum of their bounds, likewise
	NEESOf    int        `json:"nees_of,omitempty"`
	Bins      []Bin      `json:"bins,omitempty"`
}

// present returns v, nil if it does not exist.
func present(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Summary returns the main numbers of s.
func (s *Score) Summary() Summary {
	hours := float64(s.About.Span.Till-s.About.Span.From) / float64(trucewatch.Hour)
	perHour := 0.0
	if hours > 0 {
		perHour = float64(s.Events) / hours
	}
	sum := Summary{Name: s.Name, World: s.About.World, Seed: s.About.Seed, Parameters: s.About.Parameters, PerHour: perHour,
		Events: s.Events, Results: s.Results, Matched: s.Matched, Precision: present(s.Precision), Recall: present(s.Recall), F1: present(s.F1),
		LinkF1: present(s.Links.F1), PairF1: present(s.Links.PairF1), BCubedF1: present(s.Links.BCubedF1),
		MedianM: present(s.Location.MedianM), RMSEM: present(s.Location.RMSEM), OverBound: present(s.Location.OverBound), Fine: present(s.Location.FineOverBound), Gross: s.Location.Gross,
		RootNEES: present(s.Location.RootNEES), Findings: s.Verdicts.Findings, Baseless: s.Verdicts.Baseless, Named: s.Verdicts.Named, Wrong: s.Verdicts.Wrong,
		Refusal: present(s.Verdicts.Refusal), NamedECE: present(s.Verdicts.ECE), NineRight: present(s.Verdicts.NineRight), DelayS: present(s.Verdicts.MedianDelayS),
		Covered: present(s.Location.Covered), CoveredOf: s.Location.WithRegion,
		ECE: present(s.Shares.ECE), Probability: s.Shares.Links,
		Bounded: s.Location.Bounded, SquaresM2: s.Location.squares, BoundsM2: s.Location.bounds, NEESOf: s.Location.WithCovariance}
	if s.Shares.Links > 0 {
		sum.Bins = s.Shares.Bins[:]
	}
	return sum
}

// ReadSummaries reads lines that Summary was written to. Errors name the line.
func ReadSummaries(in io.Reader) ([]Summary, error) {
	var all []Summary
	scanner := bufio.NewScanner(in)
	n := 0
	for scanner.Scan() {
		n++
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		var s Summary
		dec := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			return nil, fmt.Errorf("scores: line %d: %w", n, err)
		}
		all = append(all, s)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("scores: line %d: %w", n+1, err)
	}
	return all, nil
}
