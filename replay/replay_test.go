// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
)

// TestMain makes properties try fewer cases, as each folds a whole record; a
// number given on the command line holds.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("20"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// A day is the record of the example one-bad-day: bytes, as they are on disk.
type day struct {
	raw  [][]byte
	blob func(trucewatch.Hash) ([]byte, error)
}

var oneBadDay = sync.OnceValues(func() (day, error) {
	dir, err := os.MkdirTemp("", "trucewatch-replay-")
	if err != nil {
		return day{}, err
	}
	defer os.RemoveAll(dir)
	spec, err := mission.LoadSpec(examples.Files, "one-bad-day")
	if err != nil {
		return day{}, err
	}
	// Released before the delay ends, so that the end can be seen.
	for i := range spec.Deeds {
		if spec.Deeds[i].Deed == "release" {
			spec.Deeds[i].At = "2026-04-12T17:00:00Z"
		}
	}
	m, err := mission.Reenact(filepath.Join(dir, "m"), spec, examples.Files)
	if err != nil {
		return day{}, err
	}
	d, blobs := day{}, map[trucewatch.Hash][]byte{}
	for _, a := range m.State().Agreements() {
		if blobs[a.Hash()], err = m.Blob(a.Hash()); err != nil {
			return day{}, err
		}
	}
	d.blob = func(h trucewatch.Hash) ([]byte, error) { return blobs[h], nil }
	key, err := os.ReadFile(filepath.Join(m.Dir(), "keys/log.pub"))
	if err != nil {
		return day{}, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return day{}, err
	}
	r, err := record.OpenReader(filepath.Join(m.Dir(), "record"), verifier)
	if err != nil {
		return day{}, err
	}
	defer r.Close()
	for cursor := r.Entries(0, r.Checkpoint().Size); ; {
		_, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return d, err
		}
		d.raw = append(d.raw, slices.Clone(raw))
	}
})

func theDay(t testing.TB) day {
	t.Helper()
	d, err := oneBadDay()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func entry(t testing.TB, index uint64, raw []byte) *trucewatch.Entry {
	t.Helper()
	e, err := trucewatch.DecodeEntry(index, raw)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fold applies the entries from where the state stands up to n.
func (d day) fold(t testing.TB, s *replay.State, n int) {
	t.Helper()
	for i := s.Next(); i < uint64(n); i++ {
		if _, err := s.Apply(entry(t, i, d.raw[i])); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayIsAFold: a state that was reached by entries alone, each decoded anew
// from its bytes, is the same wherever somebody paused, looked and went on.
func TestReplayIsAFold(t *testing.T) {
	d := theDay(t)
	whole := replay.New(d.blob)
	digests := make([]trucewatch.Hash, len(d.raw))
	for i, raw := range d.raw {
		if _, err := whole.Apply(entry(t, uint64(i), raw)); err != nil {
			t.Fatal(err)
		}
		digests[i] = whole.Digest()
	}
	public, err := whole.ViewDigest(trucewatch.ForPublic)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := replay.New(d.blob)
		for _, cut := range rapid.SliceOfN(rapid.IntRange(1, len(d.raw)), 0, 3).Draw(rt, "pauses") {
			d.fold(t, s, cut)
			if n := s.Next(); s.Digest() != digests[n-1] {
				rt.Fatalf("after %d entries the digest is another", n)
			}
			// Looking must change nothing.
			if _, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{}); err != nil {
				rt.Fatal(err)
			}
			s.Publishable()
		}
		d.fold(t, s, len(d.raw))
		have, err := s.ViewDigest(trucewatch.ForPublic)
		if err != nil || s.Digest() != whole.Digest() || s.OrderFreeDigest() != whole.OrderFreeDigest() || have != public {
			rt.Fatalf("another state, %v", err)
		}
	})
}

// opening returns the entries before the first observation, and all
// observations with their sources.
func (d day) opening(t testing.TB) (head []*trucewatch.Entry, rows []trucewatch.Observation, sources []trucewatch.Source) {
	t.Helper()
	for i, raw := range d.raw {
		e := entry(t, uint64(i), raw)
		p := &e.Body.Payload
		if p.Genesis != nil || p.Key != nil || p.Agreement != nil {
			head = append(head, e)
		}
		if b := p.Observations; b != nil {
			for _, o := range b.Observations {
				rows, sources = append(rows, o), append(sources, b.Source)
			}
		}
	}
	return head, rows, sources
}

func batch(index uint64, received trucewatch.Instant, source trucewatch.Source, rows ...trucewatch.Observation) *trucewatch.Entry {
	return &trucewatch.Entry{Index: index, Received: received, Body: trucewatch.Body{Version: 1, Type: trucewatch.ObservationsEntry,
		Payload: trucewatch.Payload{Observations: &trucewatch.Batch{Source: source, Observations: rows}}}}
}

// begin returns a state that knows the mission and its agreement.
func begin(t testing.TB, d day, head []*trucewatch.Entry) *replay.State {
	t.Helper()
	s := replay.New(d.blob)
	for _, e := range head {
		if _, err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// outcome says what was found, by the observations it is about.
func outcome(s *replay.State) []string {
	var all []string
	for f := range s.Findings() {
		if f.State == "withdrawn" || f.Subject.Incident == nil {
			continue
		}
		var refs []string
		for _, r := range s.Members(s.Incident(*f.Subject.Incident)) {
			refs = append(refs, r.Observation.NativeID)
		}
		slices.Sort(refs)
		all = append(all, fmt.Sprint(f.Act, f.Result, f.Severity, f.Confidence, f.Attribution.Level, f.Attribution.Party, refs))
	}
	slices.Sort(all)
	return all
}

// TestOrderOfRecordingChangesNothing: late and shuffled observations give the
// same incidents and the same findings.
func TestOrderOfRecordingChangesNothing(t *testing.T) {
	d := theDay(t)
	head, rows, sources := d.opening(t)
	received := head[len(head)-1].Received + trucewatch.Day
	record := func(order []int) *replay.State {
		s := begin(t, d, head)
		for _, i := range order {
			if _, err := s.Apply(batch(s.Next(), received, sources[i], rows[i])); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	inOrder := make([]int, len(rows))
	for i := range rows {
		inOrder[i] = i
	}
	want := record(inOrder)
	rapid.Check(t, func(rt *rapid.T) {
		have := record(rapid.Permutation(inOrder).Draw(rt, "order"))
		if have.OrderFreeDigest() != want.OrderFreeDigest() {
			rt.Error("other observations belong together")
		}
		if a, b := outcome(have), outcome(want); !slices.Equal(a, b) {
			rt.Errorf("found %q\nwant  %q", a, b)
		}
	})
}

// TestRepeatedRowsChangeNothing: a row that is recorded again, under its own key
// in a later entry, adds nothing.
func TestRepeatedRowsChangeNothing(t *testing.T) {
	d := theDay(t)
	head, rows, sources := d.opening(t)
	received := head[len(head)-1].Received + trucewatch.Day
	s := begin(t, d, head)
	for i := range rows {
		if _, err := s.Apply(batch(s.Next(), received, sources[i], rows[i])); err != nil {
			t.Fatal(err)
		}
	}
	digest, found := s.OrderFreeDigest(), outcome(s)
	for i := range rows {
		changes, err := s.Apply(batch(s.Next(), received+trucewatch.Hour, sources[i], rows[i], rows[i]))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Source == nil {
				t.Fatalf("row %s, recorded again, changes %+v", rows[i].NativeID, c)
			}
		}
	}
	if s.OrderFreeDigest() != digest || !slices.Equal(outcome(s), found) {
		t.Error("rows that were recorded again changed what was found")
	}
}

func TestEntriesOutOfPlaceAreRefused(t *testing.T) {
	d := theDay(t)
	const at = 20
	good := func() *trucewatch.Entry { return entry(t, at, d.raw[at]) }
	for _, test := range []struct {
		name, want string
		change     func(e *trucewatch.Entry)
	}{
		{"an index too high", "entry 20 was expected", func(e *trucewatch.Entry) { e.Index++ }},
		{"an index too low", "entry 20 was expected", func(e *trucewatch.Entry) { e.Index-- }},
		{"received before its predecessor", "before the entry that precedes it", func(e *trucewatch.Entry) { e.Received = 1 }},
		{"a second genesis", "genesis is entry 0 and nowhere else", func(e *trucewatch.Entry) {
			*e = *entry(t, 0, d.raw[0])
			e.Index, e.Received = at, good().Received
		}},
		{"a digest of another state", "the record commits to state", func(e *trucewatch.Entry) {
			e.Body.Type, e.Body.Payload = trucewatch.DigestEntry, trucewatch.Payload{Digest: &trucewatch.Digest{Index: at}}
		}},
		{"a tick after it was received", "after it was received", func(e *trucewatch.Entry) {
			e.Body.Type, e.Body.Payload = trucewatch.TickEntry, trucewatch.Payload{Tick: &trucewatch.Tick{At: e.Received + 1}}
		}},
		{"an agreement whose bundle is another", "is not the one that was adopted", func(e *trucewatch.Entry) {
			e.Body.Type, e.Body.Payload = trucewatch.AgreementEntry, trucewatch.Payload{Agreement: &trucewatch.Adoption{ID: "x", Version: 1, Bundle: trucewatch.Hash{1}}}
		}},
		{"the release of nothing", "no finding f-1", func(e *trucewatch.Entry) {
			e.Body.Type, e.Body.Payload = trucewatch.ReleaseEntry, trucewatch.Payload{Release: &trucewatch.Release{Findings: []trucewatch.FindingID{"f-1"}}}
		}},
		{"a review of nothing", "no finding f-1", func(e *trucewatch.Entry) {
			e.Body.Type, e.Body.Payload = trucewatch.ReviewEntry, trucewatch.Payload{Review: &trucewatch.Review{Finding: "f-1", Deed: "confirm"}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := replay.New(d.blob)
			d.fold(t, s, at)
			e := good()
			test.change(e)
			if _, err := s.Apply(e); !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	if _, err := replay.New(d.blob).Apply(&trucewatch.Entry{Body: good().Body}); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("a record that does not begin with genesis: %v", err)
	}
}

// TestRecordCommitsToItsState: a changed observation is found out by the digest
// entry that follows it, wherever it is.
func TestRecordCommitsToItsState(t *testing.T) {
	d := theDay(t)
	for i, raw := range d.raw {
		b := entry(t, uint64(i), raw).Body.Payload.Observations
		if b == nil || i%25 != 0 {
			continue
		}
		s := replay.New(d.blob)
		var err error
		for j, raw := range d.raw {
			e := entry(t, uint64(j), raw)
			if j == i {
				e.Body.Payload.Observations.Observations[0].Count.Value += 3
			}
			if _, err = s.Apply(e); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), "the record commits to state") {
			t.Errorf("entry %d was changed: %v", i, err)
		}
	}
}

// TestReleasedFindingAppearsWhenItsDelayEnds: 24 hours after the end of the hour
// of the event, not a tick sooner or later.
func TestReleasedFindingAppearsWhenItsDelayEnds(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	shown := map[trucewatch.FindingID]trucewatch.Instant{}
	for i, raw := range d.raw {
		if _, err := s.Apply(entry(t, uint64(i), raw)); err != nil {
			t.Fatal(err)
		}
		v, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Findings {
			if _, ok := shown[f.Finding.ID]; !ok {
				shown[f.Finding.ID] = s.Now()
			}
		}
	}
	waited := 0
	for f := range s.Findings() {
		_, released, _ := s.Finding(f.ID)
		at, visible := shown[f.ID]
		if visible != (released != 0) {
			t.Errorf("%s: released %v, shown %v", f.ID, released, visible)
		}
		if !visible || f.Subject.Incident == nil {
			continue
		}
		// Hours count from the mission's epoch, so that a reporting period has whole ones.
		ends, epoch := s.Incident(*f.Subject.Incident).When.Till, s.Genesis().Epoch
		ends -= (ends - epoch) % trucewatch.Hour
		ends += trucewatch.Hour + 24*trucewatch.Hour
		if want := max(released, ends); at != want {
			t.Errorf("%s: shown from %v, want %v", f.ID, at, want)
		}
		if ends > released {
			waited++
		}
	}
	if waited == 0 {
		t.Error("no finding had to wait: nothing was tested")
	}
}

// amended returns the example's agreement with words replaced, as a blob.
func amended(t testing.TB, replace ...string) []byte {
	t.Helper()
	sub, err := fs.Sub(examples.Files, "agreements/line-2026")
	if err != nil {
		t.Fatal(err)
	}
	files, err := mission.ReadBundle(sub, ".")
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if files[i].Name != "agreement.yaml" {
			continue
		}
		text := string(files[i].Data)
		for j := 0; j < len(replace); j += 2 {
			if !strings.Contains(text, replace[j]) {
				t.Fatalf("the agreement does not hold %q", replace[j])
			}
			text = strings.Replace(text, replace[j], replace[j+1], 1)
		}
		files[i].Data = []byte(text)
	}
	return agreement.Pack(files)
}

// withAgreement is the day under another agreement.
func withAgreement(d day, head []*trucewatch.Entry, blob []byte) (day, []*trucewatch.Entry) {
	h := trucewatch.Hash(sha256.Sum256(blob))
	head = append(slices.Clip(head[:2]), &trucewatch.Entry{Index: 2, Received: head[1].Received, Body: trucewatch.Body{Type: trucewatch.AgreementEntry,
		Payload: trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: h, ID: "agr-line-2026", Version: 3}}}})
	d.blob = func(trucewatch.Hash) ([]byte, error) { return blob, nil }
	return d, head
}

// TestAmendmentAppliesByEventTime: both texts stand in the record from the
// beginning; each event is held to the one in force when it happened.
func TestAmendmentAppliesByEventTime(t *testing.T) {
	d := theDay(t)
	head, rows, sources := d.opening(t)
	const change = "2026-04-12T00:00:00Z"
	blobs := map[trucewatch.Hash][]byte{}
	next := uint64(2) // after genesis and key
	head = head[:2]
	for i, blob := range [][]byte{
		amended(t, "until: null", `until: "`+change+`"`),
		amended(t, `from: "2026-03-01T22:00:00Z"`, `from: "`+change+`"`, "version: 3", "version: 4", "attack_long_range, severity: 4", "attack_long_range, severity: 3"),
	} {
		h := trucewatch.Hash(sha256.Sum256(blob))
		blobs[h] = blob
		head = append(head, &trucewatch.Entry{Index: next, Received: head[1].Received, Body: trucewatch.Body{Type: trucewatch.AgreementEntry,
			Payload: trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: h, ID: "agr-line-2026", Version: 3 + i}}}})
		next++
	}
	d.blob = func(h trucewatch.Hash) ([]byte, error) { return blobs[h], nil }
	s := begin(t, d, head)
	for i := range rows {
		if _, err := s.Apply(batch(s.Next(), head[1].Received+trucewatch.Day, sources[i], rows[i])); err != nil {
			t.Fatal(err)
		}
	}
	var turn trucewatch.Instant
	if err := turn.UnmarshalText([]byte(change)); err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for f := range s.Findings() {
		if f.Act != "K5" || f.State == "withdrawn" {
			continue
		}
		want := 4
		if f.When.From >= turn {
			want = 3
		}
		if int(f.Severity) != want || f.Result == trucewatch.OutOfScope {
			t.Errorf("%s at %v: %s, severity %d, want %d", f.ID, f.When.From, f.Result, f.Severity, want)
		}
		seen[int(f.Severity)]++
	}
	if seen[3] == 0 || seen[4] == 0 {
		t.Errorf("findings by severity %v: both texts should have been used", seen)
	}
}

// TestTextsOfOneInstantAreHistoryOnlyWhereARecordBegins: while it runs, a version that
// comes in the slot of the one before it is an amendment too.
func TestTextsOfOneInstantAreHistoryOnlyWhereARecordBegins(t *testing.T) {
	for _, running := range []bool{false, true} {
		d := theDay(t)
		head, _, _ := d.opening(t)
		first, next := amended(t, "version: 3", "version: 3"), amended(t, "version: 3", "version: 4")
		blobs := map[trucewatch.Hash][]byte{sha256.Sum256(first): first, sha256.Sum256(next): next}
		d.blob = func(h trucewatch.Hash) ([]byte, error) { return blobs[h], nil }
		at := head[1].Received
		entry := func(p trucewatch.Payload, index uint64) *trucewatch.Entry {
			return &trucewatch.Entry{Index: index, Received: at, Body: trucewatch.Body{Type: p.Types()[0], Payload: p}}
		}
		adopt := func(blob []byte, index uint64, version int) *trucewatch.Entry {
			return entry(trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: sha256.Sum256(blob), ID: "agr-line-2026", Version: version}}, index)
		}
		entries, index := append(head[:2:2], adopt(first, 2, 3)), uint64(3)
		if running {
			entries = append(entries, entry(trucewatch.Payload{Absence: &trucewatch.Absence{Organisation: "north"}}, index))
			index++
		}
		_, err := begin(t, d, entries).Apply(adopt(next, index, 4))
		if running != (err != nil) || err != nil && !strings.Contains(err.Error(), "not retroactive") {
			t.Errorf("running %v: %v", running, err)
		}
	}
}

// TestAmendmentBindsNobodyForThePast: a version that is entered while the record
// runs comes into force then or later, and one that ends the text gives its notice.
func TestAmendmentBindsNobodyForThePast(t *testing.T) {
	for _, c := range []struct{ name, from, until, want string }{
		{"from the start on", "2026-03-01T22:00:00Z", "null", "an amendment is not retroactive"},
		{"from later on", "2031-01-01T00:00:00Z", "null", ""},
		{"ends without notice", "2031-01-01T00:00:00Z", `"2031-01-02T00:00:00Z"`, "notice is 72 hours"},
	} {
		d := theDay(t)
		head, _, _ := d.opening(t)
		first := amended(t, "version: 3", "version: 3")
		next := amended(t, "version: 3", "version: 4", `from: "2026-03-01T22:00:00Z"`, `from: "`+c.from+`"`, "until: null", "until: "+c.until)
		blobs := map[trucewatch.Hash][]byte{}
		adopt := func(blob []byte, at trucewatch.Instant, index uint64, version int) *trucewatch.Entry {
			h := trucewatch.Hash(sha256.Sum256(blob))
			blobs[h] = blob
			return &trucewatch.Entry{Index: index, Received: at, Body: trucewatch.Body{Type: trucewatch.AgreementEntry,
				Payload: trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: h, ID: "agr-line-2026", Version: version}}}}
		}
		d.blob = func(h trucewatch.Hash) ([]byte, error) { return blobs[h], nil }
		s := begin(t, d, append(head[:2:2], adopt(first, head[1].Received, 2, 3)))
		var late trucewatch.Instant
		if err := late.UnmarshalText([]byte("2030-12-31T00:00:00Z")); err != nil {
			t.Fatal(err)
		}
		_, err := s.Apply(adopt(next, late, 3, 4))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
