// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// fill sets every field below v: some stay zero, numbers are at the borders of
// their encodings, lists short.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && v.Type().Field(i).Tag.Get("cbor") != "-" {
				fill(t, f)
			}
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "set") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 3).Draw(t, "elements") // -1: nil
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Array:
		if rapid.Bool().Draw(t, "zero") {
			return
		}
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"", "a", "explosion", "Йо", string(bytes.Repeat([]byte("x"), 300))}).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		v.SetUint(rapid.SampledFrom([]uint64{0, 1, 23, 24, 255, 256, 65_535, 65_536, 1<<32 - 1, 1 << 32, 1<<64 - 1}).Draw(t, "number") &
			(1<<v.Type().Bits() - 1))
	default:
		n := rapid.SampledFrom([]int64{0, 1, -1, 23, 24, -24, -25, 1<<31 - 1, -1 << 31, 1 << 31, 1<<63 - 1, -1 << 63}).Draw(t, "number")
		if v.OverflowInt(n) {
			n = 7
		}
		v.SetInt(n)
	}
}

// bodyWith draws a body of which one field of the payload is set.
func bodyWith(t *rapid.T, name string) trucewatch.Body {
	var b trucewatch.Body
	fill(t, reflect.ValueOf(&b).Elem())
	b.Payload = trucewatch.Payload{}
	f := reflect.ValueOf(&b.Payload).Elem().FieldByName(name)
	f.Set(reflect.New(f.Type().Elem()))
	fill(t, f.Elem())
	return b
}

func payloadNames() []string {
	var names []string
	for f := range reflect.TypeFor[trucewatch.Payload]().Fields() {
		names = append(names, f.Name)
	}
	return names
}

// byHand are the payloads that are read without the library.
var byHand = []string{"Observations", "Tick", "Digest", "Receipt", "Sealed"}

// TestManyAreReadByHand holds that what a record has many of does not go through
// the library, whatever its fields are.
func TestManyAreReadByHand(t *testing.T) {
	for _, name := range byHand {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				raw := trucewatch.Encode(bodyWith(t, name))
				if _, ok := trucewatch.ReadBody(raw); !ok {
					t.Fatalf("%x is not read by hand", raw)
				}
			})
		})
	}
}

// checkBody holds the reader by hand to the library: what it takes, the library
// takes and finds the same in it.
func checkBody(t interface {
	Fatalf(format string, args ...any)
}, raw []byte) {
	var want trucewatch.Body
	wantErr := trucewatch.Decode(raw, &want)
	if got, ok := trucewatch.ReadBody(raw); ok && (wantErr != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%x: by hand %+v, by the library %+v, %v", raw, got, want, wantErr)
	}
	got, err := trucewatch.DecodeBody(raw)
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%x: %+v, %v; by the library %+v, %v", raw, got, err, want, wantErr)
	}
}

// instead are items that stand in place of others: zeros of every type, longer
// forms than needed, numbers beyond every range, text that is none.
var instead = [][]byte{{0}, {0x20}, {0x40}, {0x60}, {0x80}, {0xa0}, {0xf4}, {0xf6}, {0xf7}, {0x18, 0}, {0x19, 0, 24}, {0x38, 0}, {0x78, 0}, {0x61, 0xff},
	{0x9f, 0xff}, {0xbf, 0xff}, {0x81, 0}, {0x81, 0xf6}, {0x82, 0, 0}, {0x58, 1, 0}, {0xc1, 0}, {0x1a, 0xff, 0xff, 0xff, 0xff}, {0xfb, 0, 0, 0, 0, 0, 0, 0, 0},
	{0x1b, 0, 0, 0, 1, 0, 0, 0, 0}, {0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	append([]byte{0x58, 32}, make([]byte, 32)...), append([]byte{0x98, 32}, make([]byte, 32)...)}

// A cut is where one item of an encoding stands.
type cut struct {
	from, till int
	pairs      []cut // of a map below 24 pairs: each key with its value
}

// cuts lists the item of sound CBOR at a place, and those in it, inner ones first.
func cuts(raw []byte, at int, all *[]cut) (till int) {
	c := cut{from: at}
	major, n := raw[at]>>5, uint64(raw[at]&31)
	at++
	if n >= 24 {
		size := 1 << (n - 24)
		n = 0
		for _, b := range raw[at : at+size] {
			n = n<<8 | uint64(b)
		}
		at += size
	}
	switch major {
	case 2, 3:
		at += int(n)
	case 4:
		for range n {
			at = cuts(raw, at, all)
		}
	case 5:
		for range n {
			pair := cut{from: at}
			at = cuts(raw, cuts(raw, at, all), all)
			pair.till = at
			c.pairs = append(c.pairs, pair)
		}
	}
	c.till = at
	*all = append(*all, c)
	return at
}

// variants calls do with every encoding in which one item is another, or one
// field is missing, doubled or added.
func variants(raw []byte, do func([]byte)) {
	var all []cut
	cuts(raw, 0, &all)
	for _, c := range all {
		for _, x := range instead {
			do(slices.Concat(raw[:c.from], x, raw[c.till:]))
		}
		count := func(n int) []byte { return slices.Concat(raw[:c.from], []byte{0xa0 | byte(n)}, raw[c.from+1:]) }
		for i, p := range c.pairs {
			less, more := count(len(c.pairs)-1), count(len(c.pairs)+1)
			do(slices.Concat(less[:p.from], less[p.till:]))
			do(slices.Concat(more[:p.till], more[p.from:p.till], more[p.till:]))
			if key := raw[p.from] + 1; i == len(c.pairs)-1 || raw[p.till] != key {
				for _, x := range instead {
					do(slices.Concat(more[:p.till], []byte{key}, x, more[p.till:]))
				}
			}
			if i > 0 { // out of order
				q := c.pairs[i-1]
				do(slices.Concat(raw[:q.from], raw[p.from:p.till], raw[q.from:q.till], raw[p.till:]))
			}
		}
	}
}

// TestBodiesAreReadAsByTheLibrary tries all variants of bodies with each payload.
func TestBodiesAreReadAsByTheLibrary(t *testing.T) {
	for _, name := range payloadNames() {
		t.Run(name, func(t *testing.T) {
			bodies := rapid.Custom(func(t *rapid.T) trucewatch.Body { return bodyWith(t, name) })
			for seed := range 3 {
				raw := trucewatch.Encode(bodies.Example(seed))
				for i := range min(len(raw), 2000) {
					checkBody(t, raw[:i])
				}
				checkBody(t, append(bytes.Clone(raw), 0))
				variants(raw, func(b []byte) { checkBody(t, b) })
			}
		})
	}
	full := body(batch(sample(), sample()), trucewatch.ObservationsEntry)
	variants(full, func(b []byte) { checkBody(t, b) })
}

func FuzzDecodeBody(f *testing.F) {
	for _, name := range payloadNames() {
		for seed := range 3 {
			f.Add(trucewatch.Encode(rapid.Custom(func(t *rapid.T) trucewatch.Body { return bodyWith(t, name) }).Example(seed)))
		}
	}
	f.Add(body(batch(sample()), trucewatch.ObservationsEntry))
	f.Fuzz(func(t *testing.T, raw []byte) { checkBody(t, raw) })
}
