// SPDX-License-Identifier: Apache-2.0

// Package wording holds the words, dates and numbers in which Views are shown
// to people, so that a page, a report and a table say the same thing the same
// way.
//
// Times are shown in the mission's zone with its abbreviation, lengths in
// metres or kilometres, shares as decimals of one. Words are neutral: what was
// observed or recorded is never mixed with what was reported or claimed. The
// package decides nothing and hides nothing: that is the work of disclose.
package wording

import (
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// Simulated is what stands on everything that leaves a mission with invented
// data.
const Simulated = "SIMULATED"

// Kind writes a kind as plain words: "persons in zone".
func Kind(k trucewatch.Kind) string {
	switch k {
	case trucewatch.UAVSighted:
		return "drone sighted"
	case trucewatch.UXO:
		return "unexploded ordnance"
	case trucewatch.CasualtySeen:
		return "harm to persons"
	case trucewatch.RFEmission:
		return "radio emission"
	case trucewatch.DeliveryByUAV:
		return "delivery by drone"
	case trucewatch.FireAtMissionAsset:
		return "fire at a mission asset"
	case trucewatch.AirAlert:
		return "air-raid alert"
	case trucewatch.NotificationFalse:
		return "notification contradicted"
	}
	return Words(string(k))
}

// What writes what a number counts: a kind by its plain words, anything else as
// it is stored.
func What(s string) string {
	if k := trucewatch.Kind(s); slices.Contains(trucewatch.Kinds(), k) {
		return Kind(k)
	}
	return Words(s)
}

// Words writes a stored word for people: underscores become spaces.
func Words(s string) string { return strings.ReplaceAll(s, "_", " ") }

// Result writes a result as plain words.
func Result(r trucewatch.Result) string { return Words(string(r)) }

// Severity writes a severity with its word. Source: the scale of the
// agreement format, 1 technical to 4 grave.
func Severity(n int) string {
	switch n {
	case 1:
		return "1 technical"
	case 2:
		return "2 minor"
	case 3:
		return "3 serious"
	case 4:
		return "4 grave"
	}
	return strconv.Itoa(n)
}

// Means says how something came to be known, as a participle.
func Means(m trucewatch.Means) string {
	switch m {
	case trucewatch.HeardSaw:
		return "heard and seen"
	case trucewatch.Saw:
		return "seen"
	case trucewatch.RecordedCamera:
		return "recorded by camera"
	case trucewatch.UAVMini, trucewatch.UAVMid, trucewatch.UAVLong:
		return "seen by drone (" + strings.TrimPrefix(string(m), "uav_") + " range)"
	case trucewatch.SatelliteOptical, trucewatch.SatelliteSAR, trucewatch.SatelliteThermal:
		return "satellite, " + strings.TrimPrefix(string(m), "satellite_")
	case trucewatch.OpenSourceMedia:
		return "reported by media"
	case trucewatch.PartyReport:
		return "reported by a party"
	case trucewatch.ThirdPartyReport:
		return "reported by a third party"
	case trucewatch.PublicReport:
		return "reported by the public"
	case trucewatch.RF:
		return "radio direction finding"
	}
	return Words(string(m))
}

// Count writes a number as its source meant it: "about 6", "at least 22",
// "15–20", "more than one, not counted".
func Count(c trucewatch.Count) string {
	n := Number(c.Value)
	if c.High != 0 && c.High != c.Value {
		n += "–" + Number(c.High)
	}
	switch c.Qualifier {
	case trucewatch.About:
		return "about " + n
	case trucewatch.AtLeast:
		return "at least " + n
	case trucewatch.AtMost:
		return "at most " + n
	case trucewatch.Multiple:
		return "more than one, not counted"
	}
	return n
}

// Number writes n with a thin space between thousands: "41 274".
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

// Share writes parts per million as a decimal of one, cut to two places and
// never rounded up to certainty: 0.82.
func Share(p trucewatch.PPM) string {
	if p >= 1_000_000 {
		return "1.00"
	}
	if p > 0 && p < 10_000 {
		return "below 0.01"
	}
	n := strconv.FormatInt(int64(p)/10_000, 10)
	return "0." + strings.Repeat("0", 2-len(n)) + n
}

// Plural writes a number with its noun: "1 incident", "3 incidents".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(int64(n)) + " " + many
}

// Held says in words whether a reason holds.
func Held(holds string) string {
	switch holds {
	case "yes":
		return "holds"
	case "no":
		return "does not hold"
	}
	return "not known"
}

// Audience says whom a page is for.
func Audience(a trucewatch.Audience) string {
	switch a {
	case trucewatch.ForMission:
		return "mission operations room"
	case trucewatch.ForPartyA:
		return "party A"
	case trucewatch.ForPartyB:
		return "party B"
	}
	return Words(string(a))
}

// Mode says in one sentence what kind of mission a record belongs to; empty
// for a live mission without invented data.
func Mode(g trucewatch.Genesis) string {
	switch {
	case g.Simulated:
		return "Simulated: the places, parties and events are invented."
	case g.Mode == trucewatch.Reenacted:
		return "Re-enacted: published material was entered after the event, under the times at which it was reported."
	case g.Mode == trucewatch.Exercise:
		return "Exercise: this is not a live mission."
	}
	return ""
}
