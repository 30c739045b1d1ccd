// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// Sizes of the text's units in ours.
const (
	kilometre = 1_000_000 // millimetres
	metre     = 1_000
	certainty = 1_000_000 // parts per million
)

// decimal reads "-12.5" as -125 in units of 10^-digits, exactly: no exponent,
// no sign but "-", no leading zeros, and no more decimals than digits unless
// they are zeros.
func decimal(s string, digits int) (int64, error) {
	rest, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(rest, ".")
	fraction, zeros := strings.TrimRight(fraction, "0"), len(fraction)
	switch {
	case !allDigits(whole) || whole == "" || len(whole) > 1 && whole[0] == '0' || !allDigits(fraction) || point && zeros == 0:
		return 0, fmt.Errorf("%q is not a plain decimal number such as 7.5", clip(s))
	case len(whole) > 9:
		return 0, fmt.Errorf("%s is too large", clip(s))
	case len(fraction) > digits:
		return 0, fmt.Errorf("%s has more than %d decimals", clip(s), digits)
	}
	var v int64
	for _, c := range whole + fraction + strings.Repeat("0", digits-len(fraction)) {
		v = v*10 + int64(c-'0')
	}
	if negative {
		v = -v
	}
	return v, nil
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

// number checks that n is an unquoted number and returns it in millionths.
func (r *reader) number(n *yaml.Node) (int64, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" {
		r.errorf(n, "%s where a number is wanted", kindOf(n))
		return 0, false
	}
	v, err := decimal(n.Value, 6)
	if err != nil {
		r.errorf(n, "%v", err)
		return 0, false
	}
	return v, true
}

// quantity reads a decimal of 0 to most in units of which each is size of ours,
// exactly.
func quantity[T ~int64](r *reader, to *T, size, most int64) take {
	return func(n *yaml.Node) {
		millionths, ok := r.number(n)
		if !ok {
			return
		}
		// Whole and fraction apart: their products with size stay below 2^63.
		whole, fraction := millionths/1_000_000, millionths%1_000_000
		switch {
		case millionths < 0:
			r.errorf(n, "%s is negative", n.Value)
		case whole > most || whole == most && fraction > 0:
			r.errorf(n, "%s is more than %d", n.Value, most)
		case fraction*(size%1_000_000)%1_000_000 != 0:
			r.errorf(n, "%s is finer than can be kept", n.Value)
		default:
			*to = T(whole*size + fraction*(size/1_000_000) + fraction*(size%1_000_000)/1_000_000)
		}
	}
}

// Limits of quantities. Guess: beyond half the Earth's girth, or ten years, a
// figure is a slip of the pen. Test: a text that is refused for it.
const (
	kilometresMax = 20_000
	metresMax     = 1_000_000
	hoursMax      = 87_600
	daysMax       = 3_650
)

func (r *reader) kilometres(to *int64) take { return quantity(r, to, kilometre, kilometresMax) }
func (r *reader) metres(to *int64) take     { return quantity(r, to, metre, metresMax) }
func (r *reader) share(to *trucewatch.PPM) take {
	return quantity(r, to, certainty, 1)
}
func (r *reader) span(to *trucewatch.Instant, unit trucewatch.Instant) take {
	most := int64(hoursMax)
	switch unit {
	case trucewatch.Day:
		most = daysMax
	case trucewatch.Minute:
		most = hoursMax * 60
	case trucewatch.Second:
		most = hoursMax * 3600
	}
	return quantity(r, to, int64(unit), most)
}

// whole reads a whole number of least to most.
func (r *reader) whole(to *int, least, most int) take {
	return func(n *yaml.Node) {
		v, ok := r.number(n)
		switch {
		case !ok:
		case v%1_000_000 != 0:
			r.errorf(n, "%s is not a whole number", n.Value)
		case v/1_000_000 < int64(least) || v/1_000_000 > int64(most):
			r.errorf(n, "%s is not %d to %d", n.Value, least, most)
		default:
			*to = int(v / 1_000_000)
		}
	}
}

// wholeKM reads whole kilometres above 0.
func (r *reader) wholeKM(to *int64) take {
	return func(n *yaml.Node) {
		var km int
		r.whole(&km, 1, kilometresMax)(n)
		*to = int64(km)
	}
}

// bounds reads {ge: 30, lt: 100} over whole numbers above 0.
func (r *reader) bounds(to *Bounds) take {
	const most = 1_000_000
	return func(n *yaml.Node) {
		var ge, gt, le, lt int
		r.object(may("ge", r.whole(&ge, 1, most)), may("gt", r.whole(&gt, 0, most)),
			may("le", r.whole(&le, 1, most)), may("lt", r.whole(&lt, 2, most)))(n)
		has := func(key string) bool { return n.Kind == yaml.MappingNode && hasKey(n, key) }
		if has("ge") && has("gt") || has("le") && has("lt") {
			r.errorf(n, "two lower or two upper bounds")
			return
		}
		if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
			r.errorf(n, "no bound: ge, gt, le or lt is wanted")
			return
		}
		to.Min, to.Max = int64(ge), int64(le)
		if has("gt") {
			to.Min = int64(gt) + 1
		}
		if has("lt") {
			to.Max = max(int64(lt)-1, 0)
		}
		if to.Max != 0 && to.Min > to.Max {
			r.errorf(n, "no number is within these bounds")
		}
	}
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}
