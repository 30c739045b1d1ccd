// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"maps"
	"slices"
	"time"
)

// A LogState says how a log of a running witness stands, for who runs it.
type LogState struct {
	Origin string
	Size   uint64    // of the checkpoint that was signed last, or begun with
	Last   time.Time // when one was signed last since the start; zero: not yet
	Asking bool      // peers have not said yet what they know: nothing is signed
	Forked bool      // since the start the log's key was seen to sign two histories
	Err    error     // why nothing is signed; nil if all is well
}

// States lists the logs by origin.
func (s *Server) States() []LogState {
	var list []LogState
	for _, origin := range slices.Sorted(maps.Keys(s.logs)) {
		w := s.logs[origin]
		w.mu.Lock()
		state := LogState{Origin: origin, Last: w.last, Asking: !w.asked, Forked: w.forked, Err: w.err}
		if len(w.ledger.heads) > 0 {
			state.Size = w.ledger.latest().Size
		}
		w.mu.Unlock()
		list = append(list, state)
	}
	return list
}

// Answers counts the answers to add-checkpoint since the start, by HTTP status.
func (s *Server) Answers() map[int]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.answers)
}
