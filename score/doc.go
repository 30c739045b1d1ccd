// SPDX-License-Identifier: Apache-2.0

// Package score holds the result of an associator against the truth: ours, or
// another's whose result was written as JSON lines (docs/formats/score.md).
//
// Every number is defined where its field is declared, with its source. What is
// counted is a result with at least MembersMin members; what a result must share
// with an event to have found it is a Rule. A number whose basis is empty is NaN
// and printed as a dash, never as 0 or 1.
//
// Whoever writes the result file also writes the shares and regions that are
// held to account here; the truth must come from elsewhere.
package score
