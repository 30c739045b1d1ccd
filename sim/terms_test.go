// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/trucewatch/trucewatch/examples"
)

// bundle is the example agreement's folder.
const bundle = "agreements/line-2026"

// terms is the example agreement with its lines cut to the part near the events:
// a world opens its mission a hundred times, and measures every zone each time.
func terms() (fs.FS, error) {
	out := fstest.MapFS{}
	err := fs.WalkDir(examples.Files, bundle, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(examples.Files, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		return nil, err
	}
	text := string(out[bundle+"/agreement.yaml"].Data)
	for _, name := range []string{"loc-2026-01", "ref-b-2025"} {
		file := out[fmt.Sprintf("%s/geo/%s.geojson", bundle, name)]
		before := sha256.Sum256(file.Data)
		if file.Data, err = cutLine(file.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		after := sha256.Sum256(file.Data)
		text = strings.Replace(text, hex.EncodeToString(before[:]), hex.EncodeToString(after[:]), 1)
	}
	out[bundle+"/agreement.yaml"].Data = []byte(text)
	return out, withLater(out, text)
}

// withLater adds the later version to the files.
func withLater(files fstest.MapFS, text string) error {
	for _, change := range []struct{ was, is string }{
		{"  version: 3\n", fmt.Sprintf("  version: %d\n", laterVersion)},
		{`in_force: {from: "2026-03-01T22:00:00Z"`, fmt.Sprintf(`in_force: {from: "%s"`, laterFrom.Format(time.RFC3339))},
		{"\nweapons:", `
questions:
  - id: q-mlrs
    text: "How far back must rocket launchers stand?"
    readings:
      - {id: thirty_five, held_by: [A]}
      - {id: seventeen, held_by: [B], set: {weapons.mlrs.withdraw_km: 17}}
weapons:`},
	} {
		if !strings.Contains(text, change.was) {
			return fmt.Errorf("the example agreement has no %q any more", change.was)
		}
		text = strings.Replace(text, change.was, change.is, 1)
	}
	for name, file := range maps.Clone(files) {
		if rest, inside := strings.CutPrefix(name, bundle+"/"); inside {
			files[later+"/"+rest] = file
		}
	}
	files[later+"/agreement.yaml"] = &fstest.MapFile{Data: []byte(text)}
	return nil
}

// cutLine leaves of a line the points within half a degree of the events.
func cutLine(data []byte) ([]byte, error) {
	var f struct {
		Type       string         `json:"type"`
		Properties map[string]any `json:"properties"`
		Geometry   struct {
			Type        string       `json:"type"`
			Coordinates [][2]float64 `json:"coordinates"`
		} `json:"geometry"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	var near [][2]float64
	for _, p := range f.Geometry.Coordinates {
		if p[0] > -123 && p[0] < -122 {
			near = append(near, p)
		}
	}
	f.Geometry.Coordinates = near
	return json.Marshal(f)
}

// TestTermsAreNear: the cut lines still have the events beside them.
func TestTermsAreNear(t *testing.T) {
	fsys, err := terms()
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(fsys, bundle+"/geo/loc-2026-01.geojson")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "[-122."); n < 5 {
		t.Errorf("%d points of the line of contact are left: %s", n, data)
	}
}
