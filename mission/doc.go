// SPDX-License-Identifier: Apache-2.0

// Package mission runs one mission, which is a folder:
//
//	record/       the tamper-evident log (package record)
//	keys/         log.key and desk.key (secret), log.pub
//	blobs/        agreement bundles and the gazetteer, by SHA-256
//	rejected/     rows that could not be taken, as they were; never in the record
//	index/        one database an audience; derived, may be deleted at any time
//
// Whoever can change record/ is found out by verify, unless he also holds
// keys/log.key. Whoever holds keys/desk.key can add entries in the mission's
// name. Whoever can change blobs/ can stop replay, but not change a finding: the
// record names the blobs by hash. Whoever can change index/ can change what this
// machine shows until the index is rebuilt; nothing that others recompute.
//
// The package is wiring: the record is written here, ticks are stamped here,
// local times are resolved here. It holds no rule of any agreement.
//
// A mission has at most one writer at a time (a lock on the record). Readers
// see what stands below the last signed checkpoint, so that nothing shown can
// un-happen.
package mission
