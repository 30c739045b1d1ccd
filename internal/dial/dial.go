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
	"slices"
	"syscall"
	"time"
)

// ErrRefused says that an address leads to where nobody is asked.
var ErrRefused = errors.New("an address that is not connected to")

// keepAlive is how often an idle connection is probed. Guess: as net/http's own
// transport; test: the reasons that an absent witness gives.
const keepAlive = 15 * time.Second

var (
	unspecified = netip.MustParsePrefix("0.0.0.0/8")     // Source: RFC 1122, 3.2.1.3
	broadcast   = netip.MustParseAddr("255.255.255.255") // Source: RFC 919
	translated  = netip.MustParsePrefix("64:ff9b::/96")  // Source: RFC 6052, 2.1
	tunnelled   = netip.MustParsePrefix("2002::/16")     // Source: RFC 3056, 2
	credentials = []netip.Addr{                          // where clouds keep credentials outside of the local link
		netip.MustParseAddr("fd00:ec2::254"),   // Source: Amazon EC2, "Instance metadata"
		netip.MustParseAddr("100.100.100.200"), // Source: Alibaba Cloud ECS, "Instance metadata"
		netip.MustParseAddr("192.0.0.192"),     // Source: Oracle Cloud, "Instance metadata service"
		netip.MustParseAddr("168.63.129.16"),   // Source: Azure, "What is IP address 168.63.129.16"
	}
)

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
		ip := reached(to.Addr())
		if unspecified.Contains(ip) || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast || ip.IsLinkLocalUnicast() || slices.Contains(credentials, ip) || ip.IsLoopback() && !local {
			return fmt.Errorf("dial: %w: %s leads to %s", ErrRefused, host, ip)
		}
		return nil
	}
}

// reached is the address of IPv4 that one of IPv6 stands for, if it does: a
// gateway would turn it into that.
func reached(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if b := ip.As16(); translated.Contains(ip) {
		return netip.AddrFrom4([4]byte(b[12:]))
	} else if tunnelled.Contains(ip) {
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}
