// SPDX-License-Identifier: Apache-2.0

package judge

// english is the language in which sentences are stored: it has fixed words only.
// It is never changed.
var english = tongue{words: map[string]string{
	"violation": "violation", "probable_violation": "probable violation", "permitted": "permitted", "exempted": "exempted",
	"out_of_scope": "out of scope", "indeterminate": "indeterminate", "not_assessable": "not assessable",
	"not graded": "not graded", "technical": "technical", "minor": "minor", "serious": "serious", "grave": "grave",
	"confirmed": "confirmed", "probable": "probable", "possible": "possible", "below possible": "below possible",
	"yes": "yes", "no": "no", "unknown": "unknown",
	"measures":          "Severity %s (%s); counted as %s in the unit %s; confidence %s (%s).",
	"in the reading":    "in the reading %s",
	"held by":           "held by %s",
	"aggravated":        "Its weight: %s.",
	"exempt by":         "Exempt by %s.",
	"reasons yes":       "Holds: %s.",
	"reasons unknown":   "Open: %s.",
	"reasons no":        "Does not hold: %s.",
	"duplicate":         "It is counted once, under another act that says more of the same.",
	"would change":      "What would change it: %s.",
	"nobody determined": "Who is responsible was not determined",
	"who is withheld":   "Who is responsible is not for this mission to say",
	"only a direction":  "Who is responsible was not determined; only a direction is known",
	"party by":          "Party %s, by %s, %s",
	"area_of_control":   "area of control", "party": "party", "formation": "formation", "admitted": "admission",
	"both sides": "both sides fired, and each share stands alone",
	"or party":   "or party %s %s",
	"or neither": "or neither party %s",
	" or ":       " or ", " and ": " and ", " to ": " to ",
}}
