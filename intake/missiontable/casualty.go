// SPDX-License-Identifier: Apache-2.0

package missiontable

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// adultAge is the age from which a person is an adult. Source: Convention on the
// Rights of the Child, article 1.
const adultAge = 18

// casualty reads "woman, 54, fragments; hospital confirmed" and the columns of a
// casualty. An age becomes "adult" or "child" before anything is kept. Whether
// somebody was killed or injured stays open, both numbers 0, if neither the
// columns nor the words say it.
func casualty(o *trucewatch.Observation, cell func(int) string) error {
	c := &trucewatch.Casualty{Category: cell(category), Civilian: cell(civilian), Status: "reported"}
	var err error
	if c.Killed, err = whole("killed", cell(killed)); err != nil {
		return err
	}
	if c.Injured, err = whole("injured", cell(injured)); err != nil {
		return err
	}
	words, err := withoutAge(o.Text, c)
	if err != nil {
		return err
	}
	o.Text = words
	low := strings.ToLower(words)
	if c.Killed+c.Injured == 0 && o.Count.Qualifier != trucewatch.Multiple && o.Count.High == 0 {
		dead, hurt := containsWord(low, "killed", "died", "fatal"), containsWord(low, "injured", "wounded")
		switch {
		case dead && !hurt:
			c.Killed = o.Count.Value
		case hurt && !dead:
			c.Injured = o.Count.Value
		}
	}
	if i := strings.Index(low, "hospital"); i >= 0 {
		switch after := low[i:]; {
		case strings.Contains(after, "refused"):
			c.Hospital = "refused"
		case strings.Contains(after, "not confirm") || strings.Contains(after, "unconfirmed"):
			c.Hospital = "no"
		case strings.Contains(after, "confirmed"):
			c.Hospital = "yes"
		}
	}
	c.Cause = cause(low, o.Weapon)
	o.Casualty = c
	return nil
}

// withoutAge reads who was harmed and takes the age out of the words.
func withoutAge(text string, c *trucewatch.Casualty) (string, error) {
	child, aged := false, false
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	for i, w := range words {
		bare := strings.Trim(strings.ToLower(w), ",;.()")
		switch {
		case slices.Contains([]string{"woman", "man", "boy", "girl"}, bare):
			if c.Category != "" && c.Category != bare {
				return "", fmt.Errorf("description: %q where the category is %s", bare, c.Category)
			}
			c.Category = bare
		case bare == "child" || bare == "adult":
			child, aged = bare == "child", true
		case age(bare) >= 0:
			child, aged = age(bare) < adultAge, true
			group := "adult"
			if child {
				group = "child"
			}
			words[i] = strings.Replace(strings.ToLower(w), bare, group, 1)
		}
	}
	if !aged {
		return strings.Join(words, " "), nil
	}
	isChild := c.Category == "boy" || c.Category == "girl" || c.Category == "child_unknown"
	switch {
	case c.Category == "" && child:
		c.Category = "child_unknown"
	case c.Category == "":
		c.Category = "adult_unknown"
	case isChild != child:
		return "", errors.New("description: the age does not fit the category")
	}
	return strings.Join(words, " "), nil
}

// age reads "54", "54-year-old" and "aged54", -1 if w is none of them. Any such
// number is taken for an age: to keep one by mistake harms a person, to drop a
// number that was none harms nobody.
func age(w string) int64 {
	w = strings.TrimPrefix(w, "aged")
	for _, suffix := range []string{"-year-old", "-years-old", "yo", "y"} {
		w = strings.TrimSuffix(w, suffix)
	}
	n, err := whole("age", w)
	if w == "" || err != nil || n > 120 {
		return -1
	}
	return n
}

func containsWord(s string, words ...string) bool {
	for _, w := range strings.FieldsFunc(s, func(c rune) bool { return c < 'a' || c > 'z' }) {
		if slices.Contains(words, w) {
			return true
		}
	}
	return false
}

// cause translates the weapon, or the word mine, into the vocabulary of causes;
// it is empty where the weapon leaves a choice.
func cause(words string, w *trucewatch.Weapon) string {
	if containsWord(words, "mine", "uxo", "tripwire") {
		return "mine_uxo"
	}
	if w == nil {
		return ""
	}
	switch w.Platform {
	case trucewatch.SmallArms, trucewatch.HMG:
		return "small_arms"
	case trucewatch.UAV:
		// "UAV" alone may be a long-range one.
		if w.Role != "" {
			return "close_uav"
		}
	case trucewatch.OneWayAttackUAV:
		return "long_range_uav"
	case trucewatch.BallisticMissile, trucewatch.CruiseMissile:
		return "missile"
	case trucewatch.Aircraft:
		return "air_delivered"
	case trucewatch.Mortar, trucewatch.Gun, trucewatch.ATGun, trucewatch.HowitzerTowed, trucewatch.HowitzerSP, trucewatch.Tank,
		trucewatch.IFV, trucewatch.MLRS, trucewatch.ArtilleryUnknown:
		return "shelling"
	}
	return ""
}
