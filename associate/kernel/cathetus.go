// SPDX-License-Identifier: Apache-2.0

package kernel

import "math"

// Cathetus returns the third side of a right triangle with the given longest side
// and one other, 0 if there is none.
func Cathetus(longest, other int64) int64 {
	square := float64(float64(longest)*float64(longest)) - float64(float64(other)*float64(other))
	if square <= 0 {
		return 0
	}
	return round(math.Sqrt(square))
}
