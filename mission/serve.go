// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/internal/trace"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/publish/api"
	"github.com/trucewatch/trucewatch/publish/web"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// pollEvery is how often a server looks for new entries. Guess: a writer signs
// once a second, so looking more often shows nothing sooner. Test: the live page
// during an import.
const pollEvery = time.Second

// Limits of the HTTP server. Guess: pages are small and answers quick; the
// write timeout stays zero because live streams do not end. Test: a slow client.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// ErrNotAlone says that an address other machines can reach was asked for a
// view that only this machine may see.
var ErrNotAlone = errors.New("mission: serve: without sign-in, the mission's own view is served to this machine only; serve --audience public on other addresses")

// A Server serves missions to one audience.
type Server struct {
	Audience trucewatch.Audience
	Hosts    []string // names, besides those of this machine, under which it may be asked
	Log      *slog.Logger
	Version  string
	// Sent is the listener for Records, nil if the records are not given out.
	Sent net.Listener
	// Holders may be given boxes there.
	Holders mirror.Holders
	// Door is the listener at which signed bodies are taken in, nil if none are.
	Door       net.Listener
	DoorLimits DoorLimits
	// Operations is the listener for figures and health, nil if nobody asks.
	Operations net.Listener
	// Spans gets a line for each step of what is done; nil if nobody follows them.
	Spans  *slog.Logger
	served []*served
}

// A served mission shows what its index holds while its record is folded.
type served struct {
	dir     string
	id      string
	log     *slog.Logger
	spans   *slog.Logger // nil if nobody follows what is done
	keeper  *keeper
	feed    *feed
	door    *Door // nil if nothing is taken in
	figures *figures
	trouble trouble

	mu     sync.Mutex // guards what follows, and the mission in keeper
	folded bool
	listed listing // what list was made from

	sent atomic.Uint64 // size of the checkpoint that others than the mission have seen

	listMu   sync.Mutex // guards what follows: a page must not wait for a fold or a report
	list     []string   // days of issue of the reports shown
	cosigner *Cosigner  // nil while nobody co-signs
}

// A listing is where the mission stood when the list of its reports was made.
type listing struct {
	cutOffs int
	entries uint64
	at      time.Time
}

// listEvery is how often the list of reports is made anew while entries come
// in; with a new cut-off it is made at once. Guess: a list of some years of
// silence takes a second. Test: the time of keeper.dates.
const listEvery = time.Minute

// listReports brings the list of reports to where the index stands.
func (sv *served) listReports() {
	now := listing{cutOffs: len(sv.keeper.m.state.CutOffs()), at: time.Now()}
	now.entries, _ = sv.keeper.index.At()
	if now.cutOffs == sv.listed.cutOffs && (now.entries == sv.listed.entries || now.at.Sub(sv.listed.at) < listEvery) {
		return
	}
	list, err := sv.keeper.dates()
	if err != nil {
		sv.log.Error("reports cannot be listed", "mission", sv.id, "error", err)
		return
	}
	sv.listed = now
	sv.listMu.Lock()
	sv.list = list
	sv.listMu.Unlock()
}

// Add opens a mission for serving. Its index is shown from the first moment if
// there is one; Run folds the record.
func (s *Server) Add(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "record")); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %s has no record (make one with init)", ErrNoMission, dir)
	} else if err != nil {
		return fmt.Errorf("mission: serve: %w", err)
	}
	k, err := openKeeper(dir, s.Audience)
	if errors.Is(err, durable.ErrLocked) {
		return fmt.Errorf("mission: serve %s: it is being served already: %w", dir, err)
	}
	if err != nil {
		return err
	}
	id, err := nameOf(dir)
	if err != nil {
		return errors.Join(err, k.close())
	}
	sv := &served{dir: dir, id: id, log: s.Log, spans: s.Spans, keeper: k, feed: newFeed(), figures: newFigures(id)}
	k.flushed = sv.figures.flushed
	if s.Door != nil {
		sv.door = NewDoor(s.DoorLimits)
	}
	for _, other := range s.served {
		if other.id == sv.id {
			return errors.Join(fmt.Errorf("mission: serve: two missions named %s, in %s and %s", sv.id, other.dir, dir), k.close())
		}
	}
	s.served = append(s.served, sv)
	return nil
}

// nameOf returns the mission's identifier, or the folder's name while its record
// cannot be read: what its index holds is shown all the same.
func nameOf(dir string) (string, error) {
	if m := beginning(dir); m != nil {
		return m.state.Genesis().Mission, nil
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("mission: serve: %w", err)
	}
	return filepath.Base(whole), nil
}

// Listen takes the address for serving an audience, or says why it cannot be.
func Listen(address string, a trucewatch.Audience) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("mission: serve: %w", err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); a != trucewatch.ForPublic && (!ok || !at.IP.IsLoopback()) {
		return nil, errors.Join(ErrNotAlone, listener.Close())
	}
	return listener, nil
}

// Run serves on the address until the context ends. Ready is called with the
// address once requests are answered.
func (s *Server) Run(ctx context.Context, address string, ready func(net.Addr)) error {
	listener, err := Listen(address, s.Audience)
	if err != nil {
		return err
	}
	return s.Serve(ctx, listener, ready)
}

// Serve is Run on a listener that Listen made. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, ready func(net.Addr)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	var work sync.WaitGroup
	if s.Sent != nil {
		records, err := s.Records()
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		others := &http.Server{Handler: trace.Handler(s.Spans, "give record", records), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: readTimeout, IdleTimeout: idleTimeout}
		work.Go(func() {
			if err := others.Serve(s.Sent); !errors.Is(err, http.ErrServerClosed) {
				s.Log.Error("the record is not given out any more", "error", err)
			}
		})
		context.AfterFunc(ctx, func() { others.Close() })
	}
	if err := s.serveBeside(ctx, &work); err != nil {
		return errors.Join(err, listener.Close())
	}
	for _, sv := range s.served {
		work.Go(func() { sv.run(ctx) })
	}
	context.AfterFunc(ctx, func() {
		// Live streams end with ctx; what still runs after a moment is cut.
		stop, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		if server.Shutdown(stop) != nil {
			server.Close()
		}
	})
	if ready != nil {
		ready(listener.Addr())
	}
	err := server.Serve(listener)
	cancel()
	work.Wait()
	for _, sv := range s.served {
		err = errors.Join(err, sv.keeper.close())
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// serveBeside starts what is served at addresses of its own: figures, and the door.
func (s *Server) serveBeside(ctx context.Context, work *sync.WaitGroup) error {
	if s.Operations != nil {
		figures, err := operations.Handler(s.Version, s.health, s.collectors()...)
		if err != nil {
			return err
		}
		work.Go(func() { operations.Serve(ctx, s.Operations, figures, s.Log) })
	}
	if s.Door != nil {
		taken := &http.Server{Handler: trace.Handler(s.Spans, "submission", s.intake()), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
			ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn)}
		work.Go(func() {
			if err := taken.Serve(netutil.LimitListener(s.Door, doorConnections)); !errors.Is(err, http.ErrServerClosed) {
				s.Log.Error("nothing is taken in any more", "error", err)
			}
		})
		context.AfterFunc(ctx, func() { taken.Close() })
	}
	return nil
}

// Handler answers requests for all missions added.
func (s *Server) Handler() http.Handler {
	var pages []web.Mission
	var stores []api.Mission
	for _, sv := range s.served {
		page := web.Mission{ID: sv.id, Store: sv.store, Report: sv.report, Dates: sv.dates, Places: placesOf(sv.dir, s.Audience)}
		if s.Audience == trucewatch.ForMission {
			page.Vouch = sv.vouching
			page.Live = sv.feed // that something comes in, and when, is for the operations room
		}
		pages = append(pages, page)
		stores = append(stores, api.Mission{ID: sv.id, Store: func() (api.Store, bool) { return sv.store() }})
	}
	data := api.New(stores, api.Options{Audience: s.Audience, Log: s.Log, Explain: explain, Languages: judge.Languages(), Contrast: judge.Contrast})
	return web.New(pages, web.Options{Audience: s.Audience, Hosts: s.Hosts, API: data, Version: s.Version, Log: s.Log,
		Explain: explain, Languages: judge.Languages(), Contrast: judge.Contrast})
}

// explain writes a finding as those who read it may see it: what was taken from it
// before is not in it.
func explain(f *trucewatch.Finding, language string) (paragraph string, tree []string) {
	return judge.Explain(f, language), judge.Tree(f, language)
}

func (sv *served) store() (web.Store, bool) {
	entries, _ := sv.keeper.index.At()
	return sv.keeper.index, entries > 0
}

// run folds the record, then follows it, and records ticks that are due.
func (sv *served) run(ctx context.Context) {
	// The first question reads what every page needs of the index. The fold would
	// take the processor from it, and the first page would wait.
	if _, err := sv.keeper.index.Header(); err != nil {
		sv.log.Error("index cannot be read", "mission", sv.id, "error", err)
	}
	sv.mu.Lock()
	err := sv.keeper.fold(sv.dir)
	if sv.folded = err == nil; sv.folded {
		sv.listReports()
	}
	sv.mu.Unlock()
	if err != nil {
		sv.trouble.set("the record cannot be folded: " + err.Error())
		sv.log.Error("mission cannot be folded: what is shown stays as it was", "mission", sv.id, "error", err)
		return
	}
	sv.lookAtGuard()
	sv.feed.publish(sv.keeper.m.state.Next())
	var check sync.WaitGroup
	defer check.Wait()
	check.Go(func() {
		if err := sv.keeper.index.Check(ctx); err != nil && ctx.Err() == nil {
			sv.trouble.set("the index is not sound: " + err.Error())
			sv.log.Error("index is not sound", "mission", sv.id, "error", err)
		}
	})
	if sv.keeper.audience == trucewatch.ForMission {
		check.Go(func() { sv.cosign(ctx) })
	}
	if sv.door != nil {
		sv.mu.Lock()
		sv.door.Learn(sv.keeper.m)
		sv.mu.Unlock()
		check.Go(func() { sv.takeIn(ctx) })
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			sv.feed.close()
			return
		case <-tick.C:
			sv.lookAtGuard()
			err := sv.follow()
			if sv.trouble.follow(err); err != nil {
				sv.log.Error("mission cannot be followed: trying again", "mission", sv.id, "error", err)
			}
		}
	}
}

// follow records due ticks, folds what others recorded, and shows it.
func (sv *served) follow() error {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	m := sv.keeper.m
	if _, err := sv.catchUp(); errors.Is(err, ErrAhead) {
		// An earlier tick could not be written. Nobody saw what was folded: the
		// index is brought up to date only after a write.
		defer sv.listReports()
		return sv.keeper.fold(sv.dir)
	} else if err != nil {
		return err
	}
	now := trucewatch.InstantOf(time.Now())
	if at, _ := m.nextTick(); m.state.Genesis().Mode != trucewatch.Reenacted && at <= now {
		err := m.Write(func(w *Writer) error { return w.Tick(now) })
		if err != nil && !errors.Is(err, record.ErrLocked) { // whoever writes now records the ticks
			return err
		}
	}
	// Not what was folded just now: an earlier call may have failed after folding.
	if entries, _ := sv.keeper.index.At(); entries == m.state.Next() {
		sv.listReports() // entries of the last minute
		return nil
	}
	if err := sv.keeper.show(); err != nil {
		return err
	}
	sv.listReports()
	sv.feed.publish(m.state.Next())
	return nil
}

// cosign has the record co-signed while its policy says by whom.
func (sv *served) cosign(ctx context.Context) {
	for ctx.Err() == nil {
		sv.mu.Lock()
		m := sv.keeper.m
		policy := m.Policy()
		var c *Cosigner
		var err error
		if m.state.Genesis().Mode != trucewatch.Reenacted {
			c, err = NewCosigner(m, sv.log)
		}
		sv.mu.Unlock()
		if err != nil {
			sv.log.Error("record cannot be co-signed", "mission", sv.id, "error", err)
		}
		if c == nil {
			sv.sendAlone()
			sv.pause(ctx)
			continue
		}
		sv.sent.Store(c.sent())
		sv.setCosigner(c)
		beats, stop := context.WithCancel(ctx)
		witness.Cadence(beats, c.Every(), func(at time.Time) {
			changed, err := sv.beat(beats, c, policy, at)
			if sv.trouble.send(err); err != nil {
				sv.log.Error("checkpoint was not sent out", "mission", sv.id, "error", err)
			} else if changed {
				stop()
			}
		})
		stop()
		sv.setCosigner(nil)
		if err := c.Close(); err != nil {
			sv.log.Error("co-signing did not end well", "mission", sv.id, "error", err)
		}
	}
}

// pause waits until the server looks again.
func (sv *served) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(pollEvery):
	}
}

// beat sends one checkpoint out, and says whether the policy is another one by now.
func (sv *served) beat(ctx context.Context, c *Cosigner, policy *trucewatch.Policy, at time.Time) (changed bool, err error) {
	ctx, end := sv.begin(ctx, "beat")
	defer func() { end(err, "size", c.sent()) }()
	sv.mu.Lock()
	m := sv.keeper.m
	if m.Policy() != policy || c.outdated() {
		sv.mu.Unlock()
		return true, nil
	}
	_, signed := trace.Begin(ctx, "sign")
	err = m.Write(func(w *Writer) error {
		if err := w.Tick(w.Stamp()); err != nil {
			return err
		}
		return c.Prepare(w)
	})
	signed(err)
	sv.mu.Unlock()
	if err != nil && !errors.Is(err, record.ErrLocked) { // whoever writes now signs; that is sent
		return false, err
	}
	err = c.Send(ctx, at)
	sv.sent.Store(c.sent())
	return false, err
}

// begin begins a span of what is done for this mission.
func (sv *served) begin(ctx context.Context, name string) (context.Context, func(error, ...any)) {
	if sv.spans != nil {
		ctx = trace.With(ctx, sv.spans.With("mission", sv.id))
	}
	return trace.Begin(ctx, name)
}

// sendAlone shows the last checkpoint of a record that nobody co-signs.
func (sv *served) sendAlone() {
	verifier, err := onDisk(sv.dir).logVerifier()
	if err == nil {
		var signed record.Checkpoint
		if signed, err = record.ReadCheckpoint(filepath.Join(sv.dir, "record"), verifier); err == nil {
			sv.sent.Store(signed.Size)
			return
		}
	}
	sv.log.Error("no checkpoint can be shown", "mission", sv.id, "error", err)
}

func (sv *served) setCosigner(c *Cosigner) {
	sv.listMu.Lock()
	sv.cosigner = c
	sv.listMu.Unlock()
}

// cosigned is how far the record is co-signed, false if nobody does.
func (sv *served) cosigned() (Cosigned, bool) {
	sv.listMu.Lock()
	c := sv.cosigner
	sv.listMu.Unlock()
	if c == nil {
		return Cosigned{}, false
	}
	return c.Cosigned(time.Now()), true
}

// vouching is cosigned in words for the page.
func (sv *served) vouching() (web.Vouching, bool) {
	c, ok := sv.cosigned()
	if !ok || c.Standing.Tier == 0 {
		return web.Vouching{}, false
	}
	v := web.Vouching{Tier: c.Standing.Tier.String(), Size: c.Standing.Size}
	for _, s := range c.Standing.Signed {
		v.Signed = append(v.Signed, s.Organisation+" at "+s.At.UTC().Format(time.DateTime)+" UTC")
	}
	for _, a := range c.Absent {
		v.Absent = append(v.Absent, a.String())
	}
	return v, true
}

// catchUp folds what was signed since, if anything was: opening a large record
// to see that it did not grow would keep a processor busy.
func (sv *served) catchUp() (uint64, error) {
	verifier, err := onDisk(sv.dir).logVerifier()
	if err != nil {
		return 0, err
	}
	signed, err := record.ReadCheckpoint(filepath.Join(sv.dir, "record"), verifier)
	if m := sv.keeper.m; err != nil || signed.Size == m.state.Next() && !m.ahead && !m.erased {
		return 0, err
	}
	return sv.keeper.m.CatchUp()
}

func (sv *served) report(w io.Writer, date, format string) error {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if !sv.folded || !slices.Contains(sv.keeper.m.ReportDates(), date) {
		return web.ErrNoReport
	}
	// Asked for again and again, the checkpoint would tell the public when entries come in.
	return sv.keeper.m.report(w, date, format, sv.keeper.audience, sv.keeper.audience == trucewatch.ForMission)
}

func (sv *served) dates() []string {
	sv.listMu.Lock()
	defer sv.listMu.Unlock()
	return sv.list
}

// A feed tells subscribers how many entries the record has.
type feed struct {
	mu          sync.Mutex
	size        uint64
	closed      bool
	subscribers map[chan uint64]bool
}

func newFeed() *feed { return &feed{subscribers: map[chan uint64]bool{}} }

// Subscribe implements web.Feed.
func (f *feed) Subscribe(after uint64) (<-chan uint64, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// One place is enough: a newer size replaces one that was not taken yet.
	ch := make(chan uint64, 1)
	if f.closed {
		close(ch)
		return ch, func() {}
	}
	f.subscribers[ch] = true
	if f.size > after {
		ch <- f.size
	}
	return ch, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subscribers, ch)
	}
}

func (f *feed) publish(size uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = size
	for ch := range f.subscribers {
		select {
		case <-ch:
		default:
		}
		ch <- size
	}
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for ch := range f.subscribers {
		close(ch)
	}
	f.subscribers = nil
}
