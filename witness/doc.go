// SPDX-License-Identifier: Apache-2.0

// Package witness co-signs checkpoints of logs, and counts who did. A log that
// shows two people two histories needs both co-signed, and no honest witness
// signs two.
//
// The formats are those of C2SP: tlog-checkpoint, tlog-cosignature
// (cosignature/v1: Ed25519; ML-DSA-44 is verified, not made), tlog-witness and
// tlog-policy, so that a party may run another witness, and anybody another
// client. A witness reads no entries and knows nothing of missions: a
// checkpoint is all it sees.
//
//   - [Server] is a witness: it signs what extends what it signed before.
//   - [Policy] says who must have signed, and [Policy.Standing] who has.
//   - [Gatherer] asks all witnesses of a policy for their cosignatures.
//   - [Ask] and [Known.Guard] tell a log, before it writes, whether others know
//     more of it than it does itself.
//
// # The order of things in a witness
//
//  1. The request is read, the log found by its origin, its signature verified.
//  2. Under the log's lock, the consistency proof is held to the latest
//     checkpoint that was signed, and to any that others are known to hold.
//  3. The state, which has the signed note in it, is written and synced. Dying
//     before that: nothing was signed. Dying after it: the client asks again.
//  4. Only then does the signature leave.
//
// # Amnesia
//
// A witness that forgot what it signed signs a fork. So one that has no state
// for a log signs nothing of it until its operator begins it ([Begin]): as new,
// if no other witness knows it; from a checkpoint that two other witnesses
// co-signed; or from one that the operator names, which the state records. And
// one that has a state asks the other witnesses at its start ([Server.Ask]), as
// the state may have come from a backup: what they hold and it does not
// remember, it must be shown to be part of what it signs next.
//
// # Trust
//
// Whoever can change or hold one of these can:
//
//   - a witness's key: sign any history in its name. One such guarantor, of four
//     with three needed, brings about no split view ([Policy.Tolerates]).
//   - a witness's state: make it sign a fork from an older state, unless other
//     witnesses tell it at its start; or stop it, by damaging the file.
//   - the log's key: extend the history as he likes, but not fork it. A fork at
//     the same size is kept as evidence, and the witness goes on with the
//     history it signed.
//   - a peer that is asked: hide what it knows; or, together with the log's
//     key, stop a witness that starts, and leave the proof with it.
//   - the network between: drop and delay, and nothing else; addresses may be
//     plain http.
//   - the policy: everything. Verify with a policy that has your own witness in it.
//   - a witness's clock: the times in its cosignatures. [Standing.AsOf] believes
//     no fewer than make a checkpoint provisional.
//
// BUG: a cosignature says that a history is consistent, not that it is right,
// nor that its entries are kept anywhere; that is what mirrors sign for.
package witness
