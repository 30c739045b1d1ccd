// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"math"

	"github.com/trucewatch/trucewatch"
)

// oddsMost is what odds are given up to.
const oddsMost = 1_000_000

// Odds writes a logarithm of odds in words: "1 to 40", "even", "2.5 to 1".
func Odds(n trucewatch.MilliNat) string {
	if n < 0 {
		return "1 to " + ratio(-n)
	}
	if ratio(n) == "1" {
		return "even"
	}
	return ratio(n) + " to 1"
}

// ratio is the number that n, which is not below 0, is the logarithm of: to a tenth below ten.
func ratio(n trucewatch.MilliNat) string {
	r := math.Exp(min(float64(n)/1000, 700))
	switch {
	case r >= oddsMost:
		return "a million or more"
	case r >= 9.95:
		return Number(int64(math.Round(r)))
	}
	tenths := int64(math.Round(r * 10))
	if tenths%10 == 0 {
		return Number(tenths / 10)
	}
	return Number(tenths/10) + "." + Number(tenths%10)
}
