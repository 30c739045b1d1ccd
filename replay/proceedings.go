// SPDX-License-Identifier: Apache-2.0

package replay

import "github.com/trucewatch/trucewatch"

// Acceptable returns an error if the state as it is does not allow an entry: an
// answer to a case that was not served, a vote of who is no member. The rim asks
// before it records; an entry in the record that is not acceptable makes the
// record unsound.
func (s *State) Acceptable(e *trucewatch.Entry) error {
	return nil
}
