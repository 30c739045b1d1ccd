// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
)

// TestForgeryIsFoundOut: whoever holds the log's key can write a new tree over
// changed entries. A walk still finds what he did, because he does not hold the
// desk's key.
func TestForgeryIsFoundOut(t *testing.T) {
	start := at(t, began)
	for _, test := range []struct {
		name, want string
		forge      func(t *testing.T, all [][]byte) [][]byte
	}{
		{"nothing was changed", "", func(_ *testing.T, all [][]byte) [][]byte { return all }},
		{"a count was changed", "entry 2: has no valid signature", func(t *testing.T, all [][]byte) [][]byte {
			all[2] = reword(t, all[2], func(b *trucewatch.Body) { b.Payload.Observations.Observations[0].Count.Value = 9 })
			return all
		}},
		{"a signature was taken off", "entry 2: has no valid signature", func(t *testing.T, all [][]byte) [][]byte {
			var env trucewatch.Envelope
			if err := trucewatch.Decode(all[2], &env); err != nil {
				t.Fatal(err)
			}
			env.Signatures[0].Value[0] ^= 1
			all[2] = trucewatch.Encode(env)
			return all
		}},
		{"an entry was taken out", "gap: key", func(_ *testing.T, all [][]byte) [][]byte { return append(all[:2], all[3:]...) }},
		{"an entry was put in twice", "repeats sequence", func(_ *testing.T, all [][]byte) [][]byte { return append(all, all[3]) }},
		{"two entries changed places", "gap: key", func(_ *testing.T, all [][]byte) [][]byte {
			all[2], all[3] = all[3], all[2]
			return all
		}},
		{"another key was registered for the desk", "registers a key under a name that is not its own", func(t *testing.T, all [][]byte) [][]byte {
			all[1] = reword(t, all[1], func(b *trucewatch.Body) { b.Payload.Key.Public[0] ^= 1 })
			return all
		}},
		{"genesis was changed", "has no valid signature", func(t *testing.T, all [][]byte) [][]byte {
			all[0] = reword(t, all[0], func(b *trucewatch.Body) { b.Payload.Genesis.Title = "Another" })
			return all
		}},
		{"an entry names another one before it", "does not name the body before it", func(t *testing.T, all [][]byte) [][]byte {
			all[3] = reword(t, all[3], func(b *trucewatch.Body) { b.Previous[0] ^= 1 })
			return all
		}},
		{"an entry of another log", "belongs to another log", func(t *testing.T, all [][]byte) [][]byte {
			all[3] = reword(t, all[3], func(b *trucewatch.Body) { b.Log = "trucewatch/elsewhere/00000000" })
			return all
		}},
		{"an entry that is none", "entry 5: ", func(_ *testing.T, all [][]byte) [][]byte { return append(all, []byte("no entry")) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := live(t)
			for i := range 3 {
				read(t, m, file(t, "a.jsonl", row(i, start)), start+trucewatch.Hour)
			}
			rewrite(t, m.dir, test.forge)
			v := walkOver(t, m.dir)
			if text := strings.Join(v.problems, "\n"); (len(v.problems) == 0) != (test.want == "") || !strings.Contains(text, test.want) {
				t.Errorf("problems: %s; want %q", text, test.want)
			}
		})
	}
}

// reword changes a body and leaves its signature as it was.
func reword(t *testing.T, raw []byte, change func(*trucewatch.Body)) []byte {
	t.Helper()
	var env trucewatch.Envelope
	var body trucewatch.Body
	if err := trucewatch.Decode(raw, &env); err != nil {
		t.Fatal(err)
	}
	if err := trucewatch.Decode(env.Body, &body); err != nil {
		t.Fatal(err)
	}
	change(&body)
	env.Body = trucewatch.Encode(body)
	return trucewatch.Encode(env)
}

// rewrite puts a new log in the place of the old one, signed with its key.
func rewrite(t *testing.T, dir string, forge func(*testing.T, [][]byte) [][]byte) {
	t.Helper()
	verifier, err := onDisk(dir).logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := onDisk(dir).logSigner(logkey.NewCurrent(verifier))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "record")
	r, err := record.OpenReader(path, verifier)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for cursor := r.Entries(0, r.Checkpoint().Size); ; {
		_, raw, err := cursor.Next()
		if err != nil {
			break
		}
		all = append(all, append([]byte(nil), raw...))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	log, err := record.Create(path, verifier.Name(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(forge(t, all)...); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Sign(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
