// SPDX-License-Identifier: Apache-2.0

// Package seal keeps what could harm out of the record and binds it to the
// record all the same: salted commitments to every field of an entry, sealed
// boxes beside the log with the entry itself, the keys of the boxes, the store of
// the boxes, and the account of what was erased, with or without warrant.
//
// A sealed entry says openly its type, the epoch of its keys, a root and the
// hashes of its boxes, one of each class. The true envelope lies in the mission
// box together with the seed of its salts and the source's pseudonym. Who is shown one field gets an Opening
// and checks it against the root; who opens a box recomputes the root.
//
// To erase is to append a warranted erasure entry, then to destroy the boxes. All
// proofs of the log still hold, because nothing in the log changes. What somebody
// has decrypted cannot be made unknown: a holder's receipt is its word.
//
// # Who can do what
//
//   - Whoever holds the role key of the mission class can read every entry of the
//     epochs wrapped to it, and of the custody class nothing. What names people is
//     in the custody class only as far as it was taken out of the envelope before
//     that was signed: the envelope itself lies whole in the mission box.
//   - Whoever holds the role key of the custody class can read who the sources
//     are, for the epochs wrapped to it.
//   - Whoever holds the role key of a party's class can read what the agreement
//     lets that party see, for the epochs wrapped to it, once he is given the boxes.
//   - Whoever holds an epoch's key can read the class's boxes of that month; if it
//     is the one from which covers and pseudonyms are derived, he can tell covers
//     from boxes, and which source is behind a pseudonym by trying identifiers.
//   - Whoever can seal (anybody who has an epoch's recipient, which is no secret)
//     can make boxes that open; only the signature of an entry says who sealed
//     the box whose hash it names.
//   - Whoever has the seed of an entry can try values of its fields until the root
//     fits. Seeds lie in mission boxes only.
//   - Whoever takes a machine on which a role's key lies without a passphrase reads
//     all that the role may read. SaveRole with a passphrase is for that case.
//   - Whoever can change the files of boxes can destroy boxes, and then they are
//     missing without warrant. He cannot change one unseen.
//   - Whoever seals decides what is sealed: that an entry is true, nothing here says.
//
// A role's key opens every epoch that is wrapped to it. To bound what a stolen key
// opens, the roles change theirs every month, before the next epoch is made.
//
// # What can be seen from outside
//
// The number of entries, when they came to the cadence, and the size of boxes up
// to 256 bytes above the minimum of their class. Leaves have one size as long as
// CommitmentCount stays unset: the fillers of a commitment hide the number of
// fields, and the field would tell it.
//
// What was acknowledged survives a power cut (internal/durable says on what
// conditions). Nothing here asks for the time. Randomness comes from crypto/rand
// in NewSeed, SealBox, GenerateRole and NewEpoch; everything else gives the same
// bytes for the same input.
package seal
