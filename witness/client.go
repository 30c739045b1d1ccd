// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch/internal/dial"
	"github.com/trucewatch/trucewatch/internal/trace"
)

// Time limits of one request to a witness. Guess: a satellite link takes under
// 2 s for a round trip; test: the reasons that Absent gives.
const (
	dialTimeout    = 5 * time.Second
	answerTimeout  = 10 * time.Second
	answerSizeMax  = 64 << 10 // bytes of cosignature lines, or of a refusal
	idleConnection = 90 * time.Second
)

// A client asks witnesses. It follows no redirect, takes no proxy from the
// environment, and bounds the time and size of every answer.
type client struct{ http *http.Client }

// newClient asks over a network; nil is the machine's, with its guards.
func newClient(over http.RoundTripper) *client {
	if over == nil {
		over = machineNetwork()
	}
	return &client{&http.Client{
		Timeout:       answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     over,
	}}
}

func machineNetwork() *http.Transport {
	return &http.Transport{
		DialContext:         dial.Context(dialTimeout),
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: answerTimeout, MaxResponseHeaderBytes: headerSizeMax,
		IdleConnTimeout: idleConnection, MaxIdleConnsPerHost: 2, ForceAttemptHTTP2: true,
	}
}

// A refusal is a witness's answer other than a cosignature.
type refusal struct {
	status int
	known  uint64 // size that the witness knows, if sized
	sized  bool
	text   string
}

func (r *refusal) Error() string {
	if r.sized {
		return fmt.Sprintf("answers %d: it knows size %d", r.status, r.known)
	}
	return fmt.Sprintf("answers %d: %s", r.status, r.text)
}

// add posts a request to the witness at a prefix and returns the lines of its
// answer, which are not verified.
func (c *client) add(ctx context.Context, prefix string, r request) ([]byte, error) {
	status, body, err := c.do(ctx, http.MethodPost, strings.TrimSuffix(prefix, "/")+"/add-checkpoint", r.encode(), answerSizeMax)
	if err != nil {
		return nil, err
	}
	if status == http.StatusOK {
		return body, nil
	}
	refused := &refusal{status: status, text: firstLine(body)}
	if status == http.StatusConflict {
		known, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		refused.known, refused.sized = known, err == nil
	}
	return nil, refused
}

// latest returns the note that the witness at a prefix gives as its latest, nil
// if it has none, or ErrNotBegun.
func (c *client) latest(ctx context.Context, prefix, origin string) ([]byte, error) {
	status, body, err := c.do(ctx, http.MethodGet, strings.TrimSuffix(prefix, "/")+"/"+LogID(origin)+"/checkpoint", nil, noteSizeMax)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusOK:
		return body, nil
	case status == http.StatusNoContent:
		return nil, nil
	case status == http.StatusNotFound:
		return nil, ErrNotBegun
	}
	return nil, &refusal{status: status, text: firstLine(body)}
}

func (c *client) do(ctx context.Context, method, address string, body []byte, limit int64) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r.Header.Set("User-Agent", "trucewatch")
	trace.Carry(ctx, r.Header)
	answer, err := c.http.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // The address is known to the reader.
		}
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer answer.Body.Close() // Read only: nothing can be lost.
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if int64(len(text)) > limit {
		return 0, nil, fmt.Errorf("%w: answer of more than %d bytes", ErrInvalid, limit)
	}
	return answer.StatusCode, text, nil
}

// firstLine is the beginning of an answer that people may be shown.
func firstLine(body []byte) string {
	const lengthMax = 200
	line, _, _ := strings.Cut(string(body), "\n")
	if len(line) > lengthMax {
		line = line[:lengthMax]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
}
