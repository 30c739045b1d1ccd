// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"fmt"
	"strconv"
	"strings"
)

// policySizeMax bounds a policy file in bytes: 128 witnesses with ML-DSA-44 keys.
const policySizeMax = 512 << 10

// ParsePolicy reads a policy file. Any quorum of the format is understood; the
// tiers come from groups: one named "guarantors" makes a checkpoint
// provisional (without it, the quorum does), and the quorum makes it final if
// all members of a group named "parties" are in it. What NewPolicy refuses is
// refused here too, with the line.
//
// Source: C2SP tlog-policy (https://c2sp.org/tlog-policy).
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > policySizeMax {
		return nil, fmt.Errorf("%w: policy of %d bytes, at most %d", ErrInvalid, len(text), policySizeMax)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, fmt.Errorf("%w: policy: the last line does not end", ErrInvalid)
	}
	b := newBuilder()
	for i, line := range strings.Split(string(text), "\n") {
		if err := b.line(line); err != nil {
			return nil, fmt.Errorf("policy, line %d: %w", i+1, err)
		}
	}
	return b.policy()
}

// line takes one line of a policy file.
func (b *builder) line(line string) error {
	for _, c := range []byte(line) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("%w: control character %#02x", ErrInvalid, c)
		}
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	switch n := len(words); {
	case words[0] == "log" && n == 2:
		return b.addLog(words[1], "")
	case words[0] == "log" && n == 3:
		return b.addLog(words[1], words[2])
	case words[0] == "witness" && n == 3:
		return b.addOrganisation(words[1], words[2], "", "")
	case words[0] == "witness" && n == 4:
		return b.addOrganisation(words[1], words[2], "", words[3])
	case words[0] == "group" && n >= 4:
		need, err := groupNeed(words[2], n-3)
		if err != nil {
			return fmt.Errorf("group %s: %w", words[1], err)
		}
		return b.addGroup(words[1], need, words[3:])
	case words[0] == "quorum" && n == 2:
		return b.setQuorum(words[1])
	}
	return fmt.Errorf("%w: not a log, witness, group or quorum line with its words", ErrInvalid)
}

// groupNeed reads how many of n members a group needs.
func groupNeed(text string, n int) (int, error) {
	switch text {
	case "all":
		return n, nil
	case "any":
		return 1, nil
	}
	need, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(need) != text {
		return 0, fmt.Errorf("%w: %q is not all, any or a number", ErrInvalid, text)
	}
	return need, nil
}

// Text is the policy as a file that other clients of the format read too. Its
// quorum is that of a final checkpoint. Mirrors are not in it: the format does
// not know them.
//
// Source: C2SP tlog-policy (https://c2sp.org/tlog-policy).
func (p *Policy) Text() []byte {
	var b strings.Builder
	optional := func(address string) string {
		if address == "" {
			return ""
		}
		return " " + address
	}
	b.WriteString("# Who must have co-signed a checkpoint. Format: https://c2sp.org/tlog-policy\n")
	for _, l := range p.logs {
		if last := l.keys[len(l.keys)-1]; len(l.keys) > 1 {
			fmt.Fprintf(&b, "# This log's key was handed over. For programs that do not know that: log %s%s\n", last.text, optional(l.address))
		}
		fmt.Fprintf(&b, "log %s%s\n", l.text, optional(l.address))
	}
	for _, o := range p.organisations {
		fmt.Fprintf(&b, "witness %s %s%s\n", o.name, o.witness.text, optional(o.address))
	}
	for _, g := range p.groups {
		fmt.Fprintf(&b, "group %s %d", g.name, g.need)
		for _, m := range g.members {
			b.WriteString(" " + m.name)
		}
		b.WriteString("\n")
	}
	quorum := noQuorum
	if p.quorum != nil {
		quorum = p.quorum.name
	}
	fmt.Fprintf(&b, "quorum %s\n", quorum)
	return []byte(b.String())
}
