// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"errors"
	"testing"
	"time"
)

func TestNamesThatLeadToThisMachineAreRefused(t *testing.T) {
	for _, tt := range []struct {
		host, resolved string
		ok             bool
	}{
		{"127.0.0.1", "127.0.0.1", true}, {"localhost", "127.0.0.1", true}, {"[::1]", "[::1]", true}, {"10.1.2.3", "10.1.2.3", true},
		{"log.example", "192.0.2.1", true}, {"log.example", "10.1.2.3", true},
		{"log.example", "127.0.0.1", false}, {"log.example", "[::1]", false}, {"log.example", "[::ffff:127.0.0.1]", false},
		{"log.example", "127.9.9.9", false}, {"LOCALHOST.example", "127.0.0.1", false},
		{"log.example", "169.254.169.254", false}, {"169.254.169.254", "169.254.169.254", false}, {"[fe80::1]", "[fe80::1]", false},
		{"[::ffff:169.254.169.254]", "[::ffff:169.254.169.254]", false},
		{"log.example", "[fe80::1%eth0]", false}, {"log.example", "[64:ff9b::a9fe:a9fe]", false}, {"log.example", "[64:ff9b::7f00:1]", false},
		{"log.example", "[2002:a9fe:a9fe::1]", false}, {"log.example", "[64:ff9b::c000:201]", true}, {"log.example", "[2001:db8::1]", true},
		{"log.example", "[fd00:ec2::254]", false}, {"log.example", "100.100.100.200", false}, {"log.example", "192.0.0.192", false},
		{"log.example", "168.63.129.16", false}, {"2130706433", "127.0.0.1", false}, {"0x7f.1", "127.0.0.1", false}, {"127.1", "127.0.0.1", false},
		{"log.example", "0.1.2.3", false}, {"log.example", "255.255.255.255", false}, {"ff02::1", "[ff02::1]", false},
		{"0.0.0.0", "0.0.0.0", false}, {"log.example", "0.0.0.0", false}, {"224.0.0.1", "224.0.0.1", false}, {"[::]", "[::]", false},
	} {
		err := guard(tt.host+":80")("tcp", tt.resolved+":80", nil)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s, which is %s: %v, want ok %v", tt.host, tt.resolved, err, tt.ok)
		}
	}
}

func TestContextRefusesBeforeItConnects(t *testing.T) {
	for _, address := range []string{"169.254.169.254:80", "0.0.0.0:80", "[::]:80"} {
		if c, err := Context(time.Second)(t.Context(), "tcp", address); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, %v, want ErrRefused", address, c, err)
		}
	}
}
