// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch/witness"
)

func TestMirrorReportsWhatItHoldsAndTheLogShowsIt(t *testing.T) {
	policy, keys := testPolicy(t)
	_, verifier, _ := logKey(t)
	l := newTestLog(t)
	l.grow(300, "")
	l.cosign(testNow, keys...)
	mux := http.NewServeMux()
	mux.Handle("/"+ReportPath, ReportHandler(policy, verifier, func(signed []byte) error { _, err := l.log.Merge(signed); return err }))
	m := openMirror(t, Settings{Source: l.serve(nil), Policy: policy, Key: cosignerKey(t, "party-a.example/mirror"), Report: serve(t, mux)})
	if out := pull(t, m); out.ReportError != nil {
		t.Fatal(out.ReportError)
	}
	standing, err := policy.Standing(l.log.Checkpoint().Note)
	if err != nil || len(standing.Mirrored) != 1 || standing.Mirrored[0].Organisation != "party-a" || standing.Tier != witness.Final {
		t.Fatalf("%+v, %v", standing, err)
	}
	// An operator who does not listen stops nothing.
	m.settings.Report = serve(t, http.NotFoundHandler())
	l.grow(310, "")
	if out := pull(t, m); out.ReportError == nil || out.Size != 310 {
		t.Errorf("%+v", out)
	}
}

func TestReportOfAStrangerIsRefused(t *testing.T) {
	policy, keys := testPolicy(t)
	_, verifier, _ := logKey(t)
	l := newTestLog(t)
	l.grow(30, "")
	l.cosign(testNow, keys[0], cosignerKey(t, "stranger.example/mirror"))
	handler := ReportHandler(policy, verifier, func([]byte) error { t.Error("taken"); return nil })
	note := l.log.Checkpoint().Note
	for name, test := range map[string]struct {
		method string
		body   []byte
		want   int
	}{
		"a stranger's mirror, and a witness": {http.MethodPost, note, http.StatusForbidden},
		"another size":                       {http.MethodPost, bytes.Replace(note, []byte("\n30\n"), []byte("\n31\n"), 1), http.StatusForbidden},
		"nonsense":                           {http.MethodPost, []byte("x"), http.StatusForbidden},
		"too much":                           {http.MethodPost, []byte(strings.Repeat("x", noteSizeMax+1)), http.StatusBadRequest},
		"to read":                            {http.MethodGet, nil, http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(test.method, "/"+ReportPath, bytes.NewReader(test.body)))
		if w.Code != test.want {
			t.Errorf("%s: %d, want %d", name, w.Code, test.want)
		}
	}
}
