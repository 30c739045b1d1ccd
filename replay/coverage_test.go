// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// TestCoverageIsToldByWeekAndLate: a camera watches a part of the line for five
// weeks, and is out for the third one. What is public says nothing of a week until it
// has been over for a week, has no hour and no source in it, and does not change
// within a week, whatever is reported.
func TestCoverageIsToldByWeekAndLate(t *testing.T) {
	const week = 7 * trucewatch.Day
	d := theDay(t)
	head, _, _ := d.opening(t)
	s := begin(t, d, head)
	epoch := s.Genesis().Epoch
	apply := func(p trucewatch.Payload, received trucewatch.Instant) {
		e := entered(s, p)
		e.Received = received
		if _, err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	told := func() (out []string) {
		v, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range v.Coverage {
			if strings.Contains(line, "the week from ") {
				out = append(out, line)
			}
		}
		return out
	}
	line := s.Agreements()[0].LineOfContact(s.Now())
	where := trucewatch.Place{Region: geo.Circle(line.Line.Points()[len(line.Line.Points())/2], 60_000_000)}
	first := (s.Now() - epoch) / trucewatch.Day
	var last []string
	for day := first + 1; day < first+50; day++ {
		at := epoch + day*trucewatch.Day
		w := trucewatch.Watch{When: trucewatch.Interval{From: at - trucewatch.Day, Till: at - trucewatch.Minute}, State: "watching", Share: 1_000_000, Where: where}
		if (day-1)/7 == first/7+3 {
			w.State, w.Share, w.Cause = "out", 0, "outage"
		}
		apply(trucewatch.Payload{Coverage: &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "cam-secret", Kind: trucewatch.CameraSource}, Watches: []trucewatch.Watch{w}}}, at-trucewatch.Minute)
		apply(trucewatch.Payload{Tick: &trucewatch.Tick{At: at, CutOff: at.Time().Format("2006-01-02")}}, at)
		now := told()
		if day%7 != 0 && !slices.Equal(now, last) {
			t.Fatalf("day %d: what is told changed within a week:\n%q\n%q", day, last, now)
		}
		for _, sentence := range now {
			_, date, _ := strings.Cut(sentence, "the week from ")
			begins, err := time.Parse(time.DateOnly, date[:10])
			if err != nil {
				t.Fatal(err)
			}
			// The date is that of the instant at which the week began.
			if at < trucewatch.InstantOf(begins)+2*week {
				t.Errorf("day %d: %s", day, sentence)
			}
			if day := begins.Sub(epoch.Time().Truncate(24*time.Hour)) / (24 * time.Hour); day%7 != 0 {
				t.Errorf("a week that begins %d days after the epoch: %s", day, sentence)
			}
			if strings.Contains(sentence, "secret") || strings.Contains(sentence, " h") && strings.Contains(sentence, "outage") {
				t.Errorf("names a source or hours: %s", sentence)
			}
		}
		last = now
	}
	all := strings.Join(last, "\n")
	if !strings.Contains(all, "watched in part") || !strings.Contains(all, "outage") {
		t.Errorf("told at the end:\n%s", all)
	}
}
