// Command witness_check is the other side of the witness protocol, made of packages by
// others: a reader of cosigned checkpoints, a witness, and a log that asks witnesses.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	switch os.Args[1] {
	case "verify":
		verify()
	case "witness":
		serve(os.Args[2], os.Args[3:])
	case "log":
		appendTo(os.Args[2], os.Args[3])
	}
}

type question struct {
	Note     []byte
	LogVkey  string
	Vkeys    []string
	Policy   []byte
	Earliest int64
	Latest   int64
}

// verify opens a cosigned checkpoint that comes as JSON on standard input, and asks
// another reader of policies whether the policy holds.
func verify() {
	var in question
	check(json.NewDecoder(os.Stdin).Decode(&in))
	log, err := note.NewVerifier(in.LogVkey)
	check(err)
	verifiers := []note.Verifier{log}
	for _, vkey := range in.Vkeys {
		verifier, err := f_note.NewVerifierForCosignatureV1(vkey)
		check(err)
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(in.Note, note.VerifierList(verifiers...))
	check(err)
	if len(opened.Sigs) != len(verifiers) || len(opened.UnverifiedSigs) != 0 {
		check(fmt.Errorf("%d signatures verified, %d not", len(opened.Sigs), len(opened.UnverifiedSigs)))
	}
	for _, signature := range opened.Sigs[1:] {
		at, err := f_note.CoSigV1Timestamp(signature)
		check(err)
		if at.Unix() < in.Earliest || at.Unix() > in.Latest {
			check(fmt.Errorf("%s signed at %v", signature.Name, at))
		}
	}
	group, err := tessera.NewWitnessGroupFromPolicy(in.Policy)
	check(err)
	fmt.Println("satisfied", group.Satisfied(in.Note))
}

// serve runs a witness with a new key; it prints that, then where it listens.
func serve(name string, vkeys []string) {
	private, public, err := note.GenerateKey(rand.Reader, name)
	check(err)
	signer, err := f_note.NewSignerForCosignatureV1(private)
	check(err)
	vkey, err := f_note.VKeyToCosignatureV1(public)
	check(err)
	logs := map[string]note.Verifier{}
	for _, text := range vkeys {
		verifier, err := note.NewVerifier(text)
		check(err)
		logs[verifier.Name()] = verifier
	}
	made, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			verifier, known := logs[origin]
			return verifier, known, nil
		},
	})
	check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /prefix/add-checkpoint", witness.NewHTTPHandler(made).AddCheckpoint)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(vkey)
	fmt.Printf("http://%s/prefix/\n", listener.Addr())
	check(http.Serve(listener, mux))
}

// appendTo grows a log in a folder, three times, under a policy that comes on standard
// input; it prints each published checkpoint.
func appendTo(folder, private string) {
	policy, err := os.ReadFile("/dev/stdin")
	check(err)
	group, err := tessera.NewWitnessGroupFromPolicy(policy)
	check(err)
	signer, err := note.NewSigner(private)
	check(err)
	ctx := context.Background()
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	check(err)
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(1, 50*time.Millisecond).
		WithCheckpointInterval(100*time.Millisecond).
		WithWitnesses(group, &tessera.WitnessOptions{Timeout: 5 * time.Second})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	check(err)
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	for round := range 3 {
		entry := tessera.NewEntry([]byte(strings.Repeat("x", round)))
		limited, cancel := context.WithTimeout(ctx, 20*time.Second)
		_, checkpoint, err := awaiter.Await(limited, appender.Add(limited, entry))
		cancel()
		check(err)
		printed, err := json.Marshal(string(checkpoint))
		check(err)
		fmt.Println(string(printed))
	}
	check(shutdown(ctx))
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
