// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// calibreMaxMM is the largest calibre that is believed.
const calibreMaxMM = 600

// A weaponModel is a model whose platform and calibre are known. Source: the
// models that mission reports name, docs/glossary.md.
type weaponModel struct {
	words    string // folded: lower case, spaces for signs
	model    string
	platform trucewatch.Platform
	calibre  int64
}

var weaponModels = []weaponModel{
	{"bm 21", "BM-21", trucewatch.MLRS, 122}, {"grad", "BM-21", trucewatch.MLRS, 122},
	{"bm 27", "BM-27", trucewatch.MLRS, 220}, {"uragan", "BM-27", trucewatch.MLRS, 220},
	{"bm 30", "BM-30", trucewatch.MLRS, 300}, {"smerch", "BM-30", trucewatch.MLRS, 300},
	{"tornado g", "Tornado-G", trucewatch.MLRS, 122}, {"tornado s", "Tornado-S", trucewatch.MLRS, 300},
	{"tochka u", "Tochka-U", trucewatch.BallisticMissile, 0}, {"tochka", "Tochka", trucewatch.BallisticMissile, 0},
	{"2s1", "2S1", trucewatch.HowitzerSP, 122}, {"2s3", "2S3", trucewatch.HowitzerSP, 152},
	{"2s5", "2S5", trucewatch.HowitzerSP, 152}, {"2s19", "2S19", trucewatch.HowitzerSP, 152},
	{"d 30", "D-30", trucewatch.HowitzerTowed, 122}, {"d 20", "D-20", trucewatch.HowitzerTowed, 152},
	{"2a36", "2A36", trucewatch.HowitzerTowed, 152}, {"2a65", "2A65", trucewatch.HowitzerTowed, 152},
	{"mt 12", "MT-12", trucewatch.ATGun, 100}, {"rapira", "MT-12", trucewatch.ATGun, 100},
	{"d 44", "D-44", trucewatch.Gun, 85}, {"d 48", "D-48", trucewatch.ATGun, 85},
	{"t 64", "T-64", trucewatch.Tank, 125}, {"t 72", "T-72", trucewatch.Tank, 125}, {"t 80", "T-80", trucewatch.Tank, 125},
	{"bmp 1", "BMP-1", trucewatch.IFV, 73}, {"bmp 2", "BMP-2", trucewatch.IFV, 30},
	{"2b9", "2B9", trucewatch.Mortar, 82}, {"2b11", "2B11", trucewatch.Mortar, 120},
}

// weaponWords are the words for platforms; the longer stands before one that is
// a part of it. A role is set for aerial vehicles only.
var weaponWords = []struct {
	words    string
	platform trucewatch.Platform
	role     string
}{
	{"one way attack uav", trucewatch.OneWayAttackUAV, ""}, {"one way attack type", trucewatch.OneWayAttackUAV, ""},
	{"one way attack drone", trucewatch.OneWayAttackUAV, ""}, {"one way attack", trucewatch.OneWayAttackUAV, ""},
	{"uav drop", trucewatch.UAV, "bomber"}, {"bomber uav", trucewatch.UAV, "bomber"}, {"bomber drone", trucewatch.UAV, "bomber"},
	{"fpv attack", trucewatch.UAV, "fpv_attack"}, {"fpv drone", trucewatch.UAV, "fpv_attack"}, {"fpv", trucewatch.UAV, "fpv_attack"},
	{"mini uav", trucewatch.UAV, ""}, {"uav", trucewatch.UAV, ""}, {"quadcopter", trucewatch.UAV, ""}, {"drone", trucewatch.UAV, ""},
	{"ballistic missile", trucewatch.BallisticMissile, ""}, {"cruise missile", trucewatch.CruiseMissile, ""},
	{"multiple launch rocket system", trucewatch.MLRS, ""}, {"mlr", trucewatch.MLRS, ""},
	{"anti tank guided missile", trucewatch.ATGM, ""}, {"atgm", trucewatch.ATGM, ""},
	{"rocket propelled grenade", trucewatch.RPG, ""}, {"rpg", trucewatch.RPG, ""},
	{"automatic grenade launcher", trucewatch.AGL, ""}, {"agl", trucewatch.AGL, ""},
	{"heavy machine gun", trucewatch.HMG, ""}, {"hmg", trucewatch.HMG, ""},
	{"small arm", trucewatch.SmallArms, ""}, {"machine gun", trucewatch.SmallArms, ""}, {"rifle", trucewatch.SmallArms, ""},
	{"mortar", trucewatch.Mortar, ""},
	{"anti tank gun", trucewatch.ATGun, ""}, {"at gun", trucewatch.ATGun, ""},
	{"main battle tank", trucewatch.Tank, ""}, {"tank", trucewatch.Tank, ""},
	{"infantry fighting vehicle", trucewatch.IFV, ""}, {"armoured combat vehicle", trucewatch.IFV, ""},
	{"ifv apc", trucewatch.IFV, ""}, {"ifv", trucewatch.IFV, ""}, {"apc", trucewatch.IFV, ""}, {"bmp", trucewatch.IFV, ""}, {"btr", trucewatch.IFV, ""},
	{"self propelled howitzer", trucewatch.HowitzerSP, ""}, {"howitzer sp", trucewatch.HowitzerSP, ""},
	{"towed howitzer", trucewatch.HowitzerTowed, ""}, {"howitzer towed", trucewatch.HowitzerTowed, ""},
	{"howitzer", trucewatch.ArtilleryUnknown, ""}, {"artillery", trucewatch.ArtilleryUnknown, ""},
	{"gun", trucewatch.Gun, ""},
	{"aircraft", trucewatch.Aircraft, ""}, {"helicopter", trucewatch.Aircraft, ""},
	{"ew jammer", trucewatch.EWJammer, ""}, {"jammer", trucewatch.EWJammer, ""},
}

// ParseWeapon reads what a source takes a weapon to be: "artillery (type N/K)",
// "120mm mortar (assessed)", "MLRS BM-21 122mm", "small_arms". It returns nil
// where there is nothing to say: empty, "n/a", "none". "N/K" and words that name
// no platform, or more than one, give the platform unknown with the words kept:
// to choose one of two weapons would be a guess. Of two calibres none is kept.
func ParseWeapon(s string) (*trucewatch.Weapon, error) {
	text := strings.TrimSpace(s)
	switch strings.ToLower(text) {
	case "", "n/a", "none", "-":
		return nil, nil
	}
	w := &trucewatch.Weapon{Platform: trucewatch.UnknownPlatform, Text: text}
	if p := trucewatch.Platform(strings.ToLower(text)); slices.Contains(trucewatch.Platforms(), p) {
		w.Platform = p
		return w, nil
	}
	rest := " " + weaponFold(text) + " "
	if strings.Contains(rest, " reported ") || strings.Contains(rest, " alleged ") {
		w.Basis = "statement"
	}
	models, rest := matchModels(rest) // before calibres: "T-72 and 82mm mortar" has one of those
	rest, calibres, err := cutCalibres(rest)
	if err != nil {
		return nil, err
	}
	platforms, role := matchPlatforms(rest)
	switch {
	case len(models) == 1:
		w.Platform, w.Model, w.CalibreMM = models[0].platform, models[0].model, models[0].calibre
		if len(platforms) > 1 || len(platforms) == 1 && !mayBe(platforms[0], w.Platform) {
			w.Platform, w.Model, w.CalibreMM = trucewatch.UnknownPlatform, "", 0
		}
	case len(models) == 0 && len(platforms) == 1:
		w.Platform, w.Role = platforms[0], role
	}
	if len(calibres) == 1 && (w.CalibreMM == 0 || len(models) == 0) {
		w.CalibreMM = calibres[0]
	} else if len(calibres) == 1 && calibres[0] != w.CalibreMM {
		return nil, fmt.Errorf("weapon: %q: a %s has %d mm, not %d", trucewatch.CutText(text, 80), w.Model, w.CalibreMM, calibres[0])
	}
	return w, nil
}

// mayBe says whether a word for a platform allows the platform of a model:
// artillery and howitzer are words for several.
func mayBe(word, model trucewatch.Platform) bool {
	if word == trucewatch.ArtilleryUnknown {
		switch model {
		case trucewatch.HowitzerSP, trucewatch.HowitzerTowed, trucewatch.Gun, trucewatch.MLRS, trucewatch.Mortar, trucewatch.ATGun:
			return true
		}
	}
	return word == model || word == trucewatch.Gun && model == trucewatch.ATGun
}

// weaponFold writes words in lower case without signs and plurals.
func weaponFold(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	for i, w := range words {
		if len(w) > 3 {
			words[i] = strings.TrimSuffix(w, "s")
		}
	}
	return strings.Join(words, " ")
}

// cutCalibres takes "120mm" and "122 or 152 mm" out of folded words.
func cutCalibres(s string) (rest string, calibres []int64, err error) {
	words := strings.Fields(s)
	var kept []string
	for i, w := range words {
		number := strings.TrimSuffix(w, "mm")
		joined := number != w && digits(number) == len(number) && number != ""
		spaced := digits(w) == len(w) && i+1 < len(words) && (words[i+1] == "mm" ||
			i+2 < len(words) && (words[i+1] == "and" || words[i+1] == "or") && strings.HasSuffix(words[i+2], "mm"))
		if !joined && !spaced {
			kept = append(kept, w)
			continue
		}
		mm := int64(0)
		if len(number) <= 4 {
			mm = decimal(number)
		}
		if mm < 1 || mm > calibreMaxMM {
			return "", nil, fmt.Errorf("weapon: %q is not a calibre from 1 to %d mm", trucewatch.CutText(number, 20), calibreMaxMM)
		}
		if !slices.Contains(calibres, mm) {
			calibres = append(calibres, mm)
		}
	}
	return " " + strings.Join(kept, " ") + " ", calibres, nil
}

func matchModels(rest string) (found []weaponModel, left string) {
	for _, m := range weaponModels {
		if i := strings.Index(rest, " "+m.words+" "); i >= 0 {
			rest = rest[:i] + " | " + rest[i+len(m.words)+2:]
			if !slices.ContainsFunc(found, func(f weaponModel) bool { return f.model == m.model }) {
				found = append(found, m)
			}
		}
	}
	return found, rest
}

func matchPlatforms(rest string) (found []trucewatch.Platform, role string) {
	for _, w := range weaponWords {
		for {
			i := strings.Index(rest, " "+w.words+" ")
			if i < 0 {
				break
			}
			rest = rest[:i] + " | " + rest[i+len(w.words)+2:]
			if !slices.Contains(found, w.platform) {
				found = append(found, w.platform)
			}
			if w.role != "" {
				role = w.role
			}
		}
	}
	return found, role
}
