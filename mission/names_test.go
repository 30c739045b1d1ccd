// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
)

// TestNamesOfOfficesArePlain: a key or an organisation is not named so that people
// take it for another.
func TestNamesOfOfficesArePlain(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	key := func(name string) trucewatch.Payload {
		public := ed25519.NewKeyFromSeed(sha256Of(name)).Public().(ed25519.PublicKey)
		return trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: name}}
	}
	policy := func(names ...string) trucewatch.Payload {
		p := &trucewatch.Policy{CadenceS: 10}
		for _, n := range names {
			p.Organisations = append(p.Organisations, trucewatch.Organisation{Name: n, Witness: "w-" + n})
		}
		return trucewatch.Payload{Policy: p}
	}
	for _, tt := range []struct {
		name, want string
		payload    trucewatch.Payload
	}{
		{"the first", "", key("data officer")},
		{"with a Cyrillic o", "letters of two scripts", key("data \u043efficer")},
		{"with an accent that falls off", "looks like", key("data offi\u0301cer")},
		{"turned around", "not seen", key("\u202edata officer")},
		{"another", "", key("legal officer")},
		{"in one script", "", key("\u043e\u0444\u0456\u0446\u0435\u0440")},
		{"organisations that look alike", "looks like", policy("coco", "\u0441\u043e\u0441\u043e")},
		{"an organisation with what is not seen", "not seen", policy("nor\u200bth")},
		{"an organisation in two scripts", "letters of two scripts", policy("n\u043erth")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := m.Write(func(w *Writer) error { return w.Append(tt.payload, now) })
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
