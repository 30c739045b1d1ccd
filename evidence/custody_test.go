// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
)

var (
	theFilm  = trucewatch.Hash{0xf1}
	theStill = trucewatch.Hash{0x57}
	theNote  = trucewatch.Hash{0x07}
)

// deeds writes a chain of custody short: "acquired film", "derived still from
// film", "read film for nothing", "transferred film to court", "acquired note
// restricted". Entry and time count up.
func deeds(lines ...string) []evidence.Deed {
	names := map[string]trucewatch.Hash{"film": theFilm, "still": theStill, "note": theNote}
	var all []evidence.Deed
	for i, line := range lines {
		words := strings.Fields(line)
		at := trucewatch.Instant(i+1) * trucewatch.Hour
		d := evidence.Deed{Index: uint64(100 + i), Received: at + trucewatch.Minute, Custody: trucewatch.Custody{
			Item: names[words[1]], Deed: words[0], By: "evidence officer", At: at, Reason: "request 12"}}
		if d.Deed == "acquired" || d.Deed == "derived" {
			d.SizeBytes, d.Chunks, d.MediaType = 1000, trucewatch.Hash{0xc, d.Item[0]}, "video/mp4"
		}
		for rest := words[2:]; len(rest) > 0; {
			switch rest[0] {
			case "restricted":
				d.Restricted = true
				rest = rest[1:]
				continue
			case "from":
				d.DerivedFrom = names[rest[1]]
			case "to":
				d.To = rest[1]
			case "for": // nothing
				d.Reason = ""
			}
			rest = rest[2:]
		}
		all = append(all, d)
	}
	return all
}

func TestChain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		deeds []evidence.Deed
		want  []string // problems, in order
	}{
		{"nothing", nil, nil},
		{"a whole life", deeds("acquired film", "copied film", "sealed film", "read film", "derived still from film", "read still",
			"transferred film to court", "returned film", "destroyed film", "read still", "destroyed still"), nil},
		{"the same bytes handed in twice", deeds("acquired film", "acquired film"), nil},
		{"out for good", deeds("acquired film", "transferred film to court"), nil},
		{"working on the copy while the original is out", deeds("acquired film", "copied film", "transferred film to court", "read film", "derived still from film"), nil},
		{"a copy of a copy", deeds("acquired film", "copied film", "derived still from film", "derived note from still"), nil},

		{"used before it was acquired", deeds("copied film", "acquired film"), []string{"entry 100: item f10000000000…: copied, but never acquired",
			"entry 101: item f10000000000…: 1000 bytes, but entry 100 says 0", "entry 101: item f10000000000…: another root of its chunks than entry 100 says",
			`entry 101: item f10000000000…: video/mp4, but entry 100 says ""`}},
		{"the original read", deeds("acquired film", "read film"), []string{"entry 101: item f10000000000…: the original was read before a working copy of it was made"}},
		{"the original cut", deeds("acquired film", "derived still from film"),
			[]string{"entry 101: item 570000000000…: derived from the original f10000000000… before a working copy of it was made"}},
		{"derived from nothing known", deeds("derived still from film"), []string{"entry 100: item 570000000000…: derived from f10000000000…, which the record does not know"}},
		{"derived from nothing", deeds("derived still"), []string{"entry 100: item 570000000000…: derived, but not from what"}},
		{"derived from itself", deeds("derived still from still"), []string{"entry 100: item 570000000000…: derived from itself"}},
		{"derived twice", deeds("acquired film", "copied film", "derived still from film", "derived still from film"),
			[]string{"entry 103: item 570000000000…: derived, but the record knew it before"}},
		{"a working copy handed in as an original", deeds("acquired film", "copied film", "derived still from film", "acquired still"),
			[]string{"entry 103: item 570000000000…: acquired, but it was derived here from f10000000000…"}},
		{"an original that says it is derived", deeds("acquired note", "acquired film from note"),
			[]string{"entry 101: item f10000000000…: acquired, and derived from 070000000000…: it is one or the other"}},
		{"a copy with other bytes", deeds("acquired film", "acquired note", "copied note from film"),
			[]string{"entry 102: item 070000000000…: copied from f10000000000…, whose bytes are others: that is derived, not copied"}},
		{"alive after destruction", deeds("acquired film", "copied film", "destroyed film", "read film", "derived still from film", "destroyed film"),
			[]string{"entry 103: item f10000000000…: read after it was destroyed", "entry 104: item 570000000000…: derived from f10000000000… after that was destroyed",
				"entry 105: item f10000000000…: destroyed after it was destroyed"}},
		{"transferred twice", deeds("acquired film", "transferred film to court", "transferred film to press"),
			[]string{"entry 102: item f10000000000…: transferred while it was with court"}},
		{"destroyed while out", deeds("acquired film", "transferred film to court", "destroyed film"), []string{"entry 102: item f10000000000…: destroyed while it was with court"}},
		{"transferred to nobody", deeds("acquired film", "transferred film", "returned film"), []string{"entry 101: item f10000000000…: transferred, but not to whom"}},
		{"returned from nowhere", deeds("acquired film", "returned film"), []string{"entry 101: item f10000000000…: returned, but it was not out"}},
		{"a seal broken", deeds("acquired film", "sealed film", "copied film", "sealed film", "copied film for nothing"),
			[]string{"entry 104: item f10000000000…: copied although it is sealed, and nobody says why"}},
		{"a seal that was broken before", deeds("acquired film", "sealed film", "copied film", "copied film for nothing"), nil},
		{"restricted, read without a reason", deeds("acquired note restricted", "copied note", "read note for nothing"),
			[]string{"entry 102: item 070000000000…: restricted, and read without a reason"}},
		{"restricted, cut without being read", deeds("acquired note restricted", "copied note", "derived still restricted from note"),
			[]string{"entry 102: item 570000000000…: derived from the restricted item 070000000000…, of which no reading is recorded"}},
		{"restricted, cut with a reading", deeds("acquired note restricted", "copied note", "read note", "derived still restricted from note"), nil},
		{"restricted, its copy free without a reason", deeds("acquired note restricted", "copied note", "read note", "derived still from note for nothing"),
			[]string{"entry 103: item 570000000000…: derived from the restricted item 070000000000… and not restricted itself, and nobody says why"}},
		{"restricted by the reading itself", deeds("acquired note", "copied note", "read note restricted for nothing"),
			[]string{"entry 102: item 070000000000…: restricted, and read without a reason"}},
		{"a deed of another program", deeds("acquired film", "admired film"), []string{`entry 101: item f10000000000…: the deed "admired" is not one that this program knows`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range evidence.Chain(tt.deeds) {
				got = append(got, p.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Chain:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestChainHoldsFactsAndTimes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		alter func(second *evidence.Deed)
		want  string
	}{
		{"another size", func(d *evidence.Deed) { d.SizeBytes = 999 }, "999 bytes, but entry 100 says 1000"},
		{"other chunks", func(d *evidence.Deed) { d.Chunks = trucewatch.Hash{1} }, "another root of its chunks than entry 100 says"},
		{"another kind", func(d *evidence.Deed) { d.MediaType = "image/png" }, `image/png, but entry 100 says "video/mp4"`},
		{"before the deed ahead", func(d *evidence.Deed) { d.At = 1 }, "copied at 1970-01-01T00:00:00.000001Z, which is before the deed ahead of it, at 1970-01-01T01:00:00Z"},
		{"told before it was done", func(d *evidence.Deed) { d.At = d.Received + 301*trucewatch.Second },
			"copied at 1970-01-01T02:06:01Z, which is after the record was told, at 1970-01-01T02:01:00Z"},
		{"a line that looks like ours", func(d *evidence.Deed) { d.MediaType = "a\nentry 5:\tb\u2028c\x1b[1m" }, `a entry 5: b c [1m, but entry 100 says "video/mp4"`},
	} {
		all := deeds("acquired film", "copied film")
		if got := evidence.Chain(all); len(got) > 0 {
			t.Fatalf("before: %v", got)
		}
		tt.alter(&all[1])
		if got := evidence.Chain(all); len(got) != 1 || got[0].Text != tt.want || got[0].Index != 101 {
			t.Errorf("%s: %v, want %q", tt.name, got, tt.want)
		}
	}
	all := deeds("acquired film")
	all[0].Chunks = trucewatch.Hash{}
	if got := evidence.Chain(all); len(got) != 1 || !strings.Contains(got[0].Text, "no part of it can be proven") {
		t.Errorf("without chunks: %v", got)
	}
}

// TestChainOfAnything: whatever deeds the record holds, in whatever order, the
// answer is the same each time and nothing follows a destruction unseen.
func TestChainOfAnything(t *testing.T) {
	words := append(trucewatch.CustodyDeeds(), "")
	hashes := []trucewatch.Hash{{}, theFilm, theStill, theNote}
	rapid.Check(t, func(t *rapid.T) {
		var all []evidence.Deed
		for i := range rapid.IntRange(0, 12).Draw(t, "deeds") {
			all = append(all, evidence.Deed{Index: uint64(i), Custody: trucewatch.Custody{
				Item: rapid.SampledFrom(hashes).Draw(t, "item"), Deed: rapid.SampledFrom(words).Draw(t, "deed"),
				DerivedFrom: rapid.SampledFrom(hashes).Draw(t, "from"), Restricted: rapid.Bool().Draw(t, "restricted"),
				At: trucewatch.Instant(rapid.IntRange(-5, 5).Draw(t, "at"))}})
		}
		problems := evidence.Chain(all)
		if !slices.Equal(problems, evidence.Chain(all)) {
			t.Fatal("two answers")
		}
		destroyed := map[trucewatch.Hash]bool{}
		for i, d := range all {
			if destroyed[d.Item] && !slices.ContainsFunc(problems, func(p evidence.Problem) bool {
				return p.Index == uint64(i) && strings.Contains(p.Text, "after it was destroyed")
			}) {
				t.Fatalf("deed %d on destroyed item %v is no problem", i, d.Item)
			}
			destroyed[d.Item] = destroyed[d.Item] || d.Deed == "destroyed"
		}
		evidence.CustodyOf(theFilm, all)
	})
}

func TestCustodyOf(t *testing.T) {
	all := deeds("acquired film restricted", "copied film", "read film", "derived still from film", "transferred film to court", "sealed film")
	all[2].About, all[2].Reason = "finding K2/101.3", "asked\nfor"
	want := `Item f100000000000000000000000000000000000000000000000000000000000000
  original, 1000 bytes, video/mp4, restricted
  chunks 0cf1000000000000000000000000000000000000000000000000000000000000
  1970-01-01T01:00:00Z  acquired by evidence officer: request 12 (entry 100)
  1970-01-01T02:00:00Z  copied by evidence officer: request 12 (entry 101)
  1970-01-01T03:00:00Z  read by evidence officer, about finding K2/101.3: asked for (entry 102)
  1970-01-01T05:00:00Z  transferred by evidence officer, to court: request 12 (entry 104)
  1970-01-01T06:00:00Z  sealed by evidence officer: request 12 (entry 105)
  working copy 5700000000000000000000000000000000000000000000000000000000000000, entry 103
  PROBLEM in entry 105: sealed while it was with court
`
	if got := evidence.CustodyOf(theFilm, all); got != want {
		t.Errorf("CustodyOf:\n%s\nwant:\n%s", got, want)
	}
	if got := evidence.CustodyOf(theStill, all); !strings.Contains(got, "working copy of "+theFilm.String()+", 1000 bytes") {
		t.Errorf("CustodyOf a working copy:\n%s", got)
	}
	if got := evidence.CustodyOf(theNote, all); !strings.Contains(got, "no deed is recorded") {
		t.Errorf("CustodyOf an unknown item:\n%s", got)
	}
}
