// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func FuzzParseSplitView(f *testing.F) {
	_, _, public := logKey(f)
	l, fork := newTestLog(f), newTestLog(f)
	s := &SplitView{Log: public, First: l.grow(3, "").Note, Second: fork.grow(3, "fork").Note, Root: [32]byte{1}}
	f.Add(s.Text())
	s.Proof = [][32]byte{{1}, {2}}
	f.Add(s.Text())
	f.Add([]byte("trucewatch split view v1\nlog x\n\nfirst\n\nsecond\n\nroot under the second AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSplitView(text)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Text(), text) {
			t.Fatal("read, and written otherwise")
		}
		_ = s.Check() // must not panic
	})
}

func FuzzParseHolders(f *testing.F) {
	_, line, err := NewToken("party-a", []string{"party_A", "residue"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("# holders\n" + line))
	f.Fuzz(func(t *testing.T, text []byte) {
		holders, err := ParseHolders(text)
		if err != nil {
			return
		}
		for _, h := range holders {
			if h.Name == "" || len(h.Classes) == 0 {
				t.Fatalf("%+v", h)
			}
		}
	})
}

func FuzzSplitBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 0, 2, 'y', 'z'})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := splitBundle(data)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			again = append(binary.BigEndian.AppendUint16(again, uint16(len(e))), e...)
		}
		if !bytes.Equal(again, data) || len(entries) > tileWidth {
			t.Fatal("read, and written otherwise")
		}
	})
}
