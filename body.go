// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch/geo"
)

// Bodies that a record has many of are read by hand too. Each function below
// follows the tags of its noun: every field in the order of the keys, always or
// unless it is zero. What it takes is then in the one encoding, and nothing has
// to be encoded again to know it. Whatever it does not take, the library decides:
// a field that is forgotten here costs time, and no entry.

// DecodeBody is Decode of a Body.
func DecodeBody(b []byte) (Body, error) {
	if body, ok := readBody(b); ok {
		return body, nil
	}
	var body Body
	err := Decode(b, &body)
	return body, err
}

// readBody reads a body whose payload is of a kind of which there are many; false
// says nothing about others.
func readBody(b []byte) (Body, bool) {
	r := &reader{rest: b}
	m := r.fields()
	var o Body
	natural(&m, 0, always, &o.Version)
	text(&m, 1, always, &o.Log)
	text(&m, 2, always, &o.Type)
	if m.has(3, always) {
		o.Key = KeyID(r.fixed(len(o.Key)))
	}
	natural(&m, 4, always, &o.Sequence)
	hash(&m, 5, &o.Previous)
	hash(&m, 6, &o.Seen)
	if m.has(7, always) {
		r.payload(&o.Payload)
	}
	hash(&m, 8, &o.CommitmentRoot)
	natural(&m, 9, unlessZero, &o.CommitmentCount)
	several(&m, 10, &o.Sealed, (*reader).sealedBox)
	if m.has(11, unlessZero) {
		o.Salt = slices.Clone(r.bytes())
		m.refuse(len(o.Salt) == 0)
	}
	m.end()
	return o, r.end("body") == nil
}

func (r *reader) payload(p *Payload) {
	m := r.fields()
	switch {
	case m.has(4, unlessZero):
		p.Observations = new(Batch)
		r.batch(p.Observations)
	case m.has(10, unlessZero):
		p.Tick = new(Tick)
		r.tick(p.Tick)
	case m.has(11, unlessZero):
		p.Digest = new(Digest)
		r.digest(p.Digest)
	case m.has(15, unlessZero):
		p.Receipt = new(ErasureReceipt)
		r.receipt(p.Receipt)
	case m.has(18, unlessZero):
		p.Sealed = new(Sealing)
		r.sealing(p.Sealed)
	}
	m.end()
}

func (r *reader) sealing(o *Sealing) {
	m := r.fields()
	natural(&m, 1, always, &o.Epoch)
	m.end()
}

func (r *reader) sealedBox(o *SealedBox) {
	r.array(2)
	o.Class, o.Hash = r.text(), Hash(r.fixed(len(o.Hash)))
}

func (r *reader) tick(o *Tick) {
	m := r.fields()
	integer(&m, 1, always, &o.At)
	text(&m, 2, unlessZero, &o.CutOff)
	m.end()
}

func (r *reader) digest(o *Digest) {
	m := r.fields()
	natural(&m, 1, always, &o.Index)
	hash(&m, 2, &o.State)
	text(&m, 3, unlessZero, &o.What)
	hash(&m, 4, &o.Bytes)
	if m.has(5, unlessZero) {
		o.Items = Hash(r.fixed(len(o.Items)))
		m.refuse(o.Items.IsZero())
	}
	natural(&m, 6, unlessZero, &o.Count)
	m.end()
}

func (r *reader) receipt(o *ErasureReceipt) {
	m := r.fields()
	natural(&m, 1, always, &o.Erasure)
	text(&m, 2, always, &o.Holder)
	several(&m, 3, &o.Boxes, (*reader).boxRef)
	integer(&m, 4, always, &o.At)
	m.end()
}

func (r *reader) boxRef(o *BoxRef) {
	r.array(3)
	o.Index, o.Class, o.Hash = r.unsigned(math.MaxUint64), r.text(), Hash(r.fixed(len(o.Hash)))
}

func (r *reader) batch(o *Batch) {
	m := r.fields()
	if m.has(1, always) {
		r.source(&o.Source)
	}
	text(&m, 2, unlessZero, &o.File)
	hash(&m, 3, &o.FileHash)
	several(&m, 4, &o.Observations, (*reader).observation)
	several(&m, 5, &o.Rejected, (*reader).rejection)
	m.end()
}

func (r *reader) source(o *Source) {
	m := r.fields()
	text(&m, 1, always, &o.ID)
	text(&m, 2, always, &o.Kind)
	text(&m, 3, unlessZero, &o.Name)
	text(&m, 4, unlessZero, &o.Party)
	text(&m, 5, unlessZero, &o.Licence)
	text(&m, 6, unlessZero, &o.URL)
	text(&m, 7, unlessZero, &o.Note)
	m.end()
}

func (r *reader) rejection(o *Rejection) {
	m := r.fields()
	integer(&m, 1, always, &o.Line)
	text(&m, 2, always, &o.Reason)
	hash(&m, 3, &o.RowHash)
	m.end()
}

func (r *reader) observation(o *Observation) {
	m := r.fields()
	hash(&m, 1, &o.Key)
	text(&m, 2, unlessZero, &o.NativeID)
	text(&m, 3, always, &o.Kind)
	text(&m, 4, unlessZero, &o.Description)
	text(&m, 5, always, &o.Means)
	if m.has(6, always) {
		r.count(&o.Count)
	}
	if m.has(7, always) {
		r.place(&o.Where)
	}
	if m.has(8, always) {
		r.interval(&o.When)
	}
	if m.has(9, always) {
		r.clock(&o.Clock)
	}
	one(&m, 10, &o.Weapon, (*reader).weapon)
	one(&m, 11, &o.Movement, (*reader).movement)
	one(&m, 12, &o.Observer, (*reader).observer)
	one(&m, 13, &o.Restriction, (*reader).restriction)
	one(&m, 14, &o.Casualty, (*reader).casualty)
	one(&m, 15, &o.Asset, (*reader).asset)
	several(&m, 16, &o.Marks, func(r *reader, mark *Mark) { *mark = Mark(r.text()) })
	integer(&m, 17, unlessZero, &o.ReportedAt)
	text(&m, 18, unlessZero, &o.Text)
	text(&m, 19, unlessZero, &o.URL)
	one(&m, 20, &o.Arrival, (*reader).arrival)
	one(&m, 21, &o.Azimuth, (*reader).azimuth)
	m.end()
}

func (r *reader) count(o *Count) {
	m := r.fields()
	integer(&m, 1, always, &o.Value)
	text(&m, 2, always, &o.Qualifier)
	text(&m, 3, unlessZero, &o.Unit)
	integer(&m, 4, unlessZero, &o.High)
	m.end()
}

func (r *reader) place(o *Place) {
	m := r.fields()
	text(&m, 1, unlessZero, &o.Text)
	text(&m, 2, unlessZero, &o.Name)
	if m.has(3, always) {
		r.region(&o.Region)
	}
	hash(&m, 4, &o.Gazetteer) // omitempty leaves out no array
	text(&m, 5, unlessZero, &o.Basis)
	m.end()
}

func (r *reader) region(o *geo.Region) {
	m := r.fields()
	text(&m, 1, always, &o.Kind)
	if m.has(2, always) {
		r.position(&o.Center)
	}
	integer(&m, 3, unlessZero, &o.SemiMajorMM)
	integer(&m, 4, unlessZero, &o.SemiMinorMM)
	integer(&m, 5, unlessZero, &o.AzimuthMdeg)
	integer(&m, 6, unlessZero, &o.RMinMM)
	integer(&m, 7, unlessZero, &o.RMaxMM)
	several(&m, 8, &o.Arcs, (*reader).arc)
	several(&m, 9, &o.Rings, func(r *reader, ring *[]geo.Position) { *ring = elements(r, (*reader).position) })
	m.end()
}

func (r *reader) arc(o *geo.Arc) {
	m := r.fields()
	integer(&m, 1, always, &o.FromMdeg)
	integer(&m, 2, always, &o.TillMdeg)
	m.end()
}

func (r *reader) position(o *geo.Position) {
	m := r.fields()
	integer(&m, 1, always, &o.LatE7)
	integer(&m, 2, always, &o.LonE7)
	m.end()
}

func (r *reader) interval(o *Interval) {
	m := r.fields()
	integer(&m, 1, unlessZero, &o.From)
	integer(&m, 2, unlessZero, &o.Till)
	m.end()
}

func (r *reader) clock(o *Clock) {
	m := r.fields()
	text(&m, 1, unlessZero, &o.Kind)
	text(&m, 2, unlessZero, &o.Zone)
	integer(&m, 3, unlessZero, &o.SyncError)
	m.end()
}

func (r *reader) weapon(o *Weapon) {
	m := r.fields()
	text(&m, 1, always, &o.Platform)
	text(&m, 2, unlessZero, &o.Model)
	integer(&m, 3, unlessZero, &o.CalibreMM)
	integer(&m, 4, unlessZero, &o.RangeKM)
	text(&m, 5, unlessZero, &o.Role)
	text(&m, 6, unlessZero, &o.Munition)
	text(&m, 7, unlessZero, &o.Basis)
	text(&m, 8, unlessZero, &o.Text)
	m.end()
}

func (r *reader) movement(o *Movement) {
	m := r.fields()
	text(&m, 1, unlessZero, &o.From)
	text(&m, 2, unlessZero, &o.To)
	integer(&m, 3, unlessZero, &o.HeadingMdeg)
	m.end()
}

func (r *reader) azimuth(o *Azimuth) {
	m := r.fields()
	if m.has(1, always) {
		r.position(&o.From)
	}
	integer(&m, 2, always, &o.Mdeg)
	integer(&m, 3, always, &o.ErrorMdeg)
	text(&m, 4, always, &o.Basis)
	integer(&m, 5, unlessZero, &o.MinMM)
	integer(&m, 6, unlessZero, &o.MaxMM)
	m.end()
}

func (r *reader) observer(o *Observer) {
	m := r.fields()
	text(&m, 1, unlessZero, &o.Name)
	one(&m, 2, &o.Position, (*reader).position)
	integer(&m, 3, unlessZero, &o.RadiusMM)
	text(&m, 4, unlessZero, &o.Control)
	m.end()
}

func (r *reader) restriction(o *Restriction) {
	m := r.fields()
	text(&m, 1, always, &o.Type)
	integer(&m, 2, unlessZero, &o.Minutes)
	text(&m, 3, unlessZero, &o.By)
	text(&m, 4, unlessZero, &o.Reason)
	m.end()
}

func (r *reader) casualty(o *Casualty) {
	m := r.fields()
	integer(&m, 1, unlessZero, &o.Killed)
	integer(&m, 2, unlessZero, &o.Injured)
	text(&m, 3, unlessZero, &o.Category)
	text(&m, 4, unlessZero, &o.Civilian)
	text(&m, 5, unlessZero, &o.Cause)
	text(&m, 6, unlessZero, &o.Status)
	text(&m, 7, unlessZero, &o.Hospital)
	m.end()
}

func (r *reader) asset(o *Asset) {
	m := r.fields()
	text(&m, 1, unlessZero, &o.ID)
	text(&m, 2, unlessZero, &o.Owner)
	text(&m, 3, unlessZero, &o.Object)
	m.end()
}

func (r *reader) arrival(o *Arrival) {
	m := r.fields()
	text(&m, 1, always, &o.Wave)
	integer(&m, 2, unlessZero, &o.Error)
	m.end()
}

// A presence says when a field is written.
type presence bool

// The presences. A field unlessZero that is written as zero is not in the one
// encoding.
const (
	unlessZero presence = false
	always     presence = true
)

// fields are those of a map whose keys are unsigned integers below 24, which are
// written in one byte.
type fields struct {
	r    *reader
	left uint64 // not read yet
}

func (r *reader) fields() fields { return fields{r, r.head(cborMap)} }

// has says whether the next field is the one with a key.
func (m *fields) has(key byte, when presence) bool {
	r := m.r
	if !r.bad && m.left > 0 && len(r.rest) > 0 && r.rest[0] == key {
		m.left--
		r.rest = r.rest[1:]
		return true
	}
	r.bad = r.bad || when == always
	return false
}

func (m *fields) end() { m.r.bad = m.r.bad || m.left > 0 }

func (m *fields) refuse(zero bool) { m.r.bad = m.r.bad || zero }

func text[T ~string](m *fields, key byte, when presence, v *T) {
	if m.has(key, when) {
		*v = T(m.r.text())
		m.refuse(when == unlessZero && *v == "")
	}
}

func integer[T ~int32 | ~int64](m *fields, key byte, when presence, v *T) {
	if m.has(key, when) {
		i := m.r.integer()
		*v = T(i)
		m.refuse(int64(*v) != i || when == unlessZero && i == 0)
	}
}

func natural[T ~uint | ~uint32 | ~uint64](m *fields, key byte, when presence, v *T) {
	if m.has(key, when) {
		i := m.r.unsigned(math.MaxUint64)
		*v = T(i)
		m.refuse(uint64(*v) != i || when == unlessZero && i == 0)
	}
}

// hash reads a field that is always written.
func hash(m *fields, key byte, v *Hash) {
	if m.has(key, always) {
		*v = Hash(m.r.fixed(len(v)))
	}
}

// one reads a field that is left out if it is nil.
func one[T any](m *fields, key byte, v **T, read func(*reader, *T)) {
	if m.has(key, unlessZero) {
		*v = new(T)
		read(m.r, *v)
	}
}

// several reads a list that is left out if it is empty.
func several[T any](m *fields, key byte, v *[]T, read func(*reader, *T)) {
	if m.has(key, unlessZero) {
		*v = elements(m.r, read)
		m.refuse(len(*v) == 0)
	}
}

// elements reads a list, nil for null.
func elements[T any](r *reader, read func(*reader, *T)) []T {
	n, ok := r.list()
	if !ok {
		return nil
	}
	all := make([]T, 0, min(n, ListMax))
	for ; n > 0 && !r.bad; n-- {
		all = append(all, *new(T))
		read(r, &all[len(all)-1])
	}
	return all
}

func (r *reader) text() string {
	n := r.head(cborText)
	if r.bad || n > uint64(len(r.rest)) || !utf8.Valid(r.rest[:n]) {
		r.bad = true
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
