// SPDX-License-Identifier: Apache-2.0

package exhibit

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

const (
	codeContext = "trucewatch/code/v1\x00"
	codePrefix  = "TW"
	codeDigits  = 19 // of 5 bits each: 95 bits
	codeGroup   = 4

	// digits are Crockford's base 32: no I, L, O, U.
	digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// Code returns the verification code of a report: the first 95 bits of
//
//	SHA-256("trucewatch/code/v1\0" || origin || 0 || audience || 0 || day || 0 || hash)
//
// in Crockford's base 32 with a check character, in groups of four:
// "TW-9K3M-7QXA-...". Origin is the log's, day that of issue, hash what the
// digest entry commits to: the publication for the public, the state for the
// mission.
func Code(origin string, audience trucewatch.Audience, day string, hash trucewatch.Hash) string {
	text := codeContext + origin + "\x00" + string(audience) + "\x00" + day + "\x00"
	sum := sha256.Sum256(append([]byte(text), hash[:]...))
	values := make([]byte, codeDigits)
	for i := range values {
		for bit := i * 5; bit < i*5+5; bit++ {
			values[i] = values[i]<<1 | sum[bit/8]>>(7-bit%8)&1
		}
	}
	var b strings.Builder
	b.WriteString(codePrefix)
	for i, v := range append(values, checkDigit(values)) {
		if i%codeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(digits[v])
	}
	return b.String()
}

// ParseCode reads a code as somebody typed it, in small or capital letters, with
// or without hyphens and spaces, I and L for 1 and O for 0, and returns it as
// Code writes it. The check character finds every single wrong character and
// every two neighbours that were swapped.
func ParseCode(typed string) (string, error) {
	text := strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\t', '\n', '\r', '\u2010', '\u2011', '\u2013':
			return -1
		case 'I', 'i', 'L', 'l':
			return '1'
		case 'O', 'o':
			return '0'
		}
		return r
	}, typed)
	text = strings.ToUpper(text)
	rest, ok := strings.CutPrefix(text, codePrefix)
	if !ok || len(rest) != codeDigits+1 {
		return "", fmt.Errorf("code %q: %w: a code is %s and %d characters in groups of %d", trucewatch.CutText(typed, 60), trucewatch.ErrInvalid, codePrefix, codeDigits+1, codeGroup)
	}
	values := make([]byte, len(rest))
	for i := range len(rest) {
		v := strings.IndexByte(digits, rest[i])
		if v < 0 {
			return "", fmt.Errorf("code %q: %w: %q is in no code", trucewatch.CutText(typed, 60), trucewatch.ErrInvalid, rest[i])
		}
		values[i] = byte(v)
	}
	if checkDigit(values[:codeDigits]) != values[codeDigits] {
		return "", fmt.Errorf("code %q: %w: it is mistyped: its check character does not fit", trucewatch.CutText(typed, 60), trucewatch.ErrInvalid)
	}
	var groups []string
	for at := 0; at < len(rest); at += codeGroup {
		groups = append(groups, rest[at:at+codeGroup])
	}
	return codePrefix + "-" + strings.Join(groups, "-"), nil
}

// checkDigit is the value of the polynomial with these coefficients at the
// generator of the field of 32 elements (x^5 + x^2 + 1): one wrong digit changes
// it, and so do two neighbours that change places.
func checkDigit(values []byte) byte {
	c := byte(0)
	for _, v := range values {
		if c ^= v; c&16 != 0 {
			c = c<<1 ^ 0x25
		} else {
			c <<= 1
		}
	}
	return c
}
