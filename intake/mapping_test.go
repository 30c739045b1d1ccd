// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"strings"
	"testing"
)

const smallMap = `mapping: trucewatch-mapping/1
kind: {const: explosion}
means: {const: heard}
when: {date: {column: day}, interval: day}
where: {lat: {column: lat}, lon: {column: lon}, radius: {const: "500", unit: m}}
`

func TestParseMapping(t *testing.T) {
	m, err := ParseMapping("m.yaml", []byte(smallMap+"ignore: [remark]\nseparator: \";\"\ntext: [note]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Names(m.Columns()); got != "day,lat,lon,note,[remark]" || m.Separator != ';' || !m.When.Day {
		t.Errorf("%s %+v", got, m)
	}
}

func TestParseMappingRefuses(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"not YAML", "mapping:", "mapping: [", "m.yaml:"},
		{"nothing", smallMap, "", "m.yaml:1:1: nothing in it"},
		{"version", "mapping/1", "mapping/2", "m.yaml:1:1: the key mapping must say trucewatch-mapping/1"},
		{"unknown key", "kind: {const", "kinds: {const", `m.yaml:2:1: unknown key "kinds"`},
		{"twice", "means: {const: heard}", "kind: {const: shot}", `m.yaml:3:1: key "kind" is there twice`},
		{"unknown word", "const: explosion", "const: boom", `m.yaml:2:15: "boom" is not one of explosion, shot`},
		{"neither const nor column", "{const: heard}", "{}", "m.yaml:3:8: needs const or column, exactly one"},
		{"both", "{const: heard}", "{const: heard, column: x}", "m.yaml:3:8: needs const or column, exactly one"},
		{"unknown translation", "{const: heard}", "{column: x, words: {a: b}}", `"b" is not one of heard, saw`},
		{"no unit", `, unit: m}`, `}`, `unit "" is neither m nor km, and none is guessed`},
		{"no radius", `, radius: {const: "500", unit: m}`, ``, "a bare point is more than anybody knows"},
		{"zero radius", `"500"`, `"0"`, `"0" is not a length above 0`},
		{"time without day", ", interval: day", "", "m.yaml:4:7: needs from, or date with interval: day"},
		{"day with from", "interval: day", "interval: day, from: {column: x}", "interval day needs date, without from and till"},
		{"one coordinate", "lon: {column: lon}, ", "", "lat and lon are columns and come together"},
		{"used and ignored", "means:", "ignore: [lat]\nmeans:", `column "lat" is both used and ignored`},
		{"separator", "means:", "separator: x\nmeans:", `m.yaml:3:12: "x" is not a comma, semicolon, tab or bar`},
		{"alias", "{const: heard}", "&a {const: heard}", "m.yaml:3:8: anchors and aliases are not allowed"},
		{"tag", "{const: heard}", "{const: !!str heard}", "tags are not allowed"},
		{"two documents", "means:", "---\nmeans:", "more than one YAML document"},
		{"source", "means:", "source: {id: x, kind: oracle}\nmeans:", `m.yaml:3:9: source.kind`},
		{"list", "{const: heard}", "[heard]", "m.yaml:3:8: not a mapping with keys const, column, words"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(smallMap, tt.old, tt.new, 1)
			if text == smallMap {
				t.Fatal("the test changes nothing")
			}
			_, err := ParseMapping("m.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
