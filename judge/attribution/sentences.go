// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The sentences of Attribution.Basis, in plain English. Every blank is %s, so
// that a sentence can be taken apart again and told in another language.
const (
	sayOrigin    = "where it was fired: %s"
	sayLinked    = "where it was fired: incident %s, linked by the time of flight"
	sayStands    = "it stands there: the side that holds the ground answers for it"
	sayAzimuth   = "%s: it came from %s, %s ± %s (observation %s)"
	sayMovement  = "it came from %s (observation %s)"
	sayReach     = "weapons of class %s reach %s"
	sayControl   = "of where it may have been fired, %s lies in the area of party %s"
	sayOpen      = "the chance that every clue of the place misleads: %s"
	sayHeldBy    = "weapons of class %s are known to be held by %s only, which says little"
	sayNamed     = "observers on the spot name party %s (%s, the first %s)"
	sayForce     = "observers on the spot name %s, a force that binds party %s (observation %s)"
	sayGroup     = "observers on the spot name %s, who did not sign (observation %s)"
	sayOwnWord   = "party %s says so itself (observation %s)"
	sayOwnFact   = "party %s says so itself (fact %s)"
	sayExchange  = "fire was exchanged, so both sides fired (observation %s)"
	sayOwnGround = "it fell on ground that party %s holds too, which moved no share"
	sayOneClue   = "nobody is named: it fell on ground that party %s holds too, and then one clue of where it was fired is not enough"
	sayTooLittle = "nobody is named: %s at most for one side, %s needed"
	sayNoPlace   = "nobody is named: nothing says where it was fired"
	sayNoLine    = "nobody is named: the agreement has no line of contact, so nobody holds the ground by its text"
)

// Templates lists the sentences, each with %s for its blanks.
func Templates() []string {
	return []string{sayOrigin, sayLinked, sayStands, sayAzimuth, sayMovement, sayReach, sayControl, sayOpen, sayHeldBy, sayNamed,
		sayForce, sayGroup, sayOwnWord, sayOwnFact, sayExchange, sayOwnGround, sayOneClue, sayTooLittle, sayNoPlace, sayNoLine}
}

// percent writes a share in whole per cent, rounded down: 89.9 % is not 90 %.
func percent[T ~int64](ppm T) string { return strconv.FormatInt(int64(ppm)/10_000, 10) + " %" }

// kilometres writes a length with one decimal, or in metres below 1 km.
func kilometres(mm int64) string {
	if mm < 1_000_000 {
		return fmt.Sprintf("%d m", (mm+500)/1000)
	}
	tenths := (mm + 50_000) / 100_000
	return fmt.Sprintf("%d.%d km", tenths/10, tenths%10)
}

// degrees writes an angle in whole degrees.
func degrees(mdeg int32) string { return strconv.Itoa(int(mdeg+500)/1000) + "°" }

// joined writes distinct words in order, with "or".
func joined[T ~string](words []T) string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, string(w)) {
			out = append(out, string(w))
		}
	}
	return strings.Join(out, " or ")
}
