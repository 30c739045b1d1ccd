// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/witness"
)

// witnessCommand runs a witness: for a party or a guarantor, on a machine of
// its own. It needs no mission.
type witnessCommand struct {
	Key    witnessKeyCommand    `cmd:"" help:"Make the witness's key, or show its public part."`
	Init   witnessInitCommand   `cmd:"" help:"Begin a log: as new, from what other witnesses co-signed, or from a checkpoint in a file."`
	Run    witnessRunCommand    `cmd:"" help:"Co-sign checkpoints until stopped."`
	Follow witnessFollowCommand `cmd:"" help:"Take a log's new key, which the mission has told you of. The witness may be running."`
	Show   witnessShowCommand   `cmd:"" help:"Show what the witness has signed. Exit code 2 if a state is damaged or a log signed two histories."`
}

const keyFile = "witness.key"

// witnessFolder is the folder that each command works in.
type witnessFolder struct {
	Dir string `help:"Folder of the witness: its key, and what it signed. Keep it; never put back an old copy." default:"witness" type:"path"`
}

func (c *witnessFolder) key() (*witness.Key, error) {
	k, err := witness.ReadKey(filepath.Join(c.Dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: make one with trucewatch witness key --dir %s --name NAME", err, c.Dir)
	}
	return k, err
}

// witnessLogs say which logs are co-signed, and who else does.
type witnessLogs struct {
	Policy string   `help:"Policy file (C2SP tlog-policy): its logs, and its witnesses as peers." placeholder:"FILE" type:"existingfile"`
	Log    []string `help:"Verifier key of a log, NAME+HASH+KEY." placeholder:"VKEY" sep:"none"`
	Peer   []string `help:"Another witness, that is asked what it knows: its verifier key, a space, its address." placeholder:"VKEY URL" sep:"none"`
}

// read returns the logs' keys and the peers.
func (c *witnessLogs) read() (logs []string, peers []witness.Member, err error) {
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return nil, nil, err
		}
		policy, err := witness.ParsePolicy(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Policy, err)
		}
		logs, peers = policy.Logs(), policy.Members()
	}
	logs = append(logs, c.Log...)
	if len(logs) == 0 {
		return nil, nil, errors.New("witness: name the log, by --policy FILE or --log VKEY")
	}
	for _, text := range c.Peer {
		vkey, address, ok := strings.Cut(text, " ")
		if !ok {
			return nil, nil, fmt.Errorf("witness: --peer %q is not a verifier key, a space and an address", text)
		}
		name, _, _ := strings.Cut(vkey, "+")
		peers = append(peers, witness.Member{Name: name, Witness: vkey, Address: address})
	}
	return logs, peers, nil
}

type witnessKeyCommand struct {
	witnessFolder
	Name string `help:"Name of a new key, such as party-a.example/witness. It stands in each signature." placeholder:"NAME"`
}

func (c *witnessKeyCommand) Run(t terminal) error {
	file := filepath.Join(c.Dir, keyFile)
	if c.Name != "" {
		k, err := witness.GenerateKey(c.Name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return err
		}
		if err := witness.WriteKey(file, k); err != nil {
			return err
		}
		fmt.Fprintf(t.err, "Keep %s secret, and a copy of it offline: whoever holds it can sign in the witness's name.\n", file)
	}
	k, err := c.key()
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, k.VerifierKey())
	return nil
}

type witnessInitCommand struct {
	witnessFolder
	witnessLogs
	New        bool     `help:"The log has no entries that anybody signed. Refused if a peer knows it." xor:"how" required:""`
	From       []string `help:"Address of a witness, mirror or mission to take checkpoints from, or all for each peer: two other witnesses must have co-signed the same." placeholder:"URL" xor:"how" required:"" sep:"none"`
	Checkpoint string   `help:"Checkpoint to begin with, on your own word, which the state records." placeholder:"FILE" xor:"how" required:"" type:"existingfile"`
}

func (c *witnessInitCommand) Run(t terminal) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	logs, peers, err := c.read()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	for _, log := range logs {
		b := witness.Beginning{Log: log, How: witness.BegunNew, Peers: peers}
		switch {
		case c.Checkpoint != "":
			note, err := os.ReadFile(c.Checkpoint)
			if err != nil {
				return err
			}
			b.How, b.Notes = witness.BegunOperator, [][]byte{note}
		case len(c.From) > 0:
			b.How = witness.BegunOthers
			if b.Notes, err = c.fetch(ctx, t, log, peers); err != nil {
				return err
			}
		}
		began, err := witness.Begin(ctx, c.Dir, key, b, time.Now())
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(log, "+")
		fmt.Fprintf(t.out, "Log %s begins at size %d (%s).\n", name, began.Size, began.How)
		if len(began.Silent) > 0 {
			fmt.Fprintf(t.err, "Could not be asked whether they know it: %s. If this witness ever signed it, stop here.\n", strings.Join(began.Silent, ", "))
		}
	}
	return nil
}

// fetch takes the latest checkpoints from those whom --from names.
func (c *witnessInitCommand) fetch(ctx context.Context, t terminal, log string, peers []witness.Member) ([][]byte, error) {
	var sources []witness.Member
	for _, from := range c.From {
		if from == "all" {
			sources = append(sources, peers...)
			continue
		}
		sources = append(sources, witness.Member{Name: from, Address: from})
	}
	origin, _, _ := strings.Cut(log, "+")
	known, err := witness.Ask(ctx, origin, log, sources)
	if err != nil {
		return nil, err
	}
	var notes [][]byte
	for _, s := range sources {
		if err, silent := known.Silent[s.Name]; silent {
			fmt.Fprintf(t.err, "%s: %v\n", s.Name, err)
		} else if found := known.All[s.Name]; len(found.Note) > 0 {
			fmt.Fprintf(t.err, "%s: %v\n", s.Name, found)
			notes = append(notes, found.Note)
		}
	}
	return notes, nil
}

type witnessRunCommand struct {
	witnessFolder
	witnessLogs
	operated
	Listen string `help:"Address to answer at. Plain http: put a proxy with TLS before it if others reach it over the internet." default:"127.0.0.1:8088"`
	Alone  bool   `help:"Sign without asking other witnesses first what they know. Only if you are sure that this folder is no restored copy."`
}

func (c *witnessRunCommand) Run(t terminal) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	logs, peers, err := c.read()
	if err != nil {
		return err
	}
	if c.Alone {
		peers = nil
	}
	log := logger(t, c.LogForm)
	s, err := witness.Open(witness.Settings{Dir: c.Dir, Key: key, Logs: logs, Peers: peers, Log: log, Spans: c.spans(log)})
	if err != nil {
		return err
	}
	defer s.Close() // Ends with the process at the latest.
	problems := s.Problems()
	for _, err := range problems {
		if errors.Is(err, witness.ErrNotBegun) {
			fmt.Fprintln(t.err, "Begin a log with: trucewatch witness init")
			break
		}
	}
	if s.Logs() == len(problems) {
		return errors.New("witness: no log can be signed")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	watch := witnessWatch{s, time.Now()}
	if err := c.serve(ctx, t, log, func() operations.Health { return watch.health(time.Now()) }, watch); err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(t.out, "Witness %s on http://%s/   (Ctrl-C ends)\n", key.Name(), listener.Addr())
	return s.Serve(ctx, listener)
}

type witnessFollowCommand struct {
	witnessFolder
	witnessLogs
	Key string `arg:"" help:"The log's key as trucewatch key rotate-log prints it, or a file that holds it. Hear it from the mission by another way too: whoever stole the old key can make one."`
}

func (c *witnessFollowCommand) Run(t terminal) error {
	logs, _, err := c.read()
	if err != nil {
		return err
	}
	text := c.Key
	if data, err := os.ReadFile(c.Key); err == nil {
		text = firstLine(data)
	}
	key, err := witness.Follow(c.Dir, logs, text)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Log %s: from size %d on the key is %s.\n", key.Name(), key.Last().From, key.Last().Text)
	return nil
}

type witnessShowCommand struct{ witnessFolder }

func (c *witnessShowCommand) Run(t terminal) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	reports, err := witness.Reports(c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "key       %s\n", key.VerifierKey())
	sound := true
	for _, r := range reports {
		fmt.Fprintf(t.out, "log       %s\n", r.Origin)
		if r.Err != nil {
			fmt.Fprintf(t.out, "PROBLEM   %v\n", r.Err)
			sound = false
			continue
		}
		fmt.Fprintf(t.out, "signed    size %d, root %s\n", r.Size, base64.StdEncoding.EncodeToString(r.Root[:]))
		fmt.Fprintf(t.out, "began     %s, at size %d (%s)", r.Began.At.Format(time.RFC3339), r.Began.Size, r.Began.How)
		if len(r.Began.Vouched) > 0 {
			fmt.Fprintf(t.out, ", co-signed by %s", strings.Join(r.Began.Vouched, ", "))
		}
		if len(r.Began.Silent) > 0 {
			fmt.Fprintf(t.out, ", without asking %s", strings.Join(r.Began.Silent, ", "))
		}
		fmt.Fprintln(t.out)
		for _, size := range r.Ahead {
			fmt.Fprintf(t.out, "waits     for a proof from size %d, which another witness holds\n", size)
		}
		if r.Conflict {
			fmt.Fprintln(t.out, "PROBLEM   another witness holds another history; nothing more is signed")
		}
		for _, file := range r.Evidence {
			fmt.Fprintf(t.out, "EVIDENCE  %s\n", file)
		}
		sound = sound && !r.Conflict && len(r.Evidence) == 0
	}
	if !sound {
		return errFound
	}
	return nil
}
