// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// standing returns what goes on over a time. Whoever is not told of it is not
// told either that there are such pages.
func (v *visit) standing() (*trucewatch.Standing, error) {
	if v.head.Standing == nil {
		return nil, refuse(http.StatusNotFound, "There is no such page here.")
	}
	return v.head.Standing, nil
}

// A bodyOfAgreement is a body and what it has done and has before it.
type bodyOfAgreement struct {
	ID       string
	Agenda   []trucewatch.CaseView
	Hidden   []trucewatch.CaseID // of the agenda: not in the index yet
	Sessions []*trucewatch.SessionState
	Rulings  []*trucewatch.Ruling
}

func commission(v *visit) error {
	s, err := v.standing()
	if err != nil {
		return err
	}
	var list []*bodyOfAgreement
	of := func(id string) *bodyOfAgreement {
		i := slices.IndexFunc(list, func(b *bodyOfAgreement) bool { return b.ID == id })
		if i < 0 {
			i = len(list)
			list = append(list, &bodyOfAgreement{ID: id})
		}
		return list[i]
	}
	for _, a := range s.Agendas {
		b := of(a.Body)
		for _, id := range a.Cases {
			c, ok, err := v.store.Case(id)
			if err != nil {
				return err
			}
			if ok {
				b.Agenda = append(b.Agenda, c)
			} else {
				b.Hidden = append(b.Hidden, id)
			}
		}
	}
	for _, session := range slices.Backward(s.Sessions) {
		b := of(session.Body)
		b.Sessions = append(b.Sessions, session)
	}
	for _, r := range slices.Backward(s.Rulings) {
		b := of(r.Decision.Body)
		b.Rulings = append(b.Rulings, r)
	}
	return v.show("commission", "commission", "Commission", struct {
		Bodies  []*bodyOfAgreement
		Settled []trucewatch.Dated[trucewatch.Interpretation]
	}{list, s.Settled})
}

func obligations(v *visit) error {
	s, err := v.standing()
	if err != nil {
		return err
	}
	return v.show("obligations", "obligations", "Obligations", s)
}

// A call is a use of the hotline and the case that it belongs to.
type call struct {
	trucewatch.Dated[trucewatch.Activation]
	Case trucewatch.CaseID // "": none
}

func hotline(v *visit) error {
	s, err := v.standing()
	if err != nil {
		return err
	}
	belongs := map[string]trucewatch.CaseID{}
	err = v.eachCase(trucewatch.Query{}, func(c *trucewatch.CaseView) {
		for _, id := range c.Activations {
			if c.JoinedTo == "" || belongs[id] == "" { // the case that goes on names it too
				belongs[id] = c.ID
			}
		}
	})
	if err != nil {
		return err
	}
	var calls []call
	for _, c := range s.Calls {
		calls = append(calls, call{c, belongs[c.What.ID]})
	}
	return v.show("hotline", "hotline", "Hotline", struct {
		Calls []call
		Facts []trucewatch.Dated[trucewatch.Fact]
	}{calls, s.Facts})
}

func watched(v *visit) error {
	s, err := v.standing()
	if err != nil {
		return err
	}
	return v.show("coverage", "coverage", "Coverage", struct {
		*trucewatch.Standing
		Chart template.HTML
	}{s, svg.Coverage("bands", s.Coverage, v.clock)})
}

// weapon writes what is stored in words: "howitzer, 122 mm S-12, number 1041".
func weapon(i trucewatch.StoredItem) string {
	out := wording.Words(string(i.Weapon.Platform))
	if i.Weapon.CalibreMM > 0 {
		out += " " + strconv.Itoa(int(i.Weapon.CalibreMM)) + " mm"
	}
	if i.Weapon.Model != "" {
		out += " " + i.Weapon.Model
	}
	if i.Serial != "" {
		return out + ", number " + i.Serial
	}
	return wording.Number(i.Count) + " × " + out + ", without numbers"
}
