// SPDX-License-Identifier: Apache-2.0

// Package examples holds whole missions: what was agreed or that nothing is
// agreed yet, what was observed and claimed, and what must come of it. They run
// as tests, and the command demo loads them.
//
// geneva-2026, measures-2020 and easter-truces hold facts from public sources,
// in our own words and format, with the source named in each row. one-bad-day
// is SIMULATED: its places, parties and figures are invented.
package examples

import "embed"

// Files holds the missions, one folder each, and what they share.
//
//go:embed agreements mappings geneva-2026 measures-2020 easter-truces one-bad-day
var Files embed.FS

// Names lists the missions in the order in which they are shown.
func Names() []string {
	return []string{"geneva-2026", "measures-2020", "easter-truces", "one-bad-day"}
}
