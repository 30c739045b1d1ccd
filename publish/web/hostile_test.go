// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"reflect"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// poison appends text to every string of a View that carries somebody's words.
// What tells shapes, kinds and identifiers apart stays, so that the same pages
// are found.
func poison(t testing.TB, v trucewatch.View, text string) trucewatch.View {
	t.Helper()
	keepTypes := map[reflect.Type]bool{
		reflect.TypeFor[trucewatch.FindingID](): true, reflect.TypeFor[trucewatch.CaseID](): true, reflect.TypeFor[trucewatch.Audience](): true,
		reflect.TypeFor[trucewatch.Mode](): true,
	}
	keepFields := map[string]bool{"DisplayZone": true, "Mission": true, "Kind": false}
	poisoned := 0
	var walk func(reflect.Value, string)
	walk = func(x reflect.Value, field string) {
		switch x.Kind() {
		case reflect.Pointer:
			if !x.IsNil() {
				walk(x.Elem(), field)
			}
		case reflect.Struct:
			for i := range x.NumField() {
				if x.Type().Field(i).IsExported() {
					walk(x.Field(i), x.Type().Field(i).Name)
				}
			}
		case reflect.Slice:
			for i := range x.Len() {
				walk(x.Index(i), field)
			}
		case reflect.String:
			if !keepTypes[x.Type()] && !keepFields[field] && x.Type().PkgPath() != "github.com/trucewatch/trucewatch/geo" {
				x.SetString(x.String() + text)
				poisoned++
			}
		}
	}
	walk(reflect.ValueOf(&v).Elem(), "")
	if poisoned < 300 {
		t.Fatalf("only %d texts were poisoned", poisoned)
	}
	return v
}
