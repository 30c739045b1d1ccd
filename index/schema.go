// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// schema is the form of the file. Row numbers and numbers in gone are given
// out once: an incident that changes gets a new row, so that whoever has read
// up to some row finds what changed since behind it. Bodies are sealed.
const schema = `
CREATE TABLE meta (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	fingerprint TEXT NOT NULL, audience TEXT NOT NULL,
	entries INTEGER NOT NULL, state BLOB NOT NULL,
	commits INTEGER NOT NULL, rows INTEGER NOT NULL, gone INTEGER NOT NULL, -- given out so far
	building INTEGER NOT NULL, -- 1 while the file is filled from the start
	generation INTEGER NOT NULL, -- of such fillings: after each, rows are numbered anew
	header BLOB);
CREATE TABLE incident (row INTEGER PRIMARY KEY, id INTEGER NOT NULL, kind INTEGER NOT NULL, region BLOB NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX incident_id ON incident (id);
CREATE TABLE spot (row INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE gone (number INTEGER PRIMARY KEY, row INTEGER NOT NULL);
CREATE TABLE alias (id INTEGER PRIMARY KEY, target INTEGER NOT NULL);
CREATE TABLE text (number INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE source (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE finding (id TEXT PRIMARY KEY, incident INTEGER, began INTEGER NOT NULL, ended INTEGER NOT NULL, confidence INTEGER NOT NULL,
	result INTEGER NOT NULL, south INTEGER, west INTEGER, north INTEGER, east INTEGER, text TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX finding_began ON finding (began);
CREATE TABLE item (list TEXT NOT NULL, id TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL, text TEXT NOT NULL,
	body BLOB NOT NULL, PRIMARY KEY (list, id));
CREATE INDEX item_began ON item (list, began);
`

// tables are emptied when the file is filled from the start.
var tables = []string{"incident", "spot", "gone", "alias", "text", "source", "finding", "item"}

// A meta is the one row about the file.
type meta struct {
	fingerprint string
	audience    trucewatch.Audience
	entries     uint64
	state       trucewatch.Hash
	commits     int64
	rows        int64
	gone        int64
	building    bool
	generation  int64
}

// A queryer is a database or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readMeta(ctx context.Context, q queryer) (meta, error) {
	var m meta
	var entries int64
	var state []byte
	err := q.QueryRowContext(ctx, "SELECT fingerprint, audience, entries, state, commits, rows, gone, building, generation FROM meta").
		Scan(&m.fingerprint, &m.audience, &entries, &state, &m.commits, &m.rows, &m.gone, &m.building, &m.generation)
	if err != nil {
		return meta{}, err
	}
	m.entries = uint64(entries)
	copy(m.state[:], state)
	return m, nil
}

// create makes the tables of a new file.
func create(db *sql.DB, audience trucewatch.Audience) error {
	var n int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").Scan(&n); err != nil || n > 0 {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.Exec(schema); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO meta VALUES (1, ?, ?, 0, x'', 0, 0, 0, 0, 0, NULL)", fingerprint(), string(audience)); err != nil {
		return err
	}
	return tx.Commit()
}

// fingerprint names everything on which the meaning of the file's bytes rests:
// the schema, the engine, the vocabularies that are stored by position, and the
// form of the nouns. If any of it changes, the file is rebuilt.
func fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, schema, trucewatch.EngineVersion, trucewatch.Kinds(), trucewatch.Results())
	for _, v := range []any{trucewatch.View{}, storedIncident{}, spot{}} {
		describe(h, reflect.TypeOf(v), nil)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// describe writes the form of a type, down to the types of fields of fields.
func describe(w io.Writer, t reflect.Type, above []reflect.Type) {
	fmt.Fprintln(w, t)
	if slices.Contains(above, t) {
		return
	}
	above = append(above, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		describe(w, t.Elem(), above)
	case reflect.Struct:
		for i := range t.NumField() {
			fmt.Fprintln(w, t.Field(i).Name, t.Field(i).Tag)
			describe(w, t.Field(i).Type, above)
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal encodes v and adds a checksum, against a disk that changes bits.
func seal(v any) []byte {
	b := trucewatch.Encode(v)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// unseal reads what seal wrote.
func unseal(b []byte, v any) error {
	n := len(b) - 4
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return fmt.Errorf("%w: a checksum does not fit", ErrDamaged)
	}
	if err := trucewatch.Decode(b[:n], v); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
