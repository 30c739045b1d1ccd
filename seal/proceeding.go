// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"reflect"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// proceeding adds the fields of what parties, bodies and the mission do about
// cases: each field of its schema by the name that JSON has for it, null where
// it is not set. It says whether p is such a thing.
func (l *fieldList) proceeding(p *trucewatch.Payload) bool {
	switch {
	case p.Interpretation != nil:
		l.schema(*p.Interpretation)
	case p.Answer != nil:
		l.schema(*p.Answer)
	case p.Decision != nil:
		l.schema(*p.Decision)
	case p.Step != nil:
		l.schema(*p.Step)
	case p.Session != nil:
		l.schema(*p.Session)
	case p.Activation != nil:
		l.schema(*p.Activation)
	case p.NoticeStep != nil:
		l.schema(*p.NoticeStep)
	case p.Fact != nil:
		l.schema(*p.Fact)
	case p.Coverage != nil:
		l.schema(*p.Coverage)
		l.add("source_kind", p.Coverage.Source.Kind, true)
	case p.Inventory != nil:
		l.schema(*p.Inventory)
	default:
		return false
	}
	return true
}

// schema adds the fields of a struct in the order in which it declares them.
// Reflection, so that no field of a schema can be forgotten here.
func (l *fieldList) schema(noun any) {
	v := reflect.ValueOf(noun)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		l.add(name, v.Field(i).Interface(), !v.Field(i).IsZero())
	}
}

// residueProceeding fills out with what is kept of such a thing: who did what to
// which case, and how it was voted. Free text is left out, places become cells.
func residueProceeding(p, out *trucewatch.Payload, pseudonym string) {
	switch {
	case p.Interpretation != nil:
		i := *p.Interpretation
		i.Reason = ""
		out.Interpretation = &i
	case p.Answer != nil:
		a := *p.Answer
		a.Text = ""
		out.Answer = &a
	case p.Decision != nil:
		out.Decision = residueDecision(p.Decision)
	case p.Step != nil:
		s := *p.Step
		s.Comment = ""
		if s.Reason != "" {
			s.Reason = cut
		}
		out.Step = &s
	case p.Session != nil:
		s := *p.Session
		s.Internal = ""
		out.Session = &s
	case p.Activation != nil:
		a := *p.Activation
		a.Alleges, a.From, a.Where, a.When = cut, orCut(identifier(a.From)), residuePlace(a.Where), widen(a.When, trucewatch.Hour)
		out.Activation = &a
	case p.NoticeStep != nil:
		n := *p.NoticeStep
		n.Reason = ""
		out.NoticeStep = &n
	case p.Fact != nil:
		f := *p.Fact
		f.Text = ""
		out.Fact = &f
	case p.Coverage != nil:
		c := &trucewatch.CoverageReport{Source: residueSource(&p.Coverage.Source, pseudonym)}
		for _, w := range p.Coverage.Watches {
			w.Where = residuePlace(w.Where)
			c.Watches = append(c.Watches, w)
		}
		out.Coverage = c
	case p.Inventory != nil:
		i := *p.Inventory
		i.Text, i.Items = "", nil
		for _, item := range p.Inventory.Items {
			item.Weapon.Text = ""
			i.Items = append(i.Items, item)
		}
		out.Inventory = &i
	}
}

func residueDecision(d *trucewatch.Decision) *trucewatch.Decision {
	r := *d
	r.Question, r.Votes, r.Remedies = cut, nil, nil
	for _, v := range d.Votes {
		v.Dissent = ""
		r.Votes = append(r.Votes, v)
	}
	for _, m := range d.Remedies {
		m.What = cut
		r.Remedies = append(r.Remedies, m)
	}
	return &r
}

func residuePlace(p trucewatch.Place) trucewatch.Place {
	if p.Region.Kind == "" {
		return trucewatch.Place{}
	}
	return trucewatch.Place{Region: CellOf(p.Region, doubled10km)}
}

func orCut(word string) string {
	if word == "" {
		return cut
	}
	return word
}
