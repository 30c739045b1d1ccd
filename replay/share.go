// SPDX-License-Identifier: Apache-2.0

package replay

import "github.com/trucewatch/trucewatch"

// shareTexts lets an observation use the texts of the row before it where they
// are the same. Rows of one entry have most words in common, and the state keeps
// every row: of the largest real mission it saves a sixth of the memory.
func shareTexts(o, before *trucewatch.Observation) {
	share(&o.Kind, before.Kind)
	share(&o.Description, before.Description)
	share(&o.Means, before.Means)
	share(&o.Count.Qualifier, before.Count.Qualifier)
	share(&o.Count.Unit, before.Count.Unit)
	share(&o.Where.Name, before.Where.Name)
	share(&o.Where.Region.Kind, before.Where.Region.Kind)
	share(&o.Where.Basis, before.Where.Basis)
	share(&o.Clock.Kind, before.Clock.Kind)
	share(&o.Clock.Zone, before.Clock.Zone)
	share(&o.Text, before.Text)
}

func share[T ~string](text *T, before T) {
	if *text == before {
		*text = before
	}
}
