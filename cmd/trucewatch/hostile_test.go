// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/mission"
)

// TestHostileFiles gives the program files that grow when they are unpacked,
// nest, count or point without end. Each is refused or read within bounds of
// memory and time, by a message that names the file, and the mission goes on.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some dozen processes")
	}
	bomb := packed(t, 256<<20)
	dir := t.TempDir()
	runIn(t, dir, "init", "m")
	native := []string{"import", "m", "--format", "native", "--source", "radar", "--kind", "sensor"}
	table := []string{"import", "m", "--format", "table", "--map", "map.yaml", "--source", "fires", "--kind", "satellite"}
	mapping, err := os.ReadFile("../../examples/mappings/fires.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "map.yaml", mapping)
	log, err := os.ReadFile(filepath.Join(dir, "m", "keys", "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(log))
	enter := []string{"enter", "m"}
	deep := func(open, closed string, n int) []byte {
		return []byte(strings.Repeat(open, n) + strings.Repeat(closed, n))
	}
	laughs := func(n int) []byte {
		b := "a: &a0 [x, x, x, x, x, x, x, x, x]\n"
		for i := range n {
			b += fmt.Sprintf("b%d: &a%d [%s]\n", i, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
		}
		return []byte(b)
	}
	for _, tt := range []struct {
		name string
		file []byte
		args []string // the file's name follows
		want string   // in what the program says
	}{
		{"a bomb of gzip in one row", bomb, native, "unpacks to more than a file of rows does"},
		{"a bomb of gzip in a list", bomb, []string{"import", "m", "--format", "notifications", "--source", "liaison", "--kind", "party"}, ""},
		{"gzip in gzip", packed(t, 0, bomb...), native, "rejected"},
		{"gzip that is cut off", bomb[:1000], native, "unexpected EOF"},
		{"JSON in JSON", deep(`{"where":`, "}", 100_000), native, "1 rejected"},
		{"lists in JSON", deep("[", "]", 500_000), native, "1 rejected"},
		{"a number without end", []byte(`{"count":{"value":` + strings.Repeat("9", 1<<19) + "}}"), native, "1 rejected"},
		{"an exponent without end", []byte(`{"count":{"value":1e999999999}}`), native, "1 rejected"},
		{"a million keys", []byte("{" + strings.Repeat(`"a":1,`, 1<<17) + `"b":2}`), native, "1 rejected"},
		{"aliases of aliases of YAML", laughs(30), enter, "anchors and aliases are not allowed"},
		{"lists in YAML", deep("[", "]", 200_000), enter, "exceeded max depth"},
		{"mappings in YAML", []byte(strings.Repeat("{a: ", 50_000)), enter, ""},
		{"a YAML list of a million", []byte("[" + strings.Repeat("a,", 1<<20) + "]"), enter, "split the file"},
		{"an agreement of a million", []byte("[" + strings.Repeat("a,", 1<<20) + "]"), []string{"agreement", "check"}, "more than 262144 values"},
		{"aliases in a policy", laughs(30), []string{"policy", "set", "m"}, "anchors and aliases are not allowed"},
		{"lists in a policy", deep("[", "]", 200_000), []string{"policy", "set", "m"}, ""},
		{"aliases in a mapping", laughs(30), []string{"import", "m", "--format", "table", "--source", "radar", "--kind", "sensor", "rows.jsonl", "--map"}, "anchors and aliases are not allowed"},
		{"a workbook that unpacks to much", workbook(t, "xl/worksheets/sheet1.xml", 600<<20), table, "workbook"},
		{"a workbook of shared texts", workbook(t, "xl/sharedStrings.xml", 20<<20), table, "save it as CSV"},
		{"CBOR that announces 2^60 bodies", append([]byte{0x9b, 0x10}, make([]byte, 7)...), []string{"submit", "m"}, "submissions"},
		{"CBOR in CBOR", bytes.Repeat([]byte{0x81}, 1<<20), []string{"submit", "m"}, "submissions"},
		{"an exhibit that announces 2^60", append([]byte{0x9b, 0x10}, make([]byte, 7)...), []string{"exhibit", "check", "--log", key}, "exhibit"},
		{"a picture of 4 gigapixels", picture(1 << 16), []string{"evidence", "describe"}, ""},
		{"an agreement of lists", deep("[", "]", 200_000), []string{"agreement", "check"}, ""},
		{"an agreement of aliases", laughs(30), []string{"agreement", "check"}, ""},
		{"a checkpoint of a gigabyte's size", []byte("log\n" + strings.Repeat("9", 1<<20) + "\nx\n"), []string{"verify", "m", "--kept"}, ""},
		{"a device's key of much", bytes.Repeat([]byte("A"), 1<<22), []string{"enter", "m", "rows.jsonl", "--sign"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, dir, "rows.jsonl", []byte("{}\n"))
			write(t, dir, "hostile", tt.file)
			c := commandIn(dir, append(append([]string{}, tt.args...), "hostile")...)
			began := time.Now()
			out, err := c.CombinedOutput()
			usage := c.ProcessState.SysUsage().(*syscall.Rusage)
			spent := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			t.Logf("%d MiB, %v of processor in %v: %v %.200s", usage.Maxrss>>10, spent.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), err, out)
			if usage.Maxrss>>10 > 768 || spent > 20*time.Second {
				t.Errorf("it takes %d MiB and %v", usage.Maxrss>>10, spent)
			}
			if bytes.Contains(out, []byte("goroutine ")) || !bytes.Contains(out, []byte(tt.want)) || len(out) > 20_000 {
				t.Errorf("it says %.300s, want %q", out, tt.want)
			}
		})
	}
	runIn(t, dir, append(native, nativeRows(t, "good.jsonl", 0, 3, 0))...)
	runIn(t, dir, "verify", "m")
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHostileFilesOfEveryFormat gives each format that import knows what exhausts a
// reader: nothing of it takes much of the processor, of memory or of the disk, and
// the record stays sound. A format without its arguments here fails the test.
func TestHostileFilesOfEveryFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some dozen processes")
	}
	mapping, err := os.ReadFile("../../examples/mappings/fires.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more := map[string][]string{"firms": {"--kind", "satellite"}, "missiontable": {"--kind", "mission"}, "native": {"--kind", "sensor"}, "notifications": {"--kind", "party"},
		"statements": {"--kind", "press"}, "table": {"--kind", "satellite", "--map", "map.yaml"}, "tally": {"--kind", "party", "--party", "A"}}
	dir := t.TempDir()
	write(t, dir, "map.yaml", mapping)
	runIn(t, dir, "init", "empty", "--open")
	many := func(text string, n int) []byte { return bytes.Repeat([]byte(text), n/len(text)) }
	files := map[string][]byte{
		"packed rows that are none":   packedMany(t, "x\n", 32<<20),
		"packed rows that are empty":  packedMany(t, "{}\n", 32<<20),
		"packed blank lines":          packedMany(t, "\n", 128<<20),
		"packed nothing":              packed(t, 1<<30),
		"packed commas":               packedMany(t, ",", 64<<20),
		"packed quotes":               packedMany(t, "\"\n", 32<<20),
		"gzip in gzip":                packed(t, 0, packed(t, 64<<20)...),
		"one row without end":         many("[", 16<<20),
		"a header of a million names": append(many("a,", 2<<20), '\n'),
		"deep JSON":                   []byte(strings.Repeat(`{"a":`, 100_000)),
		"deep YAML":                   []byte(strings.Repeat("- ", 100_000)),
		"bytes that are no text":      many("\xff\xfe\x00", 8<<20),
		"text that turns around":      []byte("\u202eid\u202c,\u2066x\u2069\n\u202e1,2\n"),
	}
	for _, f := range mission.Formats() {
		args, known := more[f.Name]
		if !known {
			t.Errorf("format %s is not tested", f.Name)
		}
		for name, data := range files {
			t.Run(f.Name+"/"+name, func(t *testing.T) {
				m := filepath.Join(t.TempDir(), "m")
				copied(t, filepath.Join(dir, "empty"), m)
				write(t, dir, "hostile", data)
				c := commandIn(dir, append(append([]string{"import", m, "--format", f.Name, "--source", "s", "--zone", "UTC"}, args...), "hostile")...)
				out, _ := c.CombinedOutput()
				usage := c.ProcessState.SysUsage().(*syscall.Rusage)
				spent, disk := time.Duration(usage.Utime.Nano()+usage.Stime.Nano()), folderBytes(t, m)
				if spent > 5*time.Second || usage.Maxrss>>10 > 512 || disk > 32<<20 || len(out) > 20_000 || bytes.Contains(out, []byte("goroutine ")) {
					t.Errorf("%v of processor, %d MiB of memory, %d MiB of disk: %.300s", spent, usage.Maxrss>>10, disk>>20, out)
				}
				if i := bytes.IndexAny(out, "\x1b\u202e\u2066"); i >= 0 {
					t.Errorf("it prints what turns text around: %q", out)
				}
				runIn(t, dir, "verify", m)
			})
		}
	}
}

// folderBytes is how much a folder takes.
func folderBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	if err := fs.WalkDir(os.DirFS(dir), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// zeroes are n bytes of nothing.
func zeroes(n int64) io.Reader { return io.LimitReader(nothing{}, n) }

type nothing struct{}

func (nothing) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// packed is content, or n bytes of nothing, packed by gzip.
func packed(t *testing.T, n int64, content ...byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, io.MultiReader(bytes.NewReader(content), zeroes(n))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packedMany is a text so often that it has n bytes, packed by gzip.
func packedMany(t *testing.T, text string, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	chunk := bytes.Repeat([]byte(text), 64<<10/len(text))
	for range n / len(chunk) {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// workbook is a spreadsheet of which one part is n bytes of blanks.
func workbook(t *testing.T, part string, n int64) []byte {
	t.Helper()
	const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":                relations + `<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": relations + `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>`,
	} {
		if name == part {
			continue
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := z.Create(part)
	if err == nil {
		_, err = io.Copy(w, zeroes(n))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// picture is the head of a PNG of side x side pixels, and nothing of them.
func picture(side uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), side)
	head = append(binary.BigEndian.AppendUint32(head, side), 16, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(b, head...), crc32.ChecksumIEEE(head))
}
