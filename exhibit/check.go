// SPDX-License-Identifier: Apache-2.0

package exhibit

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

// ErrFalse says that an exhibit does not prove what it shows.
var ErrFalse = errors.New("the exhibit does not prove what it shows")

// A Proved is what an exhibit proves.
type Proved struct {
	Standing witness.Standing
	// Unchecked says that there may be cosignatures that nobody checked: there was no policy.
	Unchecked   bool
	Entry       *trucewatch.Entry
	Fields      []Field                 // of a sealed entry
	Observation *trucewatch.Observation // of an open one
	Finding     *trucewatch.FindingView // as it was public
	Digest      *trucewatch.Digest      // that commits to the finding
}

// A Field is an opened field of a sealed entry.
type Field struct {
	Name  string `json:"name"`
	Value any    `json:"value"` // nil if the entry does not have it
}

// Check says what an exhibit proves to whoever trusts the policy: that the
// record of the log held it when the checkpoint was co-signed. A policy without
// organisations is that of the log's key alone. The error wraps ErrFalse, or
// ErrInvalid for what has not the form.
func Check(x *Exhibit, policy *witness.Policy) (*Proved, error) {
	if err := x.checkForm(); err != nil {
		return nil, err
	}
	p := &Proved{Unchecked: len(policy.Organisations()) == 0}
	var err error
	if p.Standing, err = policy.Standing(x.Checkpoint); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFalse, err)
	}
	// What stands there is claimed, and what is claimed is checked: no signature of a
	// key that the policy does not know, and none twice.
	if signatures := bytes.Count(x.Checkpoint, []byte("\n— ")); !p.Unchecked && signatures != 1+len(p.Standing.Signed)+len(p.Standing.Mirrored) {
		return nil, fmt.Errorf("%w: of %d signatures of the checkpoint, some are of keys that the policy does not name", ErrFalse, signatures)
	}
	if err := x.checkIncluded(p.Standing); err != nil {
		return nil, err
	}
	if p.Entry, err = trucewatch.DecodeEntry(x.Index, x.Leaf); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFalse, err)
	}
	if p.Entry.Body.Log != p.Standing.Origin {
		return nil, fmt.Errorf("%w: entry %d is of log %q, the checkpoint of %q", ErrFalse, x.Index, p.Entry.Body.Log, p.Standing.Origin)
	}
	switch {
	case x.Item != nil:
		err = p.checkItem(x.Item)
	case x.Row != nil:
		err = p.checkRow(*x.Row)
	default:
		err = p.checkOpenings(x.Openings)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// checkIncluded holds the entry to the checkpoint's root.
func (x *Exhibit) checkIncluded(s witness.Standing) error {
	path := make(tlog.RecordProof, len(x.Proof))
	for i, h := range x.Proof {
		path[i] = tlog.Hash(h)
	}
	if x.Index >= s.Size {
		return fmt.Errorf("%w: entry %d, in a checkpoint of %d entries", ErrFalse, x.Index, s.Size)
	}
	if err := tlog.CheckRecord(path, int64(s.Size), s.Root, int64(x.Index), tlog.RecordHash(x.Leaf)); err != nil {
		return fmt.Errorf("%w: entry %d is not in the checkpoint: %w", ErrFalse, x.Index, err)
	}
	return nil
}

func (p *Proved) checkItem(it *Item) error {
	d := p.Entry.Body.Payload.Digest
	if d == nil {
		return fmt.Errorf("%w: entry %d is of type %s and commits to no publication", ErrFalse, p.Entry.Index, p.Entry.Body.Type)
	}
	path := make(tlog.RecordProof, len(it.Path))
	for i, h := range it.Path {
		path[i] = tlog.Hash(h)
	}
	if it.Index >= d.Count || d.Count > math.MaxInt64 {
		return fmt.Errorf("%w: finding %d of %d", ErrFalse, it.Index, d.Count)
	}
	if err := tlog.CheckRecord(path, int64(d.Count), tlog.Hash(d.Items), int64(it.Index), tlog.RecordHash(it.Bytes)); err != nil {
		return fmt.Errorf("%w: the finding is not in the publication: %w", ErrFalse, err)
	}
	var f trucewatch.FindingView
	if err := trucewatch.Decode(it.Bytes, &f); err != nil {
		return fmt.Errorf("%w: finding: %w", ErrFalse, err)
	}
	p.Finding, p.Digest = &f, d
	return nil
}

func (p *Proved) checkRow(row uint64) error {
	b := p.Entry.Body.Payload.Observations
	if b == nil || row >= uint64(len(b.Observations)) {
		return fmt.Errorf("%w: entry %d has no observation %d", ErrFalse, p.Entry.Index, row)
	}
	p.Observation = &b.Observations[row]
	return nil
}

func (p *Proved) checkOpenings(openings []seal.Opening) error {
	if p.Entry.Body.Type != trucewatch.SealedEntry {
		return fmt.Errorf("%w: entry %d is of type %s: it stands openly, and nothing of it is opened", ErrFalse, p.Entry.Index, p.Entry.Body.Type)
	}
	for _, o := range openings {
		if err := seal.CheckOpening(p.Entry.Body.CommitmentRoot, o); err != nil {
			return fmt.Errorf("%w: %w", ErrFalse, err)
		}
		value, err := Value(o)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFalse, err)
		}
		p.Fields = append(p.Fields, Field{o.Name, value})
	}
	if err := seal.CheckPrecisions(openings); err != nil {
		return fmt.Errorf("%w: %w", ErrFalse, err)
	}
	return nil
}

// Value decodes the value of an opened field, for people: nil if the entry does
// not have the field, and its CBOR in hexadecimal if it is of no kind that is
// shown in words.
func Value(o seal.Opening) (any, error) {
	if bytes.Equal(o.Value, []byte{0xf6}) {
		return nil, nil
	}
	var into any
	switch name := o.Name[strings.LastIndexByte(o.Name, '/')+1:]; name {
	case "type", "pseudonym", "source_kind", "kind", "description", "means", "text", "url", "native_id", "deed", "by", "reason":
		into = new(string)
	case "received", "received_hour", "reported_at", "at":
		into = new(trucewatch.Instant)
	case "count":
		into = new(trucewatch.Count)
	case "time", "time_hour", "time_day", "window":
		into = new(trucewatch.Interval)
	case "where", "where_1km", "where_10km", "where_100km":
		into = new(geo.Region)
	default:
		return fmt.Sprintf("cbor %x", o.Value), nil
	}
	if err := trucewatch.Decode(o.Value, into); err != nil {
		return nil, fmt.Errorf("field %s: %w", o.Name, err)
	}
	switch v := into.(type) {
	case *string:
		return *v, nil
	case *trucewatch.Instant:
		return *v, nil
	case *trucewatch.Count:
		return *v, nil
	case *trucewatch.Interval:
		return *v, nil
	case *geo.Region:
		return *v, nil
	}
	return into, nil
}
