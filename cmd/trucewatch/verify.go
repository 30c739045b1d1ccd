// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/verify"
	"github.com/trucewatch/trucewatch/witness"
)

type verifyCommand struct {
	Dir      string        `arg:"" help:"Mission folder; or, with --log, what a mirror or a party holds of a record."`
	Log      string        `help:"The log's verifier key, or a file with it: for a copy without the mission's keys." placeholder:"KEY|FILE"`
	Policy   string        `help:"Who must have co-signed: a C2SP tlog-policy file. Without it the record's own policy is believed." placeholder:"FILE" type:"existingfile"`
	Kept     []string      `help:"Checkpoints that you or others kept: files, or folders of them. Two histories show here." placeholder:"FILE|DIR" type:"path"`
	Promise  []string      `help:"Promises that submit left: was each kept?" placeholder:"FILE" type:"existingfile"`
	Openings []string      `help:"Openings that a party was handed, sealed to --role if that is given." placeholder:"FILE" type:"existingfile"`
	Roots    string        `help:"Root certificates of time-stamp authorities (PEM), to judge anchors by." placeholder:"PEM" type:"existingfile"`
	Role     string        `help:"Role file that opens boxes, instead of the mission's; its passphrase is read from TRUCEWATCH_PASSPHRASE." placeholder:"FILE" type:"existingfile"`
	Now      string        `help:"Instant at which freshness is judged, such as 2026-04-12T18:00:00Z; with it, the report is the same on every machine. Default: this clock." placeholder:"TIME"`
	FreshFor time.Duration `help:"How old the last checkpoint may be, by its cosigners." default:"24h"`
	JSON     bool          `help:"Print the report as JSON."`
	Output   string        `help:"Write the report to this file, and print only what it came to." short:"o" placeholder:"FILE"`
	Evidence string        `help:"Folder for evidence of two histories." default:"." placeholder:"DIR"`
}

func (c *verifyCommand) Run(t terminal) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	r, err := verify.Run(c.Dir, o)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	form := r.Text
	if c.JSON {
		form = r.JSON
	}
	if err := form(&out); err != nil {
		return err
	}
	if c.Output == "" {
		if _, err := t.out.Write(out.Bytes()); err != nil {
			return err
		}
	} else {
		if err := os.WriteFile(c.Output, out.Bytes(), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s, report with sha256 %s in %s\n", count(r.Count, "problem", "problems"), r.SHA256, c.Output)
	}
	if err := c.keepEvidence(t, r); err != nil {
		return err
	}
	switch {
	case len(r.Splits) > 0:
		return errSplit
	case !r.Sound():
		return errFound
	}
	return nil
}

// keepEvidence writes each proof of two histories into a file named by its hash.
func (c *verifyCommand) keepEvidence(t terminal, r *verify.Report) error {
	for _, s := range r.Splits {
		if err := os.MkdirAll(c.Evidence, 0o700); err != nil {
			return err
		}
		name := filepath.Join(c.Evidence, fmt.Sprintf("split-view-%x.txt", sha256.Sum256(s.Text())))
		if err := os.WriteFile(name, s.Text(), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(t.err, "trucewatch: evidence of two histories is in %s: give it to everybody who relies on this record\n", name)
	}
	return nil
}

func (c *verifyCommand) options() (o verify.Options, err error) {
	o.Now, o.FreshFor = time.Now().UTC().Truncate(time.Microsecond), c.FreshFor
	if c.Now != "" {
		var at trucewatch.Instant
		if err := at.UnmarshalText([]byte(c.Now)); err != nil {
			return o, fmt.Errorf("verify: --now: %w", err)
		}
		o.Now = at.Time()
	}
	if o.Log, err = keyOrFile(c.Log); err != nil {
		return o, err
	}
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return o, err
		}
		if o.Policy, err = witness.ParsePolicy(text); err != nil {
			return o, fmt.Errorf("verify: %s: %w", c.Policy, err)
		}
	}
	if o.Kept, err = verify.ReadFiles(c.Kept); err != nil {
		return o, err
	}
	if o.Promises, err = verify.ReadFiles(c.Promise); err != nil {
		return o, err
	}
	if o.Openings, err = verify.ReadFiles(c.Openings); err != nil {
		return o, err
	}
	if c.Roots != "" {
		pem, err := os.ReadFile(c.Roots)
		if err != nil {
			return o, err
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(pem) {
			return o, fmt.Errorf("verify: %s has no certificate in PEM", c.Roots)
		}
	}
	if c.Role != "" {
		o.Roles, err = mission.LoadRole(c.Role, os.Getenv(mission.PassphraseVariable))
	}
	return o, err
}

// keyOrFile returns a verifier key, or the one that stands in a file.
func keyOrFile(text string) (string, error) {
	data, err := os.ReadFile(text)
	switch {
	case text == "" || errors.Is(err, os.ErrNotExist) && strings.Contains(text, "+"):
		return text, nil
	case err != nil:
		return "", fmt.Errorf("verify: --log is neither a key nor a file: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}
