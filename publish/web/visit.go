// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/query"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// staleAfter is how old the last tick of a live mission may be before the page
// calls itself stale.
//
// Guess: three times the five minutes at which a quiet mission still ticks.
// Test: how often the word shows while a mission is well.
const staleAfter = 15 * time.Minute

// A visit is one request for a page of one mission.
type visit struct {
	site    *site
	w       http.ResponseWriter
	r       *http.Request
	mission Mission
	store   Store
	head    trucewatch.View
	clock   wording.Clock
	zone    *time.Location
	agreed  bool // an agreement that is not a draft is in the record
}

// file turns a file of a mission into a handler. A file names its own ETag and
// policy: an answer 304 would replace the policy that the browser keeps with it.
func (s *site) file(show func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(w, r)
		if err == nil {
			err = show(v)
		}
		s.answer(w, r, err)
	}
}

// mission turns a page of a mission into a handler.
func (s *site) mission(show func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(w, r)
		if err != nil {
			s.answer(w, r, err)
			return
		}
		etag := s.etag(r, v.mission.ID, v.head.Index, v.head.At, v.state())
		if s.options.Audience == trucewatch.ForPublic {
			// The public's header does not tell the entries, so it does not name the page.
			s.answer(w, r, show(v))
			return
		}
		w.Header().Set("ETag", etag)
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if err := show(v); err != nil {
			w.Header().Del("ETag")
			s.answer(w, r, err)
		}
	}
}

func (s *site) find(id string) (Mission, bool) {
	for _, m := range s.missions {
		if m.ID == id {
			return m, true
		}
	}
	return Mission{}, false
}

func (s *site) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	m, ok := s.find(r.PathValue("mission"))
	if !ok {
		return nil, refuse(http.StatusNotFound, "There is no such mission here.")
	}
	store, ready := m.Store()
	if !ready {
		w.Header().Set("Retry-After", "5")
		return nil, refuse(http.StatusServiceUnavailable, "This mission's record is still being read. Try again in a few seconds.")
	}
	head, err := store.Header()
	if err != nil {
		return nil, fmt.Errorf("header of %s: %w", m.ID, err)
	}
	if err := s.intended(m.ID, head); err != nil {
		return nil, err
	}
	v := &visit{site: s, w: w, r: r, mission: m, store: store, head: head, zone: zoneOf(head), agreed: agreed(head)}
	v.clock = wording.Clock{Zone: v.zone}
	return v, nil
}

// intended returns an error if an index was made for another audience: then
// nothing of it is shown.
func (s *site) intended(id string, head trucewatch.View) error {
	if head.Audience != s.options.Audience {
		return fmt.Errorf("index of %s is for %q, this server for %q", id, head.Audience, s.options.Audience)
	}
	return nil
}

// zoneOf is the mission's display zone, or UTC if this machine does not know
// it.
func zoneOf(head trucewatch.View) *time.Location {
	zone, err := time.LoadLocation(head.Mission.DisplayZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func agreed(head trucewatch.View) bool {
	for _, a := range head.Agreements {
		if !a.Draft {
			return true
		}
	}
	return false
}

// state says how fresh the page is.
func (v *visit) state() string {
	switch age := v.site.options.Now().Sub(v.head.At.Time()); {
	case v.head.Mission.Mode == trucewatch.Reenacted:
		return "re-enacted"
	case v.site.options.Audience == trucewatch.ForPublic:
		return "shown by the hour" // how old the last entry is tells when nothing comes in
	case v.mission.Live == nil:
		return "closed record"
	case age > staleAfter:
		return "stale: nothing recorded for " + wording.Span(trucewatch.Instant(age.Microseconds()))
	}
	return "current"
}

// show writes a page of the mission.
func (v *visit) show(name, nav, title string, body any) error {
	state := v.state()
	connected := map[trucewatch.Mode]string{trucewatch.Live: "live", trucewatch.Exercise: "live exercise", trucewatch.Reenacted: "re-enacted"}[v.head.Mission.Mode]
	p := page{Title: title, Nav: nav, Clock: v.clock, Body: body, places: v.mission.Places, Mission: &missionBar{
		ID: v.mission.ID, Title: v.head.Mission.Title, Simulated: v.head.Mission.Simulated, Mode: wording.Mode(v.head.Mission),
		At: v.head.At, Index: v.head.Index, State: state, Connected: connected, Stale: strings.HasPrefix(state, "stale"), Live: v.mission.Live != nil, Agreed: v.agreed, Sections: sections(v.head.Standing != nil)}}
	return v.site.render(v.w, v.r, http.StatusOK, name, p)
}

// link is the address of a page of the mission.
func (v *visit) link(path string) string { return "/m/" + url.PathEscape(v.mission.ID) + "/" + path }

// query reads the filter of the request. What is named in others is read
// elsewhere.
func (v *visit) query(others ...string) (trucewatch.Query, error) {
	q, err := query.Parse(v.r.URL.Query(), v.zone, others...)
	if err == nil && q.Limit == 0 {
		q.Limit = trucewatch.QueryLimit
	}
	return q, err
}

// plainQuery reads the filter of a list that has neither places nor kinds.
func (v *visit) plainQuery(others ...string) (trucewatch.Query, error) {
	q, err := v.query(others...)
	if err == nil {
		err = query.OnlyTimeAndText(q)
	}
	return q, err
}

// A pager leads through a long list.
type pager struct {
	First, Last, Total int
	Previous, Next     string // addresses, "" for none
}

func (v *visit) pager(q trucewatch.Query, shown, total int) pager {
	p := pager{First: q.Offset + 1, Last: q.Offset + shown, Total: total}
	if shown == 0 {
		p.First = q.Offset
	}
	at := func(offset int) string {
		values := v.r.URL.Query()
		values.Del("offset")
		if offset > 0 {
			values.Set("offset", strconv.Itoa(offset))
		}
		return "?" + values.Encode()
	}
	if q.Offset > 0 {
		p.Previous = at(max(0, q.Offset-q.Limit))
	}
	if q.Offset+shown < total && shown > 0 {
		p.Next = at(q.Offset + q.Limit)
	}
	return p
}

// A choice is one option of a form.
type choice struct {
	Value, Text string
	Chosen      bool
}

// A selection is one list of a form, of whose choices a reader takes one or none.
type selection struct {
	Name, Label string
	Choices     []choice
}

// A filter is what the form of a list shows.
type filter struct {
	From, Till, Text, Box, Order string
	Selections                   []selection
	Any                          bool // something is filtered
}

// filter fills the form from the request. Words of the request stand in it as
// they were given, also local times.
func (v *visit) filter(q trucewatch.Query, selections ...selection) filter {
	values := v.r.URL.Query()
	f := filter{From: values.Get("from"), Till: values.Get("till"), Text: values.Get("q"), Box: values.Get("bbox"), Order: q.Order}
	f.Any = f.From+f.Till+f.Text+f.Box != ""
	for _, s := range selections {
		if len(s.Choices) == 0 {
			continue // nothing to choose from: this audience sees none
		}
		f.Selections = append(f.Selections, s)
		f.Any = f.Any || values.Get(s.Name) != ""
	}
	return f
}

func kindChoices(q trucewatch.Query) selection {
	return selection{"kind", "kind", choices(trucewatch.Kinds(), q.Kinds, wording.Kind)}
}

func resultChoices(q trucewatch.Query) selection {
	return selection{"result", "result", choices(trucewatch.Results(), q.Results, wording.Result)}
}

// choices lists all values. A form shows one choice; an address may hold more.
func choices[T ~string](all, chosen []T, text func(T) string) []choice {
	var out []choice
	for _, a := range all {
		out = append(out, choice{Value: string(a), Text: text(a), Chosen: len(chosen) > 0 && a == chosen[0]})
	}
	return out
}
