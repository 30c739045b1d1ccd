// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/notaryproject/tspclient-go"

	"github.com/trucewatch/trucewatch"
)

const (
	// accuracyMax is the widest accuracy that is worth anything.
	// Guess: a day, as checkpoints are anchored daily. Test: accuracies of authorities in use.
	accuracyMax = 24 * time.Hour
	// rsaBitsMin is the shortest RSA key that counts. Source: NIST SP 800-131A
	// rev. 2, section 3: shorter ones are disallowed for signing.
	rsaBitsMin = 2048
)

// earliest is before the first checkpoint of any record; RFC 3161 is of 2001.
var earliest = time.Date(2001, 8, 1, 0, 0, 0, 0, time.UTC)

// sha256OID is id-sha256. Source: RFC 8017, appendix B.1.
var sha256OID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}

// A Time is what a token says.
type Time struct {
	At         time.Time // UTC, of the authority's clock
	AccuracyUS int64     // At is right to within so many microseconds, either way; 0: the authority does not say
	Authority  string    // subject of the certificate that signed, as RFC 2253 writes it
	Policy     string    // under which the authority works, dotted numbers
}

// Check returns the time that a token vouches for: the checkpoint whose signed
// text (origin, size, root; what package record signs) is given existed then. The
// certificates are judged at that time. roots are the authorities' roots, never
// nil. Intermediate certificates come with the token.
//
// What makes the token of another checkpoint is ErrOther, a signature for which
// no root vouches ErrUntrusted, everything else ErrInvalid. Beyond what
// tspclient-go checks (signature, chain, key usage, the certificate's hash in the
// signed attributes), Check demands SHA-256 as the imprint, one signer, no
// trailing bytes, no unknown critical extension, a time in UTC and in no far past,
// an accuracy as RFC 3161 section 2.4.2 allows, and RSA keys of at least 2048 bits.
// A token names its signer by RFC 5816; the older way, by SHA-1, is ErrInvalid.
func Check(token, checkpointText []byte, roots *x509.CertPool) (Time, error) {
	signed, info, err := parse(token)
	if err != nil {
		return Time{}, err
	}
	imprint := sha256.Sum256(checkpointText)
	if !bytes.Equal(info.MessageImprint.HashedMessage, imprint[:]) {
		return Time{}, fmt.Errorf("anchor: %w: the token is over %x, the checkpoint is %x", ErrOther, info.MessageImprint.HashedMessage, imprint)
	}
	if roots == nil {
		return Time{}, fmt.Errorf("anchor: %w: no roots", ErrUntrusted)
	}
	chain, err := signed.Verify(context.Background(), x509.VerifyOptions{Roots: roots, CurrentTime: info.GenTime})
	if err != nil {
		return Time{}, fmt.Errorf("anchor: %w: %w", ErrUntrusted, err)
	}
	for _, certificate := range chain {
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < rsaBitsMin {
			return Time{}, fmt.Errorf("anchor: %w: %v has an RSA key of %d bits, less than %d", ErrUntrusted, certificate.Subject, key.N.BitLen(), rsaBitsMin)
		}
	}
	accuracy, err := accuracyOf(info.Accuracy)
	if err != nil {
		return Time{}, err
	}
	return Time{At: info.GenTime, AccuracyUS: accuracy.Microseconds(), Authority: chain[0].Subject.String(), Policy: info.Policy.String()}, nil
}

// CheckAnchor is Check for an entry of the record, which must also name the
// checkpoint that it is over.
func CheckAnchor(a *trucewatch.Anchor, checkpointText []byte, roots *x509.CertPool) (Time, error) {
	if got := trucewatch.Hash(sha256.Sum256(checkpointText)); got != a.Checkpoint {
		return Time{}, fmt.Errorf("anchor: %w: the entry is over %v, the checkpoint is %v", ErrOther, a.Checkpoint, got)
	}
	return Check(a.Token, checkpointText, roots)
}

// Imprint returns the SHA-256 that a token is over, without judging who signed it:
// by it a token's checkpoint is found.
func Imprint(token []byte) (trucewatch.Hash, error) {
	_, info, err := parse(token)
	if err != nil {
		return trucewatch.Hash{}, err
	}
	if n := len(info.MessageImprint.HashedMessage); n != sha256.Size {
		return trucewatch.Hash{}, fmt.Errorf("anchor: %w: an imprint of %d bytes", ErrInvalid, n)
	}
	return trucewatch.Hash(info.MessageImprint.HashedMessage), nil
}

// parse reads a token and refuses what RFC 3161 forbids, without looking at
// signatures.
func parse(token []byte) (*tspclient.SignedToken, *tspclient.TSTInfo, error) {
	if len(token) == 0 || len(token) > trucewatch.AnchorTokenMaxBytes {
		return nil, nil, fmt.Errorf("anchor: %w: a token of %d bytes, not 1 to %d", ErrInvalid, len(token), trucewatch.AnchorTokenMaxBytes)
	}
	signed, err := tspclient.ParseSignedToken(token)
	if err != nil {
		return nil, nil, fmt.Errorf("anchor: %w: %w", ErrInvalid, err)
	}
	if len(signed.SignerInfos) != 1 { // RFC 3161, section 2.4.2
		return nil, nil, fmt.Errorf("anchor: %w: %d signers, not 1", ErrInvalid, len(signed.SignerInfos))
	}
	info := new(tspclient.TSTInfo)
	rest, err := asn1.Unmarshal(signed.Content, info) // Info() lets bytes behind the end pass
	if err != nil {
		return nil, nil, fmt.Errorf("anchor: %w: %w", ErrInvalid, err)
	}
	switch {
	case len(rest) > 0:
		err = fmt.Errorf("anchor: %w: %d bytes behind the end of what is signed", ErrInvalid, len(rest))
	case info.Version != 1:
		err = fmt.Errorf("anchor: %w: version %d, not 1", ErrInvalid, info.Version)
	case !info.MessageImprint.HashAlgorithm.Algorithm.Equal(sha256OID):
		err = fmt.Errorf("anchor: %w: the imprint is made by %v, not by SHA-256", ErrInvalid, info.MessageImprint.HashAlgorithm.Algorithm)
	case info.GenTime.Location() != time.UTC:
		err = fmt.Errorf("anchor: %w: its time %v is not in UTC", ErrInvalid, info.GenTime)
	case info.GenTime.Before(earliest): // x509 takes the zero time for "now"
		err = fmt.Errorf("anchor: %w: its time %v is before there were such tokens", ErrInvalid, info.GenTime)
	}
	for _, e := range info.Extensions {
		if e.Critical && err == nil {
			err = fmt.Errorf("anchor: %w: the critical extension %v is unknown", ErrInvalid, e.Id)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := accuracyOf(info.Accuracy); err != nil {
		return nil, nil, err
	}
	return signed, info, nil
}

// accuracyOf adds up an accuracy. Source: RFC 3161, section 2.4.2.
func accuracyOf(a tspclient.Accuracy) (time.Duration, error) {
	if a.Seconds < 0 || a.Seconds > int(accuracyMax/time.Second) || a.Milliseconds < 0 || a.Milliseconds > 999 || a.Microseconds < 0 || a.Microseconds > 999 {
		return 0, fmt.Errorf("anchor: %w: an accuracy of %d s, %d ms, %d us", ErrInvalid, a.Seconds, a.Milliseconds, a.Microseconds)
	}
	return time.Duration(a.Seconds)*time.Second + time.Duration(a.Milliseconds)*time.Millisecond + time.Duration(a.Microseconds)*time.Microsecond, nil
}

// answers returns an error unless a token is the answer to the request with this
// random number and text.
func answers(token, checkpointText []byte, nonce *big.Int) error {
	_, info, err := parse(token)
	if err != nil {
		return err
	}
	imprint := sha256.Sum256(checkpointText)
	switch {
	case !bytes.Equal(info.MessageImprint.HashedMessage, imprint[:]):
		return fmt.Errorf("anchor: %w: asked for %x, got %x", ErrOther, imprint, info.MessageImprint.HashedMessage)
	case info.Nonce == nil || info.Nonce.Cmp(nonce) != 0:
		return fmt.Errorf("anchor: %w: not the answer to this request: its random number is another", ErrInvalid)
	}
	return nil
}

// clean makes what an authority says fit for a message to people.
func clean(text []string) string {
	return trucewatch.CutText(fmt.Sprintf("%q", strings.Join(text, "; ")), 300)
}
