// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"errors"
	"testing"

	"github.com/trucewatch/trucewatch"
)

func TestTextsReadABundleOnce(t *testing.T) {
	_, files, _ := archive(t, "testdata/good/all.txtar")
	blob := Pack(files)
	var texts Texts
	first, err := texts.Parse(blob)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := texts.Parse(bytes.Clone(blob)); err != nil || again != first {
		t.Errorf("the same bytes were read again: %v", err)
	}
	if _, err := texts.Parse(append(bytes.Clone(blob), 0)); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("one byte more: %v", err)
	}
	var none *Texts
	if a, err := none.Parse(blob); err != nil || a == first || a.hash != first.hash {
		t.Errorf("nil texts: %v", err)
	}
}
