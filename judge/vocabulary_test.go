// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// elsewhere are the archives of what a state over time shows and one incident
// does not.
var elsewhere = map[string]string{
	"W4": "../obligation/testdata/ceiling.txtar",
	"W5": "../obligation/testdata/withdrawal.txtar",
}

// problems are the ten hardest problems of docs/ten-problems.md and, of each, what
// plays it: an archive of expectations written by hand, or the test where an
// archive cannot (who fired is calibrated, a flood is measured).
var problems = [10][]string{
	{"testdata/cases/problem_01_counts.txtar", "../cmd/trucewatch/testdata/script/proceedings.txtar"},
	{"testdata/cases/problem_02_who_fired.txtar"},
	{"../obligation/testdata/streak.txtar", "../obligation/testdata/withdrawal.txtar"},
	{"testdata/cases/I1.txtar", "testdata/cases/I2.txtar", "testdata/cases/I3.txtar", "testdata/cases/I4.txtar"},
	{"testdata/cases/problem_05_by_the_line.txtar", "testdata/cases/problem_05_two_readings.txtar"},
	{"testdata/cases/X2.txtar", "testdata/cases/X5.txtar", "testdata/cases/ladder_whole.txtar"},
	{"../cmd/trucewatch/testdata/script/verify.txtar", "../cmd/trucewatch/testdata/script/witness.txtar"},
	{"../cmd/trucewatch/testdata/script/release.txtar", "../cmd/trucewatch/testdata/script/exhibit.txtar"},
	{"../cmd/trucewatch/testdata/script/import.txtar"},
	{"../casework/testdata/silent_party.txtar", "../casework/testdata/happy_path.txtar"},
}

// TestEveryWordHasItsArchive: each act, exemption and step of the return-fire
// ladder of the example agreement, and each of the ten problems, has an archive
// whose expectations are written by hand from the article. A word that is added to
// the example without one fails here.
func TestEveryWordHasItsArchive(t *testing.T) {
	a := bundle(t, "agreements/line-2026")
	exists := func(what, file string) {
		t.Helper()
		if _, err := os.Stat(file); err != nil {
			t.Errorf("%s has no archive: %v", what, err)
		}
	}
	inText := wholeAgreement(t)
	for i := range a.Acts {
		id := string(a.Acts[i].ID)
		file, ok := elsewhere[id]
		if !ok {
			file = filepath.Join("testdata", "cases", id+".txtar")
			if inText.Act(a.Acts[i].ID) == nil {
				t.Errorf("act %s is not in the text of the cases", id)
			}
		}
		exists("act "+id, file)
	}
	for i := range a.Exemptions {
		if why := a.Unjudged(&a.Exemptions[i]); why != "" {
			t.Errorf("exemption %s is not applied: %s", a.Exemptions[i].ID, why)
		}
		exists("exemption "+a.Exemptions[i].ID, filepath.Join("testdata", "cases", a.Exemptions[i].ID+".txtar"))
	}
	for i, fact := range a.ReturnFire.AllowedOnlyIf {
		found, err := filepath.Glob(fmt.Sprintf("testdata/cases/ladder_%d_*.txtar", i+1))
		if err != nil || len(found) != 1 {
			t.Errorf("step %d of the ladder (%s) has archives %v: %v", i+1, fact.Fact, found, err)
		}
	}
	exists("the whole ladder", "testdata/cases/ladder_whole.txtar")
	for i, files := range problems {
		for _, file := range files {
			exists(fmt.Sprintf("problem %d", i+1), file)
		}
	}
}
