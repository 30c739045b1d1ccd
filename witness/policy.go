// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Member is an organisation that co-signs: a party to the agreement, or a
// guarantor.
type Member struct {
	Name    string // one word, such as "party-a"
	Party   string // identifier of the party; empty for a guarantor
	Witness string // verifier key of its witness
	Mirror  string // verifier key of its mirror, another one; empty if it has none
	Address string // URL prefix of its witness; empty if it cannot be asked
}

// A Policy says which organisations must have co-signed a checkpoint for it to
// be provisional or final. It cannot be changed; it may be used at once by many.
type Policy struct {
	logs          []logLine
	organisations []organisation
	groups        []*rule // in the order of their definition
	quorum        *rule   // nil: none is needed
	guarantors    *rule   // group of that name, or nil
	parties       *rule   // group of that name, or nil
}

type logLine struct {
	text    string        // as package logkey reads it
	keys    []verifierKey // each for its sizes
	address string
}

type organisation struct {
	name    string
	witness verifierKey
	mirror  verifierKey // zero if it has none
	address string
}

// A rule is a group of the policy, or one organisation in it.
type rule struct {
	name         string
	organisation int // index, or -1 for a group
	need         int // members of the group that must have signed
	members      []*rule
}

// met says whether those who signed, by organisation, are enough.
func (r *rule) met(signed []bool) bool {
	if r.organisation >= 0 {
		return signed[r.organisation]
	}
	n := 0
	for _, m := range r.members {
		if m.met(signed) {
			n++
		}
	}
	return n >= r.need
}

// The names of groups that make tiers, in a policy file too.
const (
	guarantorsGroup = "guarantors"
	partiesGroup    = "parties"
	finalGroup      = "final"
	noQuorum        = "none" // of C2SP tlog-policy
)

// linesMax bounds the logs, organisations and groups of a policy, each.
// Guess: tlog-policy recommends at least 32; test: raise it when one does not fit.
const linesMax = 128

// NewPolicy makes the policy of one log, whose key is as package logkey reads it: a checkpoint is provisional when so
// many guarantors have co-signed it, and final when each party has too.
//
// Two provisional checkpoints cannot contradict each other as long as no more
// guarantors are dishonest than Tolerates says; n - k of n may be down.
//
// ErrInvalid is returned if two names or roles share a public key (a witness,
// a mirror and the log each need their own), for a name, party or address that
// stands twice, for a number of guarantors that there are not, or that is below
// 1 when there are some, and for keys of other types than the role has.
func NewPolicy(log string, members []Member, guarantors int) (*Policy, error) {
	b := newBuilder()
	if err := b.addLog(log, ""); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var guarantorNames, partyNames []string
	parties := map[string]string{}
	for _, m := range members {
		if err := b.addOrganisation(m.Name, m.Witness, m.Mirror, m.Address); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		if m.Party == "" {
			guarantorNames = append(guarantorNames, m.Name)
			continue
		}
		if other, twice := parties[m.Party]; twice {
			return nil, fmt.Errorf("%w: policy: party %s stands twice, as %s and %s", ErrInvalid, m.Party, other, m.Name)
		}
		parties[m.Party] = m.Name
		partyNames = append(partyNames, m.Name)
	}
	if n := len(guarantorNames); guarantors > n || guarantors < 0 || n > 0 && guarantors < 1 {
		return nil, fmt.Errorf("%w: policy: %d of %d guarantors", ErrInvalid, guarantors, n)
	}
	var needed []string
	if len(guarantorNames) > 0 {
		needed = append(needed, guarantorsGroup)
		if err := b.addGroup(guarantorsGroup, guarantors, guarantorNames); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	if len(partyNames) > 0 {
		needed = append(needed, partiesGroup)
		if err := b.addGroup(partiesGroup, len(partyNames), partyNames); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	quorum := noQuorum
	if len(needed) > 0 {
		quorum = finalGroup
		if err := b.addGroup(finalGroup, len(needed), needed); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	if err := b.setQuorum(quorum); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return b.policy()
}

// Organisations are the names of those who co-sign, in the policy's order.
func (p *Policy) Organisations() []string {
	names := make([]string, len(p.organisations))
	for i, o := range p.organisations {
		names[i] = o.name
	}
	return names
}

// Members are the organisations as given; Party is not known from a policy
// file and then left out.
func (p *Policy) Members() []Member {
	members := make([]Member, len(p.organisations))
	for i, o := range p.organisations {
		members[i] = Member{Name: o.name, Witness: o.witness.text, Mirror: o.mirror.text, Address: o.address}
	}
	return members
}

// Logs are the keys of the logs that the policy is for, as package logkey reads
// them.
func (p *Policy) Logs() []string {
	keys := make([]string, len(p.logs))
	for i, l := range p.logs {
		keys[i] = l.text
	}
	return keys
}

// Tolerates is how many guarantors may be dishonest, at most, before two
// provisional checkpoints can contradict each other: the largest f with
// 2k - n > f, where k of n guarantors make a checkpoint provisional. It is
// negative if k is no majority, so that honest guarantors, each shown another
// history, are enough; and if the policy has no plain group of guarantors.
//
// Any two sets of k out of n share 2k - n members, and only a dishonest one
// signs both histories.
func (p *Policy) Tolerates() int {
	if p.guarantors == nil {
		return -1
	}
	for _, m := range p.guarantors.members {
		if m.organisation < 0 {
			return -1
		}
	}
	n := max(1, len(p.guarantors.members)) // a single organisation has no members
	k := max(1, p.guarantors.need)
	return max(-1, 2*k-n-1)
}

// A builder makes a policy line by line, and refuses what a policy must not say.
type builder struct {
	p         *Policy
	names     map[string]*rule
	grouped   map[string]string // member -> its group
	keys      map[string]string // public key -> who has it
	keyNames  map[string]string // name of a key -> who has it
	addresses map[string]string
	hasQuorum bool
}

func newBuilder() *builder {
	return &builder{p: &Policy{}, names: map[string]*rule{}, grouped: map[string]string{}, keys: map[string]string{},
		keyNames: map[string]string{}, addresses: map[string]string{}}
}

// claim refuses a key that somebody else has. An Ed25519 cosignature does not
// say its signer's name, so one key under two names would sign for both.
func (b *builder) claim(k verifierKey, who string) error {
	if other, taken := b.keys[k.raw]; taken {
		return fmt.Errorf("%w: %s has the public key of %s", ErrInvalid, who, other)
	}
	b.keys[k.raw] = who
	return nil
}

func (b *builder) addLog(vkey, address string) error {
	keys, err := parseLogKey(vkey)
	if err != nil {
		return err
	}
	if len(b.p.logs) == linesMax {
		return fmt.Errorf("%w: more than %d logs", ErrInvalid, linesMax)
	}
	b.p.logs = append(b.p.logs, logLine{vkey, keys, address})
	for _, k := range keys {
		if err := b.claim(k, "log "+k.name); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) addOrganisation(name, witness, mirror, address string) error {
	if err := b.addName(name, &rule{name: name, organisation: len(b.p.organisations)}); err != nil {
		return err
	}
	if len(b.p.organisations) == linesMax {
		return fmt.Errorf("%w: more than %d organisations", ErrInvalid, linesMax)
	}
	o := organisation{name: name, address: address}
	var err error
	if o.witness, err = b.cosigner("witness of "+name, witness); err != nil {
		return err
	}
	if mirror != "" {
		if o.mirror, err = b.cosigner("mirror of "+name, mirror); err != nil {
			return err
		}
	}
	if address != "" {
		if err := checkAddress(address); err != nil {
			return fmt.Errorf("witness of %s: %w", name, err)
		}
		prefix := strings.TrimSuffix(address, "/")
		if other, taken := b.addresses[prefix]; taken {
			return fmt.Errorf("%w: %s has the address of %s, %s", ErrInvalid, name, other, address)
		}
		b.addresses[prefix] = name
	}
	b.p.organisations = append(b.p.organisations, o)
	return nil
}

func (b *builder) cosigner(who, vkey string) (verifierKey, error) {
	k, err := parseCosignerKey(vkey)
	if err != nil {
		return k, fmt.Errorf("%s: %w", who, err)
	}
	if other, taken := b.keyNames[k.name]; taken {
		return k, fmt.Errorf("%w: %s has the key name of %s, %s", ErrInvalid, who, other, k.name)
	}
	b.keyNames[k.name] = who
	return k, b.claim(k, who)
}

func (b *builder) addGroup(name string, need int, members []string) error {
	r := &rule{name: name, organisation: -1, need: need}
	for _, m := range members {
		child, known := b.names[m]
		if !known {
			return fmt.Errorf("%w: group %s: %s is not defined before it", ErrInvalid, name, m)
		}
		if other, twice := b.grouped[m]; twice {
			return fmt.Errorf("%w: group %s: %s is in group %s already", ErrInvalid, name, m, other)
		}
		b.grouped[m] = name
		r.members = append(r.members, child)
	}
	if need < 1 || need > len(members) {
		return fmt.Errorf("%w: group %s: %d of %d members", ErrInvalid, name, need, len(members))
	}
	if err := b.addName(name, r); err != nil {
		return err
	}
	if len(b.p.groups) == linesMax {
		return fmt.Errorf("%w: more than %d groups", ErrInvalid, linesMax)
	}
	b.p.groups = append(b.p.groups, r)
	return nil
}

func (b *builder) addName(name string, r *rule) error {
	bad := func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }
	if name == "" || len(name) > nameSizeMax || !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("%w: name %q is not one word of at most %d bytes", ErrInvalid, name, nameSizeMax)
	}
	if _, twice := b.names[name]; twice || name == noQuorum {
		return fmt.Errorf("%w: name %s is taken", ErrInvalid, name)
	}
	b.names[name] = r
	return nil
}

func (b *builder) setQuorum(name string) error {
	if b.hasQuorum {
		return fmt.Errorf("%w: a second quorum", ErrInvalid)
	}
	b.hasQuorum = true
	if name == noQuorum {
		return nil
	}
	r, known := b.names[name]
	if !known {
		return fmt.Errorf("%w: quorum: %s is not defined before it", ErrInvalid, name)
	}
	b.p.quorum = r
	return nil
}

func (b *builder) policy() (*Policy, error) {
	if !b.hasQuorum {
		return nil, fmt.Errorf("%w: policy has no quorum line", ErrInvalid)
	}
	if len(b.p.logs) == 0 {
		return nil, fmt.Errorf("%w: policy names no log", ErrInvalid)
	}
	b.p.guarantors, b.p.parties = b.names[guarantorsGroup], b.names[partiesGroup]
	return b.p, nil
}

// checkAddress returns an error unless text is the URL prefix of a witness.
// Addresses come from the policy alone, and are asked only for the paths of the
// protocol: nothing that a log or witness answers leads elsewhere.
func checkAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("%w: address: %w", ErrInvalid, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
		return fmt.Errorf("%w: address %q is not http://host or https://host", ErrInvalid, text)
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsFunc(text, unicode.IsSpace) || strings.Contains(u.Path, "..") {
		return fmt.Errorf("%w: address %q has more than scheme, host, port and path", ErrInvalid, text)
	}
	return nil
}
