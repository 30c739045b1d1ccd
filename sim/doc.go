// SPDX-License-Identifier: Apache-2.0

// Package sim runs the whole system in one process from one seed and breaks it in
// every way that is legal, checking after each step what must always hold.
//
// What runs is the production code of record, keyring, seal, admission, witness,
// mirror, replay and disclosure, as package mission puts it together. Fake are the disks
// (durabletest), the clock (testing/synctest), the network between mission and
// witnesses, the sources and the parties. The only input is the seed: chance,
// time and keys come from it, so that a failure is repeated by its number.
//
// The legal faults:
//
//   - a submission is lost, comes late, twice, in another order, or forged
//   - a device floods the door, or more comes than the machine can record; it stalls
//   - a source's clock is skewed; a source lies; the mission's clock is behind, or
//     ahead by as much as two days
//   - a text is adopted without a party, or for what is past; a question is settled
//     by a decision that did not carry
//   - any call of a disk fails having done nothing, half or all of its work
//   - a process dies at any call of its disk; the power goes, and of what was
//     not synced each sector and each name is there or not
//   - a disk is full
//   - a witness or party is cut off, silent, or answers with garbage
//   - a process dies over a handover of the log's key; somebody who stole the old one
//     goes on with it, or hands the log over once more
//   - somebody offers a witness or a mirror another history of the log, or an old
//     state of it; a mirror's source is cut off, or spoils what it gives
//
// Always true, after every step:
//
//	I1  what was acknowledged survives
//	I2  what was shown never un-happens: released findings stay, checkpoints grow
//	I3  who replays the bytes gets the same digest
//	I4  each observation is in exactly one incident, or listed as unassociated
//	I5  no view breaks disclosure
//	I6  nobody signs two histories
//	I7  then the faults stop, and everything pending lands within bounded ticks
//
// The package is for tests only: nothing of the product imports it.
package sim
