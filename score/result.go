// SPDX-License-Identifier: Apache-2.0

package score

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Result is what an associator found.
type Result struct {
	Name   string // of the associator or file
	Events []Found
}

// A Found is one event of a result.
type Found struct {
	ID       string
	At       trucewatch.Instant // 0 unknown
	Placed   bool               // Position is set
	Position geo.Position
	Region   geo.Region // holds 95 %; zero unknown
	Members  []Member
	Verdicts []Verdict // of a dossier with findings
}

// A Member is an observation that an associator links to an event.
type Member struct {
	Observation string // its ID
	Share       int64  // probability that it belongs there, ppm; -1 unknown
}

// UnmarshalJSON reads "12.0" or {"observation":"12.0","share_ppm":990000}.
func (m *Member) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		m.Share = -1
		return json.Unmarshal(b, &m.Observation)
	}
	line := struct {
		Observation string `json:"observation"`
		Share       *int64 `json:"share_ppm"`
	}{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		return err
	}
	*m = Member{Observation: line.Observation, Share: -1}
	if line.Share != nil {
		if *line.Share < 0 || *line.Share > geo.Million {
			return fmt.Errorf("share %d is outside 0 to 1000000 ppm", *line.Share)
		}
		m.Share = *line.Share
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (m Member) MarshalJSON() ([]byte, error) {
	if m.Share < 0 {
		return json.Marshal(m.Observation)
	}
	return json.Marshal(struct {
		Observation string `json:"observation"`
		Share       int64  `json:"share_ppm"`
	}{m.Observation, m.Share})
}

// A foundLine is one line of a result file of another associator. Positions
// are decimal degrees on WGS 84, as other programs have them.
type foundLine struct {
	ID      string             `json:"id"`
	Time    trucewatch.Instant `json:"time,omitzero"`
	Lat     *float64           `json:"lat,omitempty"`
	Lon     *float64           `json:"lon,omitempty"`
	Cov     []float64          `json:"covariance_m2,omitempty"` // east-east, east-north, north-north
	Region  *geo.Region        `json:"region,omitempty"`
	Members []Member           `json:"members"`
}

// lineMax bounds one line of a result file: a dossier of thousands of observations.
const lineMax = 64 << 20

// ReadResult reads a result file: lines of events, or dossiers as the command
// associate writes them. Errors name the line.
func ReadResult(name string, in io.Reader) (*Result, error) {
	r := &Result{Name: name}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 64<<10), lineMax)
	n := 0
	for scanner.Scan() {
		n++
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		found, err := readFound(scanner.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, n, err)
		}
		r.Events = append(r.Events, found...)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: line %d: %w", name, n+1, err)
	}
	return r, nil
}

// readFound reads one line.
func readFound(b []byte) ([]Found, error) {
	found, err := readLine(b)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		seen := make(map[string]bool, len(f.Members))
		for _, m := range f.Members {
			if seen[m.Observation] {
				return nil, fmt.Errorf("observation %q is named twice", trucewatch.CutText(m.Observation, 40))
			}
			seen[m.Observation] = true
		}
	}
	return found, nil
}

// A dossierLine is what is read of a dossier.
type dossierLine struct {
	Incident     *trucewatch.Incident `json:"incident"`
	Observations []struct {
		ID          trucewatch.ObservationID `json:"id"`
		Received    trucewatch.Instant       `json:"received"`
		Observation struct {
			Arrival *trucewatch.Arrival `json:"arrival"`
		} `json:"observation"`
	} `json:"observations"`
	Findings []*trucewatch.Finding `json:"findings"`
}

func readLine(b []byte) ([]Found, error) {
	var kind struct {
		Incident json.RawMessage `json:"incident"`
	}
	if err := json.Unmarshal(b, &kind); err != nil {
		return nil, err
	}
	if kind.Incident != nil {
		var d dossierLine
		if err := json.Unmarshal(b, &d); err != nil {
			return nil, err
		}
		arrivals := make(map[trucewatch.ObservationID]bool)
		received := make(map[trucewatch.ObservationID]trucewatch.Instant, len(d.Observations))
		for _, o := range d.Observations {
			received[o.ID] = o.Received
			if arrival := o.Observation.Arrival; arrival != nil && arrival.Wave != trucewatch.InfrasoundWave {
				arrivals[o.ID] = true
			}
		}
		if d.Incident == nil {
			return nil, errors.New("incident: missing")
		}
		if len(arrivals) > 0 {
			return RoundsOf(d.Incident, func(id trucewatch.ObservationID) bool { return arrivals[id] }), nil
		}
		f := OfIncident(d.Incident)
		f.Verdicts = verdictsIn(d.Findings, received)
		return []Found{f}, nil
	}
	var l foundLine
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return nil, err
	}
	f, err := l.found()
	return []Found{f}, err
}

// Write writes r as lines of events.
func (r *Result) Write(out io.Writer) error {
	buffered := bufio.NewWriter(out)
	enc := json.NewEncoder(buffered)
	for i := range r.Events {
		f := &r.Events[i]
		l := foundLine{ID: f.ID, Time: f.At, Members: f.Members}
		if f.Placed {
			lat, lon := float64(f.Position.LatE7)/geo.E7, float64(f.Position.LonE7)/geo.E7
			l.Lat, l.Lon = &lat, &lon
		}
		if !f.Region.IsZero() {
			l.Region = &f.Region
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func (l *foundLine) found() (Found, error) {
	f := Found{ID: l.ID, At: l.Time, Members: l.Members}
	if (l.Lat == nil) != (l.Lon == nil) {
		return Found{}, errors.New("lat and lon: one without the other")
	}
	if l.Lat != nil {
		if !(math.Abs(*l.Lat) <= 90) || !(math.Abs(*l.Lon) <= 180) {
			return Found{}, fmt.Errorf("lat %v, lon %v is off the globe", *l.Lat, *l.Lon)
		}
		f.Placed = true
		f.Position = geo.Position{LatE7: int32(math.Floor(float64(*l.Lat*geo.E7) + 0.5)), LonE7: int32(math.Floor(float64(*l.Lon*geo.E7) + 0.5))}
	}
	switch {
	case l.Region != nil && len(l.Cov) > 0:
		return Found{}, errors.New("region and covariance_m2: only one of them")
	case l.Region != nil:
		f.Region = *l.Region
	case len(l.Cov) > 0:
		if len(l.Cov) != 3 || !f.Placed {
			return Found{}, errors.New("covariance_m2 needs three numbers, and lat and lon")
		}
		e, ok := EllipseOf(f.Position, [3]float64{l.Cov[0], l.Cov[1], l.Cov[2]})
		if !ok {
			return Found{}, fmt.Errorf("covariance_m2 %v is not the covariance of a place", l.Cov)
		}
		f.Region = e
	}
	return f, nil
}

// RoundsOf reads the single rounds of an incident of ours that rests on arrivals:
// an incident is an engagement, and may hold several. A round is an estimate by
// arrivals alone that shares none with a round before it.
func RoundsOf(in *trucewatch.Incident, arrival func(trucewatch.ObservationID) bool) []Found {
	share := make(map[trucewatch.ObservationID]int64, len(in.Links))
	for _, l := range in.Links {
		share[l.Observation] = int64(l.Share)
	}
	var rounds []Found
	used := make(map[trucewatch.ObservationID]bool)
	for i := range in.Estimates {
		e := &in.Estimates[i]
		if len(e.Uses) < 2 || slices.ContainsFunc(e.Uses, func(id trucewatch.ObservationID) bool { return !arrival(id) || used[id] }) {
			continue
		}
		f := found(e, in.When)
		f.ID = fmt.Sprintf("%v/%d", in.ID, len(rounds)+1)
		for _, id := range e.Uses {
			used[id] = true
			f.Members = append(f.Members, Member{Observation: id.String(), Share: share[id]})
		}
		rounds = append(rounds, f)
	}
	return rounds
}

// found reads an estimate; when stands for its time if it has none.
func found(e *trucewatch.Estimate, when trucewatch.Interval) Found {
	if !e.When.IsZero() {
		when = e.When
	}
	return Found{At: when.From + (max(when.Till, when.From)-when.From)/2, Region: e.Region, Placed: !e.Region.IsZero(), Position: e.Region.Mean()}
}

// OfIncident reads an incident of ours: its members and its preferred estimate.
func OfIncident(in *trucewatch.Incident) Found {
	best := in.Best()
	if best == nil {
		best = &trucewatch.Estimate{}
	}
	f := found(best, in.When)
	f.ID = in.ID.String()
	for _, l := range in.Links {
		f.Members = append(f.Members, Member{Observation: l.Observation.String(), Share: int64(l.Share)})
	}
	return f
}

// OfDossier is OfIncident with what was found about it.
func OfDossier(d *trucewatch.Dossier) Found {
	received := make(map[trucewatch.ObservationID]trucewatch.Instant, len(d.Observations))
	for _, r := range d.Observations {
		received[r.ID] = r.Received
	}
	f := OfIncident(d.Incident)
	f.Verdicts = verdictsIn(d.Findings, received)
	return f
}
