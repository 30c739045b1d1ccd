// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/trucewatch/trucewatch"
)

// Flags of authenticator data.
//
// Source: W3C Web Authentication Level 2, 6.1.
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2

	authenticatorDataMin = 37 // bytes: hash of the relying party, flags, counter
)

// Challenge is what an authenticator is asked to sign for a body, as it stands
// in the client data: SHA-256 of what every signature covers, in base64url.
func Challenge(body []byte) string {
	sum := sha256.Sum256(trucewatch.SignedBytes(body))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checkPasskey holds an assertion to its key. The person must have been present
// and verified by the authenticator: a finger or a PIN, not only a touch.
//
// Source: W3C Web Authentication Level 2, 7.2, steps 11 to 20.
func checkPasskey(key *trucewatch.KeyRegistration, body, value []byte) error {
	var a trucewatch.Assertion
	if err := trucewatch.Decode(value, &a); err != nil {
		return err
	}
	var client struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		CrossOrigin bool   `json:"crossOrigin"`
	}
	if err := json.Unmarshal(a.ClientDataJSON, &client); err != nil {
		return fmt.Errorf("assertion: client data: %w", err)
	}
	relying := sha256.Sum256([]byte(key.RPID))
	switch {
	case client.Type != "webauthn.get":
		return fmt.Errorf("assertion: client data of type %q", client.Type)
	case client.Challenge != Challenge(body):
		return errors.New("the assertion was made for another body")
	case client.CrossOrigin:
		return errors.New("the assertion was made within a page of another origin")
	case len(a.AuthenticatorData) < authenticatorDataMin:
		return errors.New("the assertion has cut authenticator data")
	case !bytes.Equal(a.AuthenticatorData[:32], relying[:]):
		return fmt.Errorf("the assertion was made for another relying party than %q", key.RPID)
	case a.AuthenticatorData[32]&userPresent == 0 || a.AuthenticatorData[32]&userVerified == 0:
		return errors.New("the assertion was made without verifying the person at the authenticator")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key.Public)
	if err != nil {
		return err
	}
	client256 := sha256.Sum256(a.ClientDataJSON)
	signed := sha256.Sum256(append(bytes.Clone(a.AuthenticatorData), client256[:]...))
	if !ecdsa.VerifyASN1(public, signed[:], a.Signature) {
		return errors.New("the assertion is not by the key")
	}
	return nil
}
