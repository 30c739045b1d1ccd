// SPDX-License-Identifier: Apache-2.0

// Package mirror keeps full copies of a record with those who do not write it:
// parties, guarantors, agencies. As long as one honest mirror is left, nothing
// that it holds can be lost or denied, and the lost log is rebuilt from it.
//
//   - Mirror pulls a log, holds every entry to the record's rules, stores it, and
//     co-signs: "I hold the data". It serves what it has, read only.
//   - SplitView is the proof that a log's key signed two histories.
//   - Restore rebuilds a lost log from one mirror.
//   - BoxesHandler and Holders give boxes to those who may have them; a Mirror
//     takes them.
//   - Plan, Released and Schedule release a party's copy in padded batches.
//
// Logs are read as C2SP tlog-tiles (https://c2sp.org/tlog-tiles), from a server or
// a folder. A mirror pulls; C2SP tlog-mirror, whose meaning of a mirror's
// cosignature holds here, is for logs that push.
//
// # The life of a pull
//
//  1. The peers are asked for their checkpoints. Each is kept, and those that are
//     not beyond what is held are compared with it.
//  2. The source's checkpoint is fetched and verified: the log's signature, and
//     who of the policy co-signed. It is kept.
//  3. It is held to everything that was ever seen, before any entry is fetched:
//     its tree must begin with the entries held here, and with those of each
//     kept checkpoint up to its size. If not, both notes are written as evidence.
//  4. Entries are fetched in bundles, some ahead. Each bundle is held to the tree,
//     each entry to the record's rules. Dying here: what came is cut off when the
//     mirror is opened again, and is fetched once more.
//  5. Entries and checkpoint are durable (package record, Replica.Extend).
//  6. The mirror co-signs. Dying before: Open co-signs.
//  7. Boxes are pulled, and held to the hashes in the entries; what is missing is
//     named. The checkpoint is reported to whoever wants it, and what is open to
//     this holder is recomputed.
//
// # Layout on disk
//
//	record/                      the copy: package record
//	checkpoints/<size>/<root>    every checkpoint ever seen, from whomever
//	evidence/split-<size>.txt    two histories: SplitView
//	evidence/entry-<size>.txt    entries that break the rules, with the note over them
//	boxes/                       boxes: package seal
//	boxes-next/<class>           from which entry on boxes are asked for next
//
// Files in checkpoints and evidence are written once and never changed. They are
// small: at a checkpoint each ten seconds, 3 million a year.
//
// # Trust
//
// Whoever holds or can change one of these can:
//
//   - the source: show nothing, or less than others are shown. With peers, or a
//     policy that has this holder's own witness in it, that shows (Ahead, Frozen).
//   - the log's key: sign entries that break no rule, and forks. A fork leaves the
//     proof of it with whoever saw both sides; a mirror that saw one side only
//     needs peers to learn of the other.
//   - the mirror's key: say in its name that it holds what it does not.
//   - a token: be given that holder's boxes.
//   - the file of holders: let others in.
//   - checkpoints and evidence: forget what was seen. Copy evidence elsewhere.
//   - record and boxes: destroy this copy, not change it unseen.
//   - the way between: drop and delay. Boxes and party copies need https, or
//     whoever listens has them.
//
// A mirror checks form, signatures, chains and two-person rules. That the
// entries are true, and that findings follow from them, it does not: Recompute
// is for that.
//
// BUG: a pull that dies is begun again at the last checkpoint held, so the first
// pull of a large log over a bad link may have to be carried on a disk: a Source
// may be a folder.
package mirror
