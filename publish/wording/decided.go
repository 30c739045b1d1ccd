// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"fmt"

	"github.com/trucewatch/trucewatch"
)

// A decidedTongue is what is said of a decision in one language. The sentence's
// blanks are the body, the day and what it was about.
type decidedTongue struct {
	carried, other   string // other: a body that is not in bodies
	bodies, subjects map[string]string
}

var decidedTongues = map[string]decidedTongue{
	"en": {
		carried: "%s decided on %s (UTC): %s.",
		other:   "The %s",
		bodies: map[string]string{"joint_commission": "The joint commission", "special_commission": "The special commission",
			"technical_committee": "The technical committee"},
		subjects: map[string]string{"responsibility": "who is responsible", "remedy": "remedies", "consequences": "what follows for the parties",
			"no_violation": "that there was no violation", "close": "to close the case", "interpretation": "how the text is to be read", "procedure": "procedure"},
	},
	"uk": {
		carried: "%s, %s (UTC), питання: %s. Рішення ухвалено.",
		other:   "%s",
		bodies: map[string]string{"joint_commission": "Спільна комісія", "special_commission": "Спеціальна комісія",
			"technical_committee": "Технічний комітет"},
		subjects: map[string]string{"responsibility": "відповідальність", "remedy": "заходи з виправлення", "consequences": "наслідки для сторін",
			"no_violation": "відсутність порушення", "close": "закриття справи", "interpretation": "тлумачення тексту", "procedure": "процедура"},
	},
	"ru": {
		carried: "%s, %s (UTC), вопрос: %s. Решение принято.",
		other:   "%s",
		bodies: map[string]string{"joint_commission": "Совместная комиссия", "special_commission": "Специальная комиссия",
			"technical_committee": "Технический комитет"},
		subjects: map[string]string{"responsibility": "ответственность", "remedy": "меры по исправлению", "consequences": "последствия для сторон",
			"no_violation": "отсутствие нарушения", "close": "закрытие дела", "interpretation": "толкование текста", "procedure": "процедура"},
	},
}

// Decided says in a language ("en", "uk", "ru"; English for any other) that a body
// decided: "The joint commission decided on 2026-04-14 (UTC): remedies."
func Decided(d trucewatch.DecidedView, language string) string {
	in, known := decidedTongues[language]
	if !known {
		in = decidedTongues["en"]
	}
	body, known := in.bodies[d.Body]
	if !known {
		body = fmt.Sprintf(in.other, Words(d.Body))
	}
	about, known := in.subjects[d.About]
	if !known {
		about = Words(d.About)
	}
	return fmt.Sprintf(in.carried, body, Clock{}.Day(d.Day), about)
}
