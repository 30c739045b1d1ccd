// SPDX-License-Identifier: Apache-2.0

// Package web serves the pages of missions to one audience.
//
// Every page is plain HTML that works without script, prints, and asks nobody
// but this server for anything: one style sheet and one small script are
// embedded. The script only says that new entries have come and adds keys; it
// never changes what a page says. The package sees the index of its audience
// and nothing else, so that it cannot show what that audience may not see.
//
// The handler is safe for use by many requests at once if the stores are. It
// sets no timeouts; the server that runs it does.
package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/svg"
)

// A Store is the index of one mission for one audience. The lists come with
// how many items the query keeps before its limit and offset. Query semantics
// are those of trucewatch.Query. Implementations are safe for use by many
// goroutines at once.
type Store interface {
	// Header returns the View without its lists: mission, time, agreements,
	// numbers, coverage, what is hidden.
	Header() (trucewatch.View, error)
	Incidents(q trucewatch.Query) ([]trucewatch.IncidentView, int, error)
	Incident(id trucewatch.IncidentID) (trucewatch.IncidentView, bool, error) // by ID or alias
	Findings(q trucewatch.Query) ([]trucewatch.FindingView, int, error)
	Finding(id trucewatch.FindingID) (trucewatch.FindingView, bool, error)
	Cases(q trucewatch.Query) ([]trucewatch.CaseView, int, error)
	Case(id trucewatch.CaseID) (trucewatch.CaseView, bool, error)
	Tallies(q trucewatch.Query) ([]trucewatch.TallyView, int, error)
	Statements(q trucewatch.Query) ([]trucewatch.StatementView, int, error)
	Notices(q trucewatch.Query) ([]trucewatch.NoticeView, int, error)
	Sources() ([]trucewatch.SourceView, error)
	Map(q trucewatch.Query, shapesMax int) (trucewatch.MapLayer, error)
	// Histogram counts the incidents that began in each span of the given width,
	// the first beginning at q.From.
	Histogram(q trucewatch.Query, width trucewatch.Instant) ([]trucewatch.Bin, error)
}

// A Place is a name shown on maps for orientation.
type Place = svg.Place

// A Feed tells how many entries the record holds, as it grows.
type Feed interface {
	// Subscribe gives the sizes above after, the current one first if it is
	// above. The channel may skip sizes but always gives the last; it is closed
	// when the feed ends. Cancel releases it and may be called twice.
	Subscribe(after uint64) (sizes <-chan uint64, cancel func())
}

// A Mission is one mission to serve.
type Mission struct {
	ID     string
	Store  func() (Store, bool)                                // false: still loading
	Report func(w io.Writer, date string, format string) error // format html, json or csv; ErrNoReport if there is none
	Dates  func() []string                                     // "2026-04-12", newest first
	Live   Feed                                                // nil: the record does not grow
	Places []Place
	Vouch  func() (Vouching, bool) // who co-signs the record; nil, or false: nobody does
}

// Vouching is who co-signs the record, and who does not.
type Vouching struct {
	Tier   string   // of the last checkpoint that was sent out: integrated, provisional or final
	Size   uint64   // its entries
	Signed []string // organisations, with the time of each cosignature
	Absent []string // sentences: who has not co-signed for a minute
}

// ErrNoReport says that there is no report of that date or format.
var ErrNoReport = errors.New("web: no such report")

// Options are the same for all missions of a handler.
type Options struct {
	Audience trucewatch.Audience // whom the stores are for; named on every page
	Hosts    []string            // names under which the server may be asked, besides localhost and the loopback addresses
	API      http.Handler        // served under /api/; nil: none
	Version  string              // of the software, named on the method page
	Log      *slog.Logger        // nil: nothing is logged
	Now      func() time.Time    // nil: time.Now; only to say how old a live mission's last tick is

	// Explain writes why a finding is so, as a paragraph and as lines of a tree, each
	// indented by two spaces under what it is a reason of. Languages are those in
	// which it can, the first by default. Contrast says in what two findings differ.
	// Where they are nil the pages do without.
	Explain   func(f *trucewatch.Finding, language string) (paragraph string, tree []string)
	Languages []string
	Contrast  func(f, g *trucewatch.Finding) []string
}
