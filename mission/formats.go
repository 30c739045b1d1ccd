// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/intake/firms"
	"github.com/trucewatch/trucewatch/intake/missiontable"
	"github.com/trucewatch/trucewatch/intake/native"
	"github.com/trucewatch/trucewatch/intake/notifications"
	"github.com/trucewatch/trucewatch/intake/statements"
	"github.com/trucewatch/trucewatch/intake/table"
	"github.com/trucewatch/trucewatch/intake/tally"
)

// Formats returns every format that can be imported.
func Formats() []intake.Format {
	return []intake.Format{firms.Format(), missiontable.Format(), native.Format(), notifications.Format(), statements.Format(),
		table.Format(), tally.Format()}
}

// FormatNamed returns the format with the given name.
func FormatNamed(name string) (intake.Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return intake.Format{}, fmt.Errorf("mission: there is no format %q; there are %s", name, strings.Join(names, ", "))
}
