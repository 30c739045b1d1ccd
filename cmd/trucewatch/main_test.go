// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

func TestMain(m *testing.M) { testscript.Main(tidy{m}, map[string]func(){"trucewatch": main}) }

// tidy removes the example missions after the tests.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	code := m.M.Run()
	if demoDir != "" {
		os.RemoveAll(demoDir)
	}
	return code
}

// TestScript runs one script a command. The missions in them are copies of the
// four examples, loaded once.
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	agreements, err := filepath.Abs("../../agreement/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples)
			e.Setenv("AGREEMENTS", agreements)
			e.Setenv("PORT", busyPort(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "mission": cmdMission, "flip": cmdFlip, "cut": cmdCut, "generate": cmdGenerate, "same": cmdSame,
			"count": cmdCount, "agrees": cmdAgrees, "picture": cmdPicture, "code": cmdCode,
		},
	})
}

var demoDir string

// demo returns a folder with the four example missions. Scripts must not write
// into it.
var demo = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trucewatch-test-")
	if err != nil {
		return "", err
	}
	demoDir = dir
	var out, errs bytes.Buffer
	if code := run([]string{"demo", "--no-serve", "--dir", dir}, terminal{strings.NewReader(""), &out, &errs}); code != exitOK {
		return "", fmt.Errorf("demo ended with %d: %s", code, errs.String())
	}
	return dir, nil
})

// busyPort returns an address on this machine that is taken while the test
// runs.
func busyPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// cmdExits runs a command that must end with the given code:
//
//	exits 2 trucewatch verify m
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT...]")
	}
	code := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

var verificationCode = regexp.MustCompile(`TW(-[0-9A-Z]{4}){5}`)

// cmdCode puts the verification code of a report into $CODE: code report.html
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: code FILE")
	}
	code := verificationCode.FindString(ts.ReadFile(args[0]))
	if code == "" {
		ts.Fatalf("%s has no verification code", args[0])
	}
	ts.Setenv("CODE", code)
}

// cmdMission copies an example mission: mission geneva-2026 m
func cmdMission(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mission EXAMPLE DIR")
	}
	dir, err := demo()
	ts.Check(err)
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(filepath.Join(dir, args[0]))))
}

// one returns the one file that a pattern names.
func one(ts *testscript.TestScript, pattern string) string {
	names, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("%s names %d files, not one", pattern, len(names))
	}
	return names[0]
}

// cmdFlip inverts the byte at an offset; counted from the end if it is negative.
func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	name := one(ts, args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 0xff
	ts.Check(os.WriteFile(name, data, 0o600))
}

// cmdCut shortens a file by a number of bytes.
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	name := one(ts, args[0])
	info, err := os.Stat(name)
	ts.Check(err)
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(name, info.Size()-n))
}

// cmdSame compares two files that other commands wrote.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if (ts.ReadFile(args[0]) == ts.ReadFile(args[1])) == neg {
		ts.Fatalf("%s and %s: same is %v", args[0], args[1], neg)
	}
}

// cmdCount holds a file to a number of lines that contain a text.
func cmdCount(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[2])) {
		if strings.Contains(line, args[1]) {
			n++
		}
	}
	if n != want {
		ts.Fatalf("%d lines with %q, want %d", n, args[1], want)
	}
}

// cmdAgrees says that every file named contains a text.
func cmdAgrees(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args[1:] {
		if strings.Contains(ts.ReadFile(name), args[0]) == neg {
			ts.Fatalf("%s: holds %q is %v", name, args[0], neg)
		}
	}
}

// cmdGenerate writes what is too long or too broken for a script.
func cmdGenerate(ts *testscript.TestScript, neg bool, args []string) {
	row := func(id, rest string) string {
		return `{"native_id":"` + id + `","kind":"explosion","description":"impact","means":"heard","count":{"value":1,"qualifier":"exact"},` +
			`"where":{"region":{"kind":"ellipse","center":{"lat_e7":-460000000,"lon_e7":-1270000000},"semi_major_mm":100000,"semi_minor_mm":100000}},` +
			`"when":{"from":"2025-04-11T20:00:00Z","till":"2025-04-11T20:01:00Z"}` + rest + "}\n"
	}
	var text string
	switch args[0] {
	case "long": // a good row, one over 1 MiB, and another good one
		text = row("first", "") + row("long", `,"text":"`+strings.Repeat("x", 2<<20)+`"`) + row("last", "")
	case "utf8":
		text = row("first", "") + row("broken", ",\"text\":\"\xff\xfe\"") + row("last", "")
	default:
		ts.Fatalf("generate: %s is not known", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}
