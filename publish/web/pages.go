// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/query"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// How much the overview shows. Guess: what fits on one screen beside the map.
// Test: look at it.
const (
	newestIncidents  = 8
	newestStatements = 3
	newestCases      = 4
	overviewShapes   = 300
)

// one is a query for the total alone: a store may refuse a limit of zero.
func one() trucewatch.Query { return trucewatch.Query{Limit: 1} }

// A card is a mission on the first page.
type card struct {
	ID                                       string
	Loading, Agreed                          bool
	Head                                     trucewatch.View
	Clock                                    wording.Clock
	Incidents, Findings, Tallies, Statements int
}

func (s *site) start(w http.ResponseWriter, r *http.Request) {
	var cards []card
	depends := []any{}
	for _, m := range s.missions {
		c := card{ID: m.ID}
		store, ready := m.Store()
		if !ready {
			c.Loading = true
			cards = append(cards, c)
			depends = append(depends, m.ID, "loading")
			continue
		}
		err := c.fill(store)
		if err == nil {
			err = s.intended(m.ID, c.Head)
		}
		if err != nil {
			s.answer(w, r, err)
			return
		}
		cards = append(cards, c)
		depends = append(depends, m.ID, c.Head.Index, c.Head.At)
	}
	// The public's headers do not tell the entries, so they do not name the page.
	if s.options.Audience != trucewatch.ForPublic {
		etag := s.etag(r, depends...)
		w.Header().Set("ETag", etag)
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if err := s.render(w, r, http.StatusOK, "start", page{Title: "Missions", Body: cards}); err != nil {
		s.answer(w, r, err)
	}
}

func (c *card) fill(store Store) error {
	var errs [5]error
	c.Head, errs[0] = store.Header()
	_, c.Incidents, errs[1] = store.Incidents(one())
	_, c.Findings, errs[2] = store.Findings(one())
	_, c.Tallies, errs[3] = store.Tallies(one())
	_, c.Statements, errs[4] = store.Statements(one())
	c.Clock, c.Agreed = wording.Clock{Zone: zoneOf(c.Head)}, agreed(c.Head)
	return errors.Join(errs[:]...)
}

type overviewBody struct {
	Head                                        trucewatch.View
	Map, Chart                                  template.HTML
	Incidents                                   []trucewatch.IncidentView
	Cases                                       []trucewatch.CaseView
	Statements                                  []trucewatch.StatementView
	IncidentsTotal, CasesTotal, StatementsTotal int
	NotJudged                                   int
}

func overview(v *visit) error {
	b := overviewBody{Head: v.head}
	var errs [5]error
	b.Incidents, b.IncidentsTotal, errs[0] = v.store.Incidents(trucewatch.Query{Limit: newestIncidents})
	b.Cases, b.CasesTotal, errs[1] = v.store.Cases(trucewatch.Query{Limit: newestCases})
	b.Statements, b.StatementsTotal, errs[2] = v.store.Statements(trucewatch.Query{Limit: newestStatements})
	layer, err := v.store.Map(trucewatch.Query{}, overviewShapes)
	errs[3] = err
	b.Chart, errs[4] = v.chart()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	b.Map = v.drawLayer(layer, trucewatch.Box{}, "incidents", 560, 460)
	for _, a := range v.head.Agreements {
		for _, c := range a.Clauses {
			if !c.Judged {
				b.NotJudged++
			}
		}
	}
	return v.show("overview", "", "Overview", b)
}

type listBody struct {
	Filter filter
	Table  incidentTable
	Pager  pager
	Map    string
}

type incidentTable struct {
	Page               page
	Caption            string
	List               []trucewatch.IncidentView
	SortWhen, SortSure string // aria-sort
	WhenLink, SureLink string
}

func incidents(v *visit) error {
	q, err := v.query()
	if err != nil {
		return err
	}
	list, total, err := v.store.Incidents(q)
	if err != nil {
		return err
	}
	values := v.r.URL.Query()
	values.Del("offset")
	order := func(o string) string { values.Set("order", o); return "?" + values.Encode() }
	t := incidentTable{Page: v.inner(), List: list, Caption: "Incidents, " + wording.Words(orNewest(q.Order)) + " first",
		WhenLink: order(trucewatch.Oldest), SureLink: order(trucewatch.MostCertain), SortWhen: "descending"}
	switch q.Order {
	case trucewatch.Oldest:
		t.SortWhen, t.WhenLink = "ascending", order(trucewatch.Newest)
	case trucewatch.MostCertain:
		t.SortWhen, t.SortSure, t.WhenLink = "", "descending", order(trucewatch.Newest)
	}
	q.Limit, q.Offset, q.Order = 0, 0, ""
	mapLink := v.link("map")
	if s := query.Values(q).Encode(); s != "" {
		mapLink += "?" + s
	}
	q, _ = v.query() // read again: the pager needs the limit
	return v.show("incidents", "incidents", "Incidents", listBody{v.filter(q, kindChoices(q), resultChoices(q)), t, v.pager(q, len(list), total), mapLink})
}

func orNewest(order string) string {
	if order == "" {
		return trucewatch.Newest
	}
	return order
}

// inner is the page as tables need it: identifiers and the clock.
func (v *visit) inner() page {
	return page{Clock: v.clock, Mission: &missionBar{ID: v.mission.ID, Agreed: v.agreed}}
}

type incidentBody struct {
	Incident trucewatch.IncidentView
	Findings []trucewatch.FindingView
	Map      template.HTML
}

func incident(v *visit) error {
	id, err := trucewatch.ParseObservationID(v.r.PathValue("id"))
	if err != nil {
		return refuse(http.StatusNotFound, "An incident has a number such as 101.3.")
	}
	in, ok, err := v.store.Incident(trucewatch.IncidentID(id))
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusNotFound, "No incident %s is shown to this audience.", id)
	}
	b := incidentBody{Incident: in, Map: v.drawIncident(in)}
	for _, f := range in.Findings {
		found, ok, err := v.store.Finding(f)
		if err != nil {
			return err
		}
		if ok {
			b.Findings = append(b.Findings, found)
		}
	}
	return v.show("incident", "incidents", "Incident "+id.String(), b)
}

type findingTable struct {
	Page    page
	Caption string
	None    string
	List    []trucewatch.FindingView
}

func findings(v *visit) error {
	q, err := v.query()
	if err != nil {
		return err
	}
	list, total, err := v.store.Findings(q)
	if err != nil {
		return err
	}
	none := "None. No finding of this kind is shown to this audience."
	if !v.agreed {
		none = "None: nothing is agreed, so nothing is judged."
	}
	return v.show("findings", "findings", "Findings", struct {
		Filter filter
		Table  findingTable
		Pager  pager
	}{v.filter(q, kindChoices(q), resultChoices(q)), findingTable{v.inner(), "Findings, " + wording.Words(orNewest(q.Order)) + " first", none, list}, v.pager(q, len(list), total)})
}

func reports(v *visit) error {
	var dates []string
	if v.mission.Dates != nil {
		dates = v.mission.Dates()
	}
	return v.show("reports", "reports", "Daily reports", dates)
}

// report serves one report file. Its format is the end of its name.
func report(v *visit) error {
	date, format, ok := strings.Cut(v.r.PathValue("date"), ".")
	if !ok {
		format = "html"
	}
	mime := map[string]string{"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}[format]
	if _, err := time.Parse(time.DateOnly, date); err != nil || mime == "" || v.mission.Report == nil {
		return refuse(http.StatusNotFound, "There is no such report here.")
	}
	var b bytes.Buffer
	if err := v.mission.Report(&b, date, format); errors.Is(err, ErrNoReport) {
		return refuse(http.StatusNotFound, "There is no report of %s here.", date)
	} else if err != nil {
		return err
	}
	h := v.w.Header()
	sum := sha256.Sum256(b.Bytes())
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", mime)
	if format == "html" {
		h.Set("Content-Security-Policy", stylePolicy(b.Bytes()))
	} else {
		h.Set("Content-Disposition", `attachment; filename="`+v.head.Mission.Mission+"-"+date+"."+format+`"`)
	}
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(b.Bytes()))
	return nil
}

// A trackGroup is the statements of one track of talks.
type trackGroup struct {
	Name string
	List []trucewatch.StatementView
}

func statements(v *visit) error {
	q, err := v.plainQuery()
	if err != nil {
		return err
	}
	list, total, err := v.store.Statements(q)
	if err != nil {
		return err
	}
	var tracks []trackGroup
	for _, track := range []string{"military", "political", "humanitarian", ""} {
		g := trackGroup{Name: "Track: " + track}
		if track == "" {
			g.Name = "Outside the tracks"
		}
		for _, s := range list {
			if s.Statement.Track == track {
				g.List = append(g.List, s)
			}
		}
		if len(g.List) > 0 {
			tracks = append(tracks, g)
		}
	}
	return v.show("statements", "statements", "Statements and talks", struct {
		Filter filter
		Tracks []trackGroup
		Pager  pager
	}{v.filter(q), tracks, v.pager(q, len(list), total)})
}

// A unitGroup is the tallies of one unit, which alone may stand side by side.
type unitGroup struct {
	Name  string
	Clock wording.Clock
	List  []trucewatch.TallyView
}

func tallies(v *visit) error {
	q, err := v.plainQuery()
	if err != nil {
		return err
	}
	list, total, err := v.store.Tallies(q)
	if err != nil {
		return err
	}
	var units []unitGroup
	for _, t := range list {
		i := slices.IndexFunc(units, func(g unitGroup) bool { return g.Name == t.Tally.Count.Unit })
		if i < 0 {
			i = len(units)
			units = append(units, unitGroup{Name: t.Tally.Count.Unit, Clock: v.clock})
		}
		units[i].List = append(units[i].List, t)
	}
	return v.show("tallies", "tallies", "Published tallies", struct {
		Filter filter
		Units  []unitGroup
		Pager  pager
	}{v.filter(q), units, v.pager(q, len(list), total)})
}

func notifications(v *visit) error {
	q, err := v.plainQuery()
	if err != nil {
		return err
	}
	list, total, err := v.store.Notices(q)
	if err != nil {
		return err
	}
	return v.show("notifications", "notifications", "Notifications", struct {
		Filter filter
		List   []trucewatch.NoticeView
		Pager  pager
	}{v.filter(q), list, v.pager(q, len(list), total)})
}

func agreement(v *visit) error {
	return v.show("agreement", "agreement", "Agreement", v.head.Agreements)
}

func sources(v *visit) error {
	list, err := v.store.Sources()
	if err != nil {
		return err
	}
	return v.show("sources", "sources", "Sources", list)
}

func about(v *visit) error {
	return v.show("about", "about", "Method and words", struct {
		Head     trucewatch.View
		Families []svg.Family
		API      bool
		Vouching *Vouching
	}{v.head, svg.Families(), v.site.options.API != nil, v.vouching()})
}

// vouching is who co-signs the record, nil if nobody does.
func (v *visit) vouching() *Vouching {
	if v.mission.Vouch == nil {
		return nil
	}
	vouching, ok := v.mission.Vouch()
	if !ok {
		return nil
	}
	return &vouching
}
