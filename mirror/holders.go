// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Holder is somebody who is given boxes: a party, a guarantor, an agency.
type Holder struct {
	Name    string   // one word, such as "party-a"
	Classes []string // of the boxes that it is given
	token   [32]byte // SHA-256 of its token
}

// Holders are those to whom boxes are given.
type Holders []Holder

const (
	holdersSizeMax = 1 << 20 // bytes of the file
	tokenSize      = 32      // random bytes: too many to be guessed, so that a plain hash hides them
)

var (
	holderName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`)
	className  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`) // Source: package seal
)

// NewToken returns a new token, and the line that lets its holder in.
func NewToken(name string, classes []string) (token, line string, err error) {
	raw := make([]byte, tokenSize)
	if _, err := rand.Read(raw); err != nil {
		return "", "", fmt.Errorf("mirror: token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	line = fmt.Sprintf("%s %x %s\n", name, sha256.Sum256([]byte(token)), strings.Join(classes, ","))
	_, err = ParseHolders([]byte(line))
	return token, line, err
}

// ParseHolders reads the file of holders: on each line a name, the SHA-256 of the
// holder's token in hexadecimal, and the classes, with commas between them. Lines
// that begin with # and empty ones are passed over. Whoever reads the file gets
// no token out of it; whoever writes it decides who is given boxes.
func ParseHolders(text []byte) (Holders, error) {
	if len(text) > holdersSizeMax {
		return nil, fmt.Errorf("mirror: holders: %w: %d bytes, at most %d", ErrInvalid, len(text), holdersSizeMax)
	}
	var holders Holders
	lines := map[string]int{} // what stood where: names and tokens stand once
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		h, err := parseHolder(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("mirror: holders, line %d: %w: %w", i+1, ErrInvalid, err)
		}
		for _, unique := range []string{"name " + h.Name, "token " + hex.EncodeToString(h.token[:])} {
			if first, twice := lines[unique]; twice {
				return nil, fmt.Errorf("mirror: holders, line %d: %w: its %s stands in line %d too", i+1, ErrInvalid, strings.Fields(unique)[0], first)
			}
			lines[unique] = i + 1
		}
		holders = append(holders, h)
	}
	return holders, nil
}

func parseHolder(fields []string) (h Holder, err error) {
	if len(fields) != 3 {
		return h, fmt.Errorf("%d words: name, hash of the token and classes are expected", len(fields))
	}
	if h.Name = fields[0]; !holderName.MatchString(h.Name) {
		return h, fmt.Errorf("name %q: lower-case letters, digits, dots and hyphens are expected", h.Name)
	}
	hash, err := hex.DecodeString(fields[1])
	if err != nil || len(hash) != sha256.Size {
		return h, fmt.Errorf("hash %q: %d hexadecimal digits are expected", fields[1], 2*sha256.Size)
	}
	h.token = [32]byte(hash)
	for class := range strings.SplitSeq(fields[2], ",") {
		if !className.MatchString(class) || slices.Contains(h.Classes, class) {
			return h, fmt.Errorf("class %q is none, or stands twice", class)
		}
		h.Classes = append(h.Classes, class)
	}
	return h, nil
}

// Find returns the holder whose token a request shows. It takes as long for a
// wrong token as for a right one.
func (hs Holders) Find(r *http.Request) (Holder, bool) {
	shown := sha256.Sum256([]byte(bearerOf(r)))
	found := -1
	for i := range hs {
		if subtle.ConstantTimeCompare(hs[i].token[:], shown[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Holder{}, false
	}
	return hs[found], true
}

// Guard lets through what a holder may have: all of it if class is empty, else
// only what holders of that class may have. Others get 401, or 403.
func (hs Holders) Guard(class string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, known := hs.Find(r)
		switch {
		case !known:
			w.Header().Set("WWW-Authenticate", `Bearer realm="trucewatch"`)
			refuse(w, http.StatusUnauthorized)
		case class != "" && !slices.Contains(h.Classes, class):
			refuse(w, http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// refuse answers with a status and nothing else.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}
