// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/seal"
)

type keyCommand struct {
	New      keyNewCommand      `cmd:"" help:"Make a signing key in a file; print its public half."`
	Register keyRegisterCommand `cmd:"" help:"Enter a key into the record: from then on it may sign what its role may."`
	Rotate   keyRotateCommand   `cmd:"" name:"rotate-log" help:"Hand the log over to a new key, within this record; print the log's key as others need it from then on."`
	End      keyEndCommand      `cmd:"" help:"End a key, also backwards: what it signed since then stays and is in doubt."`
	List     keyListCommand     `cmd:"" help:"List the keys of the record."`
}

type keyNewCommand struct {
	File string `arg:"" help:"File to make; whoever holds it can sign with the key."`
}

func (c *keyNewCommand) Run(t terminal) error {
	public, err := mission.NewKey(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%x\n", public)
	return nil
}

type keyRegisterCommand struct {
	Mission      string   `arg:"" help:"Mission folder."`
	Public       string   `arg:"" help:"Public key in hexadecimal: 32 bytes of Ed25519, or 65 of a passkey's point on P-256."`
	Role         string   `required:"" enum:"desk,officer,device,liaison,holder" help:"What it may sign: desk, officer (erasures, keys, policies, decisions), device (observations of one source), liaison (its own party's answers, notices and facts), holder (receipts of erasure)."`
	Name         string   `help:"Name of the office or device, never of a person."`
	Organisation string   `help:"Organisation of the policy that it speaks for." placeholder:"NAME"`
	Source       string   `help:"Source that a device speaks for." placeholder:"ID"`
	RPID         string   `name:"rp-id" help:"Relying party of a passkey." placeholder:"HOST"`
	Sign         []string `help:"Key file of an officer who signs this; twice where the policy wants two. The desk signs if there is none." placeholder:"FILE"`
}

// Validate implements kong's check of what was typed.
func (c *keyRegisterCommand) Validate() error {
	if public, err := hex.DecodeString(c.Public); err != nil || len(public) != 32 && len(public) != 65 {
		return errors.New("the public key is not 32 or 65 bytes in hexadecimal")
	}
	if c.Role == string(trucewatch.DeviceKey) && c.Source == "" {
		return errors.New("a device needs --source: it speaks for one")
	}
	return nil
}

func (c *keyRegisterCommand) Run(t terminal) error {
	public, err := hex.DecodeString(c.Public)
	if err != nil {
		return err
	}
	k := &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.KeyRole(c.Role), Name: c.Name,
		Organisation: c.Organisation, Source: trucewatch.SourceID(c.Source), RPID: c.RPID}
	if len(public) != ed25519.PublicKeySize {
		k.Algorithm = trucewatch.PasskeyKey
	}
	index, err := enter(c.Mission, c.Sign, trucewatch.Payload{Key: k})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Key %x is registered as %s by entry %d.\n", k.ID, k.Role, index)
	return nil
}

type keyRotateCommand struct {
	Mission string   `arg:"" help:"Mission folder, with the log's old key."`
	Sign    []string `help:"Key file of an officer who signs this; twice where the policy wants two. The desk signs if there is none." placeholder:"FILE"`
}

func (c *keyRotateCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	keys, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	index, key, err := m.RotateLog(keys)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.err, "The log is handed over to a new key by entry %d; the old one is removed from this folder: destroy its copies.\n", index)
	fmt.Fprintln(t.err, "Mirrors follow by themselves. Bring the key below to every witness: trucewatch witness follow.")
	fmt.Fprintln(t.out, key)
	return nil
}

type keyEndCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	Key     string   `arg:"" help:"Its identifier, as list prints it."`
	From    uint64   `required:"" help:"Index from which on its signatures do not count; before now if it was in wrong hands."`
	Reason  string   `required:"" help:"Why."`
	Sign    []string `help:"Key file of an officer who signs this; the desk if there is none." placeholder:"FILE"`
}

func (c *keyEndCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	keys := m.Keys()
	i := slices.IndexFunc(keys, func(k trucewatch.KeyRegistration) bool { return hex.EncodeToString(k.ID[:]) == c.Key })
	if i < 0 {
		return fmt.Errorf("key end: the record knows no key %s", c.Key)
	}
	k := keys[i]
	k.Till, k.Reason = max(c.From, 1), c.Reason
	index, err := enter(c.Mission, c.Sign, trucewatch.Payload{Key: &k})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Key %s ends from index %d on, by entry %d.\n", c.Key, k.Till, index)
	return nil
}

type keyListCommand struct {
	Mission string `arg:"" help:"Mission folder."`
}

func (c *keyListCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tROLE\tNAME\tORGANISATION\tSOURCE\tENDED BY")
	for _, k := range m.Keys() {
		ended := "-"
		if k.Till > 0 {
			ended = fmt.Sprintf("entry %d", k.Till)
		}
		fmt.Fprintf(table, "%x\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Role, dash(k.Name), dash(k.Organisation), dash(string(k.Source)), ended)
	}
	return table.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// enter records p as signed by the officers whose key files are given, or by the
// desk if there are none.
func enter(dir string, signers []string, p trucewatch.Payload) (index uint64, err error) {
	m, err := mission.Open(dir)
	if err != nil {
		return 0, err
	}
	keys, err := readKeys(signers)
	if err != nil {
		return 0, err
	}
	err = m.Write(func(w *mission.Writer) (err error) {
		index, err = w.Enter(keys, p)
		return err
	})
	return index, err
}

func readKeys(names []string) ([]ed25519.PrivateKey, error) {
	var keys []ed25519.PrivateKey
	for _, name := range names {
		key, err := mission.ReadKey(name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

type policyCommand struct {
	Show   policyShowCommand   `cmd:"" help:"Show who co-signs, who must agree to what, and how far the record is co-signed."`
	Set    policySetCommand    `cmd:"" help:"Enter a policy; a change needs officers of both parties and enough guarantors, and takes effect after 72 hours."`
	Export policyExportCommand `cmd:"" help:"Print the policy in the form of C2SP tlog-policy, for other programs."`
}

type policyShowCommand struct {
	Mission string `arg:"" help:"Mission folder."`
}

func (c *policyShowCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	p := m.Policy()
	if p == nil {
		fmt.Fprintln(t.out, "No policy is in force: nobody co-signs, and the record binds the operator only towards those who kept a checkpoint.")
		return nil
	}
	policy, err := m.WitnessPolicy()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Checkpoints every %d s. Provisional with %d guarantors, final with every party too.\n", p.CadenceS, p.Guarantors)
	if len(p.TwoPerson) > 0 {
		fmt.Fprintf(t.out, "Two officers sign: %s\n", strings.Trim(fmt.Sprint(p.TwoPerson), "[]"))
	}
	standing, err := m.Standing(policy)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The last checkpoint has %d entries and is %v.\n", standing.Size, standing.Tier)
	for _, s := range standing.Signed {
		fmt.Fprintf(t.out, "  co-signed by %s at %s\n", s.Organisation, s.At.Format(time.RFC3339))
	}
	for _, name := range standing.Missing {
		fmt.Fprintf(t.out, "  not co-signed by %s\n", name)
	}
	return nil
}

type policySetCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	File    string   `arg:"" help:"Policy, YAML: organisations with name, party, witness, address and mirror; guarantors; cadence_s; two_person."`
	From    string   `help:"When a change takes effect, such as 2026-04-15T00:00:00Z; 72 hours from now if left out."`
	Sign    []string `help:"Key file of an officer who signs this." placeholder:"FILE"`
}

func (c *policySetCommand) Run(t terminal) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	p, err := mission.ParsePolicy(data)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	if m.Policy() != nil {
		// A minute more, so that it is still 72 hours when it is entered.
		p.From = trucewatch.InstantOf(time.Now().Add(keyring.PolicyDelayH*time.Hour + time.Minute))
	}
	if c.From != "" {
		if err := p.From.UnmarshalText([]byte(c.From)); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	if err := m.CheckPolicy(p); err != nil {
		return err
	}
	index, err := enter(c.Mission, c.Sign, trucewatch.Payload{Policy: p})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The policy stands in entry %d.\n", index)
	return nil
}

type policyExportCommand struct {
	Mission string `arg:"" help:"Mission folder."`
}

func (c *policyExportCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	policy, err := m.WitnessPolicy()
	if err != nil {
		return err
	}
	if policy == nil {
		return errors.New("policy export: no policy is in force")
	}
	_, err = t.out.Write(policy.Text())
	return err
}

type submitCommand struct {
	Mission  string   `arg:"" help:"Mission folder."`
	File     []string `arg:"" help:"Files of bodies that devices or officers signed."`
	Receipts string   `help:"Folder for the operator's signed promises, one a body, for the submitters to keep." placeholder:"DIR"`
}

func (c *submitCommand) Run(t terminal) error {
	var all []mission.Submission
	for _, name := range c.File {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		some, err := mission.DecodeSubmissions(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, some...)
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	var repeated, erased int
	err = m.Write(func(w *mission.Writer) error {
		for _, s := range all {
			again, err := w.SubmitWithPromise(s, c.Receipts)
			if errors.Is(err, mission.ErrErased) {
				erased++
				continue
			}
			if err != nil {
				return err
			}
			if again {
				repeated++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s recorded, %d known before.\n", count(len(all)-repeated-erased, "body", "bodies"), repeated)
	if erased > 0 {
		fmt.Fprintf(t.out, "%s not taken: what stood in their places was erased by warrant.\n", count(erased, "body", "bodies"))
	}
	return nil
}

type signCommand struct {
	Mission string `arg:"" help:"Mission folder, for the log's name and where the signer's chain stands."`
	Key     string `required:"" help:"Key file of the signer." placeholder:"FILE"`
	Rows    string `required:"" help:"Observations, JSON lines as the format native reads them." placeholder:"FILE"`
	Out     string `required:"" short:"o" help:"File of signed bodies to make, for submit." placeholder:"FILE"`
	Kind    string `help:"Kind of the source." default:"sensor"`
}

func (c *signCommand) Run(t terminal) error {
	key, err := mission.ReadKey(c.Key)
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	rows, err := os.ReadFile(c.Rows)
	if err != nil {
		return err
	}
	all, err := m.SignRows(key, trucewatch.SourceKind(c.Kind), bytes.NewReader(rows))
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, mission.EncodeSubmissions(all), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s under one signature.\n", count(len(all), "body", "bodies"))
	return nil
}

type roleCommand struct {
	New        roleNewCommand        `cmd:"" help:"Make a role, which opens boxes, in a file; print its recipient. Its passphrase is read from TRUCEWATCH_PASSPHRASE."`
	Rewrap     roleRewrapCommand     `cmd:"" help:"Give the keys of earlier months to all roles of a class: to one that came late. Two officers sign; it is recorded."`
	Recipients roleRecipientsCommand `cmd:"" help:"List the roles that open a class of boxes, or set them: from the next month's key on."`
}

type roleNewCommand struct {
	File string `arg:"" help:"File to make."`
}

func (c *roleNewCommand) Run(t terminal) error {
	passphrase := os.Getenv(mission.PassphraseVariable)
	recipient, err := mission.NewRole(c.File, passphrase)
	if err != nil {
		return err
	}
	if passphrase == "" {
		fmt.Fprintf(t.err, "trucewatch: %s lies open: whoever takes it opens the boxes; set %s to encrypt it\n", c.File, mission.PassphraseVariable)
	}
	fmt.Fprintln(t.out, recipient)
	return nil
}

type roleRecipientsCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	Class   string   `required:"" enum:"custody,mission,residue" help:"Class of boxes."`
	Set     []string `help:"Recipient; all that are to open the class, each once. The record says so first." placeholder:"RECIPIENT"`
	Reason  string   `help:"Why. It is recorded."`
	Sign    []string `help:"Key file of an officer who signs this; twice where the policy wants two. The desk signs if there is none." placeholder:"FILE"`
}

func (c *roleRecipientsCommand) Run(t terminal) error {
	if len(c.Set) > 0 {
		keys, err := readKeys(c.Sign)
		if err != nil {
			return err
		}
		index, err := mission.SetRecipients(c.Mission, c.Class, c.Set, keys, c.Reason)
		if err != nil {
			return err
		}
		if index > 0 {
			fmt.Fprintf(t.err, "Entry %d says so.\n", index)
		}
	}
	all, err := mission.Recipients(c.Mission, c.Class)
	if err != nil {
		return err
	}
	for _, recipient := range all {
		fmt.Fprintln(t.out, recipient)
	}
	return nil
}

type roleRewrapCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	Class   string   `required:"" enum:"custody,mission,residue" help:"Class of boxes."`
	Month   []string `required:"" help:"Month whose key all roles of the class get, such as 2026-04; may be given again." placeholder:"YYYY-MM"`
	Role    string   `help:"File of a role that opens the months; the mission's own if left out." placeholder:"FILE"`
	Reason  string   `required:"" help:"Why. It is recorded."`
	Sign    []string `required:"" help:"Key file of an officer who signs; two are needed." placeholder:"FILE"`
}

func (c *roleRewrapCommand) Run(t terminal) error {
	var months []uint32
	for _, text := range c.Month {
		at, err := time.Parse("2006-01", text)
		if err != nil {
			return fmt.Errorf("--month %q is not a month such as 2026-04", text)
		}
		months = append(months, seal.EpochOf(trucewatch.InstantOf(at)))
	}
	keys, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	var roles []*seal.Identity
	if c.Role != "" {
		if roles, err = mission.LoadRole(c.Role, os.Getenv(mission.PassphraseVariable)); err != nil {
			return err
		}
	}
	index, err := mission.Rewrap(c.Mission, c.Class, months, roles, keys, c.Reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s of %s can be opened by all roles of the class, by entry %d. Mirrors get the keys with their next pull.\n", count(len(months), "month", "months"), c.Class, index)
	return nil
}
