// SPDX-License-Identifier: Apache-2.0

// Package query reads a trucewatch.Query from the parameters of an address,
// and writes it back. Pages and the programming interface share it, so that an
// address means the same in both.
//
// The parameters are: from and till (RFC 3339, or a local date or minute in
// the mission's zone; a date as till is that day's end), bbox
// (west,south,east,north in degrees), kind and result (repeated, or with
// commas), q (text), order, limit and offset. Empty parameters are as if they
// were absent. A parameter that is not known is an error that names it: a
// filter that is silently ignored would show more than was asked for.
package query

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// ErrInvalid is wrapped by every error about a parameter; the error names it.
var ErrInvalid = errors.New("query: invalid parameter")

// Limits of what an address may ask.
//
// Guess: 500 rows are what a browser lays out at once on a small machine, and
// 2,048 bytes hold every filter. Test: the time of the longest page.
const (
	LimitMax   = 500
	OffsetMax  = 10_000_000
	BytesMax   = 2_048
	textMax    = 200
	valuesMax  = 64
	localMin   = "2006-01-02T15:04"
	localMinSp = "2006-01-02 15:04"
)

// Parse reads the parameters. Those named in others are left to the caller.
// The times are in zone where they name none; nil is UTC.
func Parse(v url.Values, zone *time.Location, others ...string) (trucewatch.Query, error) {
	var q trucewatch.Query
	if zone == nil {
		zone = time.UTC
	}
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same address gives the same error
	for _, name := range names {
		if slices.Contains(others, name) {
			continue
		}
		if err := set(&q, name, v[name], zone); err != nil {
			return trucewatch.Query{}, err
		}
	}
	if q.Till != 0 && q.Till < q.From {
		return trucewatch.Query{}, invalid("till", "lies before from")
	}
	return q, nil
}

func invalid(name, format string, args ...any) error {
	return fmt.Errorf("%w %s: %s", ErrInvalid, name, fmt.Sprintf(format, args...))
}

func set(q *trucewatch.Query, name string, values []string, zone *time.Location) (err error) {
	switch name {
	case "kind":
		q.Kinds, err = words(name, values, trucewatch.Kinds())
		return err
	case "result":
		q.Results, err = words(name, values, trucewatch.Results())
		return err
	}
	if len(values) != 1 {
		return invalid(name, "given %d times", len(values))
	}
	s := strings.TrimSpace(values[0])
	if !slices.Contains([]string{"from", "till", "bbox", "q", "order", "limit", "offset"}, name) {
		return invalid(fmt.Sprintf("%.40q", name), "it is not known here")
	}
	if s == "" {
		return nil
	}
	switch name {
	case "from":
		q.From, err = instant(name, s, zone, false)
	case "till":
		q.Till, err = instant(name, s, zone, true)
	case "bbox":
		q.Box, err = box(s)
	case "q":
		if len(s) > textMax {
			return invalid(name, "longer than %d bytes", textMax)
		}
		q.Text = s
	case "order":
		if !slices.Contains([]string{trucewatch.Newest, trucewatch.Oldest, trucewatch.MostCertain}, s) {
			return invalid(name, "%q is not newest, oldest or most_certain", s)
		}
		q.Order = s
	case "limit":
		q.Limit, err = whole(name, s, 1, LimitMax)
	case "offset":
		q.Offset, err = whole(name, s, 0, OffsetMax)
	}
	return err
}

func words[T ~string](name string, values []string, all []T) ([]T, error) {
	var out []T
	for _, value := range values {
		for word := range strings.SplitSeq(value, ",") {
			w := T(strings.TrimSpace(word))
			switch {
			case w == "":
				continue
			case !slices.Contains(all, w):
				return nil, invalid(name, "%.40q is not one of %v", w, all)
			case len(out) == valuesMax:
				return nil, invalid(name, "more than %d values", valuesMax)
			}
			out = append(out, w)
		}
	}
	return out, nil
}

func instant(name, s string, zone *time.Location, end bool) (trucewatch.Instant, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return instantOf(name, t)
	}
	for _, layout := range []string{localMin, localMinSp} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return instantOf(name, t)
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return 0, invalid(name, "%.40q is not a date such as 2026-04-12 or a time such as 2026-04-12T06:40:00Z", s)
	}
	if end {
		t = t.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return instantOf(name, t)
}

func instantOf(name string, t time.Time) (trucewatch.Instant, error) {
	if t.Year() < 1971 || t.Year() > 9000 {
		return 0, invalid(name, "the year %d is out of reach", t.Year())
	}
	return trucewatch.InstantOf(t), nil
}

func whole(name, s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, invalid(name, "%.40q is not a whole number from %d to %d", s, low, high)
	}
	return n, nil
}

func box(s string) (*trucewatch.Box, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return nil, invalid("bbox", "%.60q is not west,south,east,north in degrees", s)
	}
	var e7 [4]int32
	for i, part := range parts {
		degrees, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		// The negated form also refuses what is not a number.
		if err != nil || !(degrees >= -180 && degrees <= 180) {
			return nil, invalid("bbox", "%.40q is not a number of degrees", part)
		}
		e7[i] = int32(math.Round(degrees * geo.E7))
	}
	b := trucewatch.Box{Min: geo.Position{LonE7: e7[0], LatE7: e7[1]}, Max: geo.Position{LonE7: e7[2], LatE7: e7[3]}}
	if b.Min.Check() != nil || b.Max.Check() != nil || b.Min.LatE7 > b.Max.LatE7 || b.Min.LonE7 > b.Max.LonE7 {
		return nil, invalid("bbox", "%.60q is not a box: west,south,east,north, not across the 180th meridian", s)
	}
	return &b, nil
}

// OnlyTimeAndText refuses what a list of cases, tallies, statements or
// notifications cannot be asked by: they have no box, kind, result or
// confidence.
func OnlyTimeAndText(q trucewatch.Query) error {
	switch {
	case q.Box != nil:
		return invalid("bbox", "this list has no places")
	case len(q.Kinds) > 0:
		return invalid("kind", "this list has no kinds")
	case len(q.Results) > 0:
		return invalid("result", "this list has no results")
	case q.Order == trucewatch.MostCertain:
		return invalid("order", "this list has no confidence")
	}
	return nil
}

// Values writes a Query so that Parse reads it back.
func Values(q trucewatch.Query) url.Values {
	v := url.Values{}
	text := func(name, s string) {
		if s != "" {
			v.Set(name, s)
		}
	}
	moment := func(name string, i trucewatch.Instant) {
		if i != 0 {
			v.Set(name, i.String())
		}
	}
	moment("from", q.From)
	moment("till", q.Till)
	if q.Box != nil {
		v.Set("bbox", Box(*q.Box))
	}
	for _, k := range q.Kinds {
		v.Add("kind", string(k))
	}
	for _, r := range q.Results {
		v.Add("result", string(r))
	}
	text("q", q.Text)
	text("order", q.Order)
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Offset != 0 {
		v.Set("offset", strconv.Itoa(q.Offset))
	}
	return v
}

// Box writes west,south,east,north in degrees.
func Box(b trucewatch.Box) string {
	d := func(e7 int32) string {
		return strconv.FormatFloat(float64(e7)/geo.E7, 'f', -1, 64)
	}
	return strings.Join([]string{d(b.Min.LonE7), d(b.Min.LatE7), d(b.Max.LonE7), d(b.Max.LatE7)}, ",")
}
