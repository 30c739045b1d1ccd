// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/net/netutil"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/trace"
)

// Limits of the server. Guess: a log posts once in some seconds, from one
// address; test: BenchmarkGather, and the operator's log.
const (
	connectionsMax    = 256
	readHeaderTimeout = 5 * time.Second
	requestTimeout    = 15 * time.Second // to read a request, and to write the answer
	idleTimeout       = 3 * time.Minute  // longer than a cadence, so that a log keeps its connection
	headerSizeMax     = 8 << 10          // bytes
)

// Settings are what a witness is started with.
type Settings struct {
	Dir   string   // its folder: states and evidence
	Key   *Key     // signs
	Logs  []string // keys of the logs it co-signs, as package logkey reads them; a log may have several
	Peers []Member // other witnesses, asked at the start for what they know
	Now   func() time.Time
	Log   *slog.Logger
	Spans *slog.Logger // gets a line for each request; nil: nobody follows them

	Disk durable.Disk      // of the folder; nil is the operating system's
	Net  http.RoundTripper // over which peers are asked; nil is the machine's
}

// A Server is a witness: an http.Handler of C2SP tlog-witness. It is safe for
// use by many at once.
type Server struct {
	settings Settings
	lock     io.Closer
	logs     map[string]*watched // by origin
	byID     map[string]*watched // by LogID
	mux      *http.ServeMux

	mu      sync.Mutex     // guards answers
	answers map[int]uint64 // to add-checkpoint since the start, by HTTP status
}

// watched is a log of the server.
type watched struct {
	mu     sync.Mutex // guards what follows
	ledger ledger
	given  []string  // the log's keys as the witness was started with
	err    error     // why nothing is signed; nil if all is well
	asked  bool      // enough peers have said what they know
	last   time.Time // when it was signed last since the start, by the witness's clock; zero: not yet
	forked bool      // the log's key signed two histories, and the evidence came since the start
}

// errStarting makes a witness wait that has not asked its peers yet.
var errStarting = fmt.Errorf("%w: other witnesses have not yet said what they know", ErrUnavailable)

// Open opens the witness in a folder that Begin made. A log whose state is
// missing or damaged is refused, not the others; Problems names those. With
// peers, nothing is signed before Ask is done.
func Open(s Settings) (*Server, error) {
	if s.Disk == nil {
		s.Disk = durable.OS{}
	}
	return open(s, s.Disk)
}

func open(settings Settings, disk durable.Disk) (*Server, error) {
	if settings.Now == nil {
		settings.Now = time.Now
	}
	if settings.Log == nil {
		settings.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := logKeys(settings.Logs)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	given := map[string][]string{}
	for _, text := range settings.Logs {
		origin, _, _ := strings.Cut(text, "+")
		given[origin] = append(given[origin], text)
	}
	lock, err := disk.Lock(settings.Dir)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	s := &Server{settings: settings, lock: lock, logs: map[string]*watched{}, byID: map[string]*watched{}, mux: http.NewServeMux(), answers: map[int]uint64{}}
	for origin, k := range keys {
		w := &watched{ledger: ledger{disk: disk, dir: settings.Dir, keys: k}, given: given[origin], asked: len(settings.Peers) == 0}
		w.open(settings.Log)
		s.logs[origin], s.byID[LogID(origin)] = w, w
	}
	s.mux.HandleFunc("POST /add-checkpoint", s.addCheckpoint)
	s.mux.HandleFunc("GET /{log}/checkpoint", s.checkpoint)
	s.mux.HandleFunc("GET /{log}/key", s.key)
	return s, nil
}

// logKeys reads the keys of logs and sorts them by origin.
func logKeys(vkeys []string) (map[string][]verifierKey, error) {
	keys := map[string][]verifierKey{}
	seen := map[string]bool{}
	for _, vkey := range vkeys {
		some, err := parseLogKey(vkey)
		if err != nil {
			return nil, err
		}
		for _, k := range some {
			if seen[k.raw] {
				return nil, fmt.Errorf("%w: log %s: its key stands twice", ErrInvalid, k.name)
			}
			seen[k.raw] = true
			keys[k.name] = append(keys[k.name], k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no log to co-sign", ErrInvalid)
	}
	return keys, nil
}

// open loads the state and writes it anew: if the process died while the last
// one was written, the name may be there without being durable, and what is
// read is shown to others.
func (w *watched) open(log *slog.Logger) {
	w.err = w.follow()
	if w.err == nil {
		w.err = w.ledger.load()
	}
	if w.err == nil {
		w.err = w.ledger.store(w.ledger.state)
	}
	if w.err == nil && len(w.ledger.state.Conflict) > 0 {
		w.err = fmt.Errorf("log %s: %w: see the evidence; begin it again when it is settled which one holds", w.ledger.keys[0].name, ErrConflict)
	}
	if w.err != nil {
		log.Error("not signing", "log", w.ledger.keys[0].name, "why", w.err)
	}
}

// Close gives up the folder's lock.
func (s *Server) Close() error { return s.lock.Close() }

// Logs is how many logs the witness knows of.
func (s *Server) Logs() int { return len(s.logs) }

// Problems names the logs that are not signed, with the reason, by origin.
func (s *Server) Problems() map[string]error {
	problems := map[string]error{}
	for origin, w := range s.logs {
		w.mu.Lock()
		if w.err != nil {
			problems[origin] = w.err
		}
		w.mu.Unlock()
	}
	return problems
}

// Serve asks the peers and answers requests until ctx ends. While it asks, it
// tells others what it knows itself, so that witnesses may start together.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: trace.Handler(s.settings.Spans, "witness", s), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: headerSizeMax, ErrorLog: slog.NewLogLogger(s.settings.Log.Handler(), slog.LevelWarn)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(listener, connectionsMax)) }()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		s.Ask(ctx)
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		defer stop()
		err = server.Shutdown(last)
	}
	cancel()
	<-asked
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// checkpoint answers with the latest checkpoint that the witness signed: 204 if
// the log has begun and has none yet.
func (s *Server) checkpoint(w http.ResponseWriter, r *http.Request) {
	log, known := s.byID[r.PathValue("log")]
	if !known {
		http.Error(w, "unknown log", http.StatusNotFound)
		return
	}
	log.mu.Lock()
	begun := len(log.ledger.heads) > 0
	var signed []byte
	if begun {
		signed = log.ledger.latest().Note
	}
	log.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case !begun:
		http.Error(w, "the witness has no state for this log", http.StatusNotFound)
	case len(signed) == 0:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(signed)
	}
}

// An answer is a status of C2SP tlog-witness and its body.
type answer struct {
	status int
	size   bool // the body is a tree size
	body   string
}

func refuse(status int, format string, args ...any) answer {
	return answer{status: status, body: fmt.Sprintf(format, args...) + "\n"}
}

// conflict tells the client the size from which it has to prove.
func conflict(size uint64) answer {
	return answer{http.StatusConflict, true, fmt.Sprintf("%d\n", size)}
}

func (s *Server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, requestSizeMax))
	var a answer
	if err != nil {
		a = refuse(http.StatusBadRequest, "request cannot be read, or has more than %d bytes", requestSizeMax)
	} else {
		a = s.add(body)
	}
	s.mu.Lock()
	s.answers[a.status]++
	s.mu.Unlock()
	kind := "text/plain; charset=utf-8"
	if a.size {
		kind = "text/x.tlog.size"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

// add takes the body of add-checkpoint. The order of the checks is that of C2SP
// tlog-witness.
func (s *Server) add(body []byte) answer {
	r, err := parseRequest(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	n, err := splitNote(r.note)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	c, err := readText(n.Text)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	w, known := s.logs[c.Origin]
	if !known {
		return refuse(http.StatusNotFound, "unknown log")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, err = w.read(r.note); err != nil {
		return refuse(http.StatusForbidden, "%v", err)
	}
	if r.old > c.Size {
		return refuse(http.StatusBadRequest, "old size %d is larger than the checkpoint, %d", r.old, c.Size)
	}
	switch {
	case errors.Is(w.err, ErrNotBegun):
		return refuse(http.StatusNotFound, "the witness has no state for this log: its operator begins it with trucewatch witness init")
	case w.err != nil:
		return refuse(http.StatusForbidden, "the witness does not sign this log any more: %v", w.err)
	case !w.asked:
		return refuse(http.StatusServiceUnavailable, "%v", errStarting)
	}
	return s.extend(w, r, c)
}

// extend signs c if it extends what the witness signed before. w.mu is held.
func (s *Server) extend(w *watched, r request, c Checkpoint) answer {
	l := &w.ledger
	if len(l.heads) > 1 {
		return s.catchUp(w, r, c)
	}
	latest := l.latest()
	if a := s.check(w, latest, r, c); a.status != http.StatusOK {
		return a
	}
	// What is stored already gets a new time, and needs no write.
	return s.sign(w, c, !c.same(latest) || len(latest.Note) == 0)
}

// check holds a request to one known checkpoint: status 200 says that c extends
// it. w.mu is held.
func (s *Server) check(w *watched, known Checkpoint, r request, c Checkpoint) answer {
	switch {
	case r.old != known.Size:
		return conflict(known.Size)
	case c.Size == known.Size && c.Root != known.Root:
		s.report(w, known, c)
		return conflict(known.Size)
	}
	if err := checkGrowth(known, c, r.proof); err != nil {
		s.settings.Log.Warn("checkpoint does not extend what was signed", "log", c.Origin, "known", known.String(), "offered", c.String())
		return refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	return answer{status: http.StatusOK}
}

// catchUp is extend for a witness that others are ahead of. It signs c once it
// was shown to extend each head; the client learns by 409, one after the other,
// from which sizes to prove. w.mu is held.
func (s *Server) catchUp(w *watched, r request, c Checkpoint) answer {
	l := &w.ledger
	if !c.same(l.candidate) {
		l.candidate = c
		for i := range l.heads {
			l.heads[i].proven = l.heads[i].same(c)
		}
	}
	pending := slices.IndexFunc(l.heads, func(h head) bool { return !h.proven && h.Size == r.old })
	if pending >= 0 {
		if a := s.check(w, l.heads[pending].Checkpoint, r, c); a.status != http.StatusOK {
			return a
		}
		l.heads[pending].proven = true
	}
	if i := slices.IndexFunc(l.heads, func(h head) bool { return !h.proven }); i >= 0 {
		return conflict(l.heads[i].Size)
	}
	return s.sign(w, c, true)
}

// sign stores c as the latest checkpoint and then lets the signature leave.
// w.mu is held.
func (s *Server) sign(w *watched, c Checkpoint, store bool) answer {
	n, err := openNote(c.Note, w.ledger.keys...)
	if err != nil {
		return refuse(http.StatusInternalServerError, "cannot sign")
	}
	now := s.settings.Now()
	signed, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs}, s.settings.Key.Signer(now))
	if err != nil {
		s.settings.Log.Error("cannot sign", "log", c.Origin, "why", err)
		return refuse(http.StatusInternalServerError, "cannot sign")
	}
	if store {
		next := w.ledger.state
		next.Note, next.Ahead = string(signed), nil
		// If we die before this returns, nobody saw the signature. If it fails,
		// the state stays, and the next request writes anew.
		if err := w.ledger.store(next); err != nil {
			s.settings.Log.Error("cannot store the state; nothing was signed", "log", c.Origin, "why", err)
			return refuse(http.StatusInternalServerError, "cannot store the state; nothing was signed")
		}
	}
	w.last = now
	// The cosignature is the last line: note.Sign puts new ones behind the log's.
	text := strings.TrimSuffix(string(signed), "\n")
	return answer{status: http.StatusOK, body: text[strings.LastIndexByte(text, '\n')+1:] + "\n"}
}

// report keeps the proof that the log's key signed two roots of one size. The
// witness goes on with the one it signed: otherwise whoever stole the key could
// stop it. w.mu is held.
func (s *Server) report(w *watched, known, offered Checkpoint) {
	w.forked = true
	s.settings.Log.Error("the log's key signed two histories", "log", known.Origin, "known", known.String(), "offered", offered.String())
	if err := w.ledger.keepEvidence(known, offered); err != nil {
		s.settings.Log.Error("cannot keep the evidence", "log", known.Origin, "why", err)
	}
}
