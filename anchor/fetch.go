// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/notaryproject/tspclient-go"
	"github.com/notaryproject/tspclient-go/pki"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/dial"
)

const (
	// fetchTimeout is how long an authority may take in all.
	// Guess: 30 s; anchoring is daily and may be tried again. Test: time-outs per authority.
	fetchTimeout = 30 * time.Second
	// dialTimeout bounds connecting, and then the handshake of TLS; headerMaxBytes
	// the header of the answer. Guess: as for witnesses; test: anchors from the field.
	dialTimeout    = 5 * time.Second
	headerMaxBytes = 16 << 10
	// responseMaxBytes is the longest answer: a token and its status.
	responseMaxBytes = trucewatch.AnchorTokenMaxBytes + 1024
)

// A Request asks an authority to put its time to a checkpoint.
type Request struct {
	DER   []byte // TimeStampReq of RFC 3161, section 2.4.1, to be sent
	text  []byte
	nonce *big.Int
}

// NewRequest makes a request for a token over the SHA-256 of a checkpoint's signed
// text, with a random number of 159 bits and the wish for the certificate. The
// authority sees the hash and nothing else.
func NewRequest(checkpointText []byte) (*Request, error) {
	r, err := tspclient.NewRequest(tspclient.RequestOptions{Content: bytes.Clone(checkpointText), HashAlgorithm: crypto.SHA256})
	if err != nil {
		return nil, fmt.Errorf("anchor: %w: %w", ErrInvalid, err)
	}
	der, err := r.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("anchor: encode request: %w", err)
	}
	return &Request{DER: der, text: bytes.Clone(checkpointText), nonce: r.Nonce}, nil
}

// Token takes the token out of an authority's answer and makes sure that it is
// one to this request. Whether to believe it is for Check. An authority that gives
// none is ErrRefused.
func (r *Request) Token(response []byte) ([]byte, error) {
	token, err := TokenOf(response)
	if err != nil {
		return nil, err
	}
	if err := answers(token, r.text, r.nonce); err != nil {
		return nil, err
	}
	return token, nil
}

// TokenOf takes the token out of an answer that was carried here by hand, to a
// request that is not known any more. That it may be the answer to another request
// does no harm: an older token over the same checkpoint says more, not less.
func TokenOf(response []byte) ([]byte, error) {
	if len(response) > responseMaxBytes {
		return nil, fmt.Errorf("anchor: %w: an answer of more than %d bytes", ErrInvalid, responseMaxBytes)
	}
	var answer tspclient.Response
	rest, err := asn1.Unmarshal(response, &answer)
	if err != nil {
		return nil, fmt.Errorf("anchor: %w: answer: %w", ErrInvalid, err)
	}
	if s := answer.Status.Status; s != pki.StatusGranted && s != pki.StatusGrantedWithMods {
		return nil, fmt.Errorf("anchor: %w: %v, %s", ErrRefused, s, clean(answer.Status.StatusString))
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("anchor: %w: %d bytes behind the end of the answer", ErrInvalid, len(rest))
	}
	token := bytes.Clone(answer.TimestampToken.FullBytes)
	if _, _, err := parse(token); err != nil {
		return nil, err
	}
	return token, nil
}

// Fetch sends a request to an authority by HTTP (RFC 3161, section 3.4) and
// returns its token, as Request.Token does. It follows no redirection and no
// proxy of the environment, leads nowhere that package dial refuses, takes at most
// 30 s, and reads no more than a token may have. An address that is not http
// or https is ErrInvalid.
func Fetch(ctx context.Context, address string, r *Request) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("anchor: %w: the address %q does not begin with https:// or http://", ErrInvalid, trucewatch.CutText(address, 80))
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	query, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(r.DER))
	if err != nil {
		return nil, fmt.Errorf("anchor: %s: %w", u.Redacted(), err)
	}
	query.Header.Set("Content-Type", tspclient.MediaTypeTimestampQuery)
	query.Header.Set("Accept", tspclient.MediaTypeTimestampReply)
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial.Context(dialTimeout), TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: headerMaxBytes,
			DisableKeepAlives: true, DisableCompression: true, ForceAttemptHTTP2: true},
	}
	answer, err := client.Do(query)
	if err != nil {
		return nil, fmt.Errorf("anchor: ask: %w", err) // names the address
	}
	defer answer.Body.Close() // Read only: nothing can be lost.
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("anchor: %s: %w: HTTP status %d", u.Redacted(), ErrRefused, answer.StatusCode)
	}
	if kind := answer.Header.Get("Content-Type"); kind != tspclient.MediaTypeTimestampReply {
		return nil, fmt.Errorf("anchor: %s: %w: it answers with %q, not %s", u.Redacted(), ErrInvalid, trucewatch.CutText(kind, 80), tspclient.MediaTypeTimestampReply)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, responseMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("anchor: %s: %w", u.Redacted(), err)
	}
	return r.Token(body)
}
