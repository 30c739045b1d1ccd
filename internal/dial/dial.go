// SPDX-License-Identifier: Apache-2.0

// Package dial connects to addresses that others wrote: of witnesses, mirrors
// and timestamp authorities. The mission's machine reaches services that those
// others do not, and services on it trust it; so a name must not lead to this
// machine or to the local link, where clouds keep their credentials. Networks of
// a mission are often private, so private addresses are let be.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ErrRefused says that an address leads to where nobody is asked.
var ErrRefused = errors.New("an address that is not connected to")

// keepAlive is how often an idle connection is probed. Guess: as net/http's own
// transport; test: the reasons that an absent witness gives.
const keepAlive = 15 * time.Second

// Context returns a function for http.Transport.DialContext that connects within
// a time and refuses with ErrRefused what the package comment says. The check
// comes after the name was resolved, so a name that changes is no way around it.
func Context(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: timeout, KeepAlive: keepAlive, Control: guard(address)}
		return d.DialContext(ctx, network, address)
	}
}

// guard checks each resolved address of one that was written as host:port. Who
// wrote this machine's address openly meant it.
func guard(address string) func(network, resolved string, _ syscall.RawConn) error {
	host, _, _ := net.SplitHostPort(address)
	_, err := netip.ParseAddr(host)
	local := err == nil || host == "localhost"
	return func(_, resolved string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return fmt.Errorf("dial: %w: %s", ErrRefused, resolved)
		}
		ip := to.Addr().Unmap()
		if ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsLoopback() && !local {
			return fmt.Errorf("dial: %w: %s leads to %s", ErrRefused, host, ip)
		}
		return nil
	}
}
