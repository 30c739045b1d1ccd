// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// testAgreement reads the agreement of testdata.
func testAgreement(t testing.TB) *agreement.Agreement {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/agreement.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var files []agreement.File
	for _, f := range archive.Files {
		files = append(files, agreement.File{Name: f.Name, Data: f.Data})
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onLine is a place on the line of contact, far from its ends.
var onLine = geo.Position{LatE7: -46 * geo.E7, LonE7: -130 * geo.E7}

// at is a place so many kilometres east and north of onLine: on B's side, or, if
// east is negative, on A's.
func at(east, north float64) geo.Position {
	return geo.NewPlane(onLine).Position(int64(east*1e6), int64(north*1e6))
}

func circle(east, north, radiusKM float64) geo.Region {
	return geo.Circle(at(east, north), int64(radiusKM*1e6))
}

// A scene is an incident that is put together by hand.
type scene struct{ Input }

func newScene(a *agreement.Agreement) *scene {
	return &scene{Input{Agreement: a, Severity: 3,
		Incident: &trucewatch.Incident{ID: trucewatch.IncidentID{Index: 10}, Preferred: -1, Origin: -1, Confidence: 950_000}}}
}

// see adds an observation of a source.
func (s *scene) see(kind trucewatch.Kind, means trucewatch.Means, source string) *trucewatch.Observation {
	o := &trucewatch.Observation{Kind: kind, Means: means, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}}
	r := &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: 10, Row: uint16(len(s.Members))}, Observation: o, Source: &trucewatch.Source{ID: trucewatch.SourceID(source)}}
	if p := trucewatch.PartyID(source); slices.Contains(s.Agreement.PartyIDs, p) {
		r.Source.Party = p
	}
	s.Members, s.Support = append(s.Members, r), append(s.Support, r)
	return o
}

// estimate adds where it was.
func (s *scene) estimate(role string, region geo.Region, uses ...trucewatch.ObservationID) {
	in := s.Incident
	in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: role, Method: "one point", Region: region, Uses: uses})
	if role == "origin" {
		in.Origin = len(in.Estimates) - 1
	} else {
		in.Preferred = len(in.Estimates) - 1
	}
}

// do plays one line of a scene: a word, its numbers and names, and after "by" the
// source.
func (s *scene) do(line string) error {
	words := strings.Fields(line)
	source := "patrol"
	if i := slices.Index(words, "by"); i >= 0 {
		source = words[i+1]
		words = words[:i]
	}
	var n []float64
	var names []string
	for _, w := range words[1:] {
		if v, err := strconv.ParseFloat(w, 64); err == nil {
			n = append(n, v)
		} else {
			names = append(names, strings.ReplaceAll(w, "_", " "))
		}
	}
	id := trucewatch.ObservationID{Index: 10, Row: uint16(len(s.Members))}
	switch words[0] {
	case "impact": // east north radius
		s.see(trucewatch.Explosion, trucewatch.Heard, source).Description = trucewatch.Impact
		s.estimate("impact", circle(n[0], n[1], n[2]), id)
	case "outgoing": // east north radius
		s.see(trucewatch.Explosion, trucewatch.Heard, source).Description = trucewatch.Outgoing
		s.estimate("origin", circle(n[0], n[1], n[2]), id)
	case "claimed": // outgoing, as a party has it: east north radius
		s.see(trucewatch.Explosion, trucewatch.PartyReport, source).Description = trucewatch.Outgoing
		s.estimate("origin", circle(n[0], n[1], n[2]), id)
	case "stands": // kind east north radius
		s.see(trucewatch.Kind(words[1]), trucewatch.UAVMid, source)
		s.estimate("seen", circle(n[0], n[1], n[2]), id)
	case "linked": // east north radius
		s.Origins = append(s.Origins, &trucewatch.Incident{ID: trucewatch.IncidentID{Index: uint64(20 + len(s.Origins))},
			Estimates: []trucewatch.Estimate{{Role: "origin", Region: circle(n[0], n[1], n[2])}}})
	case "azimuth": // basis east north degrees error [least most]
		a := &trucewatch.Azimuth{From: at(n[0], n[1]), Mdeg: int32(n[2] * 1000), ErrorMdeg: int32(n[3] * 1000), Basis: names[0]}
		if len(n) > 4 {
			a.MinMM, a.MaxMM = int64(n[4]*1e6), int64(n[5]*1e6)
		}
		means := trucewatch.PhysicalTrace
		if source == "A" || source == "B" {
			means = trucewatch.PartyReport
		}
		s.see(trucewatch.Explosion, means, source).Azimuth = a
	case "weapon": // platform basis
		s.see(trucewatch.Explosion, trucewatch.Heard, source).Weapon = &trucewatch.Weapon{Platform: trucewatch.Platform(strings.ReplaceAll(names[0], " ", "_")), Basis: names[1]}
	case "names": // whom, of a projectile's or drone's markings
		means := trucewatch.Saw
		if source == "A" || source == "B" {
			means = trucewatch.PartyReport
		}
		s.see(trucewatch.UAVSighted, means, source).Asset = &trucewatch.Asset{Owner: strings.ReplaceAll(words[1], "-", " ")}
	case "moves": // from, east north radius
		o := s.see(trucewatch.ProjectileInFlight, trucewatch.RecordedCamera, source)
		o.Movement, o.Where.Region = &trucewatch.Movement{From: names[0]}, circle(n[0], n[1], n[2])
	case "exchange":
		s.see(trucewatch.ExchangeOfFire, trucewatch.HeardSaw, source)
	case "fact": // kind party [level]
		f := &trucewatch.Fact{ID: "f-1", Kind: words[1], Party: trucewatch.PartyID(words[2]), Ref: "10.0"}
		if len(words) > 3 {
			f.Level = words[3]
		}
		s.Facts = append(s.Facts, f)
	case "severity":
		s.Severity = int(n[0])
	case "digital":
		s.Digital = true
	default:
		return fmt.Errorf("no such line: %s", line)
	}
	return nil
}

// want holds an answer to one line that was written by hand; shares are per cent,
// from and till.
func want(a *trucewatch.Attribution, line string) error {
	words := strings.Fields(line)
	between := func(p trucewatch.PPM, low, high string) error {
		from, err1 := strconv.ParseFloat(low, 64)
		till, err2 := strconv.ParseFloat(high, 64)
		if err1 != nil || err2 != nil {
			return fmt.Errorf("bad numbers in %q", line)
		}
		if got := float64(p) / 10_000; got < from || got > till {
			return fmt.Errorf("%.1f, want %s", got, line)
		}
		return nil
	}
	basis := strings.Join(a.Basis, "; ")
	switch words[0] {
	case "level":
		if a.Level != words[1] {
			return fmt.Errorf("level %s, want %s", a.Level, words[1])
		}
	case "party":
		if string(a.Party) != strings.Join(words[1:], "") {
			return fmt.Errorf("party %q, want %q", a.Party, words[1:])
		}
	case "share":
		return between(a.Share, words[1], words[2])
	case "or":
		i := slices.IndexFunc(a.Alternatives, func(o trucewatch.Alternative) bool { return string(o.Party) == words[1] })
		if i < 0 {
			return fmt.Errorf("no alternative %s", words[1])
		}
		return between(a.Alternatives[i].Share, words[2], words[3])
	case "unsigned":
		return between(a.NonSignatory, words[1], words[2])
	case "alternatives":
		if strconv.Itoa(len(a.Alternatives)) != words[1] {
			return fmt.Errorf("alternatives %+v, want %s", a.Alternatives, words[1])
		}
	case "both":
		if !a.BothSides {
			return fmt.Errorf("not both sides")
		}
	case "formation":
		if a.Formation != words[1] {
			return fmt.Errorf("formation %q, want %q", a.Formation, words[1])
		}
	case "says":
		if text := strings.TrimPrefix(line, "says "); !strings.Contains(basis, text) {
			return fmt.Errorf("basis %q does not say %q", basis, text)
		}
	case "silent":
		if text := strings.TrimPrefix(line, "silent "); strings.Contains(basis, text) {
			return fmt.Errorf("basis %q says %q", basis, text)
		}
	default:
		return fmt.Errorf("no such line: %s", line)
	}
	return nil
}

// scenes reads the scenes of testdata, each with its answer.
func scenes(t testing.TB, a *agreement.Agreement, play func(name string, s *scene, answer string)) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/scenes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		s := newScene(a)
		for line := range strings.Lines(string(archive.Files[i].Data)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				if err := s.do(line); err != nil {
					t.Fatal(err)
				}
			}
		}
		play(archive.Files[i].Name, s, string(archive.Files[i+1].Data))
	}
}

// TestArchives plays the scenes of testdata, whose answers were written by hand.
func TestArchives(t *testing.T) {
	scenes(t, testAgreement(t), func(name string, s *scene, answer string) {
		t.Run(name, func(t *testing.T) {
			got := Of(s.Input)
			for line := range strings.Lines(answer) {
				if line = strings.TrimSpace(line); line != "" {
					if err := want(&got, line); err != nil {
						t.Errorf("%v\n%+v", err, got)
					}
				}
			}
			check(t, &got)
		})
	})
}

// sameEverywhere is the digest of TestSameEverywhere, on every machine.
const sameEverywhere = "99437af06752e805b4d8ae907d19ce1e03c78fa5c2e6577cc43a7180e88ad69d"

// TestSameEverywhere holds the answers to one digest. Run it also with
// GOARCH=arm64 under qemu.
func TestSameEverywhere(t *testing.T) {
	h := sha256.New()
	scenes(t, testAgreement(t), func(_ string, s *scene, _ string) { h.Write(trucewatch.Encode(Of(s.Input))) })
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != sameEverywhere {
		t.Errorf("digest %s, want %s", got, sameEverywhere)
	}
}

// BenchmarkOf shows what an answer costs without a clue of the place, and with
// one and three.
func BenchmarkOf(b *testing.B) {
	a := testAgreement(b)
	scenes(b, a, func(name string, s *scene, _ string) {
		switch name {
		case "impact alone", "outgoing heard on one side", "an origin astride the line", "a lone crater is too little for a grave act", "an admission against the evidence of the place":
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					Of(s.Input)
				}
			})
		}
	})
}

// isTold says whether a sentence is one of Templates with its blanks filled.
func isTold(sentence string) bool {
	return slices.ContainsFunc(Templates(), func(t string) bool {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(t), "%s", ".+") + "$"
		return regexp.MustCompile(pattern).MatchString(sentence)
	})
}

// check holds what is true of every answer.
func check(t interface{ Errorf(string, ...any) }, a *trucewatch.Attribution) {
	sum := a.Share + a.NonSignatory
	for _, o := range a.Alternatives {
		sum += o.Share
		if o.Share <= 0 || o.Share > million {
			t.Errorf("alternative %+v", o)
		}
	}
	if !a.BothSides && sum != 0 && sum != million {
		t.Errorf("shares make %d: %+v", sum, a)
	}
	if (a.Party != "") != (a.Share > 0) || a.Party != "" && (a.Level == None || a.Level == Direction) {
		t.Errorf("a name without a share, or on no rung: %+v", a)
	}
	for _, s := range a.Basis {
		if !isTold(s) {
			t.Errorf("no template fits %q", s)
		}
	}
}
