// SPDX-License-Identifier: Apache-2.0

package missiontable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// describe turns the words of the description column into fields, by the kind
// of the observation. Words that no field holds stay in the text.
func describe(o *trucewatch.Observation, cell func(int) string) error {
	text := strings.ToLower(o.Text)
	if strings.Contains(text, "assessed as live-fire exercise") || strings.Contains(text, "assessed as training") {
		mark(o, trucewatch.AssessedTraining)
	}
	if w := o.Weapon; w != nil && w.Platform == trucewatch.UAV && strings.Contains(strings.ToLower(w.Text), "drop") {
		mark(o, trucewatch.MunitionDropped)
	}
	if o.Kind != trucewatch.CasualtySeen && cell(civilian)+cell(killed)+cell(injured)+cell(category) != "" {
		return errNotCasualty
	}
	if o.Kind != trucewatch.RestrictionMet && cell(by) != "" {
		return fmt.Errorf("by: only a restriction is imposed by somebody")
	}
	switch o.Kind {
	case trucewatch.Explosion:
		if slices.Contains(trucewatch.Descriptions(), trucewatch.Description(text)) {
			o.Description, o.Text = trucewatch.Description(text), ""
		}
	case trucewatch.ProjectileInFlight, trucewatch.UAVSighted, trucewatch.AircraftSighted, trucewatch.MissileTrack,
		trucewatch.MovementSeen, trucewatch.VehicleSeen:
		o.Movement = movement(text)
		aerialType(o)
	case trucewatch.RestrictionMet:
		r, err := restriction(o.Text)
		if err != nil {
			return err
		}
		r.By = trucewatch.PartyID(cell(by))
		o.Restriction = r
	case trucewatch.CasualtySeen:
		return casualty(o, cell)
	case trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper, trucewatch.FireAtMissionAsset:
		missionAsset(o, cell(eventLocation))
	}
	return nil
}

func mark(o *trucewatch.Observation, m trucewatch.Mark) {
	if !o.Has(m) {
		o.Marks = append(o.Marks, m)
	}
}

// movement reads "from WNW to ESE", "mostly from north to south", "heading W".
// It returns nil if the words name no direction.
func movement(text string) *trucewatch.Movement {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' || c == ';' })
	var m trucewatch.Movement
	for i, w := range words[:max(len(words)-1, 0)] {
		mdeg, ok := intake.Bearing(words[i+1])
		switch {
		case !ok:
		case w == "from":
			m.From = intake.Wind(mdeg)
		case w == "to" || w == "towards":
			m.To = intake.Wind(mdeg)
		case w == "heading" || w == "moving" || w == "flying":
			m.To, m.HeadingMdeg = intake.Wind(mdeg), mdeg
		}
	}
	if m == (trucewatch.Movement{}) {
		return nil
	}
	return &m
}

// aerialType takes the type of what flew from the description, where the weapon
// column does not know it: "one-way attack type, heading W".
func aerialType(o *trucewatch.Observation) {
	if o.Kind != trucewatch.UAVSighted || o.Weapon != nil && o.Weapon.Platform != trucewatch.UnknownPlatform {
		return
	}
	w, err := intake.ParseWeapon(o.Text)
	if err == nil && w != nil && w.Platform != trucewatch.UnknownPlatform {
		o.Weapon = w
		weaponBasis(o)
	}
}

// restriction reads "delay 95 min; reason cited: no permission". The first word
// says which kind it is.
func restriction(text string) (*trucewatch.Restriction, error) {
	head, rest, _ := strings.Cut(text, ";")
	words := strings.Fields(strings.ToLower(head))
	if len(words) == 0 {
		return nil, fmt.Errorf("description: a restriction says denial, delay, conditional access or impediment")
	}
	r := &trucewatch.Restriction{}
	switch words[0] {
	case "denial", "denied":
		r.Type = "denial"
	case "delay", "delayed":
		r.Type = "delay"
	case "conditional", "conditional_access":
		r.Type = "conditional_access"
	case "impediment", "impeded":
		r.Type = "impediment"
	default:
		return nil, fmt.Errorf("description: a restriction begins with denial, delay, conditional access or impediment, not %q", trucewatch.CutText(words[0], 40))
	}
	var err error
	if r.Minutes, err = minutes(words[1:]); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(rest, ";") {
		if reason, ok := strings.CutPrefix(strings.TrimSpace(part), "reason cited:"); ok {
			r.Reason = strings.TrimSpace(reason)
		}
	}
	return r, nil
}

// minutes adds up "95 min", "2 h 08 min" and "2h".
func minutes(words []string) (int64, error) {
	total := int64(0)
	for i := 0; i < len(words); i++ {
		digits := strings.TrimRight(words[i], "abcdefghijklmnopqrstuvwxyz.")
		unit := words[i][len(digits):]
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		if unit == "" && i+1 < len(words) {
			i++
			unit = words[i]
		}
		n, err := whole("description", digits)
		if err != nil || n > 100_000 {
			return 0, fmt.Errorf("description: %q is no believable length of time", trucewatch.CutText(digits, 40))
		}
		switch strings.TrimSuffix(unit, ".") {
		case "min", "mins", "minutes", "minute":
			total += n
		case "h", "hr", "hrs", "hour", "hours":
			total += 60 * n
		default:
			return 0, fmt.Errorf("description: %q is followed by neither min nor h", trucewatch.CutText(digits, 40))
		}
	}
	return total, nil
}

// missionAsset sets whose thing was jammed, tampered with or fired at: the
// mission's, if the event is at the observer's own asset or the kind says so.
func missionAsset(o *trucewatch.Observation, event string) {
	own := strings.EqualFold(event, "at asset") || o.Kind == trucewatch.FireAtMissionAsset || o.Kind == trucewatch.SensorTamper
	if o.Asset == nil {
		o.Asset = &trucewatch.Asset{}
	}
	if o.Asset.Owner == "" && own {
		o.Asset.Owner = "mission"
	}
	if o.Asset.Owner == "mission" {
		mark(o, trucewatch.MissionOwned)
	}
	if *o.Asset == (trucewatch.Asset{}) {
		o.Asset = nil
	}
}
