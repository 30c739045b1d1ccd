// SPDX-License-Identifier: Apache-2.0

//go:build soak

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
)

// What a soak sends. Guess: eight devices that hand in ten bodies of ten rows at a
// time are a small mission's bad hour. Test: the rate that the door reaches.
const (
	soakDevices = 8
	soakBodies  = 10
	soakRows    = 10
)

// soakGrowthPPM is how much more memory a row may cost in the last third of a
// soak than in the second, in parts per million: what is held for each row is the
// state itself, and a leak beside it shows as more.
//
// Guess: half as much again, as the collector lets the heap double. Test: the
// series that a soak prints.
const soakGrowthPPM = 1_500_000

// A soaked server runs under writers and readers.
type soaked struct {
	t      *testing.T
	dir    string
	server *exec.Cmd
	pages  string
	door   string
	origin string
	acked  atomic.Int64 // rows
	again  atomic.Int64 // requests that were told to come again
	pulled atomic.Int64 // pages read
	done   chan struct{}
	perSec int // rows a second that each device says at most; 0: what the door takes
}

// TestSoak serves a sealed mission while devices hand in what they signed and
// people read, for as long as TRUCEWATCH_SOAK says, such as 30m: each row that
// was acknowledged is in the record once, and memory grows by what the rows take
// and no more. TRUCEWATCH_SOAK_RATE bounds the rows a second.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("TRUCEWATCH_SOAK"))
	if err != nil {
		t.Fatalf("TRUCEWATCH_SOAK: %v", err)
	}
	rate, _ := strconv.Atoi(os.Getenv("TRUCEWATCH_SOAK_RATE"))
	s := &soaked{t: t, dir: filepath.Join(t.TempDir(), "live"), done: make(chan struct{}), perSec: rate / soakDevices}
	mustRun(t, "init", s.dir)
	m, err := mission.Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.origin = m.Origin()
	var keys []ed25519.PrivateKey
	for i := range soakDevices {
		seed := sha256.Sum256(fmt.Append(nil, "soak", i))
		key := ed25519.NewKeyFromSeed(seed[:])
		keys = append(keys, key)
		mustRun(t, "key", "register", s.dir, hex.EncodeToString(key.Public().(ed25519.PublicKey)), "--role", "device", "--source", fmt.Sprint("mic-", i), "--name", fmt.Sprint("mic ", i))
	}
	s.start()
	var all sync.WaitGroup
	for i, key := range keys {
		all.Go(func() { s.send(i, key) })
	}
	all.Go(s.read)
	series := s.watch(length)
	close(s.done)
	all.Wait()
	if err := s.server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Wait(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	recorded, acked := signedRows(t, s.dir), s.acked.Load()
	fmt.Fprintf(t.Output(), "%d rows acknowledged, %d recorded, %d lost; %.0f a second\n", acked, recorded, acked-recorded, float64(acked)/length.Seconds())
	if recorded != acked {
		t.Errorf("%d rows are recorded, and %d were acknowledged", recorded, acked)
	}
	mustRun(t, "verify", s.dir)
	s.judge(series)
}

// start runs the program and finds its addresses.
func (s *soaked) start() {
	s.server = program("serve", s.dir, "--listen", "127.0.0.1:0", "--intake", "127.0.0.1:0", "--log", "json")
	out, err := s.server.StdoutPipe()
	if err == nil {
		err = s.server.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.server.Process.Kill() })
	said := make([]byte, 0, 1000)
	for piece := make([]byte, 500); !bytes.Contains(said, []byte("Ctrl-C")); {
		n, err := out.Read(piece)
		if said = append(said, piece[:n]...); err != nil {
			s.t.Fatalf("%v: %s", err, said)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.door = string(regexp.MustCompile(`bodies on (http://[^/]*)/`).FindSubmatch(said)[1])
	s.pages = string(regexp.MustCompile(`view on (http://[^/]*)/`).FindSubmatch(said)[1])
}

// send hands in bodies of one device until the soak is done; what was not
// acknowledged it sends again.
func (s *soaked) send(device int, key ed25519.PrivateKey) {
	var sequence uint64
	var previous trucewatch.Hash
	begun, sent := time.Now(), 0
	for row := 0; ; {
		select {
		case <-s.done:
			return
		default:
		}
		var bodies []mission.Submission
		for range soakBodies {
			var rows []trucewatch.Observation
			for range soakRows {
				rows = append(rows, soakRow(device, row))
				row++
			}
			source := trucewatch.Source{ID: trucewatch.SourceID(fmt.Sprint("mic-", device)), Kind: trucewatch.SensorSource}
			salt := sha256.Sum256(fmt.Append(nil, device, row))
			body := trucewatch.Encode(trucewatch.Body{Version: 1, Salt: salt[:trucewatch.SaltBytes], Log: s.origin, Type: trucewatch.ObservationsEntry, Key: keyring.ID(key.Public().(ed25519.PublicKey)), Sequence: sequence,
				Previous: previous, Payload: trucewatch.Payload{Observations: &trucewatch.Batch{Source: source, Observations: rows}}})
			sequence, previous = sequence+1, sha256.Sum256(body)
			bodies = append(bodies, mission.Submission{Body: body, Signatures: []trucewatch.Signature{keyring.Sign(key, body)}})
		}
		s.post(mission.EncodeSubmissions(bodies))
		if sent += soakBodies * soakRows; s.perSec > 0 {
			time.Sleep(time.Until(begun.Add(time.Duration(sent) * time.Second / time.Duration(s.perSec))))
		}
	}
}

// soakE7 is how far a device's rows lie from each other, in 1e-7 degree: far enough
// that no two belong together. A soak is of the door, the record, the fold and the
// pages; what a carpet of fire costs to associate is for the benchmarks.
// TRUCEWATCH_SOAK_DENSE=1 sets them 200 m apart all the same.
func soakE7() int32 {
	if os.Getenv("TRUCEWATCH_SOAK_DENSE") != "" {
		return 20_000
	}
	return 200_000
}

// soakRow is a device's row, of a minute ago.
func soakRow(device, row int) trucewatch.Observation {
	at := trucewatch.InstantOf(time.Now().Add(-time.Minute)) + trucewatch.Instant(row%soakRows)
	step := soakE7()
	where := geo.Position{LatE7: -460_000_000 + int32(device)*1_000_000 + int32(row%977)*step, LonE7: -1_270_000_000 + int32(row%1009)*step}
	return trucewatch.Observation{Key: sha256.Sum256(fmt.Append(nil, "soak", device, row)), NativeID: fmt.Sprintf("%d-%d", device, row), Kind: trucewatch.Explosion,
		Means: trucewatch.Acoustic, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}, Where: trucewatch.Place{Region: geo.Circle(where, 100_000)},
		When: trucewatch.Interval{From: at, Till: at + trucewatch.Second}}
}

// post hands in a request until it is acknowledged.
func (s *soaked) post(request []byte) {
	for {
		response, err := http.Post(s.door+"/live/submissions", "application/cbor", bytes.NewReader(request))
		if err != nil {
			s.t.Error(err)
			return
		}
		var a struct{ Recorded []mission.Recorded }
		err = json.NewDecoder(response.Body).Decode(&a)
		response.Body.Close()
		switch {
		case response.StatusCode == http.StatusOK && err == nil && len(a.Recorded) == soakBodies:
			s.acked.Add(soakBodies * soakRows)
			return
		case response.StatusCode == http.StatusTooManyRequests, response.StatusCode == http.StatusServiceUnavailable:
			s.again.Add(1)
			wait, _ := strconv.Atoi(response.Header.Get("Retry-After"))
			time.Sleep(time.Duration(max(wait, 1)) * time.Second)
		default:
			s.t.Errorf("the door answered %d, %v, %d recorded", response.StatusCode, err, len(a.Recorded))
			return
		}
	}
}

// read opens pages as people do, one after the other.
func (s *soaked) read() {
	for i := 0; ; i++ {
		select {
		case <-s.done:
			return
		case <-time.After(200 * time.Millisecond):
		}
		page := []string{"/", "/live/", "/live/incidents", "/live/findings", "/live/cases"}[i%5]
		response, err := http.Get(s.pages + page)
		if err != nil {
			s.t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			s.t.Errorf("%s: %d", page, response.StatusCode)
		}
		s.pulled.Add(1)
	}
}

// A mark is what a soak measured at one time.
type mark struct {
	after time.Duration
	rows  int64
	rss   int64 // bytes
}

// watch measures sixty times.
func (s *soaked) watch(length time.Duration) []mark {
	var series []mark
	begun := time.Now()
	for i := range 60 {
		time.Sleep(time.Until(begun.Add(length * time.Duration(i+1) / 60)))
		at := mark{time.Since(begun).Round(time.Second), s.acked.Load(), residentBytes(s.t, s.server.Process.Pid)}
		series = append(series, at)
		if i%6 == 5 {
			fmt.Fprintf(s.t.Output(), "%v: %d rows acknowledged, %d MB resident, %d pages, %d told to come again\n", at.after, at.rows, at.rss>>20, s.pulled.Load(), s.again.Load())
		}
	}
	return series
}

func residentBytes(t *testing.T, pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	var kB int64
	if _, err := fmt.Sscan(line, &kB); err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// judge compares what a row cost in the last third with what it cost in the one before.
func (s *soaked) judge(series []mark) {
	third := len(series) / 3
	perRow := func(from, till mark) int64 { return (till.rss - from.rss) / max(till.rows-from.rows, 1) }
	second, last := perRow(series[third-1], series[2*third-1]), perRow(series[2*third-1], series[len(series)-1])
	fmt.Fprintf(s.t.Output(), "bytes of memory a row: %d in the second third, %d in the last; memory grew %.1f MB a minute over both\n", second, last, slopeMBMinute(series[third-1:]))
	if last*1_000_000 > max(second, 1)*soakGrowthPPM {
		s.t.Errorf("a row costs %d bytes of memory in the last third of the soak, %d in the one before", last, second)
	}
}

// slopeMBMinute is the slope of the line of least squares through memory over time.
func slopeMBMinute(series []mark) float64 {
	var t, m, tt, tm float64
	n := float64(len(series))
	for _, at := range series {
		x, y := at.after.Minutes(), float64(at.rss)/(1<<20)
		t, m, tt, tm = t+x, m+y, tt+x*x, tm+x*y
	}
	return (n*tm - t*m) / (n*tt - t*t)
}
