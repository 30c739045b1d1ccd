// SPDX-License-Identifier: Apache-2.0

//go:build linux

package mission

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// These benchmarks are the steps of one large mission; scripts/bench runs each
// in a process of its own, in order. They keep the mission in the folder that
// TRUCEWATCH_BENCH names, beside the built program.

const (
	loadRows    = 634_749 // of the six real files, and of those generated in their place
	loadFiles   = "../../shared/data/load/firms_*.csv.gz"
	loadMapping = "../examples/mappings/firms-archive.yaml"
)

// benchDir returns the folder of this run.
func benchDir(b *testing.B) string {
	dir := os.Getenv("TRUCEWATCH_BENCH")
	if dir == "" {
		b.Skip("skipped: run by scripts/bench")
	}
	return dir
}

// A meter takes wall time, processor time of this process, and its peak memory.
type meter struct {
	b    *testing.B
	wall time.Time
	cpu  time.Duration
}

func start(b *testing.B) meter { return meter{b: b, wall: time.Now(), cpu: cpuTime(b)} }

// rows reports a step that handled n rows; name tells a baseline from the step.
func (m meter) rows(name string, n int) {
	wall, cpu := time.Since(m.wall), cpuTime(m.b)-m.cpu
	m.b.ReportMetric(float64(n)/wall.Seconds(), name+"rows/s")
	m.b.ReportMetric(float64(n)/cpu.Seconds(), name+"rows/cpu-s")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportPeak reports the most memory that a process ever held, from its status
// file.
func reportPeak(b *testing.B, pid, name string) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(kib)/1024, name)
}

// loadInput returns the large input: the real files, or rows of the same shape.
func loadInput(b *testing.B, dir string) []string {
	names, err := filepath.Glob(loadFiles)
	if err != nil || len(names) > 0 {
		return names
	}
	name := filepath.Join(dir, "firms_generated.csv.gz")
	if _, err := os.Stat(name); err == nil {
		return []string{name}
	}
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	z := gzip.NewWriter(f)
	random := rand.New(rand.NewPCG(2026, 4))
	fmt.Fprintln(z, "latitude,longitude,acq_date")
	for i := range loadRows {
		day := time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*6*366/loadRows)
		fmt.Fprintf(z, "%.4f,%.4f,%s\n", 44+8*random.Float64(), 22+18*random.Float64(), day.Format(time.DateOnly))
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return []string{name}
}

// readAndHash is the baseline of every step: the least that anything must do.
func readAndHash(b *testing.B, names []string) {
	m := start(b)
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		var r io.Reader = f
		if strings.HasSuffix(name, ".gz") {
			if r, err = gzip.NewReader(f); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := io.Copy(sha256.New(), r); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
	m.rows("read+hash-", loadRows)
}

func filesBelow(b *testing.B, dir string) []string {
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return names
}

// BenchmarkLoad_record records all rows durably, as the command import does.
func BenchmarkLoad_record(b *testing.B) {
	dir := benchDir(b)
	folder := filepath.Join(dir, "load")
	names := loadInput(b, dir)
	readAndHash(b, names)
	mapping, err := os.ReadFile(loadMapping)
	if err != nil {
		b.Fatal(err)
	}
	options := intake.Options{}
	if options.Map, err = intake.ParseMapping(loadMapping, mapping); err != nil {
		b.Fatal(err)
	}
	format, err := FormatNamed("table")
	if err != nil {
		b.Fatal(err)
	}
	spec := &Spec{ID: "load", Title: "load", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30"}
	if err := Create(folder, spec, DirFS(), trucewatch.InstantOf(time.Now())); err != nil {
		b.Fatal(err)
	}
	m, err := Open(folder)
	if err != nil {
		b.Fatal(err)
	}
	meter := start(b)
	recorded := 0
	err = m.Write(func(w *Writer) error {
		for _, name := range names {
			options.File = name
			result, err := w.Import(Import{Format: format, Options: options, Path: name})
			if err != nil {
				return err
			}
			recorded += int(result.Recorded)
		}
		return nil
	})
	if err != nil || recorded != loadRows {
		b.Fatalf("recorded %d rows of %d: %v", recorded, loadRows, err)
	}
	meter.rows("", recorded)
	reportPeak(b, "self", "peak-MiB")
}

// BenchmarkLoad_replay folds the record that was made from the same rows.
func BenchmarkLoad_replay(b *testing.B) {
	folder := filepath.Join(benchDir(b), "load")
	readAndHash(b, filesBelow(b, filepath.Join(folder, "record")))
	meter := start(b)
	if _, err := Open(folder); err != nil {
		b.Fatal(err)
	}
	meter.rows("", loadRows)
	reportPeak(b, "self", "peak-MiB")
}

// BenchmarkLoad_index fills the index of one audience from a folded mission.
func BenchmarkLoad_index(b *testing.B) {
	folder := filepath.Join(benchDir(b), "load")
	k, err := openKeeper(folder, trucewatch.ForMission)
	if err != nil {
		b.Fatal(err)
	}
	if k.m, err = OpenFunc(folder, k.hear); err != nil {
		b.Fatal(err)
	}
	meter := start(b)
	if err := k.show(); err != nil {
		b.Fatal(err)
	}
	meter.rows("", loadRows)
	reportPeak(b, "self", "peak-MiB")
	if err := k.close(); err != nil {
		b.Fatal(err)
	}
}

// A plainRow is a row of the index's table of incidents, as bytes.
type plainRow struct {
	row, id, kind          int64
	region, body, selector []byte
}

// BenchmarkLoad_plain puts the bytes that the index holds of each incident into
// tables without constraint or index: SQLite's own bulk insert of the same rows.
func BenchmarkLoad_plain(b *testing.B) {
	dir := benchDir(b)
	from, err := sql.Open("sqlite", filepath.Join(dir, "load", "index", string(trucewatch.ForMission), "index.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	to, err := sql.Open("sqlite", filepath.Join(dir, "plain.db")+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	to.SetMaxOpenConns(1)
	for _, table := range []string{"incident (row INTEGER PRIMARY KEY, id, kind, region, body)", "spot (row INTEGER PRIMARY KEY, packed)"} {
		if _, err := to.Exec("CREATE TABLE " + table); err != nil {
			b.Fatal(err)
		}
	}
	// Reading is not part of the figure, so rows come in portions.
	const portion = 10_000
	total := 0
	var wall, cpu time.Duration
	for last := int64(-1); ; {
		rows := readPlain(b, from, last, portion)
		if len(rows) == 0 {
			break
		}
		last = rows[len(rows)-1].row
		total += len(rows)
		m := start(b)
		insertPlain(b, to, rows)
		wall, cpu = wall+time.Since(m.wall), cpu+cpuTime(b)-m.cpu
	}
	b.ReportMetric(float64(total), "incidents")
	b.ReportMetric(float64(total)/wall.Seconds(), "incidents/s")
	b.ReportMetric(float64(total)/cpu.Seconds(), "incidents/cpu-s")
}

func readPlain(b *testing.B, db *sql.DB, after int64, most int) []plainRow {
	rows, err := db.Query("SELECT i.row, i.id, i.kind, i.region, i.body, s.packed FROM incident i JOIN spot s ON s.row = i.row WHERE i.row > ? ORDER BY i.row LIMIT ?", after, most)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var out []plainRow
	for rows.Next() {
		var r plainRow
		if err := rows.Scan(&r.row, &r.id, &r.kind, &r.region, &r.body, &r.selector); err != nil {
			b.Fatal(err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return out
}

func insertPlain(b *testing.B, db *sql.DB, rows []plainRow) {
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	incident, err := tx.Prepare("INSERT INTO incident VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	spot, err := tx.Prepare("INSERT INTO spot VALUES (?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range rows {
		if _, err := incident.Exec(r.row, r.id, r.kind, r.region, r.body); err != nil {
			b.Fatal(err)
		}
		if _, err := spot.Exec(r.row, r.selector); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// views are the map views that are asked for, warm.
var views = []struct{ name, address string }{
	{"whole", "/api/v1/m/load/map"},
	{"region", "/api/v1/m/load/map?bbox=36,47,39,49.5"},
	{"street", "/api/v1/m/load/map?bbox=37.7,48,37.9,48.1"},
	{"day", "/api/v1/m/load/map?from=2019-08-01&till=2019-08-01"},
	{"kind", "/api/v1/m/load/map?kind=thermal_anomaly"},
	{"page", "/m/load/map"},
	{"page-region", "/m/load/map?bbox=36,47,39,49.5"},
	{"page-day", "/m/load/map?from=2019-08-01&till=2019-08-01"},
}

// BenchmarkLoad_serve starts the built program on the mission: how soon the
// first page comes, how long map views take, and what it says without an index.
func BenchmarkLoad_serve(b *testing.B) {
	dir := benchDir(b)
	s := startServer(b, dir)
	took, _ := s.first(b, "/m/load/")
	b.ReportMetric(took.Seconds(), "first-page-s")
	reportPeak(b, s.pid(), "first-page-MiB")
	s.settle(b)
	b.ReportMetric(time.Since(s.began).Seconds(), "folded-s")
	reportPeak(b, s.pid(), "folded-MiB")
	s.quiet(b)
	for _, v := range views {
		before := s.cpu(b)
		times := s.times(b, v.address, 40)
		b.ReportMetric((s.cpu(b)-before).Seconds()*1000/41, v.name+"-cpu-ms")
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, v.name+"-p50-ms")
		b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, v.name+"-max-ms")
	}
	s.stop(b)

	index := filepath.Join(dir, "load", "index")
	if err := os.Rename(index, index+".aside"); err != nil {
		b.Fatal(err)
	}
	s = startServer(b, dir)
	took, page := s.first(b, "/m/load/")
	b.ReportMetric(took.Seconds(), "no-index-first-page-s")
	b.Logf("without an index the page says: %s", page)
	s.settle(b)
	b.ReportMetric(time.Since(s.began).Seconds(), "no-index-rebuilt-s")
	reportPeak(b, s.pid(), "no-index-MiB")
	s.stop(b)
}

// A process is a running server.
type process struct {
	cmd   *exec.Cmd
	began time.Time
	base  string // address of its root
}

func startServer(b *testing.B, dir string) *process {
	s := &process{cmd: exec.Command(filepath.Join(dir, "trucewatch"), "serve", filepath.Join(dir, "load"), "--listen", "127.0.0.1:0"), began: time.Now()}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(line, "http://")
	s.base, _, _ = strings.Cut("http://"+rest, "/ ")
	return s
}

func (s *process) pid() string { return fmt.Sprint(s.cmd.Process.Pid) }

// get returns an answer of the server.
func (s *process) get(b *testing.B, address string) (status int, body string) {
	answer, err := http.Get(s.base + address)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// first returns how long after its start the server answered for the first time,
// and what.
func (s *process) first(b *testing.B, address string) (time.Duration, string) {
	status, page := s.get(b, address)
	took := time.Since(s.began)
	_, page, _ = strings.Cut(page, "<main")
	_, page, _ = strings.Cut(page, ">")
	page, _, _ = strings.Cut(page, "</main>")
	return took, fmt.Sprintf("%d %.300s", status, strings.Join(strings.Fields(page), " "))
}

// settle waits until the server has folded the record: then its stream says how
// many entries there are.
func (s *process) settle(b *testing.B) {
	answer, err := http.Get(s.base + "/m/load/live")
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			return
		}
	}
	b.Fatal("the server never said how many entries there are")
}

// quiet waits until the server has nothing to do: it checks its index after the
// fold.
func (s *process) quiet(b *testing.B) {
	for before := s.cpu(b); ; {
		time.Sleep(time.Second)
		now := s.cpu(b)
		if now-before <= 20*time.Millisecond {
			return
		}
		before = now
	}
}

// cpu returns the processor time that the server has used.
func (s *process) cpu(b *testing.B) time.Duration {
	stat, err := os.ReadFile("/proc/" + s.pid() + "/stat")
	if err != nil {
		b.Fatal(err)
	}
	// After the name in parentheses, fields 3 and on of proc(5): utime is the
	// 14th, stime the 15th, in hundredths of a second.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// times returns how long a view took, n times, sorted.
func (s *process) times(b *testing.B, address string, n int) []time.Duration {
	var took []time.Duration
	for range n + 1 {
		began := time.Now()
		if status, body := s.get(b, address); status != http.StatusOK {
			b.Fatalf("%s: %d %.200s", address, status, body)
		}
		took = append(took, time.Since(began))
	}
	took = took[1:] // the first is not warm
	slices.Sort(took)
	return took
}

func (s *process) stop(b *testing.B) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}
