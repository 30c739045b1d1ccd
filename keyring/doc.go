// SPDX-License-Identifier: Apache-2.0

// Package keyring says who may have signed what. The keys of a record stand in
// the record: an entry registers a key from its index on, another one ends it. A
// [Ring] is told the entries in order and holds each to the keys before it: its
// signatures, its signer's chain of bodies, what the signer's role may say, and
// which deeds need two persons.
//
// Checking a signature costs more than everything else, so Admit does only what
// needs the order and returns the signatures as [Check]s; [Verify] takes them in
// any order, on all processors.
//
// Ed25519 signatures are checked by the rules of ZIP 215, single or in a batch:
// under one rule no two verifiers disagree about a signature.
//
// # Trust
//
// Whoever holds one of these keys can:
//
//   - desk: enter what nobody observed, in the desk's name; not in a device's
//     name, and not change or remove what stands. The mission's own people and
//     the mirrors see every such entry.
//   - device: claim detections of that one source until the key is ended.
//   - officer: nothing that needs two persons, alone. A passkey also needs its
//     authenticator and the officer's finger or PIN.
//   - holder: say that it destroyed what it still keeps.
//
// A stolen key is ended by an entry whose Till lies before the theft: what it
// signed since stays in the record and is reported as doubtful.
package keyring
