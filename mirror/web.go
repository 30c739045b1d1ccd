// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch/internal/dial"
	"github.com/trucewatch/trucewatch/internal/trace"
)

// How a server is asked. Guess: a satellite link takes under 2 s for a round trip
// and carries a full bundle of the largest entries in a minute; test: what the
// log of a mirror in the field says about tries.
const (
	dialTimeout    = 5 * time.Second
	headTimeout    = 15 * time.Second // until the answer begins
	bodyTimeout    = 2 * time.Minute  // until it ends
	headerSizeMax  = 16 << 10         // bytes
	idleConnection = 90 * time.Second
	triesMax       = 4
	firstWait      = 500 * time.Millisecond // doubles with each try
	waitMax        = 30 * time.Second       // also if the server asks for more
	refusalSizeMax = 1 << 10                // bytes of a refusal that are read
)

// A WebSource is a server of C2SP tlog-tiles and, if it gives any, of boxes.
//
// It follows no redirect, so that nobody is sent elsewhere with the token or into
// the local network; takes no proxy from the environment; asks for no
// compression, which could grow; and bounds the time and size of every answer.
type WebSource struct {
	prefix string // without a slash at the end
	token  string
	client *http.Client
	// wait waits between two tries.
	wait func(ctx context.Context, d time.Duration) error
}

// NewWebSource returns the server at an address. A token is sent only over https,
// or to this machine: over plain http everybody on the way could read it.
func NewWebSource(address, token string) (*WebSource, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("mirror: %w: address %q: http or https, a host and a path are expected, and nothing else", ErrInvalid, address)
	}
	if token != "" && u.Scheme == "http" && !isLocal(u.Hostname()) {
		return nil, fmt.Errorf("mirror: %w: %s: a token is not sent over plain http: use https", ErrInvalid, address)
	}
	return &WebSource{prefix: strings.TrimSuffix(address, "/"), token: token, wait: waitFor, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial.Context(dialTimeout), TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headTimeout,
			MaxResponseHeaderBytes: headerSizeMax, IdleConnTimeout: idleConnection, MaxIdleConnsPerHost: ahead, DisableCompression: true, ForceAttemptHTTP2: true},
	}}, nil
}

// isLocal says whether a host is openly this machine.
func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// String implements Source.
func (w *WebSource) String() string { return w.prefix }

// Fetch implements Source.
func (w *WebSource) Fetch(ctx context.Context, path string, limit int64) (data []byte, err error) {
	_, err = w.try(ctx, http.MethodGet, path, nil, func(r *http.Response) error {
		data, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
		if err == nil && int64(len(data)) > limit {
			return fmt.Errorf("%w: more than %d bytes", ErrTampered, limit)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Post sends data to a path below the address.
func (w *WebSource) Post(ctx context.Context, path string, data []byte) error {
	_, err := w.try(ctx, http.MethodPost, path, data, func(*http.Response) error { return nil })
	return err
}

// try asks until there is an answer. read gets one with status 200 or 204, and is
// asked again if the connection broke while it read.
func (w *WebSource) try(ctx context.Context, method, path string, data []byte, read func(*http.Response) error) (http.Header, error) {
	wait := firstWait
	for n := 1; ; n++ {
		header, again, err := w.once(ctx, method, path, data, read)
		if err == nil {
			return header, nil
		}
		err = fmt.Errorf("mirror: %s/%s: %w", w.prefix, path, err)
		if ctx.Err() != nil || again == 0 || n == triesMax {
			return nil, err
		}
		if err := w.wait(ctx, min(max(wait, again), waitMax)); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// once asks once. again is how long to wait at least before the next try, 0 if
// there is no use in it.
func (w *WebSource) once(ctx context.Context, method, path string, data []byte, read func(*http.Response) error) (header http.Header, again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, bodyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.prefix+"/"+path, bytes.NewReader(data))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	request.Header.Set("User-Agent", "trucewatch-mirror")
	trace.Carry(ctx, request.Header)
	if w.token != "" {
		request.Header.Set("Authorization", bearer+w.token)
	}
	if data != nil {
		request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	response, err := w.client.Do(request)
	if errors.Is(err, ErrInvalid) || errors.Is(err, dial.ErrRefused) {
		return nil, 0, err
	}
	if err != nil {
		return nil, firstWait, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		err := read(response)
		if err != nil && !errors.Is(err, ErrTampered) && !errors.Is(err, ErrInvalid) {
			return nil, firstWait, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return response.Header, 0, err
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		seconds, _ := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16) // 0 if it is a date, or none
		return nil, max(firstWait, time.Duration(seconds)*time.Second), fmt.Errorf("%w: %s", ErrUnavailable, refusal(response))
	case http.StatusNotFound, http.StatusGone:
		return nil, 0, ErrNotFound
	}
	// A redirect is among these: the log moved, and its operator has to say so.
	return nil, 0, fmt.Errorf("%w: it answers %s", ErrUnavailable, refusal(response))
}

// refusal is the status and the first line of an answer, in plain letters.
func refusal(r *http.Response) string {
	text, _ := io.ReadAll(io.LimitReader(r.Body, refusalSizeMax)) // as much as there is
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(fmt.Sprintf("%d: %s", r.StatusCode, strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, line)), ": ")
}
