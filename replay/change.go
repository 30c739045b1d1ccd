// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// A Change is one consequence of an entry. What is set says what changed; Gone
// and Into go together.
type Change struct {
	Header    bool
	Genesis   *trucewatch.Genesis
	Adoption  *trucewatch.Adoption
	Tick      trucewatch.Instant
	Source    *trucewatch.SourceView
	Incident  *trucewatch.Incident
	Gone      trucewatch.IncidentID // became part of Into; is no more if that is zero
	Into      trucewatch.IncidentID
	Finding   *trucewatch.Finding
	Released  trucewatch.FindingID // Finding became public, or its delay ended
	Case      *trucewatch.Case
	Tally     *trucewatch.TallyView
	Statement *trucewatch.StatementView
	Notice    *trucewatch.NoticeView
	Entered   *trucewatch.Payload // what was done about cases
	Site      *trucewatch.SiteState
	Ceiling   *trucewatch.CeilingState
	Streak    *trucewatch.Streak
	Duty      *trucewatch.DutyState
	Silence   *trucewatch.SilenceState
}

// encode returns what goes into the digest for a change: the letter of its form,
// so that no change can pass for another, and its canonical bytes.
func (c *Change) encode() (form byte, body []byte) {
	switch {
	case c.Incident != nil:
		return 'i', trucewatch.Encode(c.Incident)
	case c.Released != "":
		return 'r', trucewatch.Encode(c.Released)
	case c.Finding != nil:
		return 'f', trucewatch.Encode(c.Finding)
	case c.Case != nil:
		return 'c', trucewatch.Encode(c.Case)
	case c.Tally != nil:
		return 't', trucewatch.Encode([]any{c.Tally.Tally, c.Tally.Flags, c.Tally.Agrees})
	case c.Statement != nil:
		return 's', trucewatch.Encode(c.Statement.Statement)
	case c.Notice != nil:
		return 'n', trucewatch.Encode([]any{c.Notice.Notification, c.Notice.State})
	case c.Entered != nil:
		return 'p', trucewatch.Encode(c.Entered)
	case c.Site != nil:
		return 'S', trucewatch.Encode(c.Site)
	case c.Ceiling != nil:
		return 'C', trucewatch.Encode(c.Ceiling)
	case c.Streak != nil:
		return 'K', trucewatch.Encode(c.Streak)
	case c.Duty != nil:
		return 'D', trucewatch.Encode(c.Duty)
	case c.Silence != nil:
		return 'W', trucewatch.Encode(c.Silence)
	case c.Source != nil:
		return 'o', trucewatch.Encode([]any{c.Source.Source, c.Source.Accepted, c.Source.Rejected})
	case c.Tick != 0:
		return 'k', trucewatch.Encode(c.Tick)
	case c.Genesis != nil:
		return 'h', trucewatch.Encode(c.Genesis)
	case c.Adoption != nil:
		return 'a', trucewatch.Encode(c.Adoption)
	}
	return 'g', trucewatch.Encode([]trucewatch.IncidentID{c.Gone, c.Into})
}

// A sourceState is a source and what came of its rows.
type sourceState struct {
	view *trucewatch.SourceView
}

// source returns the state of a source, new or as it describes itself now.
func (s *State) source(src trucewatch.Source) *sourceState {
	i, found := s.findSource(src.ID)
	if !found {
		s.sources = slices.Insert(s.sources, i, &sourceState{view: &trucewatch.SourceView{}})
	}
	s.sources[i].view.Source = src
	return s.sources[i]
}

// findSource returns where the source stands in sources, or would.
func (s *State) findSource(id trucewatch.SourceID) (int, bool) {
	return slices.BinarySearchFunc(s.sources, id, func(have *sourceState, id trucewatch.SourceID) int {
		return strings.Compare(string(have.view.Source.ID), string(id))
	})
}

func (src *sourceState) seen(at trucewatch.Instant, rows int64) {
	src.view.LastSeen = at
	src.view.Accepted += rows
}

// reject keeps the newest rejections and counts all.
func (src *sourceState) reject(index uint64, b *trucewatch.Batch) {
	src.view.Rejected += int64(len(b.Rejected))
	for _, r := range b.Rejected {
		src.view.Rejection = append(src.view.Rejection, trucewatch.RejectionView{Index: index, File: b.File, Line: r.Line, Reason: r.Reason})
	}
	if extra := len(src.view.Rejection) - trucewatch.ListMax; extra > 0 {
		src.view.Rejection = slices.Delete(src.view.Rejection, 0, extra)
	}
}
