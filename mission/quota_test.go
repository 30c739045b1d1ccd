// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
)

// TestFloodOfOneKeyIsRefused: a device that said enough for an hour is told when
// to come again; it loses nothing, and others are not held up.
func TestFloodOfOneKeyIsRefused(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Mission{"open": live, "sealed": sealedMission} {
		t.Run(name, func(t *testing.T) {
			m, now := make(t), at(t, began)+90*trucewatch.Minute // on the hour
			key := device(t, m, "mic-1", now)
			id := keyring.ID(key.Public().(ed25519.PublicKey))
			all := detections(m, key, "mic-1", 5, now)
			if _, _, err := submit(t, m, all[:3], now); err != nil {
				t.Fatal(err)
			}
			m = reopen(t, m)
			if got := m.hourly[id]; got.n != 3 || got.hour != now {
				t.Fatalf("counted %+v, want 3 since %v", got, now)
			}
			m.hourly[id] = bodies{hour: now, n: bodiesMax - 1}
			indexes, _, err := submit(t, m, all[3:], now+59*trucewatch.Minute)
			if !errors.Is(err, ErrRefused) || !errors.Is(err, ErrFlood) || !strings.Contains(err.Error(), (now+trucewatch.Hour).String()) || len(indexes) != 1 {
				t.Errorf("%d more taken, %v; want 1, and when to come again", len(indexes), err)
			}
			other := device(t, m, "mic-2", now+59*trucewatch.Minute)
			if _, _, err := submit(t, m, detections(m, other, "mic-2", 1, now), now+59*trucewatch.Minute); err != nil {
				t.Errorf("another device is held up: %v", err)
			}
			_, repeated, err := submit(t, reopen(t, m), all, now+trucewatch.Hour)
			if err != nil || repeated != 4 {
				t.Errorf("all of it in the next hour: %d known before, %v", repeated, err)
			}
		})
	}
}
