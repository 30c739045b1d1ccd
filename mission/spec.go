// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/intake"
)

// SpecFile is the name of the file that describes a mission to be set up.
const SpecFile = "mission.yaml"

// specSchema is the first line's promise of a Spec.
const specSchema = "trucewatch/mission/v1"

// A Spec describes a mission to be set up and, if it re-enacts history or a
// scenario, what to play into it. docs/formats/mission.md has the keys.
type Spec struct {
	Schema      string          `yaml:"schema"`
	ID          string          `yaml:"id"`
	Title       string          `yaml:"title"`
	Mode        trucewatch.Mode `yaml:"mode"`
	Simulated   bool            `yaml:"simulated"`
	DisplayZone string          `yaml:"display_zone"`
	CutOff      string          `yaml:"cut_off"`
	Summary     string          `yaml:"summary"`
	Epoch       string          `yaml:"epoch"`
	Gazetteer   string          `yaml:"gazetteer"`
	Agreements  []string        `yaml:"agreements"`
	Guard       string          `yaml:"-"`        // folder on another medium that remembers what was signed
	SlotS       int64           `yaml:"slot_s"`   // what could harm is sealed; times that stand openly are rounded down to so many seconds
	Received    string          `yaml:"received"` // fixture time of rows that do not say when they were reported
	Imports     []SpecImport    `yaml:"imports"`
	Deeds       []SpecDeed      `yaml:"deeds"`
	Proceedings []string        `yaml:"proceedings"` // files: answers, votes, calls, visits, watches
	Until       string          `yaml:"until"`
	Reports     []string        `yaml:"reports"` // days of issue that the example shows first
}

// A SpecImport is one file to import.
type SpecImport struct {
	Format string     `yaml:"format"`
	File   string     `yaml:"file"`
	Map    string     `yaml:"map"`
	Zone   string     `yaml:"zone"`
	Source SpecSource `yaml:"source"`
}

// A SpecSource says who speaks in an imported file.
type SpecSource struct {
	ID      string `yaml:"id"`
	Kind    string `yaml:"kind"`
	Name    string `yaml:"name"`
	Party   string `yaml:"party"`
	Licence string `yaml:"licence"`
	URL     string `yaml:"url"`
	Note    string `yaml:"note"`
}

// A SpecDeed is a person's deed at a stated time. Findings and Cases hold
// identifiers, or the one word "all".
type SpecDeed struct {
	At       string   `yaml:"at"`
	Deed     string   `yaml:"deed"` // release, confirm, withdraw, serve
	Findings []string `yaml:"findings"`
	Cases    []string `yaml:"cases"`
	By       string   `yaml:"by"`
	Reason   string   `yaml:"reason"`
}

// ErrName says that a mission's identifier is none.
var ErrName = errors.New("lower-case letters, digits and hyphens, at most 63")

var missionID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// ParseSpec reads a mission.yaml. Unknown keys and missing ones are errors with
// their line.
func ParseSpec(data []byte) (*Spec, error) {
	if _, err := intake.ParseYAML(SpecFile, data); err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	var s Spec
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("mission: %s: %w", SpecFile, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("mission: %s: %w", SpecFile, err)
	}
	return &s, nil
}

// LoadSpec reads the mission.yaml in a folder of fsys. The files it names are
// then to be read from fsys by the names in the Spec.
func LoadSpec(fsys fs.FS, dir string) (*Spec, error) {
	data, err := fs.ReadFile(fsys, path.Join(dir, SpecFile))
	if err != nil {
		return nil, fmt.Errorf("mission: read spec: %w", err)
	}
	s, err := ParseSpec(data)
	if err != nil {
		return nil, err
	}
	within := func(name string) string {
		if name == "" {
			return ""
		}
		return path.Join(dir, name)
	}
	s.Gazetteer = within(s.Gazetteer)
	for i, name := range s.Agreements {
		s.Agreements[i] = within(name)
	}
	for i, name := range s.Proceedings {
		s.Proceedings[i] = within(name)
	}
	for i := range s.Imports {
		im := &s.Imports[i]
		im.File, im.Map = within(im.File), within(im.Map)
	}
	return s, nil
}

func (s *Spec) check() error {
	switch {
	case s.Schema != specSchema:
		return fmt.Errorf("schema is %q, not %q", s.Schema, specSchema)
	case !missionID.MatchString(s.ID):
		return fmt.Errorf("id %q: %w", s.ID, ErrName)
	case s.Title == "":
		return errors.New("title is missing")
	case len(s.Title) > trucewatch.TextMaxBytes || len(s.Summary) > trucewatch.TextMaxBytes:
		return fmt.Errorf("title and summary have at most %d bytes each, these have %d and %d", trucewatch.TextMaxBytes, len(s.Title), len(s.Summary))
	case !utf8.ValidString(s.Title) || !utf8.ValidString(s.Summary):
		return errors.New("title or summary is not UTF-8")
	case s.Mode != trucewatch.Live && s.Mode != trucewatch.Reenacted && s.Mode != trucewatch.Exercise:
		return fmt.Errorf("mode %q is not live, reenacted or exercise", s.Mode)
	case s.Mode != trucewatch.Reenacted && len(s.Imports)+len(s.Deeds)+len(s.Proceedings) > 0:
		return errors.New("only a reenacted mission plays imports and deeds: use the command import for the others")
	case s.Mode == trucewatch.Reenacted && (s.Epoch == "" || s.Until == "" || s.Received == ""):
		return errors.New("a reenacted mission needs epoch, received and until: there is no clock to take them from")
	}
	if s.SlotS < 0 || s.SlotS > 3600 {
		return fmt.Errorf("slot_s %d is not 0 to 3600", s.SlotS)
	}
	if !knownZone(s.DisplayZone) {
		return fmt.Errorf("display_zone %q is not a name of the zone database, such as Europe/Vienna", s.DisplayZone)
	}
	if _, err := parseCutOff(s.CutOff); err != nil {
		return err
	}
	for _, f := range []struct{ key, value string }{{"epoch", s.Epoch}, {"received", s.Received}, {"until", s.Until}} {
		if _, err := instant(f.value); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	}
	for i, d := range s.Deeds {
		if at, err := instant(d.At); err != nil || at == 0 {
			return fmt.Errorf("deeds[%d].at: %q is not a time such as 2026-04-12T06:40:00Z", i, d.At)
		}
	}
	return nil
}

func knownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local" // the machine's own differs from machine to machine
}

func instant(s string) (trucewatch.Instant, error) {
	var i trucewatch.Instant
	err := i.UnmarshalText([]byte(s))
	return i, err
}

func (src SpecSource) source() trucewatch.Source {
	return trucewatch.Source{ID: trucewatch.SourceID(src.ID), Kind: trucewatch.SourceKind(src.Kind), Name: src.Name,
		Party: trucewatch.PartyID(src.Party), Licence: src.Licence, URL: src.URL, Note: src.Note}
}

// ReadBundle reads an agreement: a folder with agreement.yaml and what it
// names, or that one file.
func ReadBundle(fsys fs.FS, name string) ([]agreement.File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("mission: read agreement: %w", err)
	}
	if !info.IsDir() {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("mission: read agreement: %w", err)
		}
		return []agreement.File{{Name: "agreement.yaml", Data: data}}, nil
	}
	var files []agreement.File
	err = fs.WalkDir(fsys, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch path.Ext(p) {
		case ".yaml", ".geojson", ".csv":
		default:
			return nil
		}
		data, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		files = append(files, agreement.File{Name: strings.TrimPrefix(strings.TrimPrefix(p, name), "/"), Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mission: read agreement: %w", err)
	}
	return files, nil
}

// LoadAgreement is agreement.Parse, and holds the zone in which times are shown
// against the zone database, which the core does not see.
func LoadAgreement(files []agreement.File) (*agreement.Agreement, error) {
	a, err := agreement.Parse(files)
	if err != nil {
		return nil, err
	}
	if a.DisplayZone != "" && !knownZone(a.DisplayZone) {
		return nil, fmt.Errorf("agreement.yaml: display_tz %q is not a name of the zone database, such as Europe/Vienna", a.DisplayZone)
	}
	return a, nil
}

// CheckSpec returns an error if a Spec that was not parsed from a file cannot
// be set up.
func CheckSpec(s *Spec) error {
	s.Schema = specSchema
	if err := s.check(); err != nil {
		return fmt.Errorf("mission: %w", err)
	}
	return nil
}

// dirFS reads files by the names a person types, absolute or not: fs.FS proper
// would refuse "../agreement".
type dirFS struct{}

// DirFS returns the machine's files by the names that a person types.
func DirFS() fs.FS { return dirFS{} }

// Open implements fs.FS.
func (dirFS) Open(name string) (fs.File, error) { return os.Open(name) }
