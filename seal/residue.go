// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

const residueContext = "trucewatch/residue/v1\x00"

// cut stands where a schema wants text and the text was taken out.
const cut = "[not kept]"

// Residue returns the envelope of a coarse stand-in for e, an entry to be sealed:
// what findings can still rest on when the mission's box has been destroyed. It
// passes trucewatch.DecodeEntry, and the same input gives the same bytes.
//
// Of an observation it keeps kind, description, means, count, marks, casualties,
// the platform and calibre of a weapon and a direction in 16 winds; the time is
// widened to its hours, the place to the field where_10km. What names, quotes or
// pinpoints is left out: source (the pseudonym stands for it), key, texts, place
// names, observer, model, asset, addresses, native identifiers. Of other types
// free text and addresses are left out, and places made coarse.
//
// Each key becomes the hash of root and row, because the true one can be found by
// trying native identifiers. So a row that comes in again after the erasure is
// taken for a new one.
//
// The body names its signer and its number in the signer's chain, so that an
// erased entry stands for exactly its own place there. It has no signatures and
// not the hash of the body before it: by a hash, guesses of what was erased could
// be tried. The entry that names the box vouches for it, and received is that
// entry's time, not the exact one.
func Residue(e *trucewatch.Entry, root trucewatch.Hash, pseudonym string, received trucewatch.Instant) ([]byte, error) {
	if !Sealable(e.Body.Type) {
		return nil, fmt.Errorf("residue of entry %d: %w: entries of type %s are never sealed", e.Index, ErrInvalid, e.Body.Type)
	}
	body := trucewatch.Body{Version: e.Body.Version, Log: e.Body.Log, Type: e.Body.Type, Key: e.Body.Key, Sequence: e.Body.Sequence}
	if e.Body.Payload.Tick != nil {
		received = max(received, e.Body.Payload.Tick.At) // a tick is not received before its time
	}
	residueOf(&e.Body.Payload, &body.Payload, root, pseudonym)
	raw := trucewatch.Encode(trucewatch.Envelope{Received: received, Body: trucewatch.Encode(body), Signatures: []trucewatch.Signature{}})
	if _, err := trucewatch.DecodeEntry(e.Index, raw); err != nil {
		return nil, fmt.Errorf("residue: %w", err)
	}
	return raw, nil
}

// residueOf fills out with what is kept of p.
func residueOf(p, out *trucewatch.Payload, root trucewatch.Hash, pseudonym string) {
	switch {
	case p.Observations != nil:
		b := &trucewatch.Batch{Source: residueSource(&p.Observations.Source, pseudonym)}
		for i := range p.Observations.Observations {
			b.Observations = append(b.Observations, residueRow(&p.Observations.Observations[i], residueKey(root, i)))
		}
		for _, r := range p.Observations.Rejected {
			b.Rejected = append(b.Rejected, trucewatch.Rejection{Line: r.Line, Reason: cut})
		}
		out.Observations = b
	case p.Statement != nil:
		b := &trucewatch.StatementBatch{Source: residueSource(&p.Statement.Source, pseudonym)}
		for i := range p.Statement.Statements {
			b.Statements = append(b.Statements, residueStatement(&p.Statement.Statements[i], residueKey(root, i)))
		}
		out.Statement = b
	case p.Tally != nil:
		b := &trucewatch.TallyBatch{Source: residueSource(&p.Tally.Source, pseudonym)}
		for i, t := range p.Tally.Tallies {
			t.Key, t.NativeID, t.Text, t.URL, t.WindowText, t.Area, t.Issue = residueKey(root, i), "", "", "", "", "", ""
			b.Tallies = append(b.Tallies, t)
		}
		out.Tally = b
	case p.Notification != nil:
		out.Notification = residueNotification(p.Notification, residueKey(root, 0))
	case p.Review != nil:
		r := *p.Review
		r.Reason = ""
		out.Review = &r
	case p.Release != nil:
		r := *p.Release
		r.Reason = ""
		out.Release = &r
	case p.Tick != nil:
		out.Tick = p.Tick
	case p.Custody != nil:
		c := *p.Custody
		c.At, c.Reason, c.To, c.About = floorTo(c.At, trucewatch.Hour), "", "", identifier(c.About)
		out.Custody = &c
	default:
		residueProceeding(p, out, pseudonym)
	}
}

func residueKey(root trucewatch.Hash, row int) trucewatch.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint32(append([]byte(residueContext), root[:]...), uint32(row)))
}

// residueSource keeps whose source it is and of what kind, on which it depends
// what its word is worth.
func residueSource(s *trucewatch.Source, pseudonym string) trucewatch.Source {
	return trucewatch.Source{ID: trucewatch.SourceID(pseudonym), Kind: s.Kind, Party: s.Party}
}

func residueRow(o *trucewatch.Observation, key trucewatch.Hash) trucewatch.Observation {
	r := trucewatch.Observation{
		Key: key, Kind: o.Kind, Description: o.Description, Means: o.Means, Count: o.Count, When: widen(o.When, trucewatch.Hour),
		Clock: trucewatch.Clock{Kind: o.Clock.Kind}, Casualty: o.Casualty, Marks: o.Marks, ReportedAt: floorTo(o.ReportedAt, trucewatch.Hour),
	}
	r.Count.Unit = oneOf(o.Count.Unit, units)
	if o.Where.Region.Kind != "" {
		r.Where.Region = CellOf(o.Where.Region, doubled10km)
	}
	if w := o.Weapon; w != nil {
		r.Weapon = &trucewatch.Weapon{Platform: w.Platform, CalibreMM: w.CalibreMM, RangeKM: w.RangeKM,
			Role: oneOf(w.Role, roles), Munition: oneOf(w.Munition, munitions), Basis: oneOf(w.Basis, bases)}
	}
	if m := o.Movement; m != nil {
		const wind = 360_000 / 16
		r.Movement = &trucewatch.Movement{From: oneOf(m.From, winds), To: oneOf(m.To, winds), HeadingMdeg: m.HeadingMdeg / wind * wind}
	}
	if v := o.Restriction; v != nil {
		r.Restriction = &trucewatch.Restriction{Type: v.Type, Minutes: v.Minutes, By: trucewatch.PartyID(identifier(string(v.By)))}
	}
	if a := o.Asset; a != nil && identifier(a.Owner) != "" {
		r.Asset = &trucewatch.Asset{Owner: a.Owner}
	}
	return r
}

// Words that trucewatch.Weapon and trucewatch.Movement name and do not enforce:
// anything else in their place may be free text.
var (
	roles     = []string{"fpv_attack", "bomber", "isr", "delivery"}
	munitions = []string{"bomb", "glide_bomb", "rocket", "missile"}
	bases     = []string{"sound", "sight", "fragment", "image", "statement"}
	winds     = []string{"N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"}
	units     = kindWords()
)

func kindWords() []string {
	var words []string
	for _, k := range trucewatch.Kinds() {
		words = append(words, string(k))
	}
	return words
}

// oneOf returns the word if it is one of all, else nothing.
func oneOf(word string, all []string) string {
	if slices.Contains(all, word) {
		return word
	}
	return ""
}

var identifierPattern = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,64}$`)

// identifier returns the word if it can be an identifier, else nothing: a row may
// have a sentence where a party belongs.
func identifier(word string) string {
	if identifierPattern.MatchString(word) {
		return word
	}
	return ""
}

func residueStatement(s *trucewatch.Statement, key trucewatch.Hash) trucewatch.Statement {
	r := trucewatch.Statement{Key: key, Speaker: cut, For: s.For, SaidAt: widen(s.SaidAt, trucewatch.Hour),
		PublishedAt: widen(s.PublishedAt, trucewatch.Hour), Track: s.Track, Text: cut, ReportedAt: floorTo(s.ReportedAt, trucewatch.Hour)}
	for _, c := range s.Claims {
		r.Claims = append(r.Claims, trucewatch.Claim{Kind: c.Kind, Text: cut, Count: c.Count, Status: c.Status})
	}
	return r
}

// residueNotification keeps the window and the terms; the area or route becomes
// one cell.
func residueNotification(n *trucewatch.Notification, key trucewatch.Hash) *trucewatch.Notification {
	r := *n
	r.Key, r.Route, r.Airframes, r.Text, r.Object, r.Vehicles, r.Marking = key, nil, nil, "", "", nil, ""
	area := n.Area
	if area == nil && len(n.Route) > 0 {
		area = &geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{n.Route}}
	}
	if area != nil && area.Kind != "" {
		c := CellOf(*area, doubled10km)
		r.Area = &c
	}
	return &r
}

// CheckResidue returns nil if raw is the residue of e, and an error that wraps
// ErrOtherContent if not. Whoever opens both boxes of an entry does this before
// the mission's is destroyed: afterwards nobody can.
func CheckResidue(e *trucewatch.Entry, root trucewatch.Hash, pseudonym string, received trucewatch.Instant, raw []byte) error {
	want, err := Residue(e, root, pseudonym, received)
	if err != nil {
		return err
	}
	if !slices.Equal(want, raw) {
		return fmt.Errorf("entry %d, %s box: %w: it is not what follows from the %s box", e.Index, ResidueClass, ErrOtherContent, MissionClass)
	}
	return nil
}
