// SPDX-License-Identifier: Apache-2.0

// Package associate finds which observations belong to one incident, where and
// when it was, and how sure that is. It judges nothing.
//
// It is pure and exact: the incidents follow from the set of observations, not
// from the order in which they came, and are the same bits on every machine.
// Only names and history follow the record's order: an incident is named by its
// earliest recorded member.
//
// # Model
//
// Each incident begins somewhere, some time, with a density birth per km2 and
// second. Each report comes from an incident, with the probability PD of its
// means, or from none, with the density clutter of its means. For a set S of
// observations the score is the logarithm of how much better one common
// incident explains them than each standing alone:
//
//	score(S) = ln birth + sum over S of ln( o / (clutter + birth o) ) + ln T(S) + ln V(S)
//
// and 0 for one observation; o = PD/(1 - PD), and birth counts only incidents that
// nobody reports, so that on average silence is counted too. Whose silence it is,
// is not: it lowers the confidence where a duty log says it. Birth and clutter start from guesses and rise
// with what is reported in a square of half a degree on a day; over wider squares
// they may fall too. This is the generative model of NET-VISA (Arora, Russell,
// Sudderth, Bulletin of the Seismological Society of America 103(2A), 2013) for
// reports in place of seismic picks. Of arrivals each silent station is counted
// (see Arrivals).
//
// How late people are, and how wide the windows are that they state, is learned from what
// a clock in the same country timed on the day (see lateness.go).
//
// V is the overlap integral of the places' densities in km^-2(n-1) (package
// kernel), each widened by spreadMM because an engagement has extent. T is the
// same for time: observations that say when (timed) lie anywhere in the hull of
// them all, with density 1/(hull + gap); loose ones, which only say between when
// and when at most, anywhere in their window. Or, if that explains them better, all
// noticed one moment: the overlap integral of their windows, each by its mean and
// variance. If nobody counted more than one sign, lasting is held to be less likely
// (oneRound). Timed windows chain over pauses of
// at most EngagementGap, to at most EngagementCap. Loose windows must share time;
// a day is [00:00, 24:00) without its end, so that consecutive days do not touch.
// What is noticed later (burning, craters, damage, casualties) looks back by a
// fixed time, unless its window is already longer.
//
// An incident has up to two places. Signs about where it came down share one,
// signs about where it was fired the other; a sign of unknown role goes where it
// fits better. Both belong to one incident only if one source reports both: a
// firing near an impact may as well be the answer of the other side. They then
// lie within weaponReachMM: a factor 1/(area within reach).
//
// What may join what is a table (pairings), with its reasons. Two rows of one
// source about the same sign are two events and never join. Interference joins
// per asset. A place known by name alone agrees with the same name.
//
// # Arrivals
//
// A time at which sound, or a P or S wave, reached a station says nothing alone.
// A Listener finds what several of them say together, a shot, with the same score
// in other units:
//
//	LLR = ln birth + sum over heard of ln( PD f(t) / clutter )
//	      + sum over silent stations of ln(1 - PD) + ln sqrt(|2 pi Sigma|)
//
// summed over classes of loudness by their shares; of P and S waves a station that hears
// one hears the other likelier. f is normal, with the errors of
// the clock and of the travel time; PD falls off with distance, a logistic function
// for each class; clutter is per station, and higher for a while where a station
// hears much (a burst); births are likelier near a shot just found (a salvo); the
// last term is the volume of the solution (Laplace). A shot is taken from
// leastScore on, the surest first: the first arrival ties the time to the place,
// branch and bound over places finds the best cell (package kernel), least
// squares the solution in it.
//
// Sound travels d/(c + w.u). Speed c and wind w of each piece of country are
// learned from the sure shots of the half hour before, together with their
// places; the offset of a clock that is wrong by more than it states from those of three
// hours, each of which says by how much a station is late if the others are right (see
// clocks.go); how far all is heard, as a factor on the ranges that are stated, from who
// heard those of an hour and who did not (see ranges.go); clutter from the arrivals that
// these leave, and how frequent fire is from their number. What is learned is a
// function of the set of arrivals, so that a replay needs nothing else. A
// region holds the error of the air, which all arrivals of a shot share.
//
// A shot then stands among other evidence like one observation of the network; its
// incident links every arrival, with what it adds. Rounds of one network may be one
// engagement. What later arrivals explain otherwise is withdrawn; while arrivals in
// order may still do so, the incident is provisional.
//
// # Infrasound
//
// Arrays of microphones hear explosions hundreds of kilometres away, each the direction
// and the time of arrival. Such arrivals are compared with their like alone, by both at
// once: the overlap integral over places and times of the densities of all directions and
// arrivals (kernel.Cross), with a birth of sources so loud and the rate at which an array
// records anything (see infrasound.go).
//
// # Count reports
//
// A number of signs over a time longer than an engagement is no sign of one
// incident but a sink (see countreport.go): incidents of others use it up, and what
// is left over is one incident.
//
// # Flights and firings
//
// Incidents stay at one place. What leads from one to another stands beside them:
// flights of drones and missiles (see Flight), and firings linked to impacts by the
// time of flight (see FiredFrom). Neither leaves the mission.
//
// # Search
//
// A gate of kind, time and boxes connects observations; what hangs together is a
// group, kept as the record grows, and an addition divides anew only the groups
// it touches. Within a group sets are merged while the best gain exceeds
// joinThreshold, then single observations move to where they gain; ties go by
// content (time, then content key). Where another division comes near in
// likelihood, all of them are weighed, one by one or by drawing from them, and
// observations stand together that do so in most (see weigh). Groups of more than
// searchMax observations or edgesMax pairs are placed one by one, more than drawMax
// observations in doubt are left as they stand, and their incidents say Degraded.
//
// Unchecked claims come last: they join what other evidence has formed, change
// nothing of it, and form incidents only among themselves.
//
// What does not depend on each other, windows and groups, is given to a caller's
// Run or, as bytes, to shards (see Piece), and put together in record order.
//
// # Links and confidence
//
// The gain of a link is score(S) - score(S without it); of an observation alone
// it is ln(birth o / clutter). The share of what was in doubt is in how many
// divisions, by their likelihood, it stands with at least half of the others; of
// other links it is 1/(1 + exp(rival - gain)), where the rival is the best other set
// of the group, or standing alone. Of an observation that founds its incident alone and
// that claims joined, it is how likely half of them are of the same. Links between
// observations are stated a little lower, for what no likelihood knows (beyondModel).
//
// Confidence that it happened is 1 - product over classes of means of
// (1 - reliability x share), with the best link of each class, and at least the
// best reliability alone; of claims alone it is the best claim's, at most
// claimsMax.
//
// Whoever was on duty by a duty log, would have noticed a share of such events there
// and then, and recorded nothing near, lowers its odds by 1 - share, where fewer than
// two classes of means support it (see silence.go). Silence joins and parts nothing.
//
// # Ranking of estimates
//
// Every estimate is kept. They are ranked by score: ln(1,000 km2 / area of the
// 95 % ellipse), in thousandths of a nat; the intersection of all regions of one
// place, one region for each source, stands before each of them; claims stand
// after all other evidence. That intersection is a mixture over which of the regions
// belong, and holds the truth 95 times of 100. Where it is two places far apart, each
// is given beside it with its region and Weight. Preferred is the first one of where it came down or
// was seen, else the first; Origin is the first of where it was fired.
//
// # Limits
//
// Places on both sides of the antimeridian are never neighbours. The search
// takes regions by mean and covariance: a ring around an observer counts as a
// disc. Confidence takes the classes of means as independent, and the numbers in
// modelOf are guesses until a mission has counted its own.
//
// A clock is held against those around it: who runs most sensors of a place can make a
// good one look wrong there; links say what was taken off. Clocks are learned for sound
// alone: waves in the ground err by 0.4 s anyway.
//
// Every station known is held to have listened all the time; one that did not makes all
// seem to carry less far. One factor holds for a district of 70 km and all classes of
// loudness, and for sound alone. An arrangement of four stations may fit a shot in two places; only the
// better is given, and its region says nothing of the other.
package associate
