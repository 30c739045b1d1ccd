// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A paper is what the layout shows.
type paper struct {
	View       trucewatch.View
	Options    Options
	Clock      wording.Clock
	CSS        template.CSS
	Title      string
	Number     int64
	Mode       string // a sentence, "" for a live mission
	Agreed     bool
	Summary    []string
	Layers     []layer
	Map, Chart template.HTML
	LongChart  template.HTML
	Bands      template.HTML // what could be seen
	CaseNews   []string
	Areas      []area
	Observed   []trucewatch.IncidentView // not claims alone
	Claimed    []trucewatch.IncidentView
	Harm       []harm
	HarmByWord []string
	Weapons    []sighting
	Impeded    []trucewatch.IncidentView
	Restricted []trucewatch.FindingView
	Units      []unit
	Corrected  []trucewatch.FindingView
	NotJudged  []clause
	Clauses    int
}

// A layer is the numbers of one layer of counting.
type layer struct {
	Name, Says string
	Rule       string // of all numbers; "" if they have several
	Seen       bool   // some of its numbers say what could have been seen
	List       []trucewatch.Number
}

// A unit is the tallies of one unit.
type unit struct {
	Name string
	List []trucewatch.TallyView
}

// A clause is one that is not judged, with the agreement it is of.
type clause struct {
	Agreement string
	trucewatch.Clause
}

// A harm is what one source says of harm to persons.
type harm struct {
	Incident trucewatch.IncidentView
	Source   string
	Casualty *trucewatch.Casualty // nil if this audience does not see it
}

// A sighting is a weapon seen.
type sighting struct {
	Incident trucewatch.IncidentView
	What     []string
	Findings []trucewatch.FindingView
}

func compose(v trucewatch.View, o Options) paper {
	p := paper{View: v, Options: o, Clock: wording.Clock{Zone: o.Zone}, Title: title(v), Number: number(v), Mode: wording.Mode(v.Mission)}
	p.CSS = template.CSS(style + pageStyle(p.Number, v.Mission.Simulated))
	for _, a := range v.Agreements {
		p.Agreed = p.Agreed || !a.Draft
		p.Clauses += len(a.Clauses)
		for _, c := range a.Clauses {
			if !c.Judged {
				p.NotJudged = append(p.NotJudged, clause{a.ID, c})
			}
		}
	}
	p.split()
	p.Layers = layers(v.Numbers)
	p.Summary = p.summarise()
	p.Areas = areas(v.Incidents, o.Places)
	p.Map, p.Chart, p.LongChart = p.draw(), p.chart(), p.longChart()
	p.CaseNews = caseNews(v.Cases, v.Period, v.Audience == trucewatch.ForMission)
	if v.Standing != nil {
		p.Bands = svg.Coverage("bands", v.Standing.Coverage, p.Clock)
	}
	for _, t := range v.Tallies {
		i := slices.IndexFunc(p.Units, func(u unit) bool { return u.Name == t.Tally.Count.Unit })
		if i < 0 {
			i = len(p.Units)
			p.Units = append(p.Units, unit{Name: t.Tally.Count.Unit})
		}
		p.Units[i].List = append(p.Units[i].List, t)
	}
	return p
}

// split sorts incidents and findings into the parts of the report.
func (p *paper) split() {
	findings := map[trucewatch.FindingID]trucewatch.FindingView{}
	for _, f := range p.View.Findings {
		findings[f.ID] = f
	}
	for _, in := range p.View.Incidents {
		if in.Claims {
			p.Claimed = append(p.Claimed, in)
		} else {
			p.Observed = append(p.Observed, in)
		}
		if shows(in, trucewatch.CasualtySeen) {
			p.Harm = append(p.Harm, harms(in)...)
		}
		if shows(in, trucewatch.WeaponSeen) {
			p.Weapons = append(p.Weapons, sighting{Incident: in, What: weapons(in), Findings: pick(findings, in.Findings)})
		}
		if shows(in, trucewatch.RestrictionMet, trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper, trucewatch.FireAtMissionAsset) {
			p.Impeded = append(p.Impeded, in)
		}
	}
	p.Restricted = pick(findings, p.View.Restricted)
	p.Corrected = pick(findings, p.View.Corrected)
	p.HarmByWord = harmWords(p.Harm)
}

// shows says whether signs of one of the kinds belong to an incident: a child
// hurt by an explosion is harm, though the incident is an explosion.
func shows(in trucewatch.IncidentView, kinds ...trucewatch.Kind) bool {
	return slices.Contains(kinds, in.Kind) ||
		slices.ContainsFunc(in.Phenomena, func(p trucewatch.Phenomena) bool { return slices.Contains(kinds, p.Kind) })
}

func pick(all map[trucewatch.FindingID]trucewatch.FindingView, ids []trucewatch.FindingID) []trucewatch.FindingView {
	var out []trucewatch.FindingView
	for _, id := range ids {
		f, ok := all[id]
		if !ok { // named, though its content is not of this period or not for this audience
			f.ID = id
		}
		out = append(out, f)
	}
	return out
}

func harms(in trucewatch.IncidentView) []harm {
	var out []harm
	for _, o := range in.Observations {
		if o.Observation != nil && o.Observation.Casualty != nil {
			h := harm{Incident: in, Casualty: o.Observation.Casualty}
			if o.Source != nil {
				h.Source = cmp.Or(o.Source.Name, string(o.Source.ID))
			}
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		out = append(out, harm{Incident: in})
	}
	return out
}

// harmWords says how many incidents of harm are reported, corroborated and
// verified. An incident counts once, at the highest of its sources' words.
func harmWords(list []harm) []string {
	order := []string{"verified", "corroborated", "reported"}
	best := map[trucewatch.IncidentID]int{}
	for _, h := range list {
		rank := len(order) // no status is shown
		if h.Casualty != nil {
			if i := slices.Index(order, h.Casualty.Status); i >= 0 {
				rank = i
			}
		}
		if now, ok := best[h.Incident.ID]; !ok || rank < now {
			best[h.Incident.ID] = rank
		}
	}
	counts := make([]int, len(order)+1)
	for _, rank := range best {
		counts[rank]++
	}
	out := []string{}
	for i, word := range order {
		out = append(out, fmt.Sprintf("%s: %d", word, counts[i]))
	}
	if counts[len(order)] > 0 {
		out = append(out, fmt.Sprintf("status not given or not shown: %d", counts[len(order)]))
	}
	return out
}

func weapons(in trucewatch.IncidentView) []string {
	var out []string
	for _, o := range in.Observations {
		if o.Observation == nil || o.Observation.Weapon == nil || o.Observation.Kind != trucewatch.WeaponSeen {
			continue
		}
		w := o.Observation.Weapon
		text := wording.Count(o.Observation.Count) + " " + wording.Words(string(w.Platform))
		if w.Model != "" {
			text += " " + w.Model
		}
		if w.CalibreMM > 0 {
			text += fmt.Sprintf(" %d mm", w.CalibreMM)
		}
		out = append(out, text)
	}
	return out
}

func layers(numbers []trucewatch.Number) []layer {
	out := []layer{
		{Name: "phenomenon", Says: "Phenomena: single signs, as the source that counted most of them counts them"},
		{Name: "engagement", Says: "Engagements: episodes, each made of all signs held to come from one occurrence"},
		{Name: "finding", Says: "Findings: judgements, one for each act, reading and subject"},
	}
	for _, n := range numbers {
		i := slices.IndexFunc(out, func(l layer) bool { return l.Name == n.Layer })
		if i < 0 {
			i = len(out)
			out = append(out, layer{Name: n.Layer, Says: n.Layer})
		}
		out[i].List = append(out[i].List, n)
	}
	for i, l := range out {
		for _, n := range l.List {
			if n.Rule != l.List[0].Rule {
				out[i].Rule = ""
				break
			}
			out[i].Rule = n.Rule
		}
		out[i].Seen = slices.ContainsFunc(l.List, func(n trucewatch.Number) bool { return n.Coverage != "" })
	}
	return out
}

// summarise writes the bullets of the first page, zero included.
func (p *paper) summarise() []string {
	var out []string
	observed, claimed := 0, len(p.Claimed)
	for _, in := range p.Observed {
		if in.State != "withdrawn" {
			observed++
		}
	}
	first := fmt.Sprintf("%s observed or recorded; %s claimed or reported by others and not checked.",
		sentence(wording.Plural(observed, "incident was", "incidents were"), observed), wording.Plural(claimed, "incident is", "incidents are"))
	if withdrawn := len(p.Observed) - observed; withdrawn > 0 {
		first += " " + wording.Plural(withdrawn, "incident was", "incidents were") + " withdrawn and not counted in these."
	}
	out = append(out, first)
	for _, l := range p.Layers {
		if l.Name == "finding" && !p.Agreed {
			continue
		}
		if len(l.List) == 0 {
			out = append(out, "No "+l.Name+" was counted for this audience in this period.")
			continue
		}
		parts := make([]string, len(l.List))
		for i, n := range l.List {
			parts[i] = compare(n)
		}
		out = append(out, strings.ToUpper(l.Name[:1])+l.Name[1:]+" counts (the period before in brackets): "+strings.Join(parts, "; ")+".")
	}
	if !p.Agreed {
		out = append(out, "Nothing is agreed, so nothing is judged: there are no findings, and no act is called a violation.")
	}
	out = append(out, "Harm to persons: "+strings.Join(p.HarmByWord, ", ")+" (incidents).",
		"Weapons: "+wording.Plural(len(p.Weapons), "sighting", "sightings")+".",
		"Restrictions of movement: "+wording.Plural(len(p.Restricted), "finding", "findings")+"; restrictions, interference and fire at the mission's assets: "+
			wording.Plural(len(p.Impeded), "incident", "incidents")+".",
		"Cases: "+wording.Plural(len(p.View.Cases), "case", "cases")+". Corrections to earlier publications: "+strconv.Itoa(len(p.Corrected))+".")
	return out
}

func sentence(s string, n int) string {
	if n == 0 {
		return "No incident was"
	}
	return s
}

// compare writes one number beside the period before, without a word of its
// own: a lower bound is neither more nor fewer than another number.
func compare(n trucewatch.Number) string {
	value, before := wording.Number(n.Value), "not comparable"
	if n.AtLeast {
		value = "at least " + value
	}
	if n.Previous != nil {
		before = wording.Number(*n.Previous)
	}
	return wording.What(n.What) + " " + value + " (" + before + ")"
}

// An area is the incidents nearest to one town.
type area struct {
	Name     string
	Observed int
	Claimed  int
	Kinds    string
	Results  string
}

// areas counts incidents at the nearest town or city of the list, or by their
// own place names where there is none.
func areas(incidents []trucewatch.IncidentView, places []Place) []area {
	groups := map[string][]trucewatch.IncidentView{}
	for _, in := range incidents {
		name := nearest(in, places)
		groups[name] = append(groups[name], in)
	}
	var out []area
	for name, list := range groups {
		a := area{Name: name}
		kinds, results := map[string]int{}, map[string]int{}
		for _, in := range list {
			if in.Claims {
				a.Claimed++
			} else {
				a.Observed++
			}
			kinds[wording.Kind(in.Kind)]++
			for _, r := range in.Results {
				results[wording.Result(r)]++
			}
		}
		a.Kinds, a.Results = tabulate(kinds), tabulate(results)
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b area) int {
		return cmp.Or(cmp.Compare(b.Observed+b.Claimed, a.Observed+a.Claimed), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func nearest(in trucewatch.IncidentView, places []Place) string {
	best, name := math.Inf(1), cmp.Or(in.Place, "place not known")
	if in.Where.IsZero() {
		return "place not known"
	}
	middle := in.Where.Mean()
	for _, p := range places {
		if p.Kind != "town" && p.Kind != "city" && p.Kind != "capital" {
			continue
		}
		if d := float64(geo.DistanceMM(middle, p.Position)); d < best {
			best, name = d, p.Name
		}
	}
	return name
}

// tabulate writes "3 burst, 1 explosion", the most frequent first.
func tabulate(counts map[string]int) string {
	var words []string
	for w := range counts {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], w)
	}
	return strings.Join(words, ", ")
}

// draw makes the map. Only incidents with a place are on it; the tables have
// all.
func (p *paper) draw() template.HTML {
	in := svg.MapInput{ID: "map", Title: "Incidents of the period", Places: p.Options.Places, Agreements: p.View.Agreements,
		Desc: wording.Plural(len(p.View.Incidents), "incident", "incidents") + "; the tables of this report hold the same."}
	for _, i := range p.View.Incidents {
		in.Shapes = append(in.Shapes, svg.Shape{Region: i.Where, Kind: i.Kind, Fill: svg.FillOf(i.Word, i.State), Href: "#i" + i.ID.String(),
			Title: fmt.Sprintf("incident %s, %s, %s", i.ID, wording.Kind(i.Kind), p.Clock.Interval(i.When))})
	}
	return svg.Map(in)
}

// hoursMax bounds the hourly chart: a period is a day, or the two or three days
// of a weekend's report.
const hoursMax = 96

func (p *paper) chart() template.HTML {
	from, till := p.View.Period.From, p.View.Period.Till
	hours := (till - from + trucewatch.Hour - 1) / trucewatch.Hour
	if from == 0 || hours <= 0 || hours > hoursMax {
		return ""
	}
	bars := make([]svg.Bar, hours)
	for i := range bars {
		at := from + trucewatch.Instant(i)*trucewatch.Hour
		bars[i] = svg.Bar{Label: p.Clock.Interval(trucewatch.Interval{From: at, Till: min(at+trucewatch.Hour, till)}), Short: p.Clock.Hour(at)}
	}
	for _, in := range p.View.Incidents {
		if i := (in.When.From - from) / trucewatch.Hour; in.When.From >= from && int(i) < len(bars) {
			bars[i].Value++
		}
	}
	return svg.Bars(svg.BarsInput{ID: "hours", Title: "Incidents that began in each hour of the period", Unit: "incidents per hour",
		Desc: svg.Summary(bars, "incidents"), Bars: bars, Coverage: p.coverage()})
}

func (p *paper) longChart() template.HTML {
	if len(p.Options.Days) == 0 {
		return ""
	}
	var bars []svg.Bar
	for _, d := range p.Options.Days {
		day := p.Clock.Day(d.Span.From + trucewatch.Day/2)
		bars = append(bars, svg.Bar{Label: day, Short: day[len(day)-2:], Value: int64(d.Count)})
	}
	return svg.Bars(svg.BarsInput{ID: "days", Title: "Incidents that began in each of the last days", Unit: "incidents per day",
		Desc: svg.Summary(bars, "incidents"), Bars: bars, Coverage: p.coverage()})
}

func (p *paper) coverage() string {
	if len(p.View.Coverage) == 0 {
		return "An empty hour is one in which nothing was recorded. The record does not say who was watching."
	}
	return "An empty hour is one in which nothing was recorded; see the part on coverage for who could not see."
}

// pageStyle is the running head and foot of the printed page: numbers and fixed
// words only, so that no text of the record enters the style.
func pageStyle(number int64, simulated bool) string {
	head := ""
	if simulated {
		head = `@top-center { content: "SIMULATED – places, parties and events are invented"; font: 700 8.5pt system-ui, "Noto Sans", sans-serif; letter-spacing: .06em; }`
	}
	return fmt.Sprintf("@page { size: A4; margin: 18mm 16mm; direction: ltr; %s @bottom-left { content: \"Daily report %d\"; font: 8pt system-ui, \"Noto Sans\", sans-serif; color: #595959; } @bottom-right { content: \"page \" counter(page) \" of \" counter(pages); font: 8pt system-ui, \"Noto Sans\", sans-serif; color: #595959; } }\n",
		head, number)
}
