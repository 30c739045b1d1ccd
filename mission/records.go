// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
)

// ErrNotSealed says that a record must not be given to others: what stands in it
// stands there readable.
var ErrNotSealed = errors.New("mission: the record is not sealed: whoever is given it reads sources, places and texts; only sealed missions, and re-enacted ones of published data, give theirs out")

// Records answers the mirrors of parties and guarantors: /<mission>/checkpoint and
// the tiles of C2SP tlog-tiles, of each mission added, up to the checkpoint that
// was sent out last. What was recorded since then does not exist for them, so that
// they see growth only at the cadence and by the steps of its ladder.
func (s *Server) Records() (http.Handler, error) {
	mux := http.NewServeMux()
	for _, sv := range s.served {
		m := beginning(sv.dir)
		if m == nil {
			return nil, fmt.Errorf("mission: serve record: %w: %s cannot be read", ErrNoMission, sv.dir)
		}
		if g := m.state.Genesis(); g.SlotS == 0 && g.Mode != trucewatch.Reenacted {
			return nil, fmt.Errorf("%s: %w", sv.dir, ErrNotSealed)
		}
		verifier, err := logVerifier(sv.dir)
		if err != nil {
			return nil, err
		}
		prefix := "/" + sv.id
		mux.Handle(prefix+"/", http.StripPrefix(prefix, record.Handler(filepath.Join(sv.dir, "record"), verifier, sv.sent.Load)))
	}
	return mux, nil
}

// sentFile holds the size of the checkpoint that was sent out last.
const sentFile = "sent"

// keepSent remembers, before a checkpoint is sent out, that it was: after a
// restart a smaller one would look to mirrors like a rollback.
func keepSent(dir string, size uint64) error {
	if err := durable.WriteFile(durable.OS{}, filepath.Join(dir, sentFile), strconv.AppendUint(nil, size, 10)); err != nil {
		return fmt.Errorf("mission: keep what was sent: %w", err)
	}
	return nil
}

// lastSent is the size of the checkpoint that was sent out last, 0 if none was.
func lastSent(dir string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(dir, sentFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("mission: read what was sent: %w", err)
	}
	size, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("mission: %s: %w", sentFile, err)
	}
	return size, nil
}
