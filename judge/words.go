// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// plain writes a word of a vocabulary as words: "uav_sighted" as "uav sighted".
func plain(word string) string { return strings.ReplaceAll(word, "_", " ") }

// percent writes a share in whole per cent, rounded down: 89.9 % is not 90 %.
func percent(p trucewatch.PPM) string { return digits(int64(p)/10_000) + " %" }

// kilometres writes a length with one decimal, or in metres below 1 km.
func kilometres(mm int64) string {
	if mm < 1_000_000 {
		return digits((mm+500)/1000) + " m"
	}
	tenths := (mm + 50_000) / 100_000
	return digits(tenths/10) + "." + digits(tenths%10) + " km"
}

// lasting writes a length of time: "5 h", "30 min", "45 s", "2 h 30 min".
func lasting(d trucewatch.Instant) string {
	hours, minutes := d/trucewatch.Hour, d%trucewatch.Hour/trucewatch.Minute
	switch {
	case d < trucewatch.Minute:
		return digits(int64(d/trucewatch.Second)) + " s"
	case hours == 0:
		return digits(int64(minutes)) + " min"
	case minutes == 0:
		return digits(int64(hours)) + " h"
	}
	return digits(int64(hours)) + " h " + digits(int64(minutes)) + " min"
}

// digits writes a whole number.
func digits[T int | int64 | uint64](n T) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

// signed writes a whole number with its sign: "+1".
func signed(n int) string {
	if n > 0 {
		return "+" + digits(n)
	}
	return digits(n)
}

// list writes words of a vocabulary with commas and "or".
func list[T ~string](words []T) string {
	var parts []string
	for _, w := range words {
		parts = append(parts, plain(string(w)))
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " or " + parts[n-1]
	}
	return strings.Join(parts, "")
}
