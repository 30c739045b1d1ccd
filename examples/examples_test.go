// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/verify"
)

var loaded struct {
	sync.Mutex
	dir      string
	missions map[string]*mission.Mission
}

func TestMain(m *testing.M) {
	code := m.Run()
	if loaded.dir != "" {
		os.RemoveAll(loaded.dir)
	}
	os.Exit(code)
}

// load re-enacts an example once.
func load(t *testing.T, name string) *mission.Mission {
	t.Helper()
	loaded.Lock()
	defer loaded.Unlock()
	if m := loaded.missions[name]; m != nil {
		return m
	}
	if loaded.dir == "" {
		dir, err := os.MkdirTemp("", "trucewatch-examples-")
		if err != nil {
			t.Fatal(err)
		}
		loaded.dir, loaded.missions = dir, map[string]*mission.Mission{}
	}
	s, err := mission.LoadSpec(examples.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mission.Reenact(filepath.Join(loaded.dir, name), s, examples.Files)
	if err != nil {
		t.Fatal(err)
	}
	loaded.missions[name] = m
	return m
}

// members returns the native identifiers of an incident's observations, sorted.
func members(m *mission.Mission, in *trucewatch.Incident) []string {
	var refs []string
	for _, r := range m.State().Members(in) {
		refs = append(refs, r.Observation.NativeID)
	}
	slices.Sort(refs)
	return refs
}

// observation returns what was recorded under a native identifier.
func observation(t *testing.T, m *mission.Mission, ref string) *trucewatch.Observation {
	t.Helper()
	for in := range m.State().Incidents() {
		for _, r := range m.State().Members(in) {
			if r.Observation.NativeID == ref {
				return r.Observation
			}
		}
	}
	t.Fatalf("there is no observation %s", ref)
	return nil
}

// view returns all that an audience may see.
func view(t *testing.T, m *mission.Mission, a trucewatch.Audience) trucewatch.View {
	t.Helper()
	v, err := m.State().View(a, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryExampleIsSoundAndNothingIsRefused(t *testing.T) {
	for _, name := range examples.Names() {
		m := load(t, name)
		v, err := verify.Run(m.Dir(), verify.Options{Now: m.State().Now().Time()})
		if err != nil || !v.Sound() {
			t.Errorf("%s: %v, %+v", name, err, v)
		}
		if n := m.State().RejectedCount(); n != 0 {
			t.Errorf("%s: %d rows are refused", name, n)
		}
		again, err := mission.Open(m.Dir())
		if err != nil || again.State().Digest() != m.State().Digest() {
			t.Errorf("%s: replay from the disk gives another state: %v", name, err)
		}
	}
}
