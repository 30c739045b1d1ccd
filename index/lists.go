// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// Header returns what of the View is not in lists, as it was last put: the
// mission, its agreements, the instant and what is hidden.
func (x *Index) Header() (trucewatch.View, error) {
	v := trucewatch.View{Audience: x.audience}
	err := x.snapshot(func() error { return nil }, func(ctx context.Context, tx *sql.Tx) error {
		var body []byte
		if err := tx.QueryRowContext(ctx, "SELECT header FROM meta").Scan(&body); err != nil || body == nil {
			return err
		}
		return unseal(body, &v)
	})
	return v, err
}

// A where is the condition of a statement and its parameters.
type where struct {
	terms []string
	args  []any
}

func (w *where) and(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}

// during keeps what overlaps the time of a query and holds its text.
func (w *where) during(q trucewatch.Query) {
	if q.From != 0 {
		w.and("ended >= ?", int64(q.From))
	}
	if q.Till != 0 {
		w.and("began <= ?", int64(q.Till))
	}
	if text := strings.ToLower(strings.TrimSpace(q.Text)); text != "" {
		// LIKE has signs of its own; what a person types has none.
		escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
		w.and(`text LIKE ? ESCAPE '\'`, "%"+escaped+"%")
	}
}

// in keeps rows whose column is one of values.
func (w *where) in(column string, values []any) {
	w.and(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
}

// Findings returns the findings that a query keeps, one page of them, and how
// many there are in all. Kinds are those of the incidents they are about. The
// error wraps ErrQuery if the query makes no sense.
func (x *Index) Findings(q trucewatch.Query) ([]trucewatch.FindingView, int, error) {
	if err := check(q); err != nil {
		return nil, 0, err
	}
	var w where
	w.during(q)
	if b := q.Box; b != nil {
		w.and("south <= ? AND north >= ? AND west <= ? AND east >= ?", b.Max.LatE7, b.Min.LatE7, b.Max.LonE7, b.Min.LonE7)
	}
	if len(q.Results) > 0 {
		w.in("result", positions(q.Results, results))
	}
	if len(q.Kinds) > 0 {
		var of where
		of.in("incident.kind", positions(q.Kinds, kinds))
		w.and("EXISTS (SELECT 1 FROM incident WHERE incident.id = finding.incident AND "+of.terms[0]+")", of.args...)
	}
	order := map[string]string{trucewatch.Oldest: "began, id", trucewatch.MostCertain: "confidence DESC, id"}[q.Order]
	if order == "" {
		order = "began DESC, id"
	}
	return list[trucewatch.FindingView](x, "finding", w, order, limit(q), q.Offset)
}

// positions returns where values stand in a vocabulary that holds them.
func positions[T comparable](values, vocabulary []T) []any {
	var out []any
	for _, v := range values {
		out = append(out, slices.Index(vocabulary, v))
	}
	return out
}

// Finding returns a finding, and whether there is one.
func (x *Index) Finding(id trucewatch.FindingID) (trucewatch.FindingView, bool, error) {
	var w where
	w.and("id = ?", string(id))
	return one[trucewatch.FindingView](x, "finding", w)
}

// Cases returns the cases whose opening a query keeps, one page of them, and how
// many there are in all. The errors are those of Tallies.
func (x *Index) Cases(q trucewatch.Query) ([]trucewatch.CaseView, int, error) {
	return items[trucewatch.CaseView](x, caseList, q)
}

// Case returns a case, and whether there is one.
func (x *Index) Case(id trucewatch.CaseID) (trucewatch.CaseView, bool, error) {
	var w where
	w.and("list = ? AND id = ?", caseList, string(id))
	return one[trucewatch.CaseView](x, "item", w)
}

// Tallies returns the tallies whose window a query keeps, one page of them, and
// how many there are in all. A tally whose window is not known stands at its
// receipt. The error wraps ErrQuery if the query makes no sense, or asks by
// box, kind, result or confidence, which a tally does not have.
func (x *Index) Tallies(q trucewatch.Query) ([]trucewatch.TallyView, int, error) {
	return items[trucewatch.TallyView](x, tallyList, q)
}

// Statements returns the statements whose publication a query keeps, one page
// of them, and how many there are in all. The errors are those of Tallies.
func (x *Index) Statements(q trucewatch.Query) ([]trucewatch.StatementView, int, error) {
	return items[trucewatch.StatementView](x, statementList, q)
}

// Notices returns the notifications whose window a query keeps, one page of
// them, and how many there are in all. The errors are those of Tallies.
func (x *Index) Notices(q trucewatch.Query) ([]trucewatch.NoticeView, int, error) {
	return items[trucewatch.NoticeView](x, noticeList, q)
}

// Sources returns all sources, by kind and identifier.
func (x *Index) Sources() ([]trucewatch.SourceView, error) {
	var w where
	w.and("list = ?", sourceList)
	out, _, err := list[trucewatch.SourceView](x, "item", w, "id", math.MaxInt32, 0)
	return out, err
}

func items[T any](x *Index, name string, q trucewatch.Query) ([]T, int, error) {
	if err := check(q); err != nil {
		return nil, 0, err
	}
	if q.Box != nil || len(q.Kinds) > 0 || len(q.Results) > 0 || q.Order == trucewatch.MostCertain {
		return nil, 0, fmt.Errorf("%w: a %s has no box, kind, result or confidence", ErrQuery, name)
	}
	var w where
	w.and("list = ?", name)
	w.during(q)
	order := "began DESC, id"
	if q.Order == trucewatch.Oldest {
		order = "began, id"
	}
	return list[T](x, "item", w, order, limit(q), q.Offset)
}

func one[T any](x *Index, table string, w where) (T, bool, error) {
	out, _, err := list[T](x, table, w, "id", 1, 0)
	if err != nil || len(out) == 0 {
		var none T
		return none, false, err
	}
	return out[0], true, nil
}

// list reads the bodies of a table that a condition keeps, and counts them all.
func list[T any](x *Index, table string, w where, order string, limit, offset int) (out []T, total int, err error) {
	err = x.snapshot(func() error { return nil }, func(ctx context.Context, tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table+w.String(), w.args...).Scan(&total); err != nil {
			return err
		}
		args := append(slices.Clone(w.args), limit, offset)
		rows, err := tx.QueryContext(ctx, "SELECT body FROM "+table+w.String()+" ORDER BY "+order+" LIMIT ? OFFSET ?", args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body sql.RawBytes
			if err := rows.Scan(&body); err != nil {
				return err
			}
			var v T
			if err := unseal(body, &v); err != nil {
				return err
			}
			out = append(out, v)
		}
		return errors.Join(rows.Err(), rows.Close())
	})
	return out, total, err
}
