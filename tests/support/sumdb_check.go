// Command sumdb_check verifies a published origin with Go's own transparency log
// packages, and the proofs that a ledger made of it.
//
// It reads JSON {folder, vkey, leaves, inclusion, consistency} on standard input, exits
// with 0 when all holds, and otherwise prints what does not.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64
	Proof [][]byte
}

type consistency struct {
	OldSize int64
	OldRoot []byte
	Proof   [][]byte
}

type input struct {
	Folder      string
	Vkey        string
	Leaves      [][]byte
	Inclusion   []inclusion
	Consistency []consistency
}

// tiles reads C2SP paths, which are Go's without the height.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func main() {
	var in input
	check(json.NewDecoder(os.Stdin).Decode(&in))
	tree := openCheckpoint(in)
	reader := tlog.TileHashReader(tree, tiles{in.Folder})
	for _, given := range in.Inclusion {
		hash := tlog.RecordHash(in.Leaves[given.Index])
		check(tlog.CheckRecord(hashes(given.Proof), tree.N, tree.Hash, given.Index, hash))
		own, err := tlog.ProveRecord(tree.N, given.Index, reader)
		check(err)
		same(own, given.Proof)
	}
	for _, given := range in.Consistency {
		old := tlog.Hash(given.OldRoot)
		check(tlog.CheckTree(hashes(given.Proof), tree.N, tree.Hash, given.OldSize, old))
		own, err := tlog.ProveTree(tree.N, given.OldSize, reader)
		check(err)
		same(own, given.Proof)
	}
	root, err := tlog.TreeHash(int64(len(in.Leaves)), reader)
	check(err)
	if root != tree.Hash {
		check(fmt.Errorf("tiles hash to %v, the checkpoint says %v", root, tree.Hash))
	}
	fmt.Println("verified", tree.N)
}

func openCheckpoint(in input) tlog.Tree {
	data, err := os.ReadFile(filepath.Join(in.Folder, "checkpoint"))
	check(err)
	verifier, err := note.NewVerifier(in.Vkey)
	check(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("unexpected checkpoint text %q", opened.Text))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}
}

func hashes(proof [][]byte) []tlog.Hash {
	var found []tlog.Hash
	for _, hash := range proof {
		found = append(found, tlog.Hash(hash))
	}
	return found
}

func same(own []tlog.Hash, given [][]byte) {
	if len(own) != len(given) {
		check(fmt.Errorf("Go proves with %d hashes, the ledger with %d", len(own), len(given)))
	}
	for i, hash := range own {
		if hash != tlog.Hash(given[i]) {
			check(fmt.Errorf("hash %d of the proofs differs", i))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
