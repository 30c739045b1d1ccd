// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
)

// A Source is where a log is read from, in the layout of C2SP tlog-tiles. It is
// not trusted: all it can do is to show nothing, or less than others are shown.
type Source interface {
	// Fetch returns what lies under a path such as "checkpoint", at most limit
	// bytes. The errors are ErrNotFound, ErrUnavailable and ErrTampered (there is
	// more than limit), and those of ctx. It may be called by many at once.
	Fetch(ctx context.Context, path string, limit int64) ([]byte, error)
	// String names the source in messages.
	String() string
}

const checkpointName = "checkpoint"

// OpenSource returns the source at a place: an http or https address, below which
// "checkpoint" and "tile" lie; or a folder, that of a log, of a mirror, or of
// static files. verifier is the log's key. token is shown to a server that asks
// who we are; empty if it does not.
func OpenSource(place string, verifier note.Verifier, token string) (Source, error) {
	if u, err := url.Parse(place); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return NewWebSource(place, token)
	}
	dir := place
	// The folder of a mirror or mission has the log in a folder of its own.
	if inner := filepath.Join(place, recordName); isFolder(inner) {
		dir = inner
	}
	if !isFolder(dir) {
		return nil, fmt.Errorf("mirror: source %s: %w: neither an address with http or https nor a folder", place, ErrNotFound)
	}
	return newFolder(dir, verifier), nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// A folder is a log on a disk. Static files are read as they are; of a log's own
// files record.Handler makes them.
type folder struct {
	disk durable.Disk
	dir  string
	live http.Handler
	key  []string // files of which the first that is there is the log's key
}

func newFolder(dir string, verifier note.Verifier) *folder {
	return newFolderOn(durable.OS{}, dir, verifier)
}

func newFolderOn(disk durable.Disk, dir string, verifier note.Verifier) *folder {
	beside := filepath.Dir(dir)
	return &folder{disk, dir, record.HandlerOn(disk, dir, verifier, nil), []string{filepath.Join(beside, KeyName), filepath.Join(beside, missionKey)}}
}

// missionKey is where a mission's folder has the key of its log.
const missionKey = "keys/log.pub"

// String implements Source.
func (f *folder) String() string { return f.dir }

// Fetch implements Source.
func (f *folder) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files := []string{filepath.Join(f.dir, filepath.FromSlash(path))}
	if path == KeyName {
		files = append(files, f.key...)
	}
	var data []byte
	var err error
	for _, file := range files {
		if data, err = f.disk.ReadFile(file, limit); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, durable.ErrTooLong):
		return nil, fmt.Errorf("mirror: %s in %s: %w: more than %d bytes", path, f.dir, ErrTampered, limit)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("mirror: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	w := answer{header: http.Header{}}
	f.live.ServeHTTP(&w, request)
	switch w.status {
	case http.StatusOK:
		return w.body, nil
	case http.StatusNotFound:
		return nil, fmt.Errorf("mirror: %s in %s: %w", path, f.dir, ErrNotFound)
	}
	return nil, fmt.Errorf("mirror: %s in %s: %w: the log there is damaged: verify it", path, f.dir, ErrTampered)
}

// An answer is what a handler in this process said.
type answer struct {
	header http.Header
	status int
	body   []byte
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

// bearer is what stands before a token in a request.
const bearer = "Bearer "

// bearerOf is the token of a request, empty if there is none.
func bearerOf(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), bearer)
	if !ok {
		return ""
	}
	return token
}
