// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 4, 11, 12, 0, 0, 0, time.UTC)

var small = Limits{Bytes: 100, SourceBytes: 60, Wait: 10 * time.Second}

func item(source string, class Class, bytes int64, n int) Item[int] {
	return Item[int]{Source: source, Class: class, Bytes: bytes, Value: n}
}

func words(shed []Shed[int]) (out []string) {
	for _, s := range shed {
		out = append(out, fmt.Sprintf("%s/%d %s", s.Source, s.Value, s.Reason))
	}
	return out
}

func values(items []Item[int]) (out []string) {
	for _, it := range items {
		out = append(out, fmt.Sprintf("%s/%d", it.Source, it.Value))
	}
	return out
}

// TestWhatIsWorseToLoseGoesFirst: harm before cases before detections, each
// source in its own order.
func TestWhatIsWorseToLoseGoesFirst(t *testing.T) {
	q := New[int](small)
	for _, it := range []Item[int]{item("mic", Routine, 10, 1), item("camera", Cases, 10, 1), item("patrol", Routine, 10, 1), item("patrol", Urgent, 10, 2)} {
		if shed := q.Offer(noon, it); shed != nil {
			t.Fatal(words(shed))
		}
	}
	if got, want := fmt.Sprint(values(q.Take(noon, 100))), "[patrol/1 patrol/2 camera/1 mic/1]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRoutineGivesWayToHarm: in a full queue the last of what is worth least
// makes room; what is worth most is not displaced by it.
func TestRoutineGivesWayToHarm(t *testing.T) {
	q := New[int](small)
	for n := range 6 {
		q.Offer(noon, item("mic", Routine, 10, n))
	}
	for n := range 4 {
		q.Offer(noon, item("camera", Cases, 10, n))
	}
	if got, want := fmt.Sprint(words(q.Offer(noon, item("patrol", Urgent, 20, 1)))), "[mic/5 displaced mic/4 displaced]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := fmt.Sprint(words(q.Offer(noon, item("late", Routine, 50, 1)))), "[late/1 queue_full]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if q.Bytes() != 100 || q.Items() != [Classes]int{1, 4, 4} {
		t.Errorf("%d bytes, %v", q.Bytes(), q.Items())
	}
}

// TestQuietSourceGetsThrough: a source that floods, even with what it calls
// urgent, has its share and no more, and one that says little is next.
func TestQuietSourceGetsThrough(t *testing.T) {
	q := New[int](small)
	for n := range 10 {
		shed := q.Offer(noon, item("flood", Urgent, 10, n))
		if (n < 6) != (shed == nil) {
			t.Fatalf("%d: %v", n, words(shed))
		}
	}
	for n := range 5 {
		q.Offer(noon, item("flood2", Urgent, 10, n))
	}
	q.Take(noon, 20)
	q.Offer(noon, item("flood", Urgent, 10, 10))
	q.Offer(noon, item("flood2", Urgent, 10, 10))
	if shed := q.Offer(noon, item("patrol", Urgent, 10, 1)); len(shed) != 1 || shed[0].Source == "patrol" {
		t.Fatalf("a patrol is sent away: %v", words(shed))
	}
	if got := values(q.Take(noon, 10)); got[0] != "patrol/1" {
		t.Errorf("%v goes before the patrol", got)
	}
}

// TestNobodyWaitsForEver: what waited as long as anybody waits is sent away, and
// afterwards there is room again.
func TestNobodyWaitsForEver(t *testing.T) {
	q := New[int](small)
	q.Offer(noon, item("mic", Routine, 60, 1))
	q.Offer(noon.Add(4*time.Second), item("camera", Routine, 40, 1))
	if got, want := fmt.Sprint(words(q.Expire(noon.Add(10*time.Second)))), "[mic/1 waited_long]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if shed := q.Offer(noon.Add(10*time.Second), item("mic", Routine, 60, 1)); shed != nil {
		t.Errorf("there is room: %v", words(shed))
	}
}

// TestQueueKeepsItsLimits: whatever comes, the bounds hold, every item is taken
// or shed exactly once, and each source is taken in its order.
func TestQueueKeepsItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, now := New[int](small), noon
		waiting := map[string]bool{}
		last := map[string]int{}
		gone := func(it Item[int]) {
			name := fmt.Sprintf("%s/%d", it.Source, it.Value)
			if !waiting[name] {
				t.Fatalf("%s left twice, or was never there", name)
			}
			delete(waiting, name)
		}
		for n := 1; n < 60; n++ {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			for _, s := range q.Expire(now) {
				gone(s.Item)
			}
			it := item(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "source"), Class(rapid.IntRange(0, 2).Draw(t, "class")), int64(rapid.IntRange(1, 50).Draw(t, "bytes")), n)
			waiting[fmt.Sprintf("%s/%d", it.Source, n)] = true
			for _, s := range q.Offer(now, it) {
				gone(s.Item)
			}
			if rapid.Bool().Draw(t, "take") {
				for _, it := range q.Take(now, int64(rapid.IntRange(1, 80).Draw(t, "most"))) {
					if gone(it); it.Value <= last[it.Source] {
						t.Fatalf("%s: %d after %d", it.Source, it.Value, last[it.Source])
					}
					last[it.Source] = it.Value
				}
			}
			held := q.Items()
			if q.Bytes() < 0 || q.Bytes() > small.Bytes || held[0]+held[1]+held[2] != len(waiting) {
				t.Fatalf("%d bytes, %v items, want %d", q.Bytes(), held, len(waiting))
			}
		}
	})
}
