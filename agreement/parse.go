// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// schema is the only version of the format so far.
const schema = "trucewatch/agreement/v1"

// Parse reads a bundle: the main file agreement.yaml and the geometry and
// registers that it names. Files that it does not name are part of the version
// and are not read. The error joins every problem found, each a *Problem that
// wraps trucewatch.ErrInvalid; then the agreement is nil.
func Parse(files []File) (*Agreement, error) {
	r, err := readAll(files)
	if err != nil {
		return nil, err
	}
	if err := join(r.problems); err != nil {
		return nil, err
	}
	return r.a, nil
}

// readAll reads a bundle and all readings of its text, and keeps what is wrong.
func readAll(files []File) (*reader, error) {
	r := &reader{a: &Agreement{}, files: sorted(files)}
	if err := checkFiles(r.files); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	data, ok := r.file(MainFile)
	if !ok {
		return nil, fmt.Errorf("agreement: %w: the bundle has no %s", trucewatch.ErrInvalid, MainFile)
	}
	if top := r.root(data); top != nil {
		r.text(top)
		r.a.hash = hashOf(r.files)
		r.derive()
		r.asks(top)
	}
	return r, nil
}

// text reads one reading of the text and checks it whole.
func (r *reader) text(top *yaml.Node) {
	r.top, r.rowLines = top, map[rowKey]int{}
	r.document(top)
	for _, check := range r.later {
		check()
	}
	r.rules()
}

// file returns a file of the bundle.
func (r *reader) file(name string) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(r.files, File{Name: name}, byName)
	if !ok {
		return nil, false
	}
	return r.files[i].Data, true
}

// document reads the top of the main file.
func (r *reader) document(n *yaml.Node) {
	a := r.a
	a.Status = InForce
	var version string
	r.object(
		need("schema", word(r, &version, schema)),
		may("status", word(r, &a.Status, Draft, InForce)),
		may("simulated", r.flag(&a.Simulated)),
		need("agreement", r.header),
		need("parties", r.parties),
		may("bodies", r.bodies),
		may("lines", r.lines),
		may("zones", r.list(r.zone)),
		may("distance_semantics", word(r, &a.Distances, "per_side", "zone_width")),
		may("weapons", r.list(r.weapon)),
		may("phases", r.phases),
		may("storage", r.storage),
		need("acts", r.list(r.act)),
		may("duties", r.list(r.duty)),
		may("obligations", r.list(r.obligation)),
		may("ceilings", r.list(r.ceiling)),
		may("disengagement_streak", r.streak),
		may("status_quo", r.statusQuo),
		may("heavy", refs(r, &a.Heavy, "weapon class", r.hasClass)),
		may("aggravation", r.list(r.aggravation)),
		may("pre_start", r.preStart),
		may("questions", r.list(r.question)),
		may("return_fire", r.returnFire),
		may("exemptions", r.list(r.exemption)),
		may("acknowledgement", r.acknowledgement),
		need("counting", r.counting),
		need("evidence", r.evidence),
		may("clocks", r.list(r.clock)),
		may("monitoring_rights", r.monitoringRights),
		may("humanitarian", r.humanitarian),
		may("digital_annex", r.digitalAnnex),
		may("disclosure", r.disclosure),
		may("interpretations", r.list(r.interpretation)),
		may("amendment", r.amendment),
	)(n)
	r.later = append(r.later, func() { r.together(n) })
}

// header reads who, what and when.
func (r *reader) header(n *yaml.Node) {
	a := r.a
	r.object(
		need("id", id(r, &a.ID)),
		need("version", r.whole(&a.Version, 1, 1_000_000)),
		need("title", r.titles),
		may("authoritative_text", r.object(
			may("languages", ids(r, &a.Authoritative.Languages)),
			may("sha256", r.hash(&a.Authoritative.SHA256)),
			may("machine_text_is", word(r, &a.Authoritative.MachineTextIs, "interpretive", "binding")),
		)),
		need("parties", ids(r, &a.PartyIDs)),
		may("guarantors", ids(r, &a.Guarantors)),
		may("witnesses_of_record", ids(r, &a.Witnesses)),
		need("in_force", r.inForce),
		may("termination", r.termination),
		may("overrides", text(r, &a.Overrides)),
	)(n)
}

func (r *reader) titles(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		w := Words{Language: key.Value}
		text(r, &w.Text)(value)
		if r.identifier(key, key.Value) {
			r.a.Titles = append(r.a.Titles, w)
		}
	})
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		r.errorf(n, "no title")
	}
}

// hash reads a SHA-256 digest. A placeholder is refused: who does not know the
// digest leaves the key out.
func (r *reader) hash(to *trucewatch.Hash) take {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || to.UnmarshalText([]byte(n.Value)) != nil || to.IsZero() {
			r.errorf(n, "%q is not a SHA-256 digest of 64 hexadecimal digits: leave the key out if it is not known", clip(n.Value))
			*to = trucewatch.Hash{}
		}
	}
}

// inForce reads from and until, or several readings of them.
func (r *reader) inForce(n *yaml.Node) {
	a := r.a
	var single trucewatch.Reading
	r.object(
		may("from", r.instant(&single.Span.From)),
		may("until", orNull(r.instant(&single.Span.Till))),
		may("basis", text(r, &single.Basis)),
		may("display_tz", text(r, &a.DisplayZone)),
		may("readings", r.list(r.reading)),
	)(n)
	if n.Kind != yaml.MappingNode {
		return
	}
	switch from, readings := hasKey(n, "from"), hasKey(n, "readings"); {
	case from && readings:
		r.errorf(n, "both from and readings: a start is read in one way or in several")
	case !from && !readings:
		r.errorf(n, "key %q is missing", "from")
	case from:
		r.spanOrder(n, single.Span)
		a.Spans = []trucewatch.Reading{single}
	case len(a.Spans) == 0:
		r.errorf(n, "no readings")
	}
}

func (r *reader) reading(n *yaml.Node) {
	var one trucewatch.Reading
	r.object(
		need("id", id(r, &one.ID)),
		need("from", r.instant(&one.Span.From)),
		may("until", orNull(r.instant(&one.Span.Till))),
		need("basis", text(r, &one.Basis)),
	)(n)
	r.spanOrder(n, one.Span)
	r.unique(n, "reading", one.ID, len(r.a.Spans), func(i int) string { return r.a.Spans[i].ID })
	r.a.Spans = append(r.a.Spans, one)
}

func (r *reader) spanOrder(n *yaml.Node, v trucewatch.Interval) {
	if v.Till != 0 && v.From != 0 && v.Till < v.From {
		r.errorf(n, "until %s is before from %s", v.Till, v.From)
	}
}

// unique refuses an identifier that one of the first count elements has.
func (r *reader) unique(n *yaml.Node, what, id string, count int, of func(int) string) {
	for i := range count {
		if id != "" && of(i) == id {
			r.errorf(n, "%s %q stands twice", what, id)
			return
		}
	}
}

func (r *reader) termination(n *yaml.Node) {
	t := &Termination{}
	r.a.Termination = t
	r.object(
		may("unilateral_release_on_breach", r.flag(&t.UnilateralOnBreach)),
		may("notice_hours", r.span(&t.Notice, trucewatch.Hour)),
		may("notice_to", ids(r, &t.NoticeTo)),
		may("basis", text(r, &t.Basis)),
	)(n)
}

func (r *reader) parties(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		p := Party{ID: trucewatch.PartyID(key.Value)}
		r.object(
			need("names", func(n *yaml.Node) { r.names(n, &p) }),
			may("forces_bound", ids(r, &p.ForcesBound)),
			may("liaison", id(r, &p.Liaison)),
		)(value)
		if r.identifier(key, key.Value) {
			r.isParty(key, p.ID)
			r.a.Parties = append(r.a.Parties, p)
		}
	})
	r.later = append(r.later, func() {
		for _, want := range r.a.PartyIDs {
			if r.a.party(want) == nil {
				r.errorf(n, "party %q of agreement.parties is missing", want)
			}
		}
		slices.SortStableFunc(r.a.Parties, func(p, q Party) int {
			return slices.Index(r.a.PartyIDs, p.ID) - slices.Index(r.a.PartyIDs, q.ID)
		})
	})
}

func (r *reader) names(n *yaml.Node, p *Party) {
	neutral := false
	r.entries(n, func(key, value *yaml.Node) {
		name := Name{By: key.Value}
		text(r, &name.Name)(value)
		neutral = neutral || name.By == "neutral"
		if name.By != "neutral" {
			r.isParty(key, trucewatch.PartyID(name.By))
		}
		p.Names = append(p.Names, name)
	})
	if !neutral {
		r.errorf(n, "key %q is missing: the name that the mission uses", "neutral")
	}
}

// isParty wants id among agreement.parties, once all is read.
func (r *reader) isParty(n *yaml.Node, id trucewatch.PartyID) {
	r.later = append(r.later, func() {
		if !slices.Contains(r.a.PartyIDs, id) {
			r.errorf(n, "%q is not one of agreement.parties (%s)", clip(string(id)), enumerate(r.a.PartyIDs))
		}
	})
}

func (a *Agreement) party(id trucewatch.PartyID) *Party {
	return find(a.Parties, func(p *Party) bool { return p.ID == id })
}

func (r *reader) bodies(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		b := Body{ID: key.Value}
		r.object(
			may("role", ids(r, &b.Role)),
			may("adjudicates", r.flag(&b.Adjudicates)),
			may("members", ids(r, &b.Members)),
			may("chair", id(r, &b.Chair)),
			may("decides_by", word(r, &b.DecidesBy, "consensus", "majority")),
			may("meets", r.object(
				may("routine_days", r.span(&b.MeetsEvery, trucewatch.Day)),
				may("emergency_hours", r.span(&b.MeetsOnCallIn, trucewatch.Hour)),
			)),
			may("goes_up_to", id(r, &b.GoesUpTo)),
			may("powers", ids(r, &b.Powers)),
			may("basis", text(r, &b.Basis)),
		)(value)
		if r.identifier(key, key.Value) {
			r.a.Bodies, r.bodyNodes = append(r.a.Bodies, b), append(r.bodyNodes, value)
		}
	})
}

// ids that must name a part of the text, once all is read.
func refs[T ~string](r *reader, to *[]T, what string, has func(T) bool) take {
	return r.some(func(n *yaml.Node) {
		before := len(*to)
		ids(r, to)(n)
		if len(*to) == before {
			return
		}
		ref := (*to)[before]
		r.later = append(r.later, func() {
			if !has(ref) {
				r.errorf(n, "there is no %s %q", what, ref)
			}
		})
	})
}

// ref is refs of one.
func ref[T ~string](r *reader, to *T, what string, has func(T) bool) take {
	return func(n *yaml.Node) {
		var list []T
		if n.Kind == yaml.SequenceNode {
			r.errorf(n, "a list where one %s is wanted", what)
			return
		}
		refs(r, &list, what, has)(n)
		if len(list) == 1 {
			*to = list[0]
		}
	}
}

func (r *reader) hasZone(id string) bool  { return r.a.Zone(id) != nil }
func (r *reader) hasLine(id string) bool  { return r.a.Line(id) != nil }
func (r *reader) hasClass(id string) bool { return r.a.Class(id) != nil }
func (r *reader) hasPhase(id string) bool { return r.a.Phase(id) != nil }
func (r *reader) hasAct(id trucewatch.ActID) bool {
	return r.a.Act(id) != nil
}
func (r *reader) hasParty(id trucewatch.PartyID) bool { return slices.Contains(r.a.PartyIDs, id) }
