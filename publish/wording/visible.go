// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible replaces what would change how the text around it is read, and shows
// what stood there: controls other than tab and line feed, the overrides and
// isolates of the bidirectional algorithm, invisible separators and tags.
// "a\u202eb" becomes "a[U+202E]b". Source: Unicode Technical Report 36,
// section 3.5, and the Trojan Source paper (Boucher, Anderson, 2021).
func Visible(s string) string {
	if !strings.ContainsFunc(s, disturbs) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if disturbs(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Escape replaces what Visible does, and what is not UTF-8, as strings of JSON may
// have it: "\u202e" for the override. It is for screens, and changes no JSON.
func Escape(text []byte) []byte {
	if !bytes.ContainsFunc(text, disturbs) && utf8.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for _, r := range string(text) {
		switch {
		case !disturbs(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

func disturbs(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case unicode.IsControl(r),
		r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F, // overrides, embeddings, isolates, invisible operators
		r == 0x2028, r == 0x2029, r == 0x200B, r == 0xAD, r == 0x61C, r == 0x180E, r == 0xFEFF,
		r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return false
}

// Cell makes a text safe as a cell of a table that people open in a
// spreadsheet: an apostrophe goes before a first character that would begin a
// formula. Source: OWASP, "CSV Injection".
func Cell(s string) string {
	trimmed := strings.TrimLeft(s, " \u00a0")
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠|", first(trimmed)) {
		return "'" + Visible(s)
	}
	return Visible(s)
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
