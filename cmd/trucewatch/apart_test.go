// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A side is a live mission or an exercise, with what belongs to it.
type side struct{ dir, log string }

// mission returns the folder's name below the test's.
func (s side) mission() string { return s.dir + "/north" }

// TestExerciseStaysApart: a live mission and an exercise of one name take nothing
// of each other, whichever way it comes in. What is refused changes no byte of
// either, and the log's own name says which of the two is the exercise.
func TestExerciseStaysApart(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some dozen processes")
	}
	dir := t.TempDir()
	runIn(t, dir, "key", "new", "mic.key")
	mic := strings.TrimSpace(runIn(t, dir, "key", "new", "other.key"))
	rows := nativeRows(t, "rows.jsonl", 0, 2, 0)
	sides := map[string]side{}
	for name, more := range map[string][]string{"live": nil, "exercise": {"--exercise"}} {
		s := side{dir: name}
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		runIn(t, dir, append([]string{"init", s.mission(), "--open"}, more...)...)
		runIn(t, dir, "key", "register", s.mission(), mic, "--role", "device", "--source", "mic-1", "--name", "mic 1")
		runIn(t, dir, "import", s.mission(), "--format", "native", "--source", "radar", "--kind", "sensor", rows)
		runIn(t, dir, "sign", s.mission(), "--key", "other.key", "--rows", rows, "-o", name+".cbor")
		runIn(t, dir, "exhibit", "make", s.mission(), "--observation", "3.0", "-o", name+".exhibit")
		text, err := os.ReadFile(filepath.Join(dir, s.mission(), "keys", "log.pub"))
		if err != nil {
			t.Fatal(err)
		}
		if s.log = strings.TrimSpace(string(text)); strings.HasPrefix(s.log, "trucewatch-exercise/") != (name == "exercise") {
			t.Errorf("the log of %s is named %s", name, s.log)
		}
		sides[name] = s
	}
	for here, other := range map[string]string{"live": "exercise", "exercise": "live"} {
		to, from := sides[here], sides[other]
		own := func(args ...string) func(m string) []string {
			return func(m string) []string { return append(args[:len(args):len(args)], m) }
		}
		for _, tt := range []struct {
			name   string
			change func(m string)          // of a copy of the mission; nil: none
			args   func(m string) []string // for that copy
			code   int
			want   string
		}{
			{"a signed body", nil, func(m string) []string { return []string{"submit", m, other + ".cbor"} }, exitFailed, "log"},
			{"a copy for verify", nil, func(string) []string {
				return []string{"verify", from.mission() + "/record", "--log", to.log}
			}, exitFound, "no verifiable signatures"},
			{"an exhibit", nil, func(string) []string { return []string{"exhibit", "check", other + ".exhibit", "--log", to.log} }, exitFound, "no log of the policy"},
			{"a restored record", nil, func(m string) []string {
				return []string{"mirror", "restore", "--from", from.mission() + "/record", "--to", m + "/record", "--log", to.log}
			}, exitFailed, "it is the record of another log"},
			{"a restored record with its own key", nil, func(m string) []string {
				return []string{"mirror", "restore", "--from", from.mission() + "/record", "--to", m + "/record", "--log", from.log}
			}, exitFailed, "no verifiable signatures"},
			{"a kept checkpoint", nil, func(m string) []string {
				return []string{"verify", m, "--kept", from.mission() + "/record/checkpoint"}
			}, exitOK, "no checkpoint that the log's key signed"},
			{"the other's record in place of its own", func(m string) {
				replaced(t, filepath.Join(dir, from.mission(), "record"), filepath.Join(m, "record"))
			}, own("verify"), exitFound, "no verifiable signatures"},
			{"the other's keys in place of its own", func(m string) {
				replaced(t, filepath.Join(dir, from.mission(), "keys"), filepath.Join(m, "keys"))
			}, func(m string) []string {
				return []string{"import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "more.jsonl", 5, 1, 0)}
			}, exitFailed, "no verifiable signatures"},
			{"the other's desk key in place of its own", func(m string) {
				replaced(t, filepath.Join(dir, from.mission(), "keys", "desk.key"), filepath.Join(m, "keys", "desk.key"))
			}, func(m string) []string {
				return []string{"import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "more.jsonl", 5, 1, 0)}
			}, exitFailed, "no desk key of this record"},
			{"set up again over it", nil, own("init", "--open"), exitFailed, "is not empty"},
			{"set up again over it as the other", nil, own("init", "--open", "--exercise"), exitFailed, "is not empty"},
		} {
			t.Run(here+"/"+tt.name, func(t *testing.T) {
				m := filepath.Join(t.TempDir(), "north")
				copied(t, filepath.Join(dir, to.mission()), m)
				if tt.change != nil {
					tt.change(m)
				}
				before := folderHash(t, m)
				c := commandIn(dir, tt.args(m)...)
				out, _ := c.CombinedOutput()
				if code := c.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.want) {
					t.Errorf("exit code %d, want %d and %q: %s", code, tt.code, tt.want, out)
				}
				if folderHash(t, m) != before {
					t.Error("the mission was changed by what it refused")
				}
			})
		}
		t.Run(here+"/a witness", func(t *testing.T) { witnessStaysApart(t, dir, to, from) })
		t.Run(here+"/a mirror", func(t *testing.T) {
			a := filepath.Join(t.TempDir(), "a")
			runIn(t, dir, "mirror", "init", "--dir", a, "--name", "a.example/mirror", "--log", to.log)
			c := commandIn(dir, "mirror", "once", "--dir", a, "--from", from.mission()+"/record")
			if out, err := c.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("it is the record of another log")) {
				t.Errorf("it took the other's record, or does not say what it is: %s", out)
			}
		})
	}
}

// witnessStaysApart: who co-signs one of the two signs no checkpoint of the other.
func witnessStaysApart(t *testing.T, dir string, to, from side) {
	w := filepath.Join(t.TempDir(), "w")
	runIn(t, dir, "witness", "key", "--dir", w, "--name", "g.example/witness")
	runIn(t, dir, "witness", "init", "--dir", w, "--log", to.log, "--new")
	address, _ := startWitness(t, "--dir", w, "--log", to.log)
	checkpoint, err := os.ReadFile(filepath.Join(dir, from.mission(), "record", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if status, text := postCheckpoint(address, append([]byte("old 0\n\n"), checkpoint...)); status != http.StatusNotFound {
		t.Errorf("%d %s", status, text)
	}
	// The other's checkpoint under this one's name.
	name := func(s side) []byte { return []byte(strings.SplitN(s.log, "+", 2)[0]) }
	renamed := bytes.ReplaceAll(checkpoint, name(from), name(to))
	if status, text := postCheckpoint(address, append([]byte("old 0\n\n"), renamed...)); status == http.StatusOK {
		t.Errorf("under another name: %d %s", status, text)
	}
}

// TestInventedRowsStayOut: rows that say SIMULATED, such as those of simulated
// worlds, enter an exercise and no live mission.
func TestInventedRowsStayOut(t *testing.T) {
	dir := t.TempDir()
	row := `{"native_id":"x","kind":"explosion","means":"heard","count":{"value":1,"qualifier":"exact"},"where":{"region":{"kind":"ellipse","center":{"lat_e7":-460000000,"lon_e7":-1270000000},"semi_major_mm":1000,"semi_minor_mm":1000}},"when":{"from":"2026-01-01T00:00:00Z","till":"2026-01-01T00:00:00Z"},"text":"SIMULATED: a bang"}` + "\n"
	write(t, dir, "rows.jsonl", []byte(row))
	write(t, dir, "named.jsonl", []byte(strings.Replace(row, "SIMULATED: ", "", 1)))
	mustRun(t, "init", filepath.Join(dir, "live"))
	mustRun(t, "init", filepath.Join(dir, "ex"), "--exercise")
	for _, tt := range []struct {
		mission, file, source string
		recorded              int
	}{
		{"live", "rows.jsonl", "radar", 0}, {"live", "named.jsonl", "SIMULATED radar", 0}, {"live", "named.jsonl", "radar", 1},
		{"ex", "rows.jsonl", "radar", 1},
	} {
		out := mustRun(t, "import", filepath.Join(dir, tt.mission), "--format", "native", "--source", "radar", "--kind", "sensor", "--name", tt.source, "--progress", "json", filepath.Join(dir, tt.file))
		if !strings.Contains(out, fmt.Sprintf(`"recorded":%d`, tt.recorded)) {
			t.Errorf("%+v: %s", tt, out)
		}
	}
}

// replaced puts a file or folder in place of another.
func replaced(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		copied(t, from, to)
		return
	}
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// folderHash is one hash of all files of a folder's record and keys.
func folderHash(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	for _, below := range []string{"record", "keys"} {
		if err := fs.WalkDir(os.DirFS(dir), below, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "lock" {
				return err
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			fmt.Fprintf(h, "%s %d\n", name, len(data))
			h.Write(data)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
