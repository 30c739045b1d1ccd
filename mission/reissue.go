// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/record"
)

// A Reissue is a report as it was issued, and what has become of it.
type Reissue struct {
	CodeCheck
	// Since says, a sentence each, which findings of its period the same audience
	// reads otherwise now; empty: none.
	Since []string
}

// CodeAsIssued returns the verification code of a day's report as it was issued:
// when the cut-off that ended its period was entered. What came in since, it does
// not know. The error wraps ErrNoDigest if the record holds no such cut-off.
func (m *Mission) CodeAsIssued(issued string, a trucewatch.Audience) (string, error) {
	r, err := m.reader()
	if err != nil {
		return "", err
	}
	defer r.Close()
	for before := min(r.Size(), m.state.Next()); ; {
		e, err := lastDigest(r, before)
		if err != nil {
			return "", fmt.Errorf("mission: report of %s as it was issued: %w", issued, err)
		}
		if day := cutOffOf(e); issue(day) == issued {
			hash := e.Body.Payload.Digest.Bytes
			if a == trucewatch.ForMission {
				hash = e.Body.Payload.Digest.State
			}
			return exhibit.Code(r.Origin(), a, issued, hash), nil
		}
		before = e.Index
	}
}

// Reissue writes the report that a code stands on as it was issued, byte for byte,
// although the record has grown. Note is the checkpoint that the report quoted, nil
// if it quoted none, as the pages of the public do not. Nothing is written if the
// record gives no report with this code; the error wraps ErrNoSuchCode if no entry
// leads to one.
func (m *Mission) Reissue(w io.Writer, typed, format string, note []byte) (*Reissue, error) {
	code, err := exhibit.ParseCode(typed)
	if err != nil {
		return nil, err
	}
	if note != nil {
		verifier, err := m.logVerifier()
		if err != nil {
			return nil, err
		}
		if _, err := record.ParseCheckpoint(note, verifier); err != nil {
			return nil, fmt.Errorf("mission: report %s: the checkpoint given: %w", code, err)
		}
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
	if err := then.reportWith(&b, c.Issued, format, c.Audience, string(note)); err != nil {
		return nil, err
	}
	v, err := then.viewOf(c.Issued, c.Audience)
	if err != nil {
		return nil, err
	}
	if mark, err := then.committedTo(&v, c.Issued); err != nil {
		return nil, err
	} else if mark.code != code || then.state.Skipped() != 0 {
		return nil, fmt.Errorf("mission: report %s of %s: %w", code, c.Issued, ErrOtherReport)
	}
	c.Recomputed = true
	now, err := m.viewOf(c.Issued, c.Audience)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(b.Bytes())
	return &Reissue{*c, since(v.Findings, now.Findings)}, err
}

// ErrOtherReport says that the record does not give what a code was given for: it was
// made by another version of the program, or what it rests on was erased.
var ErrOtherReport = errors.New("the record gives another report now: an entry was erased, or this program is another version than issued it")

// viewOf returns what an audience sees of the period of a report.
func (m *Mission) viewOf(issued string, a trucewatch.Audience) (trucewatch.View, error) {
	this, before, err := m.calendar.period(issued, m.state.Genesis().Epoch)
	if err != nil {
		return trucewatch.View{}, err
	}
	return m.state.View(a, this, before)
}

// since says what of the findings in a report reads otherwise now.
func since(then, now []trucewatch.FindingView) []string {
	var out []string
	current := map[trucewatch.FindingID]*trucewatch.FindingView{}
	for i := range now {
		current[now[i].ID] = &now[i]
	}
	for i := range then {
		was := &then[i]
		is := current[was.ID]
		delete(current, was.ID)
		switch {
		case is == nil:
			out = append(out, fmt.Sprintf("%s was %s and is not shown any more", was.ID, standing(was)))
		case standing(is) != standing(was):
			out = append(out, fmt.Sprintf("%s was %s and is %s", was.ID, standing(was), standing(is)))
		}
	}
	for i := range now {
		if f := &now[i]; current[f.ID] != nil {
			out = append(out, fmt.Sprintf("%s is new: %s", f.ID, standing(f)))
		}
	}
	return out
}

// standing says how a finding stands: "probable violation, revised, revision 2".
func standing(f *trucewatch.FindingView) string {
	out := strings.ReplaceAll(string(f.Result), "_", " ") + ", " + f.State
	if f.Revision > 0 {
		out += fmt.Sprintf(", revision %d", f.Revision)
	}
	return out
}
