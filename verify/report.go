// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mirror"
)

// problemsMax is how many problems, doubts or facts a check lists; it counts
// all. Guess: nobody reads more. Test: ask who had to act on a report.
const problemsMax = 100

// A Verdict is what a check came to.
type Verdict string

// The verdicts. What a sound check could not look at stands in Unchecked.
const (
	OK         Verdict = "ok"
	Problem    Verdict = "problem"
	NotChecked Verdict = "not checked"
)

// A Check is one of the checks with what it found.
type Check struct {
	Number    int      `json:"number"`
	Name      string   `json:"name"`
	Verdict   Verdict  `json:"verdict"`
	Facts     []string `json:"facts"`               // what was checked, and what came of it
	Unchecked []string `json:"unchecked,omitempty"` // what was not, and why
	Doubts    []string `json:"doubts,omitempty"`    // what stands and may be false
	Problems  []string `json:"problems"`
	Count     int      `json:"problem_count"`
}

// The checks, by number.
const (
	policyCheck = iota + 1
	tierCheck
	consistencyCheck
	rootCheck
	formCheck
	signatureCheck
	chainCheck
	timeCheck
	boxCheck
	openingCheck
	agreementCheck
	replayCheck
	publicationCheck
	anchorCheck
)

var checkNames = []string{
	policyCheck: "policy", tierCheck: "last checkpoint", consistencyCheck: "one history, promises kept", rootCheck: "root from the entries",
	formCheck: "form of entries", signatureCheck: "signatures", chainCheck: "chains of sources", timeCheck: "times",
	boxCheck: "sealed boxes", openingCheck: "openings", agreementCheck: "agreements", replayCheck: "replay",
	publicationCheck: "publications", anchorCheck: "anchors",
}

// A Report says whether a record is sound.
type Report struct {
	Origin   string             `json:"origin"`
	Entries  uint64             `json:"entries"`  // covered by the last checkpoint
	Unsigned uint64             `json:"unsigned"` // complete entries beyond it: not promised, not checked further
	Root     string             `json:"root"`     // of the tree over Entries, in hexadecimal
	State    trucewatch.Hash    `json:"state"`    // digest of the state that they give, as far as replay came
	Judged   trucewatch.Instant `json:"judged_at"`
	Checks   []Check            `json:"checks"`
	Count    int                `json:"problem_count"`
	// Splits prove that the log's key signed two histories.
	Splits []*mirror.SplitView `json:"-"`
	// Evidence names the files of Splits by their SHA-256.
	Evidence []string `json:"split_views,omitempty"`
	// SHA256 is of the report as text, without its last line.
	SHA256 string `json:"text_sha256"`
}

// Sound says whether no problem was found.
func (r *Report) Sound() bool { return r.Count == 0 }

// Check returns the check with a number from 1 to 14.
func (r *Report) Check(number int) *Check { return &r.Checks[number-1] }

func newReport() *Report {
	r := &Report{}
	for number, name := range checkNames[1:] {
		r.Checks = append(r.Checks, Check{Number: number + 1, Name: name, Facts: []string{}, Problems: []string{}})
	}
	return r
}

func add(list *[]string, format string, args ...any) {
	if len(*list) < problemsMax {
		*list = append(*list, fmt.Sprintf(format, args...))
	}
}

func (c *Check) fact(format string, args ...any)    { add(&c.Facts, format, args...) }
func (c *Check) unknown(format string, args ...any) { add(&c.Unchecked, format, args...) }
func (c *Check) doubt(format string, args ...any)   { add(&c.Doubts, format, args...) }

func (c *Check) problem(format string, args ...any) {
	c.Count++
	add(&c.Problems, format, args...)
}

// finish settles the verdicts and the report's own hash.
func (r *Report) finish(dir string) {
	for i := range r.Checks {
		c := &r.Checks[i]
		switch {
		case c.Count > 0:
			c.Verdict = Problem
		case len(c.Facts) > 0 || len(c.Unchecked) == 0:
			c.Verdict = OK
		default:
			c.Verdict = NotChecked
		}
		r.Count += c.Count
		// Where the copy lies is no part of what it is.
		for _, list := range [][]string{c.Facts, c.Unchecked, c.Doubts, c.Problems} {
			for j := range list {
				list[j] = strings.ReplaceAll(list[j], dir+"/", "")
			}
		}
	}
	for _, s := range r.Splits {
		r.Evidence = append(r.Evidence, fmt.Sprintf("%x", sha256.Sum256(s.Text())))
	}
	r.SHA256 = fmt.Sprintf("%x", sha256.Sum256(r.text()))
}

// Text writes the report for people. The last line is the SHA-256 of those
// before it.
func (r *Report) Text(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%ssha256   %s\n", r.text(), r.SHA256)
	return err
}

// JSON writes the report for programs.
func (r *Report) JSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func (r *Report) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "log      %s\nentries  %d signed", cmp.Or(r.Origin, "not known"), r.Entries)
	if r.Unsigned > 0 {
		fmt.Fprintf(&b, ", %d beyond the last checkpoint (not promised; the next writer signs them)", r.Unsigned)
	}
	b.WriteString("\n")
	if r.Root != "" { // empty if the damage leaves nothing to replay
		fmt.Fprintf(&b, "root     %s\nstate    %v\n", r.Root, r.State)
	}
	fmt.Fprintf(&b, "judged   as of %v\n", r.Judged)
	for i := range r.Checks {
		r.Checks[i].text(&b)
	}
	for _, name := range r.Evidence {
		fmt.Fprintf(&b, "SPLIT    the log's key signed two histories: evidence with SHA-256 %s\n", name)
	}
	if r.Sound() {
		b.WriteString("The record is sound, as far as it was checked.\n")
	} else {
		fmt.Fprintf(&b, "The record is NOT sound: %s.\n", count(r.Count, "problem", "problems"))
	}
	return b.Bytes()
}

func (c *Check) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "check %2d %s: %s\n", c.Number, c.Name, c.Verdict)
	for _, lines := range []struct {
		mark string
		list []string
	}{{"found    ", c.Facts}, {"unknown  ", c.Unchecked}, {"DOUBT    ", c.Doubts}, {"PROBLEM  ", c.Problems}} {
		for _, line := range lines.list {
			fmt.Fprintf(b, "%s%s\n", lines.mark, strings.ReplaceAll(line, "\n", " "))
		}
	}
	if more := c.Count - len(c.Problems); more > 0 {
		fmt.Fprintf(b, "PROBLEM  and %d more\n", more)
	}
}

// count says how many, in words for people.
func count[T ~int | ~uint64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
