// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// proceedings lists the types that a file of proceedings may hold.
var proceedings = []trucewatch.EntryType{trucewatch.InterpretationEntry, trucewatch.AnswerEntry, trucewatch.DecisionEntry, trucewatch.StepEntry,
	trucewatch.SessionEntry, trucewatch.ActivationEntry, trucewatch.NoticeStepEntry, trucewatch.FactEntry, trucewatch.CoverageEntry, trucewatch.InventoryEntry}

// A Proceeding is one thing that was done about a case: an answer, a vote, a call
// on the hotline, a visit to a storage site, a watch.
type Proceeding struct {
	At      trucewatch.Instant // when it is entered, in a re-enactment; 0: now
	Line    int                // of the file
	Payload trucewatch.Payload
}

// ParseProceedings reads a YAML list (JSON is YAML). Each element has one key that
// names what it is, with the fields that docs/formats/proceedings.md lists, and,
// in a re-enactment, "at". A place of words is looked up in the gazetteer. The
// error names file and line; nothing is guessed and no key is passed over.
func ParseProceedings(name string, data []byte, g *intake.Gazetteer) ([]Proceeding, error) {
	if _, err := intake.ParseYAML(name, data); err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	var list []yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("mission: %s: a list of proceedings: %w", name, err)
	}
	var all []Proceeding
	for i := range list {
		p, err := proceeding(&list[i], g)
		if err != nil {
			return nil, fmt.Errorf("mission: %s:%d: %w", name, list[i].Line, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func proceeding(n *yaml.Node, g *intake.Gazetteer) (Proceeding, error) {
	p := Proceeding{Line: n.Line}
	var fields map[string]any
	if err := n.Decode(&fields); err != nil {
		return p, err
	}
	var head struct {
		At trucewatch.Instant `json:"at"`
	}
	if at, given := fields["at"]; given {
		raw, err := json.Marshal(map[string]any{"at": at})
		if err == nil {
			err = json.Unmarshal(raw, &head)
		}
		if err != nil {
			return p, fmt.Errorf("at: %w", err)
		}
		delete(fields, "at")
	}
	p.At = head.At
	raw, err := json.Marshal(fields)
	if err != nil {
		return p, err // a key that is no text
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p.Payload); err != nil {
		return p, err
	}
	types := p.Payload.Types()
	if len(types) != 1 || !slices.Contains(proceedings, types[0]) {
		return p, fmt.Errorf("%w: holds %v, not one of %v", trucewatch.ErrInvalid, types, proceedings)
	}
	return p, resolve(&p.Payload, g)
}

// resolve turns the words of places into regions.
func resolve(p *trucewatch.Payload, g *intake.Gazetteer) error {
	var places []*trucewatch.Place
	if a := p.Activation; a != nil {
		places = append(places, &a.Where)
	}
	if c := p.Coverage; c != nil {
		for i := range c.Watches {
			places = append(places, &c.Watches[i].Where)
		}
	}
	for _, place := range places {
		if place.Text == "" || place.Region.Kind != "" {
			continue
		}
		found, err := intake.ParseWhere(place.Text, trucewatch.Observer{}, g)
		if err != nil {
			return fmt.Errorf("where: %w", err)
		}
		*place = found
	}
	return nil
}
