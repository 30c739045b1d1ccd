// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"fmt"
	"io"
	"os"
	"testing"

	"k8s.io/klog/v2"
)

// buildFolder is where foreign programs are built, once for all tests.
var buildFolder string

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard) // Tessera says much; what matters comes as an error.
	os.Exit(func() int {
		var err error
		if buildFolder, err = os.MkdirTemp("", "strangers"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(buildFolder)
		return m.Run()
	}())
}
