// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/query"
	"github.com/trucewatch/trucewatch/publish/wording"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/trucewatch.css static/trucewatch.js
var staticFiles embed.FS

// policy lets a page load what this server embeds and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// A site answers requests.
type site struct {
	missions []Mission
	options  Options
	pages    map[string]*template.Template
	assets   map[string]asset
	mux      *http.ServeMux
}

// An asset is an embedded file with its digest.
type asset struct {
	body []byte
	mime string
	etag string
}

// New returns the pages of the missions, in the order given. It panics if the
// embedded templates are broken, which any test finds.
func New(missions []Mission, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &site{missions: missions, options: o, pages: loadPages(), assets: loadAssets(), mux: http.NewServeMux()}
	s.route()
	return s
}

func loadPages() map[string]*template.Template {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if base == "layout" || base == "parts" {
			continue
		}
		pages[base] = template.Must(template.New("layout.html").Funcs(functions()).
			ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", name))
	}
	return pages
}

func loadAssets() map[string]asset {
	out := map[string]asset{}
	for name, mime := range map[string]string{"trucewatch.css": "text/css; charset=utf-8", "trucewatch.js": "text/javascript; charset=utf-8"} {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		out[name] = asset{body: body, mime: mime, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	}
	return out
}

func (s *site) route() {
	s.mux.HandleFunc("GET /{$}", s.start)
	s.mux.HandleFunc("GET /static/{file}", s.static)
	for path, handle := range map[string]func(*visit) error{
		"":                 overview,
		"map":              showMap,
		"incidents":        incidents,
		"incidents/{id}":   incident,
		"findings":         findings,
		"findings/{id...}": finding,
		"cases":            cases,
		"cases/{id...}":    caseFile,
		"reports":          reports,
		"statements":       statements,
		"tallies":          tallies,
		"agreement":        agreement,
		"notifications":    notifications,
		"sources":          sources,
		"about":            about,
		"commission":       commission,
		"obligations":      obligations,
		"coverage":         watched,
		"hotline":          hotline,
	} {
		if path == "" {
			path = "{$}"
		}
		s.mux.HandleFunc("GET /m/{mission}/"+path, s.mission(handle))
	}
	s.mux.HandleFunc("GET /m/{mission}/reports/{date}", s.file(report))
	s.mux.HandleFunc("GET /m/{mission}/live", s.live)
	if s.options.API != nil {
		s.mux.Handle("/api/", s.options.API)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, "There is no such page here.")
	})
}

// ServeHTTP sets the headers that every answer carries, and refuses what no
// page takes.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
	h.Set("Cache-Control", "private, no-cache")
	switch {
	case !s.known(r.Host):
		s.fail(w, r, http.StatusMisdirectedRequest, "This server does not answer under the name in the address.")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.fail(w, r, http.StatusMethodNotAllowed, "These pages are for reading only.")
	case len(r.URL.RawQuery) > query.BytesMax || len(r.URL.Path) > query.BytesMax:
		s.fail(w, r, http.StatusRequestURITooLong, "The address is too long.")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// known says whether the server may be asked under this name. A page of
// another site can make a browser ask a loopback address under that site's
// name (DNS rebinding); such requests carry the wrong name. An address in
// figures is nobody's name, so that public pages are answered under any; the
// operations room keeps to the addresses of its own machine.
func (s *site) known(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) ||
		s.options.Audience == trucewatch.ForPublic && net.ParseIP(host) != nil ||
		slices.ContainsFunc(s.options.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("file")]
	if !ok {
		s.fail(w, r, http.StatusNotFound, "There is no such file here.")
		return
	}
	w.Header().Set("Content-Type", a.mime)
	w.Header().Set("ETag", a.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}

// etag names an answer by all that it depends on.
func (s *site) etag(r *http.Request, depends ...any) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n", s.options.Version, s.options.Audience, r.URL.RequestURI())
	for _, name := range []string{"trucewatch.css", "trucewatch.js"} {
		fmt.Fprintln(sum, s.assets[name].etag)
	}
	fmt.Fprintln(sum, depends...)
	return `"` + hex.EncodeToString(sum.Sum(nil)[:12]) + `"`
}

// A page is what the layout shows round a body.
type page struct {
	Title    string
	Nav      string      // the section that is shown
	Mission  *missionBar // nil outside a mission
	Audience string
	Version  string
	CSS, JS  string // addresses of the assets
	Clock    wording.Clock
	Body     any
	places   []Place // for the drawings of templates
}

// A missionBar is what stands above every page of a mission.
type missionBar struct {
	ID        string
	Title     string
	Simulated bool
	Mode      string // a sentence, "" for a live mission
	At        trucewatch.Instant
	Index     uint64
	State     string // "current", "stale: …", "closed record", "re-enacted"
	Connected string // State while the page listens
	Stale     bool
	Live      bool // the page may listen
	Agreed    bool
	Sections  []section
}

// render writes a page. What would disturb the reading of text is made visible
// in the whole output, so that no template can forget it.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) error {
	p.Audience = wording.Audience(s.options.Audience)
	p.Version = s.options.Version
	p.CSS = "/static/trucewatch.css?" + strings.Trim(s.assets["trucewatch.css"].etag, `"`)
	p.JS = "/static/trucewatch.js?" + strings.Trim(s.assets["trucewatch.js"].etag, `"`)
	var b bytes.Buffer
	if err := s.pages[name].Execute(&b, p); err != nil {
		return fmt.Errorf("web: page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = io.WriteString(w, wording.Visible(b.String())) // a reader who has gone away is no error of ours
	return nil
}

// fail writes a plain page that says what is wrong.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	err := s.render(w, r, status, "error", page{Title: http.StatusText(status), Body: struct {
		Status  int
		Message string
	}{status, message}})
	if err != nil {
		s.options.Log.Error("error page", "error", err)
		http.Error(w, message, status)
	}
}

// A refusal is an error whose words a reader may see.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// answer turns the error of a page into a page.
func (s *site) answer(w http.ResponseWriter, r *http.Request, err error) {
	var no *refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		s.fail(w, r, no.status, no.message)
	case errors.Is(err, query.ErrInvalid):
		s.fail(w, r, http.StatusBadRequest, "The address asks for something unknown: "+err.Error()+".")
	default:
		s.options.Log.Error("page", "path", r.URL.Path, "error", err)
		s.fail(w, r, http.StatusInternalServerError, "Something is wrong on this server; it is in the server's log. Nothing was changed.")
	}
}

// stylePolicy is the policy of a file that brings its own style: it names the
// hash of that style.
func stylePolicy(file []byte) string {
	_, after, ok := bytes.Cut(file, []byte("<style>"))
	style, _, ok2 := bytes.Cut(after, []byte("</style>"))
	if !ok || !ok2 {
		return policy
	}
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}
