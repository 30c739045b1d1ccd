// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/witness"
)

// sizeMax is how large an exhibit may be, in bytes, without media.
// Source: the design of the record, goal 6.
const sizeMax = 4096

// oneBadDay re-enacts the example, and releases its findings unless the example did.
func oneBadDay(t testing.TB) *Mission {
	t.Helper()
	spec, err := LoadSpec(examples.Files, "one-bad-day")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Reenact(filepath.Join(t.TempDir(), "day"), spec, examples.Files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// releaseAll releases every finding that can be, and lets the delay end and a cut-off pass.
func releaseAll(t testing.TB, m *Mission) {
	t.Helper()
	err := m.write(func(w *Writer) error {
		now := m.state.Now()
		w.Stamp = func() trucewatch.Instant { return now }
		if ids := m.state.Publishable(); len(ids) > 0 {
			if err := w.Append(trucewatch.Payload{Release: &trucewatch.Release{Findings: ids, By: "head of mission"}}, now); err != nil {
				return err
			}
		}
		return w.Tick(now + 4*trucewatch.Day)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func publicFindings(t testing.TB, m *Mission) []trucewatch.FindingView {
	t.Helper()
	v, err := m.state.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil || len(v.Findings) == 0 {
		t.Fatalf("%d public findings, %v: nothing to test with", len(v.Findings), err)
	}
	return v.Findings
}

// everyByteCounts changes each byte of an exhibit in several ways and wants each found.
func everyByteCounts(t *testing.T, x *exhibit.Exhibit, policy *witness.Policy) {
	t.Helper()
	good := exhibit.Encode(x)
	check := func(b []byte) error {
		got, err := exhibit.DecodeExhibit(b)
		if err == nil {
			_, err = exhibit.Check(got, policy)
		}
		return err
	}
	if err := check(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for _, flip := range []byte{0x01, 0x20} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			if check(bad) == nil {
				t.Fatalf("byte %d of %d: %q instead of %q is not detected", i, len(good), bad[i], good[i])
			}
		}
		if check(append(bytes.Clone(good[:i]), good[i+1:]...)) == nil {
			t.Fatalf("byte %d is missing, and nobody sees it", i)
		}
	}
	if check(append(bytes.Clone(good), '\n')) == nil {
		t.Fatal("a line more is not detected")
	}
}

// TestFindingIsProvenInOneFile: each public finding has an exhibit of at most 4 KiB
// that shows it as the public sees it, and no byte of which can be changed unseen.
func TestFindingIsProvenInOneFile(t *testing.T) {
	m := oneBadDay(t)
	releaseAll(t, m)
	policy, err := m.exhibitPolicy()
	if err != nil {
		t.Fatal(err)
	}
	largest := 0
	for i, f := range publicFindings(t, m) {
		x, err := m.ExhibitFinding(f.ID)
		if err != nil {
			t.Fatal(err)
		}
		size := len(exhibit.Encode(x))
		largest = max(largest, size)
		if size > sizeMax {
			t.Errorf("finding %s: %d bytes, more than %d", f.ID, size, sizeMax)
		}
		p, err := exhibit.Check(x, policy)
		if err != nil || p.Finding == nil || p.Finding.ID != f.ID || p.Finding.Result != f.Result {
			t.Errorf("finding %s: %+v, %v", f.ID, p, err)
		}
		if i == 0 {
			everyByteCounts(t, x, policy)
		}
	}
	t.Logf("largest of %d findings: %d bytes", len(publicFindings(t, m)), largest)
	if _, err := m.ExhibitFinding("K9/none"); !errors.Is(err, ErrNotPublic) {
		t.Errorf("of a finding that is not public: %v", err)
	}
}

// TestSealedObservationIsProvenInOneFile: the same for a sealed observation whose
// checkpoint both parties and three guarantors have co-signed.
func TestSealedObservationIsProvenInOneFile(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	adopt(t, m, watchers(t, m), now)
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now), row(2, now), row(3, now))
	index := lastSealed(t, m)
	send(t, m, cosigner(t, m), now+trucewatch.Second)
	m = reopen(t, m)
	policy, err := m.exhibitPolicy()
	if err != nil {
		t.Fatal(err)
	}
	id := trucewatch.ObservationID{Index: index, Row: 1}
	x, err := m.ExhibitObservation(id, Opened{})
	if err != nil {
		t.Fatal(err)
	}
	size := len(exhibit.Encode(x))
	t.Logf("%d bytes, of them %d of checkpoint, %d of entry", size, len(x.Checkpoint), len(x.Leaf))
	if size > sizeMax {
		t.Errorf("%d bytes, more than %d", size, sizeMax)
	}
	p, err := exhibit.Check(x, policy)
	if err != nil {
		t.Fatal(err)
	}
	if p.Standing.Tier != witness.Final || len(p.Fields) != 4 || p.Fields[0].Value != "explosion" {
		t.Errorf("%v, %+v", p.Standing.Tier, p.Fields)
	}
	everyByteCounts(t, x, policy)

	before := m.state.Next()
	if _, err := m.ExhibitObservation(id, Opened{Fields: []string{"where"}}); err == nil || !strings.Contains(err.Error(), "exact") {
		t.Errorf("where it was exactly: %v", err)
	}
	if _, err := m.ExhibitObservation(id, Opened{Fields: []string{"where"}, Exact: true}); err == nil || m.state.Next() != before {
		t.Errorf("where it was exactly, without role and reason: %v", err)
	}
	x, err = m.ExhibitObservation(id, Opened{Fields: []string{"where", "where_10km"}, Exact: true, By: "commission", Reason: "case 7"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exhibit.Check(x, policy); err != nil {
		t.Error(err)
	}
	deeds := reopen(t, m).Deeds()
	if len(deeds) != 1 || deeds[0].Reason != "case 7" || deeds[0].About != "observation "+id.String() {
		t.Errorf("what is recorded of the opening: %+v", deeds)
	}
	// Mutated openings that hash to nothing are one thing; true openings of another
	// entry are another.
	readFrom(t, m, "post-seven", trucewatch.PostSource, trucewatch.InstantOf(time.Now()), row(4, now))
	other, err := m.ExhibitObservation(trucewatch.ObservationID{Index: lastSealed(t, m)}, Opened{})
	if err != nil {
		t.Fatal(err)
	}
	other.Openings = x.Openings
	if _, err := exhibit.Check(other, policy); !errors.Is(err, exhibit.ErrFalse) {
		t.Errorf("openings of another entry: %v", err)
	}
}

// TestOpenObservationIsProvenInOneFile: of a mission that seals nothing the row is shown.
func TestOpenObservationIsProvenInOneFile(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	read(t, m, file(t, "a.jsonl", row(1, now), row(2, now)), now)
	x, err := m.ExhibitObservation(trucewatch.ObservationID{Index: m.state.Next() - 1, Row: 1}, Opened{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := m.exhibitPolicy()
	if err != nil {
		t.Fatal(err)
	}
	p, err := exhibit.Check(x, policy)
	if err != nil || p.Observation == nil || p.Observation.NativeID != "r-2" {
		t.Fatalf("%+v, %v", p, err)
	}
	everyByteCounts(t, x, policy)
	if _, err := m.ExhibitObservation(trucewatch.ObservationID{Index: m.state.Next() - 1, Row: 2}, Opened{}); err == nil {
		t.Error("a row that is not there is shown")
	}
}

// TestCutOffCommitsToWhatIsPublic: the digest of each cut-off is of the publication
// that a replay gives, nothing before a release and the findings after it.
func TestCutOffCommitsToWhatIsPublic(t *testing.T) {
	m := oneBadDay(t)
	releaseAll(t, m)
	all, _ := entriesOf(t, m.dir)
	again := empty(m.place)
	counts := map[uint64]bool{}
	for _, e := range all {
		if cutOffOf(e) != "" {
			p, err := PublicationAt(again.state)
			if err != nil || !p.Matches(e.Body.Payload.Digest) {
				t.Errorf("entry %d: %+v, %v", e.Index, e.Body.Payload.Digest, err)
			}
			counts[uint64(len(p.Items))] = true
		}
		if err := again.take(e); err != nil {
			t.Fatal(err)
		}
	}
	if !counts[0] || len(counts) < 2 {
		t.Errorf("publications of %v findings: the test sees no release", counts)
	}
}

// TestSealedMissionCommitsEveryDay: whether something happened on a day does not
// show in whether there is a digest.
func TestSealedMissionCommitsEveryDay(t *testing.T) {
	m := sealedMission(t)
	if err := m.Write(func(w *Writer) error { return w.Tick(at(t, began) + 5*trucewatch.Day) }); err != nil {
		t.Fatal(err)
	}
	all, _ := entriesOf(t, m.dir)
	digests := 0
	for _, e := range all {
		if cutOffOf(e) != "" {
			digests++
		}
	}
	if digests != 5 {
		t.Errorf("%d digests in five days", digests)
	}
}

// TestReportCodeLeadsToItsCommitment: a report's code is found in the record, the
// report is recomputed to the byte, and what was changed in it is found.
func TestReportCodeLeadsToItsCommitment(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: long, and nothing in it runs at once")
	}
	m := oneBadDay(t)
	releaseAll(t, m)
	for _, a := range []trucewatch.Audience{trucewatch.ForPublic, trucewatch.ForMission} {
		for _, format := range reportFormats {
			var b bytes.Buffer
			issued := m.ReportDates()[1]
			if err := m.Report(&b, issued, format, a, m.cut); err != nil {
				t.Fatal(err)
			}
			code := codeIn(b.String())
			if code == "" {
				if format == "csv" {
					continue // a period without rows
				}
				t.Fatalf("%s, %s: no code", a, format)
			}
			c, err := m.CheckCode(strings.ToLower(code), b.Bytes())
			if err != nil || !c.Recomputed || !c.Same || c.Audience != a || c.Issued != issued {
				t.Errorf("%s, %s: %+v, %v", a, format, c, err)
			}
			changed := bytes.Replace(b.Bytes(), []byte("explosion"), []byte("explosian"), 1)
			if bytes.Equal(changed, b.Bytes()) {
				changed = append(changed, ' ')
			}
			if c, err := m.CheckCode(code, changed); err != nil || c.Same {
				t.Errorf("%s, %s: a changed report is taken for true: %+v, %v", a, format, c, err)
			}
		}
	}
	other := exhibit.Code("example.org/other", trucewatch.ForPublic, m.ReportDates()[0], trucewatch.Hash{1})
	if _, err := m.CheckCode(other, nil); !errors.Is(err, ErrNoSuchCode) {
		t.Errorf("the code of another mission: %v", err)
	}
}

// TestReportThatNothingCommitsToSaysSo: between a release and the next cut-off.
func TestReportThatNothingCommitsToSaysSo(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	read(t, m, file(t, "a.jsonl", row(1, now)), now)
	read(t, m, file(t, "b.jsonl", row(2, now)), now+2*trucewatch.Day)
	var b bytes.Buffer
	if err := m.report(&b, m.ReportDates()[0], "html", trucewatch.ForMission, true); err != nil {
		t.Fatal(err)
	}
	if codeIn(b.String()) != "" || !strings.Contains(b.String(), "No verification code") {
		t.Error("a report that nothing commits to has a code")
	}
}

// TestReportIsHadAgainAsItWasIssued: after what stands on it was withdrawn, a report
// of the day is another one, and the code of the first still gives that.
func TestReportIsHadAgainAsItWasIssued(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: long, and nothing in it runs at once")
	}
	m := oneBadDay(t)
	releaseAll(t, m)
	const issued = "2026-04-13"
	for _, a := range []trucewatch.Audience{trucewatch.ForPublic, trucewatch.ForMission} {
		var first bytes.Buffer
		if err := m.report(&first, issued, "html", a, false); err != nil {
			t.Fatal(err)
		}
		code := codeIn(first.String())
		if code == "" {
			t.Fatalf("%s: no code", a)
		}
		err := m.write(func(w *Writer) error {
			now := m.state.Now()
			w.Stamp = func() trucewatch.Instant { return now }
			standing := slices.DeleteFunc(publicFindings(t, m), func(f trucewatch.FindingView) bool { return f.State == "withdrawn" })
			for _, f := range standing[:2] {
				review := &trucewatch.Review{Finding: f.ID, Deed: "withdraw", By: "head of mission", Reason: "a test"}
				if err := w.Append(trucewatch.Payload{Review: review}, now); err != nil {
					return err
				}
			}
			return w.Tick(now + 2*trucewatch.Day)
		})
		if err != nil {
			t.Fatal(err)
		}
		var now, again bytes.Buffer
		if err := m.report(&now, issued, "html", a, false); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(now.Bytes(), first.Bytes()) {
			t.Fatalf("%s: the report of the day did not change: nothing is tested", a)
		}
		r, err := m.Reissue(&again, code, "html", nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), first.Bytes()) || len(r.Since) != 2 {
			t.Errorf("%s: another report than was issued under %s, or not what was withdrawn since: %q", a, code, r.Since)
		}
	}
	other := exhibit.Code("example.org/other", trucewatch.ForPublic, issued, trucewatch.Hash{1})
	if _, err := m.Reissue(io.Discard, other, "html", nil); !errors.Is(err, ErrNoSuchCode) {
		t.Errorf("the code of another mission: %v", err)
	}
}

func codeIn(text string) string {
	i := strings.Index(text, "TW-")
	if i < 0 || len(text) < i+27 {
		return ""
	}
	return text[i : i+27]
}
