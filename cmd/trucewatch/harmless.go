// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch/publish/wording"
)

// A harmless writer stands before a screen or a pipe to one. Much of what is
// printed others wrote, and a terminal obeys control characters: they move its
// cursor over what was printed, set its title, or answer in the user's name. It
// writes them as JSON does, so that JSON means the same.
type harmless struct {
	to  io.Writer
	cut []byte // the first bytes of a character whose rest has not come
}

// Write implements io.Writer.
func (h *harmless) Write(b []byte) (int, error) {
	text := append(h.cut, b...)
	whole := len(text)
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				whole = i
			}
			break
		}
	}
	h.cut = append([]byte(nil), text[whole:]...)
	if _, err := h.to.Write(wording.Escape(text[:whole])); err != nil {
		return 0, err
	}
	return len(b), nil
}

// screen returns the file that errors and progress are written to, if it is one.
func (t terminal) screen() (*os.File, bool) {
	w := t.err
	if h, ok := w.(*harmless); ok {
		w = h.to
	}
	f, ok := w.(*os.File)
	return f, ok
}
