// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"fmt"
	"time"
)

// An Instant is microseconds since 1970-01-01T00:00:00Z, UTC. Zero means
// unknown or unset.
type Instant int64

// Lengths of time, in microseconds.
const (
	Second Instant = 1_000_000
	Minute         = 60 * Second
	Hour           = 60 * Minute
	Day            = 24 * Hour
)

// InstantOf rounds t down to the microsecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns i as a UTC time.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// String writes RFC 3339 in UTC with as many digits of the second as needed.
func (i Instant) String() string { return i.Time().Format(time.RFC3339Nano) }

// MarshalText writes RFC 3339 in UTC, or nothing for zero.
func (i Instant) MarshalText() ([]byte, error) {
	if i == 0 {
		return nil, nil
	}
	return []byte(i.String()), nil
}

// UnmarshalText reads RFC 3339 with an explicit offset, or nothing.
func (i *Instant) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*i = 0
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("%w: time %q is not RFC 3339 with an offset, such as 2026-04-12T06:40:00Z", ErrInvalid, b)
	}
	*i = InstantOf(t)
	return nil
}

// An Interval is all instants from From to Till, both inside. A moment has
// From == Till; an open end has Till zero.
type Interval struct {
	From Instant `cbor:"1,keyasint,omitempty" json:"from,omitzero"`
	Till Instant `cbor:"2,keyasint,omitempty" json:"till,omitzero"`
}

// IsZero says whether the interval is unknown.
func (v Interval) IsZero() bool { return v == Interval{} }

// Contains says whether at lies in v.
func (v Interval) Contains(at Instant) bool { return at >= v.From && (v.Till == 0 || at <= v.Till) }

// Gap returns how far apart v and w are, 0 if they touch or overlap.
func (v Interval) Gap(w Interval) Instant {
	switch {
	case v.Till != 0 && w.From > v.Till:
		return w.From - v.Till
	case w.Till != 0 && v.From > w.Till:
		return v.From - w.Till
	}
	return 0
}

// Join returns the shortest interval that holds v and w.
func (v Interval) Join(w Interval) Interval {
	out := Interval{From: min(v.From, w.From), Till: max(v.Till, w.Till)}
	if v.Till == 0 || w.Till == 0 {
		out.Till = 0
	}
	return out
}

// Microseconds is a length of time. In JSON it is a number, where an Instant is a
// time.
type Microseconds int64
