// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// TestPackRoundTrip: what Pack writes Unpack reads, and the order in which files
// were given changes neither the bytes nor the version.
func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,8}(/[a-z.]{1,8}[a-z])?`), 1, 12, rapid.ID[string]).Draw(t, "names")
		var files []File
		for _, n := range names {
			files = append(files, File{n, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "data")})
		}
		blob := Pack(files)
		if again := Pack(rapid.Permutation(files).Draw(t, "order")); !bytes.Equal(blob, again) {
			t.Fatal("the order of files changes the bundle")
		}
		got, err := Unpack(blob)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(Pack(got), blob) || len(got) != len(files) {
			t.Fatal("Pack(Unpack(x)) is not x")
		}
	})
}

func TestHashNamesTheVersion(t *testing.T) {
	files := bundle(t, line2026)
	first, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	files[0], files[len(files)-1] = files[len(files)-1], files[0]
	second, err := Parse(files)
	if err != nil || first.Hash() != second.Hash() || first.Hash() != hashOf(files) || first.Hash().IsZero() {
		t.Errorf("hash depends on the order of files: %s, %s, %v", first.Hash(), second.Hash(), err)
	}
	for i := range files {
		if files[i].Name == MainFile {
			files[i].Data = append(bytes.Clone(files[i].Data), '\n')
		}
	}
	third, err := Parse(files)
	if err != nil || third.Hash() == first.Hash() {
		t.Errorf("one byte more and the same version: %v", err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []packedFile
		want  string
	}{
		{"climbing", []packedFile{{Name: "../agreement.yaml"}}, "not a plain relative path"},
		{"rooted", []packedFile{{Name: "/agreement.yaml"}}, "not a plain relative path"},
		{"backslash", []packedFile{{Name: `geo\a`}}, "not a plain relative path"},
		{"drive", []packedFile{{Name: "c:a"}}, "not a plain relative path"},
		{"twice", []packedFile{{Name: "a"}, {Name: "a"}}, "two files are named"},
		{"unsorted", []packedFile{{Name: "b"}, {Name: "a"}}, "not sorted"},
		{"large", []packedFile{{Name: "a", Data: make([]byte, FileMaxBytes+1)}}, "more than 4194304"},
		{"many", make([]packedFile, FilesMax+1), "more than 256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Unpack(trucewatch.Encode(packed{Format: packFormat, Files: tt.files}))
			if err == nil || !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Unpack = %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Unpack(trucewatch.Encode(packed{Format: "other"})); err == nil {
		t.Error("another format is taken")
	}
	if _, err := Parse([]File{{Name: "readme"}}); err == nil || !strings.Contains(err.Error(), "has no agreement.yaml") {
		t.Errorf("Parse without main file = %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack([]File{{"agreement.yaml", []byte("schema: x")}, {"geo/a", nil}}))
	f.Add(Pack(nil))
	f.Fuzz(func(t *testing.T, blob []byte) {
		files, err := Unpack(blob)
		if err != nil {
			if !errors.Is(err, trucewatch.ErrInvalid) {
				t.Errorf("%v does not wrap ErrInvalid", err)
			}
			return
		}
		if !bytes.Equal(Pack(files), blob) {
			t.Error("a bundle has two encodings")
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.txtar", "testdata/bad/*.txtar"} {
		for _, path := range archives(f, pattern) {
			_, files, _ := archive(f, path)
			f.Add(Pack(files))
		}
	}
	f.Add([]byte("schema: trucewatch/agreement/v1\nacts: [{}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := Unpack(data)
		if err != nil {
			files = []File{{MainFile, data}, {"a.geojson", data}, {"r.csv", data}}
		}
		a, err := Parse(files)
		if err != nil {
			if !errors.Is(err, trucewatch.ErrInvalid) || a != nil {
				t.Errorf("Parse = %v, %v", a, err)
			}
			return
		}
		if text := a.Text(); len(text.Clauses) == 0 || a.Hash() != hashOf(files) {
			t.Error("an agreement without clauses, or another hash")
		}
	})
}

// FuzzGeometry reads any bytes as a line and as areas.
func FuzzGeometry(f *testing.F) {
	for _, path := range archives(f, "testdata/*/*.txtar") {
		_, files, _ := archive(f, path)
		for _, file := range files {
			if strings.HasSuffix(file.Name, ".geojson") {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{a: &Agreement{}}
		l := &Line{ID: "l"}
		r.geometry("x", data).line(l)
		if l.Line == nil && len(r.problems) == 0 {
			t.Error("no line and no problem")
		}
		r.problems = nil
		if areas := r.geometry("x", data).areas(); len(areas) == 0 && len(r.problems) == 0 {
			t.Error("no area and no problem")
		}
	})
}
