// SPDX-License-Identifier: Apache-2.0

// Package replay folds the record, entry by entry, into the state of a
// mission: incidents, findings, cases, tallies, statements, and what each
// audience may see of them. It is the only package that knows the order of the
// stages:
//
//	entry -> associate -> judge -> casework -> (disclose, when somebody looks)
//
// The state is a deterministic function of the entries and of the agreement
// bundles they name: the same record gives the same digest on every machine.
// Nothing here reads a clock; "now" is the last recorded tick.
package replay

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/casework"
	"github.com/trucewatch/trucewatch/coverage"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/obligation"
)

// A State is everything that follows from the entries folded so far. It is not
// safe for concurrent use; its owner guards it.
type State struct {
	bundle  func(trucewatch.Hash) ([]byte, error)
	bundles *agreement.Texts // that were read, by other states too; or nil
	next    uint64
	now     trucewatch.Instant // the last tick
	last    trucewatch.Instant // Received of the last entry; never decreases
	digest  trucewatch.Hash
	genesis *trucewatch.Genesis

	agreements []*agreement.Agreement // adopted and not draft, in record order
	adopted    []trucewatch.Instant   // when each of them was
	drafts     []*agreement.Agreement
	asShown    []trucewatch.AgreementText     // agreements and drafts as readers see them; nil until somebody asks
	keys       map[trucewatch.ContentKey]bool // of everything recorded: a repeated key adds nothing
	incidents  *associate.Associator
	desk       *casework.Desk
	findings   map[trucewatch.FindingID]*findingState
	byIncident map[trucewatch.IncidentID][]trucewatch.FindingID // sorted
	published  []trucewatch.IncidentID                          // about which something is public, sorted
	sources    []*sourceState                                   // by ID
	tallies    []*trucewatch.TallyView                          // in record order
	statements []*trucewatch.StatementView
	terms      *judge.Terms // agreements, made ready; nil if there are none
	settled    []trucewatch.Dated[trucewatch.Interpretation]
	stated     []trucewatch.Dated[trucewatch.Fact]       // in record order
	calls      []trucewatch.Dated[trucewatch.Activation] // of the hotline, in record order
	owed       *obligation.Ledger
	stands     owed
	watch      *coverage.Map
	areas      map[string]*coverage.Area // by name; nil for ground of which nothing can be asked
	covered    bool                      // some source says what it sees
	running    bool                      // there are entries besides genesis, keys and texts
	seen       []trucewatch.CoverageLine // as of the last cut-off
	seenLate   []string                  // what others than the mission are told of it
	weeksTold  trucewatch.Instant        // whole weeks since the epoch, of which seenLate tells the last
	near       *near                     // empty without terms
	byNotice   map[string][]trucewatch.FindingID
	breached   map[string]trucewatch.Instant // notifications that were seen to be breached, since when
	why        string                        // why findings that no longer follow are withdrawn; "" for the usual reason
	notices    []judge.Notice
	pending    []reveal // by instant: what an audience will see only then
	cutOffs    []cutOff // in record order

	closed   int               // sealed entries that could not be opened
	residues map[uint64]uint32 // entries that a residue stands for and no erasure warrants yet, with the epoch of their boxes
	skipped  int               // digests that could not be compared
}

// A findingState is a finding, what it was before, and what of it is public.
type findingState struct {
	current     *trucewatch.Finding
	before      []*trucewatch.Finding // oldest first
	revised     []trucewatch.Instant  // when each revision was recorded
	public      *trucewatch.Finding   // the revision that a person released last, nil if none: what others than the mission see
	as          *trucewatch.Incident  // what public is about, as it was then
	released    trucewatch.Instant    // when the first was released
	withdrawnBy string                // "by <role>: <reason>" since a person withdrew it, "" otherwise
	again       []trucewatch.Instant  // when later ones were
}

// A reveal is an instant at which the end of a delay shows a finding.
type reveal struct {
	at      trucewatch.Instant
	finding trucewatch.FindingID
}

// A cutOff is the end of a reporting period.
type cutOff struct {
	day string
	at  trucewatch.Instant
}

// New returns the state before the first entry. Bundle returns the bytes of the
// agreement bundle with the given hash; replay checks them against it.
func New(bundle func(trucewatch.Hash) ([]byte, error)) *State { return NewWith(bundle, nil) }

// NewWith is New, with texts that other states have read or will; nil if none.
func NewWith(bundle func(trucewatch.Hash) ([]byte, error), texts *agreement.Texts) *State {
	s := &State{
		bundle: bundle, bundles: texts, keys: map[trucewatch.ContentKey]bool{},
		incidents:  associate.New(),
		findings:   map[trucewatch.FindingID]*findingState{},
		byIncident: map[trucewatch.IncidentID][]trucewatch.FindingID{},
		residues:   map[uint64]uint32{},
		watch:      coverage.New(), areas: map[string]*coverage.Area{}, near: newNear(),
		byNotice: map[string][]trucewatch.FindingID{}, breached: map[string]trucewatch.Instant{},
	}
	s.incidents.SetDuty(s.watch.OnDuty)
	s.desk = casework.NewDesk(s.placeOf)
	s.owed = obligation.New(s.watched)
	return s
}

// placeOf returns where an incident was, as far as it is known.
func (s *State) placeOf(id trucewatch.IncidentID) geo.Region {
	if in := s.incidents.Incident(id); in != nil {
		if best := in.Best(); best != nil {
			return best.Region
		}
	}
	return geo.Region{}
}

// Next returns the index of the entry that Apply expects.
func (s *State) Next() uint64 { return s.next }

// Now returns the last tick, or the last entry's time if there was none yet.
func (s *State) Now() trucewatch.Instant { return max(s.now, s.last) }

// Digest returns a running hash over all changes so far. Two replays that agree
// on it agree on every incident, finding and case and on how they came about.
func (s *State) Digest() trucewatch.Hash { return s.digest }

// Genesis returns entry 0, nil before it.
func (s *State) Genesis() *trucewatch.Genesis { return s.genesis }

// Agreements returns the adopted agreements in record order, drafts last.
func (s *State) Agreements() []*agreement.Agreement {
	return append(slices.Clone(s.agreements), s.drafts...)
}

// Known says whether the record already holds something with this key.
func (s *State) Known(key trucewatch.ContentKey) bool { return s.keys[key] }

// Due returns the earliest instant at which a tick must be recorded: a clock
// that runs out, a delay that ends. Zero if there is none. It is never before
// the last tick: a clock that was started late may have run out already. Cut-offs
// are local times and resolved by the rim.
func (s *State) Due() trucewatch.Instant {
	due := s.desk.NextDue()
	// What fell due before the record began falls due at once, in one tick.
	if at := s.owed.Due(); at != 0 && (due == 0 || at < due) {
		due = max(at, s.last)
	}
	if len(s.pending) > 0 && (due == 0 || s.pending[0].at < due) {
		due = s.pending[0].at
	}
	if due == 0 {
		return 0
	}
	return max(due, s.now)
}

// Apply folds one entry and returns what changed, in a fixed order. An error
// means that the entry cannot be part of a sound record; the state is then
// spoiled and must be dropped.
func (s *State) Apply(e *trucewatch.Entry) ([]Change, error) {
	changes, err := s.apply(e)
	if err != nil {
		return nil, fmt.Errorf("replay: entry %d: %w", e.Index, err)
	}
	s.next++
	s.last = max(s.last, e.Received)
	switch e.Body.Type {
	case trucewatch.GenesisEntry, trucewatch.KeyEntry, trucewatch.AgreementEntry:
	default:
		s.running = true
	}
	h := sha256.New()
	h.Write(s.digest[:])
	for _, c := range changes {
		form, body := c.encode()
		h.Write([]byte{form})
		h.Write(body)
	}
	h.Sum(s.digest[:0])
	return changes, nil
}

func (s *State) apply(e *trucewatch.Entry) ([]Change, error) {
	p := &e.Body.Payload
	switch {
	case e.Index != s.next:
		return nil, fmt.Errorf("%w: entry %d was expected", trucewatch.ErrInvalid, s.next)
	case (p.Genesis != nil) != (e.Index == 0):
		return nil, fmt.Errorf("%w: genesis is entry 0 and nowhere else", trucewatch.ErrInvalid)
	case e.Received < s.last-s.slot():
		return nil, fmt.Errorf("%w: received %v, before the entry that precedes it (%v)", trucewatch.ErrInvalid, e.Received, s.last)
	}
	switch e.Body.Type {
	case trucewatch.GenesisEntry:
		s.genesis = p.Genesis
		return []Change{{Header: true, Genesis: p.Genesis}}, nil
	case trucewatch.AgreementEntry:
		return s.adopt(e, p.Agreement)
	case trucewatch.ObservationsEntry:
		return s.observe(e, p.Observations)
	case trucewatch.TallyEntry:
		return s.tally(e, p.Tally), nil
	case trucewatch.StatementEntry:
		return s.state(e, p.Statement), nil
	case trucewatch.NotificationEntry:
		return s.notify(e, p.Notification), nil
	case trucewatch.ReviewEntry:
		return s.unlessMoot(s.review(e, p.Review))
	case trucewatch.ReleaseEntry:
		return s.release(e, p.Release)
	case trucewatch.TickEntry:
		return s.tick(e, p.Tick)
	case trucewatch.DigestEntry:
		return nil, s.compare(p.Digest)
	case trucewatch.ErasureEntry:
		s.warrant(p.Erasure)
	case trucewatch.InterpretationEntry, trucewatch.AnswerEntry, trucewatch.DecisionEntry, trucewatch.StepEntry, trucewatch.SessionEntry,
		trucewatch.ActivationEntry, trucewatch.NoticeStepEntry, trucewatch.FactEntry, trucewatch.CoverageEntry, trucewatch.InventoryEntry:
		return s.unlessMoot(s.proceed(e))
	}
	return nil, nil // keys, policies and what is about the record itself change no state; verify checks them
}

// slot is how far the time of an entry may lie before that of the one before it:
// in a sealed record, times that stand openly are rounded down.
func (s *State) slot() trucewatch.Instant {
	if s.genesis == nil {
		return 0
	}
	return trucewatch.Instant(s.genesis.SlotS) * trucewatch.Second
}

// ApplyClosed folds a sealed entry that this holder cannot open. From here on
// the state is another one than the mission's, and digests are not compared.
func (s *State) ApplyClosed(e *trucewatch.Entry) ([]Change, error) {
	changes, err := s.Apply(e)
	s.closed++
	return changes, err
}

// ApplyResidue folds what stands for an entry whose box was destroyed. Digests
// are compared again once an erasure that warrants it was folded: those were
// made of the residue too.
func (s *State) ApplyResidue(e *trucewatch.Entry, epoch uint32) ([]Change, error) {
	changes, err := s.Apply(e)
	s.residues[e.Index] = epoch
	return changes, err
}

// Closed says how many sealed entries could not be opened.
func (s *State) Closed() int { return s.closed }

// Unwarranted returns the entries, ascending, that a residue stands for although
// no erasure names their box.
func (s *State) Unwarranted() []uint64 {
	return slices.Sorted(maps.Keys(s.residues))
}

// Skipped says how many digests could not be compared, as entries before them
// were closed, or were erased after them.
func (s *State) Skipped() int { return s.skipped }

func (s *State) warrant(e *trucewatch.Erasure) {
	for _, box := range e.Boxes {
		delete(s.residues, box.Index)
	}
	if e.Class != "" {
		for _, index := range s.Unwarranted() {
			if s.residues[index] == e.Epoch {
				delete(s.residues, index)
			}
		}
	}
}

// partial says whether the state lacks what the mission had when it wrote the
// entries that are folded now: some are closed to this holder, or were erased later.
func (s *State) partial() bool { return s.closed > 0 || len(s.residues) > 0 }

// unlessMoot passes over a deed that is refused because what it was about is not
// there any more. Whoever erases evidence would else end the whole record with it.
// A deed is refused before anything changes.
func (s *State) unlessMoot(changes []Change, err error) ([]Change, error) {
	if err != nil && s.partial() {
		return nil, nil
	}
	return changes, err
}

// compare holds the record to what it committed to.
func (s *State) compare(d *trucewatch.Digest) error {
	if s.partial() {
		s.skipped++
		return nil
	}
	if d.Index != s.next || d.State != s.digest {
		return fmt.Errorf("%w: the record commits to state %v after %d entries; replay gives %v after %d",
			trucewatch.ErrInvalid, d.State, d.Index, s.digest, s.next)
	}
	return nil
}

// text reads the bundle that an adoption names.
func (s *State) text(a *trucewatch.Adoption) (*agreement.Agreement, error) {
	raw, err := s.bundle(a.Bundle)
	if err != nil {
		return nil, fmt.Errorf("agreement %s version %d: %w: %w", a.ID, a.Version, ErrUnread, err)
	}
	if trucewatch.Hash(sha256.Sum256(raw)) != a.Bundle {
		return nil, fmt.Errorf("%w: the bundle of agreement %s version %d is not the one that was adopted", trucewatch.ErrInvalid, a.ID, a.Version)
	}
	return s.bundles.Parse(raw)
}

// ErrUnread is wrapped by the error about a bundle that could not be read: nothing
// follows about whether its text may be adopted.
var ErrUnread = errors.New("the text cannot be read")

// checkAdoption wants a text that may follow those before it.
func (s *State) checkAdoption(a *trucewatch.Adoption, received trucewatch.Instant) error {
	if a.Draft || len(s.agreements) == 0 {
		return nil
	}
	next, err := s.text(a)
	if err != nil {
		return err
	}
	return s.follows(next, received)
}

func (s *State) adopt(e *trucewatch.Entry, a *trucewatch.Adoption) ([]Change, error) {
	parsed, err := s.text(a)
	if err != nil {
		return nil, err
	}
	s.asShown = nil
	if a.Draft {
		s.drafts = append(s.drafts, parsed)
		return []Change{{Header: true, Adoption: a}}, nil
	}
	if err := s.follows(parsed, e.Received); err != nil {
		return nil, err
	}
	s.agreements, s.adopted = append(s.agreements, parsed), append(s.adopted, e.Received)
	if s.terms == nil {
		for in := range s.incidents.All() {
			s.near.put(in)
		}
		s.near.moved = nil // everything is judged below
	}
	s.readTerms()
	s.desk.Adopt(parsed)
	changes := []Change{{Header: true, Adoption: a}}
	changes = append(changes, s.owing(e, s.owed.Adopt(parsed.Variants(s.answers(parsed)), e.Index))...)
	for in := range s.incidents.All() {
		changes = append(changes, s.judge(e, in)...)
		changes = append(changes, s.owedOf(e, in)...)
	}
	return append(changes, s.openCases(e, changes)...), nil
}

// follows refuses a version that may not follow the one before it. Versions with
// which the record begins are history: none amends another while it runs. (That
// they have one instant is not enough: a sealed record tells none within a slot.)
func (s *State) follows(next *agreement.Agreement, at trucewatch.Instant) error {
	for i, old := range slices.Backward(s.agreements) {
		if old.ID == next.ID {
			if !s.running && s.adopted[i] == at {
				return nil
			}
			return next.Follows(old, at)
		}
	}
	return nil
}

func (s *State) observe(e *trucewatch.Entry, b *trucewatch.Batch) ([]Change, error) {
	src := s.source(b.Source)
	src.seen(e.Received, int64(len(b.Observations)))
	src.reject(e.Index, b)
	source := src.view.Source
	recorded := make([]trucewatch.Recorded, len(b.Observations)) // in one piece of memory
	fresh := make([]*trucewatch.Recorded, 0, len(recorded))
	for row := range b.Observations {
		o := &b.Observations[row]
		if row > 0 {
			shareTexts(o, &b.Observations[row-1])
		}
		if s.keys[o.Key] {
			continue
		}
		s.keys[o.Key] = true
		recorded[row] = trucewatch.Recorded{
			ID: trucewatch.ObservationID{Index: e.Index, Row: uint16(row)}, Received: e.Received, Source: &source, Observation: o,
		}
		fresh = append(fresh, &recorded[row])
	}
	added := s.incidents.Add(e.Index, fresh)
	s.watch.Heard(b.Source.ID, e.Received)
	return append([]Change{{Source: src.view}}, s.follow(e, added)...), nil
}

// follow judges what changed incidents lead to.
func (s *State) follow(e *trucewatch.Entry, added []associate.Change) []Change {
	for _, c := range added {
		s.place(c)
	}
	var changes []Change
	var changed []trucewatch.IncidentID
	for _, c := range added {
		changes = append(changes, Change{Incident: c.Incident, Gone: c.Gone, Into: c.Into})
		if c.Incident != nil {
			changed = append(changed, c.Incident.ID)
			changes = append(changes, s.judge(e, c.Incident)...)
			changes = append(changes, s.owedOf(e, c.Incident)...)
		} else {
			changes = append(changes, s.withdraw(e, c.Gone, c.Into)...)
			changes = append(changes, s.owing(e, s.owed.Gone(c.Gone, e.Index))...)
		}
	}
	changes = append(changes, s.judgeNear(e, changed)...)
	changes = append(changes, s.contradictNear(e, added)...)
	return append(changes, s.openCases(e, changes)...)
}

// place keeps where and when a changed incident is.
func (s *State) place(c associate.Change) {
	switch {
	case s.terms == nil:
	case c.Incident != nil:
		s.near.put(c.Incident)
	default:
		s.near.drop(c.Gone)
	}
}

// contradictNear holds the notifications near changed incidents against them.
func (s *State) contradictNear(e *trucewatch.Entry, added []associate.Change) []Change {
	var changes []Change
	for i := range s.notices {
		n := &s.notices[i]
		if slices.ContainsFunc(added, func(c associate.Change) bool {
			return c.Incident != nil && c.Incident.When.Gap(n.Notification.Window) <= judge.NoticeReach
		}) {
			changes = append(changes, s.contradict(e, n)...)
		}
	}
	return changes
}

func (s *State) tally(e *trucewatch.Entry, b *trucewatch.TallyBatch) []Change {
	src := s.source(b.Source)
	src.seen(e.Received, int64(len(b.Tallies)))
	changes := []Change{{Source: src.view}}
	for _, t := range b.Tallies {
		if s.keys[t.Key] {
			continue
		}
		s.keys[t.Key] = true
		view := &trucewatch.TallyView{Index: e.Index, Received: e.Received, Source: src.view.Source, Tally: t}
		s.tallies = append(s.tallies, view)
		changes = append(changes, Change{Tally: view})
		changes = append(changes, s.checkPrevious(view)...)
	}
	return changes
}

// checkPrevious holds what a tally says of the period before it against the
// tally of that period, whichever of the two was recorded first.
func (s *State) checkPrevious(fresh *trucewatch.TallyView) []Change {
	var changes []Change
	for _, other := range s.tallies {
		for _, pair := range [][2]*trucewatch.TallyView{{fresh, other}, {other, fresh}} {
			later, earlier := pair[0], pair[1]
			if later == earlier || !sameSeries(&later.Tally, &earlier.Tally) {
				continue
			}
			ok, flags := judge.CheckPrevious(&later.Tally, &earlier.Tally)
			if !ok && len(flags) == 0 {
				continue
			}
			later.Flags = append(later.Flags, flags...)
			if ok {
				later.Agrees = append(later.Agrees, "what it says of the period before, with the report of that period")
			}
			changes = append(changes, Change{Tally: later})
		}
	}
	return changes
}

// sameSeries says whether two tallies are numbers of one publication series:
// only within one does a report speak of the period before its own.
func sameSeries(a, b *trucewatch.Tally) bool {
	return a.Claimant == b.Claimant && a.Area == b.Area && a.Category == b.Category && a.Count.Unit == b.Count.Unit && a.Running == b.Running
}

func (s *State) state(e *trucewatch.Entry, b *trucewatch.StatementBatch) []Change {
	src := s.source(b.Source)
	src.seen(e.Received, int64(len(b.Statements)))
	changes := []Change{{Source: src.view}}
	for _, st := range b.Statements {
		if s.keys[st.Key] {
			continue
		}
		s.keys[st.Key] = true
		view := &trucewatch.StatementView{Index: e.Index, Received: e.Received, Source: src.view.Source, Statement: st}
		s.statements = append(s.statements, view)
		changes = append(changes, Change{Statement: view})
	}
	return changes
}

// notify records a notification and judges again what it may exempt.
func (s *State) notify(e *trucewatch.Entry, n *trucewatch.Notification) []Change {
	if s.keys[n.Key] {
		return nil
	}
	s.keys[n.Key] = true
	s.notices = append(s.notices, judge.Notice{Notification: n, Received: e.Received, Index: e.Index})
	s.desk.Notified(n)
	notice := &s.notices[len(s.notices)-1]
	changes := []Change{{Notice: s.noticeView(notice)}}
	changes = append(changes, s.owing(e, s.owed.Notice(n, e.Received, e.Index))...)
	return append(changes, s.judgeNotice(e, notice)...)
}
