// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// connecting are the names of net, net/http and crypto/tls by which a program
// connects to somebody, or looks up names, without a guard.
var connecting = map[string][]string{
	"net": {"Dial", "DialIP", "DialTCP", "DialTimeout", "DialUDP", "DialUnix", "Dialer", "Resolver", "DefaultResolver", "ListenPacket", "ListenUDP",
		"LookupAddr", "LookupCNAME", "LookupHost", "LookupIP", "LookupMX", "LookupNS", "LookupPort", "LookupSRV", "LookupTXT",
		"ResolveIPAddr", "ResolveTCPAddr", "ResolveUDPAddr"},
	"net/http": {"Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport", "ProxyFromEnvironment", "ProxyURL"},
	// A tls.Config is not a connection; http.Transport dials through its own.
	"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
}

// connectingPackages connect by themselves.
var connectingPackages = []string{"net/smtp", "net/rpc", "net/rpc/jsonrpc", "log/syslog", "golang.org/x/net/websocket", "golang.org/x/net/proxy", "golang.org/x/net/http2"}

// TestOnlyDialConnects: an address that somebody configured is reached through
// internal/dial and its guard alone, follows no redirection, and takes no proxy
// from the environment.
func TestOnlyDialConnects(t *testing.T) {
	clients := 0
	for _, p := range load(t) {
		if short(p.PkgPath) == "internal/dial" {
			continue
		}
		for imported := range p.Imports {
			if slices.Contains(connectingPackages, imported) {
				t.Errorf("%s imports %s, which connects without internal/dial", short(p.PkgPath), imported)
			}
		}
		for _, f := range p.Syntax {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if from, name, ok := imported(p, n); ok && slices.Contains(connecting[from], name) {
						t.Errorf("%s: %s.%s: connect through internal/dial", p.Fset.Position(n.Pos()), from, name)
					}
				case *ast.CompositeLit:
					clients += guarded(t, p, n)
				}
				return true
			})
		}
	}
	if clients < 3 {
		t.Errorf("%d guarded clients were found: the test sees nothing", clients)
	}
}

// imported returns from which package a selected name comes.
func imported(p *packages.Package, n ast.Expr) (from, name string, ok bool) {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	id, ok := s.X.(*ast.Ident)
	if !ok {
		return "", "", false
	}
	pkg, ok := p.TypesInfo.Uses[id].(*types.PkgName)
	if !ok {
		return "", "", false
	}
	return pkg.Imported().Path(), s.Sel.Name, true
}

// guarded holds literals of http.Client and http.Transport against the rule, and
// returns 1 for a transport that dials through the guard.
func guarded(t *testing.T, p *packages.Package, n *ast.CompositeLit) int {
	t.Helper()
	fields := make(map[string]ast.Expr)
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				fields[id.Name] = kv.Value
			}
		}
	}
	from, name, _ := imported(p, n.Type)
	switch from + "." + name {
	case "net/http.Client":
		if fields["Transport"] == nil || fields["CheckRedirect"] == nil {
			t.Errorf("%s: a client without its own transport dials without the guard; one without CheckRedirect follows", p.Fset.Position(n.Pos()))
		}
	case "net/http.Transport":
		call, _ := fields["DialContext"].(*ast.CallExpr)
		if call != nil {
			if from, name, _ := imported(p, call.Fun); strings.HasSuffix(from, "/internal/dial") && name == "Context" && fields["Proxy"] == nil && fields["DialTLSContext"] == nil {
				return 1
			}
		}
		t.Errorf("%s: a transport needs DialContext: dial.Context(...), and nothing beside it that dials", p.Fset.Position(n.Pos()))
	}
	return 0
}

// TestOneWriterOfTables: tables for spreadsheets are written in one place, whose
// cells no spreadsheet takes for a formula (TestInjection of the program).
func TestOneWriterOfTables(t *testing.T) {
	found := 0
	for _, p := range load(t) {
		for _, f := range p.Syntax {
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					from, name, _ := imported(p, s)
					if from == "encoding/csv" && name == "NewWriter" || strings.HasSuffix(from, "/excelize/v2") && name == "NewFile" {
						if found++; short(p.PkgPath) != "publish/report" {
							t.Errorf("%s: %s.%s: package report writes tables", p.Fset.Position(n.Pos()), from, name)
						}
					}
				}
				return true
			})
		}
	}
	if found == 0 {
		t.Error("no writer of tables was found: the test sees nothing")
	}
}
