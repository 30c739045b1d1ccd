// SPDX-License-Identifier: Apache-2.0

// Package record keeps the record: an append-only, tamper-evident log of opaque
// entries of 1 to 65,535 bytes. Nobody who holds a signed checkpoint of it can
// be shown another past. It numbers entries from 0 and knows nothing of what
// they say, of time, or of who sent them.
//
// The log is in the format of C2SP tlog-tiles (https://c2sp.org/tlog-tiles) with
// checkpoints of C2SP tlog-checkpoint, which are signed notes; its tree is that
// of RFC 6962, section 2.1. Clients, witnesses and checkers for those formats
// read what [Reader.Export] writes and [Handler] serves; on its own disk the log has
// each entry once, in the order in which they came.
//
// # The life of an entry
//
//  1. [Log.Append] puts it into the group that gathers while the last one is
//     synced. Who came first in a group commits it for all.
//  2. The group is written behind the live segment of the write-ahead log, at
//     most 1 MiB at a time, and synced; it is hashed meanwhile. Dying before that:
//     the entry was not acknowledged, and Open finds it whole or cuts it off.
//  3. Its leaf hash is added to the right edge of the tree, in memory. From here
//     on Append returns its index, and it is in the log for good.
//  4. With 65,536 entries in the segment, the next append writes the file of its
//     hashes, and begins a new segment. Dying between the two: Open finds a full
//     segment, and the next append writes its hashes again.
//  5. [Log.Sign] tells the [Guard], if there is one, what it is about to sign.
//     Dying here: Open finds the guard ahead, and the entries, and signs them.
//  6. It signs size and root, and publishes the checkpoint in place of the last
//     one. Dying after the signature and before the file: nobody saw it. Dying
//     after the file: the checkpoint counts, and Open keeps the copy.
//  7. Others cosign, in their time, and [Log.Merge] adds their signatures to the
//     checkpoint's two files. Dying between them: Open brings them together.
//
// # Layout on disk
//
//	checkpoint                 the last signed checkpoint
//	checkpoints/<size>         each checkpoint that was signed
//	wal-<16 digits>            a segment, by the index of its first entry; the newest
//	                           one is the live one: frames of length and CRC-32C,
//	                           each 32 bits big endian, and the entry
//	hashes/<16 digits>         of each full segment: where every 256th of its frames
//	                           ends, 64 bits big endian; the hash of each 256
//	                           entries; the leaf hash of each entry
//	extending                  in a [Replica] only, while entries are in it that no
//	                           checkpoint there proves: the note they lead to
//
// and in the guard's directory, on another medium:
//
//	<SHA-256 of the origin>/state   origin, size and root, as a checkpoint has them
//
// The tiles of C2SP tlog-tiles are made of these when somebody asks: a bundle is
// read from its segment, its leaf hashes from the segment's hashes, and the tiles
// above them are in memory, 32 bytes for 256 entries. Open reads 10 KiB of the
// hashes of each full segment, and hashes the live one. Whoever reads an entry, or
// is served a tile, gets what was held against the root.
//
// A checkpoint that was kept for each signature needs one small file; sign at the
// pace at which others are to see it.
//
// A checkpoint's note has the log's signature first, and then one of each
// cosigner, by name. Every line is in its one encoding, and no key stands twice.
// What others' keys signed in it, only their keys can tell: record takes what
// [Log.Merge] is given, and Verify judges those cosigners whose keys it gets.
//
// # Copies
//
// A [Replica] takes the entries of a log that somebody else writes, from wherever
// they come, and shows them when they give the root that was signed. It is cut back
// to its last checkpoint if the source lied, failed, or the power went. Open with the log's key goes on writing
// where it ends: so a lost log is restored from a mirror.
//
// # Proofs
//
// [Log.ProveInclusion] and [Log.ProveConsistency] are read from the hashes, each 256
// held against the root before they are used. [Handler] serves tiles, and with them
// anybody makes the proofs himself.
//
// # What survives
//
// What was acknowledged survives the death of the process, and a power cut if
// the drive keeps what it says it wrote. What was not acknowledged may be in the
// log or not: appending is at least once. After any failed write or sync the log
// takes no more entries until it is closed and opened again (ErrInDoubt), and
// Open writes the last group anew, as a second sync would lie.
//
// Open cuts a torn tail off the live segment, of at most one group and only
// beyond the last checkpoint. A log that is shorter or other than its last
// checkpoint says is ErrCorrupt, and nothing in it is changed.
//
// # Trust
//
// Whoever can change one of these can:
//
//   - the log's key: sign any history for those who never saw another one;
//     against that, others co-sign checkpoints and remember them.
//   - checkpoint: stop the log from opening, but not put back an older one, as
//     long as the newer one is kept in checkpoints; and take cosignatures away.
//   - checkpoint, checkpoints and the segments together: put back an older state
//     of the log. The guard refuses to sign from there; without a guard only those
//     who hold a newer checkpoint see it.
//   - the guard's state: stop the log from opening; and, together with the log's
//     files, have a log sign that was put back. It makes no entry true.
//   - checkpoints: remove old promises and cosignatures, but not make one that
//     Verify believes.
//   - a note that is merged: fill it up with a hundred signatures that mean
//     nothing, so that true ones find no room; who calls Merge verifies them first.
//   - extending: have entries cut off that no checkpoint signs for yet; it must
//     hold a note of the log's key.
//   - a replica's source: send what it likes, and be found out at the root.
//   - the segments and their hashes: change, add or drop entries that no checkpoint
//     signs for yet, unseen; make entries that are signed for unreadable, seen by
//     Verify and by who reads them, but not make Entries return other ones; and,
//     with the head of hashes, stop the log from opening.
//
// One writer at a time holds a lock on the directory, by flock(2), which does
// not reach over a network disk. Readers take no lock.
package record
