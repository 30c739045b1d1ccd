// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"

	"github.com/trucewatch/trucewatch"
)

// bodiesMax is how many bodies of one device the record takes in an hour of
// Received if the policy says nothing, so that one key in wrong hands cannot bury
// what all others say.
//
// Guess: 10,000, three a second; a device that was out of reach for a month hands
// in what it has within a night. Test: refusals of a service with real sensors.
const bodiesMax = 10_000

// ErrFlood says that a device has said enough for this hour. Nothing is lost: it
// keeps what was not taken, and submits it again later.
var ErrFlood = errors.New("too many bodies of one device in an hour")

// bodies are how many a key has in the record since an hour began.
type bodies struct {
	hour trucewatch.Instant
	n    int
}

func hourOf(at trucewatch.Instant) trucewatch.Instant { return at - at%trucewatch.Hour }

// count counts a body of a device.
func (m *Mission) count(key trucewatch.KeyRegistration, received trucewatch.Instant) {
	if key.Role != trucewatch.DeviceKey {
		return
	}
	b := m.hourly[key.ID]
	if hour := hourOf(received); hour != b.hour {
		b = bodies{hour: hour}
	}
	b.n++
	m.hourly[key.ID] = b
}

// mayCome refuses a body of a device that has said enough for this hour.
func (m *Mission) mayCome(e *trucewatch.Entry) error {
	key, _ := m.ring.Key(e.Body.Key)
	b, most := m.hourly[key.ID], bodiesMax
	if p := m.ring.Policy(e.Received); p != nil && p.BodiesPerHour > 0 {
		most = int(p.BodiesPerHour)
	}
	if key.Role != trucewatch.DeviceKey || b.hour != hourOf(e.Received) || b.n < most {
		return nil
	}
	return fmt.Errorf("%w: key %x has %d since %v; submit what was not taken again after %v", ErrFlood, key.ID, b.n, b.hour, b.hour+trucewatch.Hour)
}
