// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// defaultCadenceS is the seconds between checkpoints, if a policy does not say.
//
// Guess: ten seconds show an absent party six times within the minute that the
// protocol allows, and cost some megabytes a day. Test: make bench, cadence.
const defaultCadenceS = 10

// policyFile is a Policy as people write it.
type policyFile struct {
	CadenceS      int64                  `yaml:"cadence_s"`
	Guarantors    int                    `yaml:"guarantors"`
	TwoPerson     []trucewatch.EntryType `yaml:"two_person"`
	BodiesPerHour int64                  `yaml:"bodies_per_hour"`
	Organisations []struct {
		Name    string `yaml:"name"`
		Party   string `yaml:"party"`
		Witness string `yaml:"witness"`
		Address string `yaml:"address"`
		Mirror  string `yaml:"mirror"`
	} `yaml:"organisations"`
}

// ParsePolicy reads a policy file. Unknown keys are errors with their line.
func ParsePolicy(data []byte) (*trucewatch.Policy, error) {
	if _, err := intake.ParseYAML("policy", data); err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	var f policyFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("mission: policy: %w", err)
	}
	if f.CadenceS == 0 {
		f.CadenceS = defaultCadenceS
	}
	p := &trucewatch.Policy{CadenceS: f.CadenceS, Guarantors: f.Guarantors, TwoPerson: f.TwoPerson, BodiesPerHour: f.BodiesPerHour}
	for _, o := range f.Organisations {
		p.Organisations = append(p.Organisations, trucewatch.Organisation{Name: o.Name, Party: trucewatch.PartyID(o.Party), Witness: o.Witness, Address: o.Address, Mirror: o.Mirror})
	}
	for _, t := range p.TwoPerson {
		if !slices.Contains(submitted, t) {
			return nil, fmt.Errorf("mission: policy: two_person: entries of type %q are the desk's own, or there are none", t)
		}
	}
	return p, nil
}

// CheckPolicy refuses a policy that checkpoints of this log cannot be held to:
// one key under two names, more guarantors wanted than there are.
func (m *Mission) CheckPolicy(p *trucewatch.Policy) error {
	if len(p.Organisations) == 0 {
		return nil
	}
	key, err := m.readLine(logPublicFile)
	if err != nil {
		return err
	}
	if _, err := witness.NewPolicy(key, membersOf(p), p.Guarantors); err != nil {
		return fmt.Errorf("mission: policy: %w", err)
	}
	return nil
}

// Standing is how the last checkpoint on the disk stands under a policy.
func (m *Mission) Standing(policy *witness.Policy) (witness.Standing, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return witness.Standing{}, err
	}
	signed, err := record.ReadCheckpointOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		return witness.Standing{}, err
	}
	return policy.Standing(signed.Note)
}

// NewKey makes an Ed25519 key in a file that must not exist, and returns its
// public half.
func NewKey(name string) (ed25519.PublicKey, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("mission: make key: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("mission: make key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key.Seed()) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("mission: make key: %w", err)
	}
	return public, nil
}

// ReadKey reads the key that NewKey made.
func ReadKey(name string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("mission: read key: %w", err)
	}
	return parseKey(name, strings.TrimSpace(string(b)))
}

func parseKey(name, text string) (ed25519.PrivateKey, error) {
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("mission: %s: not %d bytes in hexadecimal", name, ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Enter records p now, as signed by the keys given, or by the desk if there are
// none. What the rules of the record do not allow is ErrRefused and is not
// recorded.
func (w *Writer) Enter(keys []ed25519.PrivateKey, p trucewatch.Payload) (uint64, error) {
	now := max(w.Stamp(), w.m.state.Now())
	if len(keys) > 0 {
		return w.AppendAs(keys, p, now)
	}
	if err := w.Tick(now); err != nil {
		return 0, err
	}
	return w.enterWith(nil, p, now)
}

// enterWith records p as the desk's entry, signed besides by others.
func (w *Writer) enterWith(others []ed25519.PrivateKey, p trucewatch.Payload, now trucewatch.Instant) (uint64, error) {
	e, err := w.deskEntry(p, now)
	if err != nil {
		return 0, err
	}
	e.Signatures = []trucewatch.Signature{keyring.Sign(w.desk.key, e.Raw)}
	for _, key := range others {
		e.Signatures = append(e.Signatures, keyring.Sign(key, e.Raw))
	}
	if _, problems := w.m.ring.Inspect(e); len(problems) > 0 {
		return 0, fmt.Errorf("%w: %s", ErrRefused, problems[0].What)
	}
	return e.Index, w.enter(e, nil)
}

// SubmitWithPromise is Submit, makes the entry durable, and leaves the
// operator's promise in the folder, if one is given, under the body's hash.
func (w *Writer) SubmitWithPromise(s Submission, folder string) (repeated bool, err error) {
	received := max(w.Stamp(), w.m.state.Now())
	index, repeated, err := w.Submit(s, received)
	if err != nil || folder == "" {
		return repeated, err
	}
	if err := w.flush(); err != nil {
		return repeated, err
	}
	promise, err := w.Promise(s, index, received)
	if err != nil {
		return repeated, err
	}
	name := filepath.Join(folder, trucewatch.Hash(sha256.Sum256(s.Body)).String()+".promise")
	if err := durable.WriteFile(durable.OS{}, name, promise); err != nil {
		return repeated, fmt.Errorf("mission: keep promise: %w", err)
	}
	return repeated, nil
}

// SignRows makes bodies of observations, one for each row of a native file, as
// the device whose key this is signs them: all under one signature. A row that
// cannot be taken is an error, and nothing is signed.
func (m *Mission) SignRows(key ed25519.PrivateKey, kind trucewatch.SourceKind, rows io.Reader) ([]Submission, error) {
	public := key.Public().(ed25519.PublicKey)
	registered, ok := m.ring.Key(keyring.ID(public))
	if !ok {
		return nil, fmt.Errorf("mission: sign: %w: the record does not know this key, or it was ended", ErrRefused)
	}
	if registered.Role != trucewatch.DeviceKey {
		return nil, fmt.Errorf("mission: sign: %w: a key of role %s speaks for no source", ErrRefused, registered.Role)
	}
	format, err := FormatNamed("native")
	if err != nil {
		return nil, err
	}
	options := intake.Options{File: "device", Source: trucewatch.Source{ID: registered.Source, Kind: kind}}
	if options, err = options.WithSource(format.Manifest); err != nil {
		return nil, fmt.Errorf("mission: sign: %w", err)
	}
	sequence, previous := m.ring.Head(registered.ID)
	var bodies [][]byte
	err = format.Parse(options, rows, func(s trucewatch.Submission) error {
		if s.Rejection != nil {
			return fmt.Errorf("line %d: %s", s.Rejection.Line, s.Rejection.Reason)
		}
		if s.Observation == nil {
			return fmt.Errorf("line %d: a device signs observations only", s.Line)
		}
		if err := s.Observation.Check(); err != nil {
			return fmt.Errorf("line %d: %w", s.Line, err)
		}
		p := trucewatch.Payload{Observations: &trucewatch.Batch{Source: options.Source, Observations: []trucewatch.Observation{*s.Observation}}}
		body := trucewatch.Encode(trucewatch.Body{Version: 1, Log: m.Origin(), Type: trucewatch.ObservationsEntry, Key: registered.ID,
			Sequence: sequence, Previous: previous, Payload: p, Salt: newSalt()})
		sequence, previous = sequence+1, sha256.Sum256(body)
		bodies = append(bodies, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mission: sign: %w", err)
	}
	if len(bodies) == 0 {
		return nil, errors.New("mission: sign: there is no row")
	}
	var all []Submission
	for i, signature := range keyring.SignBatch(key, bodies) {
		all = append(all, Submission{Body: bodies[i], Signatures: []trucewatch.Signature{signature}})
	}
	return all, nil
}
