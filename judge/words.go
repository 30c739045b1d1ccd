// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// plain writes a word of a vocabulary as words: "uav_sighted" as "uav sighted".
func plain(word string) string { return strings.ReplaceAll(word, "_", " ") }

// percent writes a share in whole per cent, rounded down: 89.9 % is not 90 %.
func percent(p trucewatch.PPM) string { return strconv.FormatInt(int64(p)/10_000, 10) + " %" }

// kilometres writes a length with one decimal, or in metres below 1 km.
func kilometres(mm int64) string {
	if mm < 1_000_000 {
		return fmt.Sprintf("%d m", (mm+500)/1000)
	}
	tenths := (mm + 50_000) / 100_000
	return fmt.Sprintf("%d.%d km", tenths/10, tenths%10)
}

// lasting writes a length of time: "5 h", "30 min", "45 s", "2 h 30 min".
func lasting(d trucewatch.Instant) string {
	hours, minutes := d/trucewatch.Hour, d%trucewatch.Hour/trucewatch.Minute
	switch {
	case d < trucewatch.Minute:
		return fmt.Sprintf("%d s", d/trucewatch.Second)
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d min", hours, minutes)
}

// plural writes a number and its noun. Means is its own plural.
func plural(n int, noun string) string {
	if n == 1 || strings.HasSuffix(noun, "means") {
		return strconv.Itoa(n) + " " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
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
