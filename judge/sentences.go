// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"

	"github.com/trucewatch/trucewatch"
)

// The sentences of reasons, in plain English. Every blank is %s, so that a
// sentence can be taken apart again and told in another language (words.go).
const (
	sayObserved         = "observed: %s, by %s (observations: %s)"
	sayTraining         = "a source assessed it as training; only a notification under the agreement exempts training"
	sayByPhenomenon     = "weapon is %s: by phenomenon, because no checked source knows the weapon"
	sayWeapon           = "weapon is %s: taken to be %s"
	sayHeavy            = "a heavy weapon by the text (%s): taken to be %s"
	sayOwner            = "belongs to %s: it is taken to be of %s"
	sayOwnerOpen        = "belongs to %s: nobody knows whose it is"
	sayMissionAsset     = "it belongs to the mission, which the act spares"
	sayRestriction      = "restriction of type %s"
	sayLasted           = "lasted %s: %s min"
	sayLastedOpen       = "lasted %s: no source says how long"
	sayAimed            = "aimed single shots"
	sayCivilian         = "a civilian"
	sayCivilianOpen     = "a civilian: no source says"
	sayStandard         = "by the standard of %s: verified, or corroborated and confirmed by a hospital, or by two means where the hospital refused to say; here %s"
	sayInForce          = "in force at the time of the event, %s: in force %s"
	sayBound            = "done by one whom the agreement binds: %s"
	sayRule             = "the rule of the act (%s)"
	sayRuleOpen         = "the rule of the act (%s) hangs on %s"
	sayRuleFails        = "the rule of the act (%s) cannot be answered: %s"
	sayConfirmed        = "confirmed: confidence %s (%s), %s needed; independent means: %s of %s"
	sayHappened         = "that it happened: %s (observations: %s)"
	sayOnlyClaims       = "only claims that nobody has checked show the act: never above possible"
	sayOnlyHeat         = "only heat seen by satellite shows the act, which other fires give too: never above possible"
	sayConditionClaimed = "a condition rests on claims that nobody has checked: never above possible"
	sayNotAdjudicated   = "the agreement does not let the mission adjudicate: who is responsible is for the commission to decide"

	sayInZone     = "in zone %s: %s of where it may have been is inside"
	sayNoPlace    = "%s: the place is not known"
	sayAtLeast    = "wherever the line lies within its survey error of %s, at least %s is inside"
	sayAtMost     = "wherever the line lies within its survey error of %s, at most %s is inside"
	sayObject     = "the object is %s, %s of the register: %s of where it may have been is within %s of it"
	sayObjectSeen = "the object is %s, %s of the register: the observers name it"
	sayInLimit    = "inside the limit of its class, %s from the line: %s of where it may have been is inside"
	sayInLimitAt  = "inside the limit of its class, %s from the line: %s of where it may have been is inside, at %s ± %s from line %s"
	sayBinds      = "the limit binds: phase %s is complete at %s"
	sayNotOwed    = "not yet owed: phase %s is complete at %s"

	sayForward      = "own forces forward of line %s: party %s's, and %s of where they may have been is on the other side"
	sayForwardOpen  = "own forces forward of line %s: nobody says whose they are"
	sayNoLine       = "the text has no line to cross: that it was %s is the observers' word"
	saySupport      = "fire forward of the own line in support of movement: incident %s, %s away in time"
	saySupportOpen  = "fire forward of the own line in support of movement: incident %s fell on the other side, and whose it was is not known"
	sayNotStanding  = "not a position of the status quo: %s of where it may be lies within one"
	sayNearStanding = "the nearest that stood is %s, %s off"
	sayNoSurvey     = "the text has no survey of what stood at the beginning: that it is new is the observers' word"
	sayNoSurveyOpen = "whether it is new: the text has no survey of what stood at the beginning"
	sayNotKnown     = "not in a known minefield: %s of where it may be lies within one"
	sayForces       = "of the forces of a party: %s"
	sayForcesOpen   = "of the forces of a party: nobody says who they are"
	sayDamageFire   = "damage done by fire: %s"
	sayDamageOpen   = "damage done by fire: no fire near it is known in the %s before"
	sayItem         = "%s × %s: %s"
	sayItems        = "missing from the storage site %s: %s"
	sayItemsOpen    = "missing from a storage site of the register: where it was names none"

	sayExempt       = "exempt by a notification under %s"
	sayExemptNone   = "exempt by a notification under %s: nothing that was notified is near in time and place; the absence of one is no breach and takes away no protection"
	sayNotice       = "%s %s, notification %s by %s: %s"
	sayLateNotice   = "late notice: every other term of %s is met, so the breach is of the notice period, severity 1"
	sayGivenBefore  = "given before the event: it was given at %s"
	sayLead         = "notified %s before, %s required"
	sayLeadUrgent   = "notified %s before as an emergency, %s required"
	sayLeadWord     = "in time: it says so, but entered the record only at %s"
	sayKnownWord    = "known before the event: it says so, but entered the record only at %s"
	sayStates       = "states what is asked: it does not state %s"
	sayWindow       = "in the notified window, %s"
	sayWindowTol    = "in the notified window, %s ± %s"
	sayWindowOff    = "in the notified window, %s: %s outside"
	sayWindowTolOff = "in the notified window, %s ± %s: %s outside"
	sayWithin       = "within %s of the %s: %s of where it may have been is"
	sayWithinAt     = "within %s of the %s: %s of where it may have been is, and its middle is %s off, ± %s"
	sayWithinOpen   = "within %s of the %s: where it was is not known"
	sayOutside      = "outside zone %s: %s of where it may have been is inside"
	sayOutsideOpen  = "outside zone %s: where it was is not known"
	sayTransport    = "a transport: it was taken to be %s"
	sayNotified     = "of the notified weapons (%s): it was taken to be %s"
	sayDetonation   = "a detonation: there was also %s"
	sayOnGround     = "a detonation on the ground: it was assessed as %s"
	sayNoWeapon     = "a detonation without a weapon: it was taken to be %s"
	sayAirframe     = "a notified airframe: %s"
	sayNotVoid      = "not void: nobody saw a munition dropped"
	sayVoid         = "not void: a munition was dropped, which voids it"
	sayVoidClaimed  = "not void: only a claim says that a munition was dropped"
	sayStanding     = "not objected to, withdrawn or closed: %s"
	sayGuaranteed   = "guaranteed by party %s: %s"
	sayRequired     = "%s: %s"
	sayDeviation    = "permits act %s as stated: %s"

	sayLadder    = "return fire: party %s relies on it, and the text permits it only if every rung is shown"
	sayRung      = "%s: %s"
	sayRungClaim = "%s: %s; only party %s says so (fact %s, entry %s)"
	sayRungLacks = "%s: %s (fact %s, entry %s)"

	sayClock        = "the clock %s ran out: %s, from %s, due %s"
	sayOwed         = "party %s owed it"
	sayContradicts  = "incident %s, at the notified time and place, contradicts notification %s"
	sayFoundFalse   = "the notified work: a patrol found that it was not done"
	sayGaveIt       = "party %s gave the notification"
	sayDisapply     = "the order of fact %s (%s) cannot disapply the text: %s"
	sayOrderOf      = "party %s gave the order, by fact %s"
	sayOrderClaimed = "that the order was given: nobody confirms fact %s"

	sayNothing    = "nothing was observed: silence of the record is not peace on the ground"
	sayShowsNoAct = "%s of %s by %s: no act of the agreement is shown by it alone"
	sayUnchecked  = "claims that nobody has checked: %s; no more than possible by themselves"
	sayWindowRead = "the window is read in several ways; this is reading %s"

	saySameInAll    = "the text is read in several ways, and the result is the same in each"
	sayDiffers      = "the text is read in several ways, and the result differs; this is the reading %s"
	sayReading      = "reading %s: in force %s"
	sayAnswers      = "it answers %s"
	sayHeldBy       = "held by %s"
	sayReadingBasis = "on the ground that: %s"
	sayDuplicate    = "counted once, under act %s, which says more of the same"
)

// What would change a finding.
const (
	changeChecked        = "an observation by the mission's own means, or one that it has checked, of the same act"
	changeMeans          = "%s means more, independent of %s"
	changeMore           = "more or closer observations: confidence is %s, and a violation is confirmed from %s"
	changeWeapon         = "what the weapon was: sources take it to be %s, and the act is about %s"
	changeOwner          = "whose it is"
	changeOwners         = "whose it is: sources say %s"
	changeType           = "of what type the restriction was"
	changeLasted         = "how long it lasted: %s"
	changeLastedDiffer   = "how long it lasted: sources differ, and the act begins at %s min"
	changeCivilian       = "whether the person was a civilian"
	changeCivilianDiffer = "whether the person was a civilian: sources differ"
	changeVerified       = "verification of the harm, or corroboration and a hospital's confirmation"
	changeForce          = "when exactly it was: the agreement came into force, or ended, in between"
	changeBound          = "who did it: sources differ on whether it was a party"
	changeRule           = "what the rule of the act asks for: %s"
	changePlace          = "where it was"
	changeClass          = "what the weapon is: whether it is of class %s, for other weapons have another limit or none"
	changePhase          = "when exactly it was: the limit began to bind in between"
	changeCloser         = "its middle is %s by %s, known to ± %s"
	changeCloserSurveyed = "its middle is %s by %s, known to ± %s, from a line surveyed to %s"
	changeSmaller        = "an error of less than %s would decide it"
	changeSurvey         = "no better place would decide it alone, only a survey to less than %s"
	changeNothing        = "at the edge itself no smaller error would decide it"
	changeMoved          = "it would count as inside %s farther in, as outside %s farther out"
	changeForces         = "whose forces they are"
	changeSupport        = "who fired in support: incident %s"
	changeStood          = "a survey of what stood when the agreement began"
	changeForceOf        = "who they are"
	changeDamage         = "the fire that did it"
	changeItem           = "a visit that may check the numbers of %s"
	changeSite           = "which site of the register it was"
	changeTerm           = "notification %s: %s"
	changeOrder          = "confirmation of the order by somebody other than who reports it"
	changeRung           = "return fire, rung %s, %s: %s"
)

// fill puts blanks into a sentence.
func fill(sentence string, blanks ...string) string {
	if len(blanks) == 0 {
		return sentence
	}
	size := len(sentence)
	for _, b := range blanks {
		size += len(b)
	}
	var out strings.Builder
	out.Grow(size)
	for _, b := range blanks {
		before, after, found := strings.Cut(sentence, "%s")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteString(b)
		sentence = after
	}
	out.WriteString(sentence)
	return out.String()
}

// reasonOf makes a reason.
func reasonOf(holds answer, article string, evidence []trucewatch.ObservationID, sentence string, blanks ...string) trucewatch.Reason {
	return trucewatch.Reason{Text: fill(sentence, blanks...), Holds: holds.String(), Article: article, Evidence: evidence}
}

// sentences lists every sentence of a finding: reasons, what would change it, and
// what gives it weight.
func sentences() []string {
	return []string{
		sayObserved, sayTraining, sayByPhenomenon, sayWeapon, sayHeavy, sayOwner, sayOwnerOpen, sayMissionAsset, sayRestriction, sayLasted, sayLastedOpen,
		sayAimed, sayCivilian, sayCivilianOpen, sayStandard, sayInForce, sayBound, sayRule, sayRuleOpen, sayRuleFails, sayConfirmed, sayHappened,
		sayOnlyClaims, sayOnlyHeat, sayConditionClaimed, sayNotAdjudicated, sayInZone, sayNoPlace, sayAtLeast, sayAtMost, sayObject, sayObjectSeen,
		sayInLimit, sayInLimitAt, sayBinds, sayNotOwed, sayForward, sayForwardOpen, sayNoLine, saySupport, saySupportOpen, sayNotStanding, sayNearStanding,
		sayNoSurvey, sayNoSurveyOpen, sayNotKnown, sayForces, sayForcesOpen, sayDamageFire, sayDamageOpen, sayItem, sayItems, sayItemsOpen, sayExempt,
		sayExemptNone, sayNotice, sayLateNotice, sayGivenBefore, sayLead, sayLeadUrgent, sayLeadWord, sayKnownWord, sayStates, sayWindow, sayWindowTol,
		sayWindowOff, sayWindowTolOff, sayWithin, sayWithinAt, sayWithinOpen, sayOutside, sayOutsideOpen, sayTransport, sayNotified, sayDetonation,
		sayOnGround, sayNoWeapon, sayAirframe, sayNotVoid, sayVoid, sayVoidClaimed, sayStanding, sayGuaranteed, sayRequired, sayDeviation, sayLadder,
		sayRung, sayRungClaim, sayRungLacks, sayClock, sayOwed, sayContradicts, sayFoundFalse, sayGaveIt, sayDisapply, sayOrderOf, sayOrderClaimed,
		sayNothing, sayShowsNoAct, sayUnchecked, sayWindowRead, saySameInAll, sayDiffers, sayReading, sayAnswers, sayHeldBy, sayReadingBasis, sayDuplicate,
		changeChecked, changeMeans, changeMore, changeWeapon, changeOwner, changeOwners, changeType, changeLasted, changeLastedDiffer, changeCivilian,
		changeCivilianDiffer, changeVerified, changeForce, changeBound, changeRule, changePlace, changeClass, changePhase, changeCloser, changeCloserSurveyed, changeSmaller, changeSurvey, changeNothing, changeMoved,
		changeForces, changeSupport, changeStood, changeForceOf, changeDamage, changeItem, changeSite, changeTerm, changeOrder, changeRung, aggravatedBy,
		aggravatedSilence, aggravatedProtected,
	}
}
