// SPDX-License-Identifier: Apache-2.0

// Package strangers holds the record, its witnesses and their policies against
// programs by other people for the same specifications: Tessera, torchwood and
// its litewitness, and the Merkle proofs of transparency-dev. What only our own
// code can read or check is not evidence.
//
// It is a module of its own, with tests and benchmarks and nothing that is built
// into the product, so that the product does not depend on those programs.
// scripts/strangers runs the tests, scripts/bench-strangers the benchmarks.
//
// A test that is named after a weakness of a foreign program shows why ours does
// more. When it fails after an upgrade, the weakness is gone: that is good news,
// and the test then says the opposite.
package strangers
