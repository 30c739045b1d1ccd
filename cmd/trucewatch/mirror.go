// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// mirrorCommand keeps a full copy of a record: for a party, a guarantor or an
// agency, on a machine of its own. It needs no mission.
type mirrorCommand struct {
	Init    mirrorInitCommand    `cmd:"" help:"Set up a mirror's folder: its key, and whose record it copies."`
	Once    mirrorOnceCommand    `cmd:"" help:"Pull once. Exit code 2 if what the source shows is not sound, 3 if it is another history: evidence was written."`
	Run     mirrorRunCommand     `cmd:"" help:"Pull until stopped, and serve what is held."`
	Show    mirrorShowCommand    `cmd:"" help:"Show what the mirror holds. Exit code 2 or 3 if there is evidence."`
	Restore mirrorRestoreCommand `cmd:"" help:"Rebuild a lost record from one mirror."`
	Token   mirrorTokenCommand   `cmd:"" help:"Make a token for somebody who is given boxes."`
}

const (
	mirrorKeyFile    = "mirror.key"
	mirrorLogFile    = "log.pub"
	mirrorPolicyFile = "policy.txt"
)

type mirrorFolder struct {
	Dir string `help:"Folder of the mirror." default:"mirror" type:"path"`
}

// logNamed is the log that is meant.
type logNamed struct {
	Log    string `help:"Verifier key of the log, NAME+HASH+KEY; not needed if the policy names one log." placeholder:"VKEY"`
	Policy string `help:"Policy file (C2SP tlog-policy): who co-signs." placeholder:"FILE" type:"existingfile"`
}

// read returns the log's key, and the policy's text, nil without one.
func (c *logNamed) read() (vkey string, policy []byte, err error) {
	vkey = c.Log
	if c.Policy != "" {
		if policy, err = os.ReadFile(c.Policy); err != nil {
			return "", nil, err
		}
		p, err := witness.ParsePolicy(policy)
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", c.Policy, err)
		}
		if logs := p.Logs(); vkey == "" && len(logs) == 1 {
			vkey = logs[0]
		}
	}
	if vkey == "" {
		return "", nil, errors.New("mirror: name the log, by --log VKEY or by a --policy FILE that names one")
	}
	if _, err := logkey.Parse(vkey); err != nil {
		return "", nil, fmt.Errorf("mirror: --log: %w", err)
	}
	return vkey, policy, nil
}

type mirrorInitCommand struct {
	mirrorFolder
	logNamed
	Name string `help:"Name of the mirror's key, such as party-a.example/mirror. It stands in each signature." required:"" placeholder:"NAME"`
}

func (c *mirrorInitCommand) Run(t terminal) error {
	vkey, policy, err := c.read()
	if err != nil {
		return err
	}
	key, err := witness.GenerateKey(c.Name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	// The log's key first: it says whose mirror this is, and is never changed.
	if err := writeNew(filepath.Join(c.Dir, mirrorLogFile), []byte(vkey+"\n")); err != nil {
		return err
	}
	if policy != nil {
		if err := writeNew(filepath.Join(c.Dir, mirrorPolicyFile), policy); err != nil {
			return err
		}
	}
	if err := witness.WriteKey(filepath.Join(c.Dir, mirrorKeyFile), key); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "Keep %s secret. It must be another key than your witness's.\n", filepath.Join(c.Dir, mirrorKeyFile))
	fmt.Fprintln(t.out, key.VerifierKey())
	return nil
}

// writeNew writes a file that must not be there, for its owner alone.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// mirrorPulls say from where a mirror pulls, and what.
type mirrorPulls struct {
	mirrorFolder
	From   string        `help:"Address of the record, of another mirror, or a folder." required:"" placeholder:"URL"`
	Peer   []string      `help:"Address of another mirror, to compare what it shows." placeholder:"URL" sep:"none"`
	Report string        `help:"Address to which the co-signed checkpoint is posted." placeholder:"URL"`
	Token  string        `help:"File with this holder's token." placeholder:"FILE" type:"existingfile"`
	Boxes  []string      `help:"Class of boxes to pull, such as party_A; may be given again." placeholder:"CLASS"`
	Role   string        `help:"File of the role that opens what this holder may read, to recompute all of the record; its passphrase is read from TRUCEWATCH_PASSPHRASE." placeholder:"FILE" type:"existingfile"`
	Again  bool          `help:"Ask for all boxes once more, not only for new ones."`
	Erase  bool          `help:"Destroy boxes that the record's erasures name. Without it they are counted."`
	Tier   string        `help:"The least co-signing to accept." enum:"integrated,provisional,final" default:"integrated"`
	Fresh  time.Duration `help:"How old cosignatures may be before the source counts as frozen, with a policy; 0 for any age. Add the delay of a party's copy." default:"10m"`
}

var tiers = map[string]witness.Tier{"integrated": witness.Integrated, "provisional": witness.Provisional, "final": witness.Final}

// open opens the mirror.
func (c *mirrorPulls) open(t terminal, log, spans *slog.Logger) (*mirror.Mirror, error) {
	verifier, err := readMirrorLog(c.Dir)
	if err != nil {
		return nil, err
	}
	vkey := verifier.String()
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	s := mirror.Settings{Dir: c.Dir, LogKey: vkey, Tier: tiers[c.Tier], Fresh: c.Fresh, Log: log, Spans: spans,
		Boxes: mirror.Boxes{Classes: c.Boxes, Again: c.Again, Erase: c.Erase}}
	if s.Key, err = witness.ReadKey(filepath.Join(c.Dir, mirrorKeyFile)); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, mirrorPolicyFile))
	if err == nil {
		s.Policy, err = witness.ParsePolicy(text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("mirror: %s: %w", mirrorPolicyFile, err)
	}
	if s.Source, err = mirror.OpenSource(c.From, verifier, token); err != nil {
		return nil, err
	}
	for _, place := range c.Peer {
		peer, err := mirror.OpenSource(place, verifier, "")
		if err != nil {
			return nil, err
		}
		s.Peers = append(s.Peers, peer)
	}
	if c.Report != "" {
		if s.Report, err = mirror.NewWebSource(c.Report, ""); err != nil {
			return nil, err
		}
	}
	if web, ok := s.Source.(*mirror.WebSource); ok {
		s.Boxes.Source = web
	} else if len(c.Boxes) > 0 {
		return nil, errors.New("mirror: --boxes needs an address in --from: a folder gives none")
	}
	again := &recomputation{ctx: context.Background(), logKey: vkey, source: s.Source, boxes: c.Boxes, out: t.out}
	if c.Role != "" {
		if again.role, err = mission.LoadRole(c.Role, os.Getenv(mission.PassphraseVariable)); err != nil {
			return nil, err
		}
	}
	s.Recompute = func(string) error { return again.run(c.Dir) }
	return mirror.Open(s)
}

// readMirrorLog returns the key of the log that a mirror copies, with the
// handovers that it has followed.
func readMirrorLog(dir string) (*logkey.Key, error) {
	text, err := os.ReadFile(filepath.Join(dir, mirrorLogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: set up a mirror with trucewatch mirror init --dir %s", err, dir)
	}
	if err != nil {
		return nil, err
	}
	key, err := mirror.LogKey(dir, string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mirrorLogFile, err)
	}
	return key, nil
}

// token returns this holder's token, empty if there is none.
func (c *mirrorPulls) token() (string, error) {
	if c.Token == "" {
		return "", nil
	}
	info, err := os.Stat(c.Token)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("mirror: %s may be read by others: chmod 600 it, and ask for a new token if somebody did", c.Token)
	}
	text, err := os.ReadFile(c.Token)
	return strings.TrimSpace(string(text)), err
}

// found prints an error of a pull, and returns the one that gives the exit code.
func found(t terminal, err error) error {
	switch {
	case errors.Is(err, mirror.ErrSplitView):
		fmt.Fprintf(t.err, "trucewatch: %v\n", err)
		return errSplit
	case errors.Is(err, mirror.ErrBadEntry), errors.Is(err, mirror.ErrTampered), errors.Is(err, mirror.ErrRolledBack), errors.Is(err, mirror.ErrTier):
		fmt.Fprintf(t.err, "trucewatch: %v\n", err)
		return errFound
	}
	return err
}

type mirrorOnceCommand struct{ mirrorPulls }

func (c *mirrorOnceCommand) Run(t terminal) error {
	m, err := c.open(t, logger(t, "text"), nil)
	if err != nil {
		return err
	}
	defer m.Close() // Everything is durable.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	out, err := m.Pull(ctx)
	sound := printOutcome(t, out)
	if err != nil {
		return found(t, err)
	}
	if !sound {
		return errFound
	}
	return nil
}

// printOutcome prints what came of a pull, and says whether all is well as far
// as it is no error.
func printOutcome(t terminal, out mirror.Outcome) (sound bool) {
	sound = true
	problem := func(format string, args ...any) {
		sound = false
		fmt.Fprintf(t.out, "PROBLEM   "+format+"\n", args...)
	}
	fmt.Fprintf(t.out, "held      %d entries, %d of them new, root %s\n", out.Size, out.Size-out.Before, base64.StdEncoding.EncodeToString(out.Root[:]))
	if out.Standing.Tier > 0 {
		fmt.Fprintf(t.out, "tier      %v", out.Standing.Tier)
		if len(out.Standing.Missing) > 0 {
			fmt.Fprintf(t.out, "; not co-signed by %s", strings.Join(out.Standing.Missing, ", "))
		}
		fmt.Fprintln(t.out)
	}
	if out.Frozen && out.Standing.AsOf.IsZero() {
		problem("frozen: too few have co-signed to say how old this is")
	} else if out.Frozen {
		problem("frozen: the source shows what was the newest at %s", out.Standing.AsOf.Format(time.RFC3339))
	}
	for _, p := range out.Peers {
		if p.Err != nil {
			fmt.Fprintf(t.out, "peer      %s: %v\n", p.Peer, p.Err)
		} else {
			fmt.Fprintf(t.out, "peer      %s: %d entries\n", p.Peer, p.Size)
		}
	}
	if out.Ahead > 0 {
		fmt.Fprintf(t.out, "ahead     somebody showed %d entries that the log signed\n", out.Ahead)
	}
	for _, doubt := range out.Doubts {
		fmt.Fprintf(t.out, "doubt     %s\n", doubt)
	}
	for _, b := range out.Boxes {
		fmt.Fprintf(t.out, "boxes     %s: %d named, %d taken, %d not here (withheld, or covers); asked up to entry %d\n", b.Class, b.Named, b.Taken, b.UnsureCount, b.Next)
		if b.MissingCount > 0 {
			problem("%d boxes of %s are missing without a warrant, the first of entry %d", b.MissingCount, b.Class, b.Missing[0].Index)
		}
		if b.StillHeld > 0 {
			problem("%d boxes of %s are here although they are erased: destroy them with --erase", b.StillHeld, b.Class)
		}
	}
	if out.ReportError != nil {
		fmt.Fprintf(t.out, "report    %v\n", out.ReportError)
	}
	return sound
}

type mirrorRunCommand struct {
	mirrorPulls
	operated
	Every  time.Duration `help:"How often to pull." default:"10s"`
	Listen string        `help:"Address at which what is held is served, to read; not served if left out. Plain http: put a proxy with TLS before it." placeholder:"ADDRESS"`
}

func (c *mirrorRunCommand) Run(t terminal) error {
	if c.Every < time.Second {
		return errors.New("mirror: --every must be a second at least")
	}
	log := logger(t, c.LogForm)
	m, err := c.open(t, log, c.spans(log))
	if err != nil {
		return err
	}
	defer m.Close() // Everything is durable.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	watch := mirrorWatch{m, c.Every, time.Now()}
	if err := c.serve(ctx, t, log, func() operations.Health { return watch.health(time.Now()) }, watch); err != nil {
		return err
	}
	if c.Listen != "" {
		listener, err := net.Listen("tcp", c.Listen)
		if err != nil {
			return err
		}
		s := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute,
			IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
		go func() { _ = s.Serve(listener) }() // It ends with Close.
		defer s.Close()
		fmt.Fprintf(t.out, "Mirror on http://%s/   (Ctrl-C ends)\n", listener.Addr())
	}
	if err = m.Run(ctx, c.Every); err != nil && c.Listen != "" {
		// What is held is still good, and somebody may need it now.
		fmt.Fprintf(t.err, "Nothing more is pulled; what is held is served on. Look at the evidence: trucewatch mirror show --dir %s\n", c.Dir)
		<-ctx.Done()
	}
	return found(t, err)
}

type mirrorShowCommand struct{ mirrorFolder }

func (c *mirrorShowCommand) Run(t terminal) error {
	verifier, err := readMirrorLog(c.Dir)
	if err != nil {
		return err
	}
	vkey := verifier.String()
	key, err := witness.ReadKey(filepath.Join(c.Dir, mirrorKeyFile))
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "key       %s\nlog       %s\n", key.VerifierKey(), vkey)
	held, err := record.ReadCheckpoint(filepath.Join(c.Dir, "record"), verifier)
	switch {
	case errors.Is(err, record.ErrNotFound):
		fmt.Fprintln(t.out, "held      nothing yet")
	case err != nil:
		return err
	default:
		fmt.Fprintf(t.out, "held      %d entries, root %s\n", held.Size, base64.StdEncoding.EncodeToString(held.Root[:]))
	}
	files, err := mirror.Evidence(c.Dir)
	if err != nil {
		return err
	}
	result := error(nil)
	for _, file := range files {
		what := "entries that break the record's rules"
		if err := checkSplit(file, vkey); err == nil {
			what, result = "the log's key signed two histories", errSplit
		} else if strings.HasPrefix(filepath.Base(file), "split-") {
			what = err.Error()
		}
		if result == nil {
			result = errFound
		}
		fmt.Fprintf(t.out, "EVIDENCE  %s: %s\n", file, what)
	}
	return result
}

// checkSplit wants a file to prove that the log with that key signed two histories.
func checkSplit(file, vkey string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s, err := mirror.ParseSplitView(text)
	if err != nil {
		return err
	}
	// It may be from before a handover.
	if key, err := logkey.Parse(vkey); err != nil || s.Log != vkey && !strings.HasPrefix(key.String(), s.Log+",") {
		return fmt.Errorf("evidence about another log, %s", s.Log)
	}
	return s.Check()
}

type mirrorRestoreCommand struct {
	logNamed
	From  string `help:"Address or folder of the mirror." required:"" placeholder:"URL"`
	To    string `help:"Folder to restore to: the record folder of the mission. Absent, empty, or with an older state of the same record." required:"" placeholder:"DIR" type:"path"`
	Boxes bool   `help:"Bring back what lies beside the record too: boxes and the keys of their months, from the folder of the mission's own mirror."`
}

func (c *mirrorRestoreCommand) Run(t terminal) error {
	vkey, policy, err := c.read()
	if err != nil {
		return err
	}
	verifier, err := logkey.Parse(vkey)
	if err != nil {
		return fmt.Errorf("mirror: --log: %w", err)
	}
	from, err := mirror.OpenSource(c.From, verifier, "")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if verifier, err = mirror.Follow(ctx, from, verifier); err != nil {
		return found(t, err)
	}
	if from, err = mirror.OpenSource(c.From, verifier, ""); err != nil {
		return err
	}
	began := time.Now()
	restored, err := mirror.Restore(ctx, from, c.To, verifier)
	if err != nil {
		return found(t, err)
	}
	took := time.Since(began)
	learnt, err := mission.LearnLogKey(filepath.Dir(c.To), verifier)
	if err != nil {
		return err
	}
	if learnt {
		fmt.Fprintln(t.err, "The log was handed over to a new key since this folder's state: its secret belongs into keys/log.key.")
	}
	fmt.Fprintf(t.out, "Restored %d entries, root %s, in %v (%.0f a second).\n", restored.Size, base64.StdEncoding.EncodeToString(restored.Root[:]),
		took.Round(time.Millisecond), float64(restored.Size)/took.Seconds())
	if c.Boxes {
		n, err := mirror.RestoreBoxes(durable.OS{}, filepath.Join(c.From, "boxes", "packs"), filepath.Join(filepath.Dir(c.To), "boxes", "packs"))
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Brought back %d boxes.\n", n)
		if n, err = mirror.RestoreKeys(durable.OS{}, filepath.Join(c.From, "boxes"), filepath.Join(filepath.Dir(c.To), "boxes")); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Brought back %d keys of months.\n", n)
	}
	if policy != nil {
		p, err := witness.ParsePolicy(policy)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Policy, err)
		}
		if p, err = p.WithLog(verifier.String()); err != nil {
			return err
		}
		standing, err := p.Standing(restored.Note)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Its last checkpoint is %v.\n", standing.Tier)
	}
	fmt.Fprintln(t.err, "Ask all witnesses and mirrors for a larger size before anything is written: what came after this checkpoint is not in it.")
	return nil
}
