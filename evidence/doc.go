// SPDX-License-Identifier: Apache-2.0

// Package evidence keeps pictures, films, sound and papers so that years later
// anybody can be shown that not a byte was changed, from whom they came, and who
// had them in hand; and so that a part can be shown and proven without the rest.
//
// # What the record says of an item
//
// An item is known by the SHA-256 of its bytes, by its size, and by the root of a
// tree over its chunks of 64 KiB. The tree is that of RFC 6962, section 2.1; a leaf
// is the bytes "trucewatch/chunk/v1", a zero byte, the chunk's index in 64 bits, big
// endian, and the chunk. The root makes any passage provable by itself (Clip). For
// a picture, a second tree over tiles of its pixels makes any rectangle provable
// (Pixels, Crop).
//
// # Original and working copy
//
// The Berkeley Protocol (OHCHR, HR/PUB/20/2) and ISO/IEC 27037 keep the evidentiary
// copy apart from working copies: the original is acquired, copied, sealed,
// transferred and destroyed, and nothing else; who looks, cuts or describes works
// on a copy. Custody entries in the record tell these deeds, and Chain reads them
// back and says in words where they contradict the rule or each other.
//
// # On disk
//
//	<dir>/<first 2 digits>/<hash>          the bytes
//	<dir>/<first 2 digits>/<hash>.chunks   32 bytes for each chunk; may be lost
//	<dir>/incoming-<n>.tmp                 not finished; means nothing
//
// Add returns when the bytes are on the disk: a process that dies before leaves
// nothing under a hash. Bytes are checked whenever they are read.
//
// # Trust
//
// Whoever can write to the directory can destroy evidence and be found out; he
// cannot change it unseen, as long as the record is whole. Whoever can read it can
// read all evidence, restricted or not, and no entry says so: the disk is to be
// encrypted and its readers few. Whoever can put a custody entry into the record
// can claim that an item was acquired; that what it shows is true is never proven
// by a hash.
//
// The package reads no clock: times come with the deeds.
package evidence
