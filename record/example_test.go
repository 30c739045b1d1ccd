// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/record"
)

// A mission appends what arrives, signs at its pace, and anybody who has the
// key reads and verifies.
func Example() {
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	privateKey, publicKey, err := note.GenerateKey(rand.Reader, "example.org/mission")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(privateKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := note.NewVerifier(publicKey)
	if err != nil {
		log.Fatal(err)
	}

	l, err := record.Create(dir, "example.org/mission", signer)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	first, err := l.Append([]byte("two explosions"), []byte("one burst"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("acknowledged from", first)
	if _, err := l.Sign(); err != nil {
		log.Fatal(err)
	}

	r, err := record.OpenReader(dir, verifier)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for c := r.Entries(0, r.Size()); ; {
		index, entry, err := c.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %s\n", index, entry)
	}
	report, err := record.Verify(dir, verifier)
	fmt.Println(report.Signed, "signed,", len(report.Problems), "problems,", err)
	// Output:
	// acknowledged from 0
	// 0: two explosions
	// 1: one burst
	// 2 signed, 0 problems, <nil>
}
