// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"errors"
	"html"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/record"
)

// A committed says which digest entry commits to what a report shows.
type committed struct {
	code  string // of the report; "" if no entry commits to it
	what  string // of the entry: "cut-off 2026-04-11"
	state trucewatch.Hash
	index uint64             // entries until then
	at    trucewatch.Instant // until when the report takes the record
}

// committedTo says what commits to a view of a period: the last digest entry, if
// what it commits to is what is shown now. Otherwise the next cut-off will.
func (m *Mission) committedTo(v *trucewatch.View, issued string) (committed, error) {
	r, err := m.reader()
	if err != nil {
		return committed{}, err
	}
	defer r.Close()
	e, err := lastDigest(r, min(r.Size(), m.state.Next()))
	if errors.Is(err, ErrNoDigest) {
		return committed{}, nil
	}
	if err != nil {
		return committed{}, err
	}
	d, day := e.Body.Payload.Digest, cutOffOf(e)
	end, _, err := m.calendar.period(issue(day), m.state.Genesis().Epoch)
	if err != nil {
		return committed{}, err
	}
	cuts := m.state.CutOffs()
	seenSince := m.state.Covered() && cuts[len(cuts)-1] != day // the statement of coverage is made at cut-offs
	hash, same := d.State, !m.news && !seenSince && m.state.Closed() == 0 && !noticeTurns(v.Notices, end.Till+1, v.At)
	if v.Audience != trucewatch.ForMission {
		p, err := PublicationAt(m.state)
		if err != nil {
			return committed{}, err
		}
		hash, same = d.Bytes, p.Matches(d)
	}
	if !same {
		return committed{}, nil
	}
	// Who reads it learns the day of the commitment and not its place in the record,
	// as that tells how much came in.
	return committed{exhibit.Code(r.Origin(), v.Audience, issued, hash), d.What, d.State, e.Index + 1, max(end.Till, v.Period.Till) + 1}, nil
}

// noticeTurns says whether the state of a notification has become another one
// between two instants: it is shown by the time alone, without an entry.
func noticeTurns(notices []trucewatch.NoticeView, from, till trucewatch.Instant) bool {
	for _, n := range notices {
		for _, edge := range []trucewatch.Instant{n.Notification.Window.From, n.Notification.Window.Till + 1} {
			if edge > from && edge <= till {
				return true
			}
		}
	}
	return false
}

// A CodeCheck is what a verification code leads to.
type CodeCheck struct {
	Code       string              `json:"code"`
	Audience   trucewatch.Audience `json:"audience"`
	Issued     string              `json:"issued"` // day of issue of the report
	Entry      uint64              `json:"entry"`  // the digest entry
	What       string              `json:"what"`
	Checkpoint uint64              `json:"checkpoint"` // size of the last signed checkpoint, which covers the entry
	Recomputed bool                `json:"recomputed"` // the record gives what the entry commits to
	Compared   bool                `json:"compared"`   // a report was given
	Same       bool                `json:"same"`       // and is the one that the record gives
}

// ErrNoSuchCode says that a well-formed code is of no report of this record.
var ErrNoSuchCode = errors.New("mission: the code is of no report of this record: the report is another mission's, or is false")

// CheckCode finds the digest entry that a report's code leads to, recomputes what
// it commits to, and compares the report with the record if its bytes are given.
func (m *Mission) CheckCode(typed string, have []byte) (*CodeCheck, error) {
	code, err := exhibit.ParseCode(typed)
	if err != nil {
		return nil, err
	}
	r, err := m.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c, err := m.findCode(r, code)
	if err != nil {
		return nil, err
	}
	c.Checkpoint = r.Size()
	then, err := m.asOf(r, c.Entry+1)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := then.report(&b, c.Issued, "html", c.Audience, false); err != nil {
		return nil, err
	}
	// The report has the code only if the publication is the one committed to;
	// that the state is, folding has checked.
	c.Recomputed = bytes.Contains(b.Bytes(), []byte(code)) && then.state.Skipped() == 0
	if have != nil {
		c.Compared = true
		if c.Same, err = then.isReport(c, have); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// findCode looks for the digest entry, audience and day of a code, newest first.
func (m *Mission) findCode(r *record.Reader, code string) (*CodeCheck, error) {
	for before := min(r.Size(), m.state.Next()); ; {
		e, err := lastDigest(r, before)
		if errors.Is(err, ErrNoDigest) {
			return nil, ErrNoSuchCode
		}
		if err != nil {
			return nil, err
		}
		d := e.Body.Payload.Digest
		for _, issued := range m.ReportDates() {
			for audience, hash := range map[trucewatch.Audience]trucewatch.Hash{trucewatch.ForPublic: d.Bytes, trucewatch.ForMission: d.State} {
				if exhibit.Code(r.Origin(), audience, issued, hash) == code {
					return &CodeCheck{Code: code, Audience: audience, Issued: issued, Entry: e.Index, What: d.What}, nil
				}
			}
		}
		before = e.Index
	}
}

// isReport says whether have is the report in one of its formats, with or without
// its tie to a checkpoint.
func (m *Mission) isReport(c *CodeCheck, have []byte) (bool, error) {
	note, err := m.noteIn(have)
	if err != nil {
		return false, err
	}
	for _, format := range reportFormats {
		var b bytes.Buffer
		if err := m.reportWith(&b, c.Issued, format, c.Audience, note); err != nil {
			return false, err
		}
		if bytes.Equal(b.Bytes(), have) {
			return true, nil
		}
	}
	return false, nil
}

// noteIn returns the checkpoint that a report quotes, "" if it quotes none that
// the log has signed.
func (m *Mission) noteIn(have []byte) (string, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return "", err
	}
	text := html.UnescapeString(string(have))
	if bytes.HasPrefix(have, []byte("{")) {
		text = strings.ReplaceAll(string(have), `\n`, "\n")
	}
	_, rest, found := strings.Cut(text, verifier.Name()+"\n")
	if !found {
		return "", nil
	}
	note := verifier.Name() + "\n"
	for _, line := range strings.SplitAfter(rest, "\n") {
		signature := strings.HasPrefix(line, "— ")
		if strings.Contains(note, "\n\n") && !signature {
			break
		}
		note += line
	}
	if _, err := record.ParseCheckpoint([]byte(note), verifier); err != nil {
		return "", nil
	}
	return note, nil
}
