// SPDX-License-Identifier: Apache-2.0

// Package verify says whether a record is sound, in 14 numbered checks. It takes
// a mission's folder, or what a mirror or a party holds of it, and believes
// nothing there but what follows from the log's key, from the keys of the policy
// and from the roots given. It writes nothing, asks nobody, and knows no clock:
// the instant at which freshness is judged is given.
//
// What a copy does not hold cannot be checked, and the report says so under the
// check that would have needed it. No check is left out in silence.
//
// The report is a function of the copy and the options: two runs give the same
// bytes, and its own SHA-256 stands in its last line.
//
// # Trust
//
// Whoever can change one of these can:
//
//   - the log's key that is given: have another log checked.
//   - the policy that is given: everything; verify with one that has your own
//     witness in it. Without one, the record's own policy is believed, and the
//     report says so.
//   - the kept checkpoints: hide that there are two histories, and not claim it
//     where there is one.
//   - the roots of time-stamp authorities: have any time believed.
//   - the instant given: have an old state pass for a fresh one.
//   - this program: everything. The formats are open; a second verifier, written
//     by others, is the remedy.
package verify
