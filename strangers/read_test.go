// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/record"
)

// shapes are sizes of logs around the borders of tiles: of one entry, one less
// than a tile, a full tile, one more, full tiles of two levels, and a log with a
// partial tile at each of three levels.
var shapes = []int{1, 255, 256, 257, 700, 65536, 70000}

// shapesOf are the shapes to test: the small ones alone under -short.
func shapesOf(t *testing.T) []int {
	if testing.Short() {
		return shapes[:5]
	}
	return shapes
}

// bundleHashes are the leaf hashes of a bundle, read by Tessera.
func bundleHashes(data []byte) ([][]byte, error) {
	var bundle api.EntryBundle
	if err := bundle.UnmarshalText(data); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range bundle.Entries {
		hashes = append(hashes, leafHash(entry))
	}
	return hashes, nil
}

// tesseraCheck has Tessera derive all tiles and the root anew from the entries.
func tesseraCheck(l *ourLog, from fsck.Fetcher) error {
	const workers = 2
	return fsck.New(origin, l.verifier, from, bundleHashes, fsck.Opts{N: workers}).Check(context.Background())
}

// torchwoodRead reads every entry of a log, each proven against the checkpoint.
func torchwoodRead(l *ourLog, from torchwood.TileReader) ([][]byte, error) {
	ctx := context.Background()
	signed, err := from.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return nil, err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, torchwood.ThresholdPolicy(2,
		torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(l.verifier)))
	if err != nil {
		return nil, err
	}
	reader, err := torchwood.NewClient(from)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for index, entry := range reader.AllEntries(ctx, checkpoint.Tree, 0) {
		if index != int64(len(all)) {
			return nil, fmt.Errorf("entry %d came where %d was next", index, len(all))
		}
		all = append(all, bytes.Clone(entry))
	}
	return all, reader.Err()
}

func checkSame(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d entries were read, %d are in the log", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("entry %d was read as other bytes", i)
		}
	}
}

// TestStrangers_read_our_log has each foreign reader walk over logs of all
// shapes: as an exported folder, and over HTTP.
func TestStrangers_read_our_log(t *testing.T) {
	for _, size := range shapesOf(t) {
		t.Run(fmt.Sprintf("%d_entries", size), func(t *testing.T) {
			t.Parallel()
			log, all := createLog(t), entries(size, 0)
			log.grow(t, all)
			folder := log.export(t)
			server := httptest.NewServer(record.Handler(log.dir, log.verifier, nil))
			t.Cleanup(server.Close)

			t.Run("tessera_fsck_folder", func(t *testing.T) {
				if err := tesseraCheck(log, client.FileFetcher{Root: folder}); err != nil {
					t.Error(err)
				}
			})
			t.Run("tessera_fsck_http", func(t *testing.T) {
				if err := tesseraCheck(log, tesseraHTTP(t, server)); err != nil {
					t.Error(err)
				}
			})
			t.Run("torchwood_folder", func(t *testing.T) {
				got, err := torchwoodRead(log, torchwoodFolder(t, folder))
				if err != nil {
					t.Fatal(err)
				}
				checkSame(t, got, all)
			})
			t.Run("torchwood_http", func(t *testing.T) {
				got, err := torchwoodRead(log, torchwoodHTTP(t, server))
				if err != nil {
					t.Fatal(err)
				}
				checkSame(t, got, all)
			})
		})
	}
}

func tesseraHTTP(t *testing.T, server *httptest.Server) fsck.Fetcher {
	t.Helper()
	root, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return fetcher
}

func torchwoodHTTP(t *testing.T, server *httptest.Server) *torchwood.TileFetcher {
	t.Helper()
	const requestsMax = 8 // at once
	fetcher, err := torchwood.NewTileFetcher(server.URL, torchwood.WithConcurrencyLimit(requestsMax))
	if err != nil {
		t.Fatal(err)
	}
	return fetcher
}

func torchwoodFolder(t *testing.T, folder string) *torchwood.TileFS {
	t.Helper()
	files, err := torchwood.NewTileFS(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestStrangers_read_a_log_that_grows exports again and again into one folder,
// as a publisher does: what was there stays right.
func TestStrangers_read_a_log_that_grows(t *testing.T) {
	log, all := createLog(t), entries(1200, 0)
	folder, size := t.TempDir(), 0
	for _, till := range []int{1, 2, 200, 256, 300, 512, 513, 1200} {
		log.grow(t, all[size:till])
		size = till
		log.exportTo(t, folder)
		if err := tesseraCheck(log, client.FileFetcher{Root: folder}); err != nil {
			t.Errorf("%d entries: tessera: %v", till, err)
		}
		got, err := torchwoodRead(log, torchwoodFolder(t, folder))
		if err != nil {
			t.Fatalf("%d entries: torchwood: %v", till, err)
		}
		checkSame(t, got, all[:till])
	}
}

// TestStrangers_read_what_a_party_may_see serves a log that ends at an earlier
// checkpoint, as parties see it: for strangers that is a whole log too.
func TestStrangers_read_what_a_party_may_see(t *testing.T) {
	log, all := createLog(t), entries(1200, 0)
	log.grow(t, all[:600])
	log.grow(t, all[600:])
	for _, limit := range []uint64{600, 601, 1199, 1200, 5000} {
		server := httptest.NewServer(record.Handler(log.dir, log.verifier, func() uint64 { return limit }))
		defer server.Close()
		if err := tesseraCheck(log, tesseraHTTP(t, server)); err != nil {
			t.Errorf("limit %d: tessera: %v", limit, err)
		}
		got, err := torchwoodRead(log, torchwoodHTTP(t, server))
		if err != nil {
			t.Fatalf("limit %d: torchwood: %v", limit, err)
		}
		want := all[:600]
		if limit >= 1200 {
			want = all
		}
		checkSame(t, got, want)
	}
}

// TestStrangers_read_the_shortest_and_longest_entries holds the limits of the
// format.
func TestStrangers_read_the_shortest_and_longest_entries(t *testing.T) {
	log := createLog(t)
	all := [][]byte{{0}, bytes.Repeat([]byte{0xff}, record.EntrySizeMax), {'\n'}}
	log.grow(t, all)
	folder := log.export(t)
	if err := tesseraCheck(log, client.FileFetcher{Root: folder}); err != nil {
		t.Error(err)
	}
	got, err := torchwoodRead(log, torchwoodFolder(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, got, all)
}

// TestStrangers_refuse_a_flipped_byte flips one bit of first, middle and last
// byte of each tile and bundle, one at a time.
func TestStrangers_refuse_a_flipped_byte(t *testing.T) {
	log := createLog(t)
	log.grow(t, entries(700, 0)) // partial tiles at levels 0 and 1, and a partial bundle
	folder := log.export(t)
	files := 0
	err := filepath.WalkDir(filepath.Join(folder, "tile"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			data[at] ^= 1
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return err
			}
			checkRefused(t, log, folder, fmt.Sprintf("%s: byte %d", path, at))
			data[at] ^= 1
		}
		return os.WriteFile(path, data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := 3 + 1 + 3; files != want { // hashes of level 0 and of level 1, bundles
		t.Errorf("%d files were tried, want %d", files, want)
	}
	if err := tesseraCheck(log, client.FileFetcher{Root: folder}); err != nil {
		t.Errorf("with all bytes put back: %v", err)
	}
}

// checkRefused checks that each foreign reader finds that a file was changed.
func checkRefused(t *testing.T, log *ourLog, folder, what string) {
	t.Helper()
	if tesseraCheck(log, client.FileFetcher{Root: folder}) == nil {
		t.Errorf("%s: tessera did not see it", what)
	}
	// The files may be changed in a way that only the walk finds.
	if _, err := torchwoodRead(log, torchwoodFolder(t, folder)); err == nil {
		t.Errorf("%s: torchwood did not see it", what)
	}
}

// TestStrangers_prove_our_entries takes entries one by one with their proofs,
// which torchwood builds from our tiles.
func TestStrangers_prove_our_entries(t *testing.T) {
	log, all := createLog(t), entries(700, 0)
	checkpoint := log.grow(t, all)
	reader, err := torchwood.NewClient(torchwoodFolder(t, log.export(t)))
	if err != nil {
		t.Fatal(err)
	}
	tree := tlog.Tree{N: int64(checkpoint.Size), Hash: checkpoint.Root}
	for _, index := range []int64{0, 1, 255, 256, 511, 512, 698, 699} {
		entry, proof, err := reader.Entry(t.Context(), tree, index)
		if err != nil {
			t.Fatalf("entry %d: %v", index, err)
		}
		if !bytes.Equal(entry, all[index]) {
			t.Errorf("entry %d was read as other bytes", index)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(all[index])); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
	}
	if _, _, err := reader.Entry(t.Context(), tree, 700); err == nil {
		t.Error("an entry behind the end was proven")
	}
}
