// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"container/heap"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// check refuses a query that makes no sense.
func check(q trucewatch.Query) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrQuery, fmt.Sprintf(format, args...))
	}
	switch {
	case q.Till != 0 && q.Till < q.From:
		return wrong("it ends %v, before it begins %v", q.Till, q.From)
	case q.Limit < 0 || q.Limit > trucewatch.LimitMax || q.Offset < 0:
		return wrong("limit %d or offset %d is outside 0 to %d", q.Limit, q.Offset, trucewatch.LimitMax)
	case !slices.Contains([]string{"", trucewatch.Newest, trucewatch.Oldest, trucewatch.MostCertain}, q.Order):
		return wrong("order %q is not one of %s, %s, %s", q.Order, trucewatch.Newest, trucewatch.Oldest, trucewatch.MostCertain)
	}
	if b := q.Box; b != nil {
		if err := errors.Join(b.Min.Check(), b.Max.Check()); err != nil {
			return wrong("box: %v", err)
		}
		if b.Min.LatE7 > b.Max.LatE7 || b.Min.LonE7 > b.Max.LonE7 {
			return wrong("box: %v is not south-west of %v", b.Min, b.Max)
		}
	}
	for _, k := range q.Kinds {
		if !slices.Contains(kinds, k) {
			return wrong("unknown kind %q", k)
		}
	}
	for _, r := range q.Results {
		if !slices.Contains(results, r) {
			return wrong("unknown result %q", r)
		}
	}
	return nil
}

func limit(q trucewatch.Query) int {
	if q.Limit == 0 {
		return trucewatch.QueryLimit
	}
	return q.Limit
}

// snapshot runs answer on one state of the file. Pick is called first, while
// the array of spots shows that same state; answer may take its time.
func (x *Index) snapshot(pick func() error, answer func(ctx context.Context, tx *sql.Tx) error) error {
	ctx := context.Background()
	tx, err := x.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return x.because("read", err)
	}
	defer tx.Rollback() // nothing was changed
	x.mu.Lock()
	m, err := x.refresh(ctx, tx)
	if err == nil && !m.building {
		err = pick()
	}
	x.mu.Unlock()
	if err == nil && !m.building {
		err = answer(ctx, tx)
	}
	if err != nil {
		return x.because("read", err)
	}
	return nil
}

// A filter is a Query made ready for the walk through the spots.
type filter struct {
	from, till int64
	box        *trucewatch.Box
	kinds      uint64 // bit i: kinds[i]; all if none is asked for
	results    uint8  // bit i: results[i]; 0: any
	places     []bool // by number of text; nil: any
	named      uint64 // bit i: the text is found in the kind's words
	id         int64  // the text is this incident's number; -1: none
}

func (x *Index) filter(q trucewatch.Query) filter {
	f := filter{from: int64(q.From), till: int64(q.Till), box: q.Box, id: -1}
	for i, k := range kinds {
		if len(q.Kinds) == 0 || slices.Contains(q.Kinds, k) {
			f.kinds |= 1 << i
		}
	}
	for i, r := range results {
		if slices.Contains(q.Results, r) {
			f.results |= 1 << i
		}
	}
	text := strings.ToLower(strings.TrimSpace(q.Text))
	if text == "" {
		return f
	}
	f.places = make([]bool, len(x.texts.values)+1)
	for i, v := range x.texts.values {
		f.places[i+1] = strings.Contains(strings.ToLower(v), text)
	}
	for i, k := range kinds {
		if strings.Contains(strings.ReplaceAll(string(k), "_", " "), strings.ReplaceAll(text, "_", " ")) {
			f.named |= 1 << i
		}
	}
	if id, err := trucewatch.ParseObservationID(text); err == nil {
		if n, err := number(trucewatch.IncidentID(id)); err == nil {
			f.id = n
		}
	}
	return f
}

// keeps says whether an incident matches.
func (f *filter) keeps(s *spot) bool {
	switch {
	case s.flags&dead != 0, s.ended < f.from, f.till != 0 && s.began > f.till, f.kinds>>s.kind&1 == 0:
		return false
	case f.results != 0 && s.results&f.results == 0:
		return false
	case f.box != nil && (s.flags&placeless != 0 || s.south > f.box.Max.LatE7 || s.north < f.box.Min.LatE7 ||
		s.west > f.box.Max.LonE7 || s.east < f.box.Min.LonE7):
		return false
	}
	return f.places == nil || f.places[s.place] || f.named>>s.kind&1 != 0 || s.id == f.id
}

// match returns the incidents that a query keeps, in no order that matters. The
// caller holds mu, and lets go of them with it.
func (x *Index) match(q trucewatch.Query) []int32 {
	f := x.filter(q)
	out := slices.Grow(x.matching[:0], len(x.spots.list)) // room for all: growing costs more than memory
	for i := range x.spots.list {
		if f.keeps(&x.spots.list[i]) {
			out = append(out, int32(i))
		}
	}
	x.matching = out
	return out
}

// before returns how two incidents stand in an order.
func before(order string) func(a, b *spot) int {
	switch order {
	case trucewatch.Oldest:
		return func(a, b *spot) int { return cmp.Or(cmp.Compare(a.began, b.began), cmp.Compare(a.id, b.id)) }
	case trucewatch.MostCertain:
		return func(a, b *spot) int { return cmp.Or(cmp.Compare(b.confidence, a.confidence), cmp.Compare(a.id, b.id)) }
	}
	return func(a, b *spot) int { return cmp.Or(cmp.Compare(b.began, a.began), cmp.Compare(a.id, b.id)) }
}

// A worst is a heap of the best incidents seen so far, the worst of them first.
type worst struct {
	list   []int32
	before func(i, j int32) int
}

func (w *worst) Len() int           { return len(w.list) }
func (w *worst) Less(i, j int) bool { return w.before(w.list[j], w.list[i]) < 0 }
func (w *worst) Swap(i, j int)      { w.list[i], w.list[j] = w.list[j], w.list[i] }
func (w *worst) Push(any)           {} // the heap only ever changes its first
func (w *worst) Pop() any           { return nil }

// best returns matching incidents from first to last in an order, without
// sorting the rest. It reorders matching. The caller holds mu.
func (x *Index) best(matching []int32, order string, first, last int) []spot {
	in := before(order)
	w := &worst{before: func(i, j int32) int { return in(&x.spots.list[i], &x.spots.list[j]) }, list: matching[:last]}
	if last > 0 && last < len(matching) {
		heap.Init(w)
		for _, i := range matching[last:] {
			if w.before(i, w.list[0]) < 0 {
				w.list[0] = i
				heap.Fix(w, 0)
			}
		}
	}
	slices.SortFunc(w.list, w.before)
	var out []spot
	for _, i := range w.list[first:] {
		out = append(out, x.spots.list[i])
	}
	return out
}

// Incidents returns the incidents that a query keeps, one page of them, and how
// many there are in all. The error wraps ErrQuery if the query makes no sense.
func (x *Index) Incidents(q trucewatch.Query) ([]trucewatch.IncidentView, int, error) {
	if err := check(q); err != nil {
		return nil, 0, err
	}
	var page []spot
	var views []trucewatch.IncidentView
	total := 0
	err := x.snapshot(func() error {
		matching := x.match(q)
		total = len(matching)
		page = x.best(matching, q.Order, min(q.Offset, total), min(q.Offset+limit(q), total))
		return nil
	}, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		views, err = incidents(ctx, tx, page)
		return err
	})
	return views, total, err
}

// Incident returns an incident, or the one that it became part of, and whether
// there is one.
func (x *Index) Incident(id trucewatch.IncidentID) (trucewatch.IncidentView, bool, error) {
	n, err := number(id)
	if err != nil {
		return trucewatch.IncidentView{}, false, nil // no such entry can be
	}
	var views []trucewatch.IncidentView
	err = x.snapshot(func() error { return nil }, func(ctx context.Context, tx *sql.Tx) error {
		row, found, err := follow(ctx, tx, n)
		if err == nil && found {
			views, err = incidents(ctx, tx, []spot{{row: row}})
		}
		return err
	})
	if err != nil || len(views) == 0 {
		return trucewatch.IncidentView{}, false, err
	}
	return views[0], true, nil
}

// follow finds the row of an incident, by way of aliases.
func follow(ctx context.Context, tx *sql.Tx, n int64) (row int64, found bool, err error) {
	// An alias leads to a lower number, but after a split it may lead anywhere: so
	// the way is bounded.
	for range 64 {
		err := tx.QueryRowContext(ctx, "SELECT row FROM incident WHERE id = ?", n).Scan(&row)
		if !errors.Is(err, sql.ErrNoRows) {
			return row, err == nil, err
		}
		err = tx.QueryRowContext(ctx, "SELECT target FROM alias WHERE id = ?", n).Scan(&n)
		if err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				err = nil
			}
			return 0, false, err
		}
	}
	return 0, false, nil
}

// incidents reads the incidents of a page, in its order.
func incidents(ctx context.Context, tx *sql.Tx, page []spot) ([]trucewatch.IncidentView, error) {
	out := make([]trucewatch.IncidentView, len(page))
	sources := map[int64]*trucewatch.Source{}
	err := eachRow(ctx, tx, "i.region, i.body", page, func(at int, region, body []byte) error {
		var stored storedIncident
		var where geo.Region
		if err := errors.Join(unseal(body, &stored), unseal(region, &where)); err != nil {
			return err
		}
		if len(stored.Sources) != len(stored.View.Observations) {
			return fmt.Errorf("%w: incident %v", ErrDamaged, stored.View.ID)
		}
		out[at] = stored.View
		out[at].Where = where
		for i, n := range stored.Sources {
			if n == 0 {
				continue
			}
			if sources[n] == nil {
				sources[n] = &trucewatch.Source{}
			}
			out[at].Observations[i].Source = sources[n]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for n, s := range sources {
		var body []byte
		if err := tx.QueryRowContext(ctx, "SELECT body FROM source WHERE number = ?", n).Scan(&body); err != nil {
			return nil, err
		}
		if err := unseal(body, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// eachRow reads two columns of the incidents of a page, in no order; at is the
// place in the page.
func eachRow(ctx context.Context, tx *sql.Tx, columns string, page []spot, use func(at int, a, b []byte) error) error {
	if len(page) == 0 {
		return nil
	}
	rowNumbers := make([]int64, len(page))
	for i, s := range page {
		rowNumbers[i] = s.row
	}
	asked, err := json.Marshal(rowNumbers)
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT j.key, "+columns+" FROM json_each(?) j JOIN incident i ON i.row = j.value", string(asked))
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var at int
		var a, b sql.RawBytes
		if err := rows.Scan(&at, &a, &b); err != nil {
			return err
		}
		if err := use(at, a, b); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n != len(page) {
		return fmt.Errorf("%w: %d of %d incidents are missing", ErrDamaged, len(page)-n, len(page))
	}
	return nil
}
