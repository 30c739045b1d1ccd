// SPDX-License-Identifier: Apache-2.0

// Package api serves missions to programs as JSON and GeoJSON, to one
// audience, for reading only.
//
// Every answer says of which entry of the record it is, so that two answers can
// be compared. Parameters are those of package query; one that is not known is
// refused by name. Errors are {"error": "…"} with the status. The package sees
// the index of its audience and nothing else. The handler is safe for use by
// many requests at once if the stores are.
package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/query"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A Store is the index of one mission for one audience: see publish/web, whose
// Store has these methods too.
type Store interface {
	Header() (trucewatch.View, error)
	Incidents(q trucewatch.Query) ([]trucewatch.IncidentView, int, error)
	Incident(id trucewatch.IncidentID) (trucewatch.IncidentView, bool, error)
	Findings(q trucewatch.Query) ([]trucewatch.FindingView, int, error)
	Finding(id trucewatch.FindingID) (trucewatch.FindingView, bool, error)
	Cases(q trucewatch.Query) ([]trucewatch.CaseView, int, error)
	Case(id trucewatch.CaseID) (trucewatch.CaseView, bool, error)
	Tallies(q trucewatch.Query) ([]trucewatch.TallyView, int, error)
	Statements(q trucewatch.Query) ([]trucewatch.StatementView, int, error)
	Notices(q trucewatch.Query) ([]trucewatch.NoticeView, int, error)
	Sources() ([]trucewatch.SourceView, error)
	Map(q trucewatch.Query, shapesMax int) (trucewatch.MapLayer, error)
}

// A Mission is one mission to serve.
type Mission struct {
	ID    string
	Store func() (Store, bool) // false: still loading
}

// Options are the same for all missions of a handler.
type Options struct {
	Audience trucewatch.Audience // whom the stores are for
	Log      *slog.Logger        // nil: nothing is logged

	// Explain, Languages and Contrast are those of publish/web; nil: nothing is
	// explained here.
	Explain   func(f *trucewatch.Finding, language string) (paragraph string, tree []string)
	Languages []string
	Contrast  func(f, g *trucewatch.Finding) []string
}

// shapesMax is how many incidents the map route gives one by one. Guess: what
// a map in a browser draws in about a second. Test: the time of that.
const shapesMax = 2_000

//go:embed docs.html
var docs []byte

type service struct {
	missions []Mission
	options  Options
	mux      *http.ServeMux
}

// New returns the interface under /api/, with its documents at /api/.
func New(missions []Mission, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{missions: missions, options: o, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /api/{$}", s.documents)
	s.mux.HandleFunc("GET /api/v1/missions", s.list)
	const m = "GET /api/v1/m/{mission}/"
	s.mux.HandleFunc(m+"header", s.one(func(c call) (any, error) { return c.head, nil }))
	s.mux.HandleFunc(m+"incidents", s.incidents)
	s.mux.HandleFunc(m+"incidents/{id}", s.one(incident))
	anything := func(trucewatch.Query) error { return nil }
	s.mux.HandleFunc(m+"findings", many(s, anything, Store.Findings))
	s.mux.HandleFunc(m+"findings/{id...}", s.one(finding))
	s.mux.HandleFunc(m+"cases", many(s, query.OnlyTimeAndText, Store.Cases))
	s.mux.HandleFunc(m+"cases/{id...}", s.one(caseFile))
	s.mux.HandleFunc(m+"tallies", many(s, query.OnlyTimeAndText, Store.Tallies))
	s.mux.HandleFunc(m+"statements", many(s, query.OnlyTimeAndText, Store.Statements))
	s.mux.HandleFunc(m+"notifications", many(s, query.OnlyTimeAndText, Store.Notices))
	s.mux.HandleFunc(m+"sources", s.one(func(c call) (any, error) {
		list, err := c.store.Sources()
		return Page[trucewatch.SourceView]{c.about(), len(list), 0, len(list), notNil(list)}, err
	}))
	s.mux.HandleFunc(m+"map", s.mapLayer)
	s.mux.HandleFunc(m+"standing", s.one(standing))
	s.mux.HandleFunc(m+"explanations/{id...}", s.explanation)
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, refuse(http.StatusNotFound, "there is no such address; see /api/"))
	})
	return s
}

// ServeHTTP refuses what is not reading, and addresses that are too long.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "private, no-cache")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		s.fail(w, r, refuse(http.StatusMethodNotAllowed, "this interface is for reading only"))
	case len(r.URL.RawQuery) > query.BytesMax:
		s.fail(w, r, refuse(http.StatusRequestURITooLong, "the query is longer than %d bytes", query.BytesMax))
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// About says of what an answer is.
type About struct {
	Mission   string              `json:"mission"`
	Audience  trucewatch.Audience `json:"audience"`
	Simulated bool                `json:"simulated,omitempty"` // invented data
	Mode      trucewatch.Mode     `json:"mode"`
	Index     uint64              `json:"index"` // entries folded
	At        trucewatch.Instant  `json:"at"`    // the last tick
}

// A Page is part of a list.
type Page[T any] struct {
	About
	Total  int `json:"total"` // items that the query keeps
	Offset int `json:"offset"`
	Count  int `json:"count"` // items in this answer
	Items  []T `json:"items"`
}

// An Item is one thing.
type Item[T any] struct {
	About
	Item T `json:"item"`
}

// A call is one request for one mission.
type call struct {
	r     *http.Request
	id    string
	store Store
	head  trucewatch.View
	zone  *time.Location
}

func (c call) about() About {
	return About{c.id, c.head.Audience, c.head.Mission.Simulated, c.head.Mission.Mode, c.head.Index, c.head.At}
}

func (c call) query(others ...string) (trucewatch.Query, error) {
	q, err := query.Parse(c.r.URL.Query(), c.zone, others...)
	if err == nil && q.Limit == 0 {
		q.Limit = trucewatch.QueryLimit
	}
	return q, err
}

func (s *service) call(w http.ResponseWriter, r *http.Request) (call, error) {
	for _, m := range s.missions {
		if m.ID != r.PathValue("mission") {
			continue
		}
		store, ready := m.Store()
		if !ready {
			w.Header().Set("Retry-After", "5")
			return call{}, refuse(http.StatusServiceUnavailable, "the record of %s is still being read", m.ID)
		}
		head, err := store.Header()
		if err != nil {
			return call{}, fmt.Errorf("header of %s: %w", m.ID, err)
		}
		if err := s.intended(m.ID, head); err != nil {
			return call{}, err
		}
		zone, err := time.LoadLocation(head.Mission.DisplayZone)
		if err != nil {
			zone = time.UTC
		}
		return call{r, m.ID, store, head, zone}, nil
	}
	return call{}, refuse(http.StatusNotFound, "there is no such mission")
}

// intended returns an error if an index was made for another audience: then
// nothing of it is shown.
func (s *service) intended(id string, head trucewatch.View) error {
	if head.Audience != s.options.Audience {
		return fmt.Errorf("index of %s is for %q, this interface for %q", id, head.Audience, s.options.Audience)
	}
	return nil
}

// one serves a thing that takes no parameters.
func (s *service) one(get func(call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.call(w, r)
		if err == nil && r.URL.RawQuery != "" {
			err = refuse(http.StatusBadRequest, "this address takes no parameters")
		}
		var v any
		if err == nil {
			v, err = get(c)
		}
		s.write(w, r, c, "application/json", v, err)
	}
}

// many serves a list by a query that allowed accepts.
func many[T any](s *service, allowed func(trucewatch.Query) error, get func(Store, trucewatch.Query) ([]T, int, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.call(w, r)
		var q trucewatch.Query
		if err == nil {
			q, err = c.query()
		}
		if err == nil {
			err = allowed(q)
		}
		var p Page[T]
		if err == nil {
			p = Page[T]{About: c.about(), Offset: q.Offset}
			p.Items, p.Total, err = get(c.store, q)
			p.Items, p.Count = notNil(p.Items), len(p.Items)
		}
		s.write(w, r, c, "application/json", p, err)
	}
}

// notNil makes an empty list an empty array of JSON, not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func incident(c call) (any, error) {
	id, err := trucewatch.ParseObservationID(c.r.PathValue("id"))
	if err != nil {
		return nil, refuse(http.StatusNotFound, "an incident has a number such as 101.3")
	}
	v, ok, err := c.store.Incident(trucewatch.IncidentID(id))
	return found(c, v, ok, err)
}

func finding(c call) (any, error) {
	v, ok, err := c.store.Finding(trucewatch.FindingID(c.r.PathValue("id")))
	return found(c, v, ok, err)
}

func caseFile(c call) (any, error) {
	v, ok, err := c.store.Case(trucewatch.CaseID(c.r.PathValue("id")))
	return found(c, v, ok, err)
}

// standing gives what goes on over a time, to whoever is told of it.
func standing(c call) (any, error) {
	if c.head.Standing == nil {
		return nil, refuse(http.StatusNotFound, "nothing of that name is shown to this audience")
	}
	return Item[*trucewatch.Standing]{c.about(), c.head.Standing}, nil
}

// An Explanation is why a finding is so, in one language.
type Explanation struct {
	Finding   trucewatch.FindingID `json:"finding"`
	Language  string               `json:"language"`
	Paragraph string               `json:"paragraph"`
	Tree      []string             `json:"tree"`               // each line indented by two spaces under what it is a reason of
	With      trucewatch.FindingID `json:"with,omitempty"`     // the finding that it was compared with
	Contrast  []string             `json:"contrast,omitempty"` // in what the two differ
}

func (s *service) explanation(w http.ResponseWriter, r *http.Request) {
	c, err := s.call(w, r)
	var e Item[Explanation]
	if err == nil {
		e.About = c.about()
		e.Item, err = s.explain(c)
	}
	s.write(w, r, c, "application/json", e, err)
}

func (s *service) explain(c call) (Explanation, error) {
	values := c.r.URL.Query()
	for name := range values {
		if name != "lang" && name != "with" {
			return Explanation{}, refuse(http.StatusBadRequest, "an explanation takes the parameters lang and with alone")
		}
	}
	if s.options.Explain == nil || len(s.options.Languages) == 0 {
		return Explanation{}, refuse(http.StatusNotFound, "nothing is explained here")
	}
	e := Explanation{Language: values.Get("lang"), With: trucewatch.FindingID(values.Get("with"))}
	if e.Language == "" {
		e.Language = s.options.Languages[0]
	}
	if !slices.Contains(s.options.Languages, e.Language) {
		return Explanation{}, refuse(http.StatusBadRequest, "the language %.20q is not one of %s", e.Language, strings.Join(s.options.Languages, ", "))
	}
	f, err := c.finding(trucewatch.FindingID(c.r.PathValue("id")))
	if err != nil {
		return Explanation{}, err
	}
	e.Finding = f.ID
	e.Paragraph, e.Tree = s.options.Explain(&f.Finding, e.Language)
	if e.With == "" || s.options.Contrast == nil {
		return e, nil
	}
	with, err := c.finding(e.With)
	if err == nil {
		e.Contrast = s.options.Contrast(&f.Finding, &with.Finding)
	}
	return e, err
}

// finding returns a finding, or a refusal if there is none.
func (c call) finding(id trucewatch.FindingID) (trucewatch.FindingView, error) {
	f, ok, err := c.store.Finding(id)
	if err == nil && !ok {
		err = refuse(http.StatusNotFound, "nothing of that name is shown to this audience")
	}
	return f, err
}

func found[T any](c call, v T, ok bool, err error) (any, error) {
	if err == nil && !ok {
		err = refuse(http.StatusNotFound, "nothing of that name is shown to this audience")
	}
	return Item[T]{c.about(), v}, err
}

func (s *service) mapLayer(w http.ResponseWriter, r *http.Request) {
	c, err := s.call(w, r)
	var q trucewatch.Query
	if err == nil {
		q, err = c.query()
		q.Limit = 0
	}
	var item Item[trucewatch.MapLayer]
	if err == nil {
		item.About = c.about()
		item.Item, err = c.store.Map(q, shapesMax)
	}
	s.write(w, r, c, "application/json", item, err)
}

// A MissionItem is a mission in the list of missions.
type MissionItem struct {
	ID      string              `json:"id"`
	Loading bool                `json:"loading,omitempty"`
	Index   uint64              `json:"index"`
	At      trucewatch.Instant  `json:"at"`
	Mission *trucewatch.Genesis `json:"mission,omitempty"`
}

func (s *service) list(w http.ResponseWriter, r *http.Request) {
	list := struct {
		Audience trucewatch.Audience `json:"audience"`
		Missions []MissionItem       `json:"missions"`
	}{s.options.Audience, []MissionItem{}}
	for _, m := range s.missions {
		item := MissionItem{ID: m.ID}
		if store, ready := m.Store(); ready {
			head, err := store.Header()
			if err == nil {
				err = s.intended(m.ID, head)
			}
			if err != nil {
				s.fail(w, r, fmt.Errorf("header of %s: %w", m.ID, err))
				return
			}
			item.Index, item.At, item.Mission = head.Index, head.At, &head.Mission
		} else {
			item.Loading = true
		}
		list.Missions = append(list.Missions, item)
	}
	s.write(w, r, call{}, "application/json", list, nil)
}

func (s *service) documents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	sum := sha256.Sum256(docs)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(docs))
}

// write answers with v as JSON, or with the error.
func (s *service) write(w http.ResponseWriter, r *http.Request, c call, mime string, v any, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		s.fail(w, r, fmt.Errorf("json of %s: %w", c.id, err))
		return
	}
	body = append(wording.Escape(body), '\n')
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", s.options.Audience, r.URL.RequestURI())
	sum.Write(body)
	w.Header().Set("Content-Type", mime)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum.Sum(nil)[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// A refusal is an error whose words a caller may see.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func (s *service) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusInternalServerError, "something is wrong on this server; it is in the server's log"
	var no *refusal
	switch {
	case errors.As(err, &no):
		status, message = no.status, no.message
	case errors.Is(err, query.ErrInvalid):
		status, message = http.StatusBadRequest, err.Error()
	default:
		s.options.Log.Error("api", "path", r.URL.Path, "error", err)
	}
	body, err := json.Marshal(map[string]string{"error": message})
	if err != nil {
		body = []byte(`{"error":"internal"}`)
	}
	w.Header().Del("ETag")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(wording.Escape(body), '\n')) // a caller who has gone away is no error of ours
	}
}
