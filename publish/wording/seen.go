// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"strconv"

	"github.com/trucewatch/trucewatch"
)

// Seen says in words how well some ground was watched: "observed none" and
// "nobody looked" are different. It is empty for a word that says nothing.
func Seen(word string) string {
	switch word {
	case "watched":
		return "watched"
	case "partly":
		return "watched in part"
	case "nobody_looked":
		return "nobody looked"
	case "unknown":
		return "no source says what it could see"
	}
	return Words(word)
}

// Coverage says what could have been seen of what a number counts.
func Coverage(n trucewatch.Number) string {
	share := strconv.FormatInt(int64(n.Observed)/10_000, 10) + " of 100 events could have been seen"
	switch {
	case n.Coverage == "":
		return "not said"
	case n.Coverage == "nobody_looked":
		return "nobody looked: the number says nothing"
	case n.Coverage == "unknown":
		return "no source says what it could see"
	case n.Value == 0 && n.Coverage == "watched":
		return "observed none: watched, " + share
	case n.Value == 0:
		return "observed none, and not all was seen: " + share
	}
	return Seen(n.Coverage) + ", " + share
}

// Rate writes a rate per million observed hours as one per 100 observed hours,
// with the interval that holds the truth in 95 of 100 cases: "117.0 (70.0 to
// 185.0)".
func Rate(r trucewatch.Range) string {
	tenth := func(n int64) string {
		n = (n + 500) / 1000 // tenths per 100 hours
		return Number(n/10) + "." + strconv.FormatInt(n%10, 10)
	}
	high := "no upper bound"
	if r.High > 0 {
		high = tenth(r.High)
	}
	return tenth(r.Best) + " (" + tenth(r.Low) + " to " + high + ")"
}

// Percent writes a share in whole hundredths, cut and never rounded up to all.
func Percent(p trucewatch.PPM) string { return strconv.FormatInt(int64(p)/10_000, 10) + " %" }
