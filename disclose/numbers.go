// SPDX-License-Identifier: Apache-2.0

package disclose

import "github.com/trucewatch/trucewatch"

// Items are what is counted: the incidents and findings that one audience sees of
// one reporting period. A number is a function of them and of nothing else, so that
// every reader can count again. The zero period is all time.
type Items struct {
	Period    trucewatch.Interval
	Incidents []trucewatch.IncidentView
	Findings  []trucewatch.FindingView
}
