// SPDX-License-Identifier: Apache-2.0

// Package statements reads what people and bodies said from a YAML list, one
// element a statement, with the noun's keys.
//
// Times are RFC 3339; a bare date is its whole day, and a local time a moment,
// in the zone that the statement's key zone or the caller states. {from: , till: }
// gives both ends. A statement that cannot be taken is refused with line and
// column, and reading goes on; only broken YAML is an error of the file.
package statements

import (
	"bytes"
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// Format returns the format.
func Format() intake.Format { return intake.Format{Manifest: manifest(), Parse: Parse} }

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "statements", Title: "what was said, by whom and through whom", Provider: "whoever compiled the file",
		Licence: "facts in our words; quotations belong to their speakers", Units: "none", Frame: "times RFC 3339, or local in a stated zone",
		Limits: "a claim is not an observation: it is never associated or judged", Columns: columns(),
	}
}

func columns() []intake.Column {
	return []intake.Column{
		{Name: "id", Meaning: "in the source's own system"},
		{Name: "speaker", Meaning: "who said it: a function or body", Required: true},
		{Name: "capacity", Meaning: "in what capacity"},
		{Name: "for", Meaning: "whom the speaker speaks for"},
		{Name: "channel", Meaning: "briefing, post on social media"},
		{Name: "relayed_by", Meaning: "who passed it on"},
		{Name: "said_at", Meaning: "when it was said; nothing if the source does not say"},
		{Name: "published_at", Meaning: "when it was published"},
		{Name: "track", Meaning: "military, political or humanitarian"},
		{Name: "meeting", Meaning: "at which meeting"},
		{Name: "topics", Meaning: "list of words"},
		{Name: "text", Meaning: "what was said, in our words unless quoted", Required: true},
		{Name: "quoted", Meaning: "true: the text is the speaker's own words"},
		{Name: "language", Meaning: "of the original"},
		{Name: "claims", Meaning: "list of {kind, text, about, count, status}"},
		{Name: "inferred", Meaning: "list of fields that the source does not print"},
		{Name: "reported_at", Meaning: "when it became known to us"},
		{Name: "url", Meaning: "where it was published"},
		{Name: "zone", Meaning: "of this statement's local times"},
	}
}

func keys() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.Name)
	}
	return names
}

// Parse reads a file; see the package comment.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	o, err := o.WithSource(manifest())
	if err != nil {
		return err
	}
	list, err := intake.ReadYAMLList(o, r)
	if err != nil {
		return err
	}
	zone, err := intake.ParseZone(o.Zone, o.Location)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	keyer := intake.NewKeyer(o.Source.ID)
	return list.Each(emit, func(d intake.Doc) (trucewatch.Submission, error) {
		s, err := read(d, o, zone)
		if err != nil {
			return trucewatch.Submission{}, err
		}
		if s.NativeID != "" {
			s.Key = keyer.Native(s.NativeID)
		} else {
			s.Key = keyer.Bytes(bytes.Clone(trucewatch.Encode(s))) // with the key still zero
		}
		if err := s.Check(); err != nil {
			return trucewatch.Submission{}, d.Errorf("%w", err)
		}
		return trucewatch.Submission{Statement: s}, nil
	})
}

func read(d intake.Doc, o intake.Options, zone intake.Zone) (*trucewatch.Statement, error) {
	f, err := d.Fields(keys()...)
	if err != nil {
		return nil, err
	}
	s := &trucewatch.Statement{}
	var zoneName string
	for _, t := range []struct {
		key string
		to  *string
	}{{"id", &s.NativeID}, {"speaker", &s.Speaker}, {"capacity", &s.Capacity}, {"for", &s.For}, {"channel", &s.Channel},
		{"relayed_by", &s.RelayedBy}, {"track", &s.Track}, {"meeting", &s.Meeting}, {"text", &s.Text}, {"language", &s.Language},
		{"url", &s.URL}, {"zone", &zoneName}} {
		if *t.to, err = f[t.key].Text(); err != nil {
			return nil, err
		}
	}
	if zoneName != "" {
		if zone, err = intake.ParseZone(zoneName, o.Location); err != nil {
			return nil, f["zone"].Errorf("%w", err)
		}
	}
	if s.Quoted, err = f["quoted"].Bool(); err != nil {
		return nil, err
	}
	if s.Topics, err = f["topics"].Texts(); err != nil {
		return nil, err
	}
	if s.Inferred, err = f["inferred"].Texts(); err != nil {
		return nil, err
	}
	if s.SaidAt, err = f["said_at"].Interval(zone); err != nil {
		return nil, err
	}
	if s.PublishedAt, err = f["published_at"].Interval(zone); err != nil {
		return nil, err
	}
	reported, err := f["reported_at"].Interval(zone)
	if err != nil {
		return nil, err
	}
	s.ReportedAt = reported.Till
	s.Claims, err = claims(f["claims"])
	return s, err
}

func claims(d intake.Doc) ([]trucewatch.Claim, error) {
	list, err := d.List()
	if err != nil {
		return nil, err
	}
	var out []trucewatch.Claim
	for _, e := range list {
		f, err := e.Fields("kind", "text", "about", "count", "status")
		if err != nil {
			return nil, err
		}
		var c trucewatch.Claim
		for _, t := range []struct {
			key string
			to  *string
		}{{"kind", &c.Kind}, {"text", &c.Text}, {"about", &c.About}, {"status", &c.Status}} {
			if *t.to, err = f[t.key].Text(); err != nil {
				return nil, err
			}
		}
		if c.Count, err = count(f["count"]); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// count reads "about 80", or {value: , qualifier: , unit: , high: }.
func count(d intake.Doc) (*trucewatch.Count, error) {
	if !d.Exists() {
		return nil, nil
	}
	if d.IsText() {
		words, err := d.Text()
		if err != nil {
			return nil, err
		}
		c, err := intake.ParseCount(words)
		if err != nil {
			return nil, d.Errorf("%w", err)
		}
		return &c, nil
	}
	f, err := d.Fields("value", "qualifier", "unit", "high")
	if err != nil {
		return nil, err
	}
	var words [4]string
	for i, key := range []string{"value", "qualifier", "unit", "high"} {
		if words[i], err = f[key].Text(); err != nil {
			return nil, err
		}
	}
	if words[3] != "" {
		words[0] += "-" + words[3]
	}
	c, err := intake.QualifiedCount(words[0], words[1])
	if err != nil {
		return nil, d.Errorf("%w", err)
	}
	c.Unit = words[2]
	return &c, nil
}
