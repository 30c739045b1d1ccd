// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"net/http"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

func TestHonestGrowthIsSigned(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	mustSign(t, w, log, 0)
	mustSign(t, w, log, 5) // again: a new time
	mustSign(t, w, log.grow(7, "entry"), 5)
	mustSign(t, w, log.grow(300, "entry"), 12)
	if status, _, _ := post(t, w, log.grow(1, "entry").request(12)); status != http.StatusConflict {
		t.Errorf("status %d", status)
	}
}
