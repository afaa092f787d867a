package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"golang.org/x/mod/sumdb/note"
)

const (
	// maxProof is the longest consistency proof, in hashes (c2sp.org/tlog-witness).
	maxProof = 63
	// maxAddCheckpoint is the longest request: proof and checkpoint, in bytes.
	maxAddCheckpoint = 64 << 10
	// sizeType is what the answer to a wrong old size is (c2sp.org/tlog-witness).
	sizeType = "text/x.tlog.size"
)

// witness remembers the newest checkpoint of each log it knows, and cosigns a newer one only after a proof that the log
// only grew.
type witness struct {
	dir    string // of the remembered checkpoints
	logs   string // directory of the public keys of the logs it knows, one a file; read at every request
	signer *fnote.Signer
	token  []byte
	mu     sync.Mutex // comparing with what is remembered and remembering are one step
}

// refusal is an answer other than a cosignature.
type refusal struct {
	status int
	said   string
	kind   string // content type
}

func (r *refusal) Error() string { return r.said }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...), "text/plain; charset=utf-8"}
}

func witnessCommand(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("witness", flag.ContinueOnError)
	dir := flags.String("dir", "", "directory of what the witness remembers")
	logs := flags.String("logs", "", "directory of the public keys of the logs it knows")
	key := flags.String("key", "", "file of the witness's private key")
	token := flags.String("token", "", "file of the token that every request must bear")
	listen := flags.String("listen", "", "loopback address and port")
	cert := flags.String("tls-cert", "", "file of the server's certificate: the token travels by TLS only")
	certKey := flags.String("tls-key", "", "file of the certificate's private key")
	if _, err := parse(flags, args, 0, "dir", "logs", "key", "token", "listen", "tls-cert", "tls-key"); err != nil {
		return exitUsage, err
	}
	if err := loopback(*listen); err != nil {
		return exitUsage, err
	}
	syscall.Umask(0o077)
	secret, err := os.ReadFile(*token)
	if err != nil {
		return exitInvalid, err
	}
	signer, err := readCosigner(*key)
	if err != nil {
		return exitInvalid, err
	}
	pair, err := tls.LoadX509KeyPair(*cert, *certKey)
	if err != nil {
		return exitInvalid, err
	}
	if _, err := lockDir(*dir); err != nil {
		return exitInvalid, err
	}
	w := &witness{dir: *dir, logs: *logs, signer: signer, token: bytes.TrimSpace(secret)}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return exitInvalid, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	web := webServer(w.routes(), pair)
	fmt.Fprintf(stdout, "audit-log witness: %s, listening on %s\n", signer.Name(), listener.Addr())
	done := make(chan error, 1)
	go func() { done <- web.ServeTLS(listener, "", "") }()
	select {
	case err := <-done:
		return exitInvalid, err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := web.Shutdown(grace); err != nil {
		return exitInvalid, err
	}
	return exitValid, nil
}

func readCosigner(path string) (*fnote.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	signer, err := fnote.NewSignerForCosignatureV1(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is no private note key", path) // never the key itself
	}
	return signer, nil
}

func (w *witness) routes() http.Handler {
	private := http.NewServeMux()
	private.HandleFunc("POST /add-checkpoint", func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxAddCheckpoint))
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		cosignature, err := w.addCheckpoint(body)
		var refused *refusal
		if errors.As(err, &refused) {
			out.Header().Set("Content-Type", refused.kind)
			out.WriteHeader(refused.status)
			fmt.Fprintln(out, refused.said)
			return
		}
		answer(out, cosignature, err)
	})
	// What it last cosigned of a log, for whoever wants to compare; not a part of tlog-witness.
	private.HandleFunc("GET /checkpoint", func(out http.ResponseWriter, r *http.Request) {
		raw, err := os.ReadFile(w.file(r.URL.Query().Get("origin")))
		if errors.Is(err, os.ErrNotExist) {
			http.Error(out, "it cosigned no checkpoint of that log", http.StatusNotFound)
			return
		}
		answer(out, raw, err)
	})
	return guarded(w.token, private)
}

// addition is what a log asks: to go on from Old to the checkpoint.
type addition struct {
	old        uint64
	proof      [][]byte
	checkpoint []byte
}

func readAddition(body []byte) (*addition, error) {
	head, rest, found := bytes.Cut(body, []byte("\n\n"))
	if !found {
		return nil, refuse(http.StatusBadRequest, "no empty line before the checkpoint")
	}
	lines := bufio.NewScanner(bytes.NewReader(head))
	lines.Scan()
	text, is := strings.CutPrefix(lines.Text(), "old ")
	old, err := strconv.ParseUint(text, 10, 63)
	if !is || err != nil || text != strconv.FormatUint(old, 10) {
		return nil, refuse(http.StatusBadRequest, "the first line is not the old size")
	}
	made := &addition{old: old, checkpoint: rest}
	for lines.Scan() {
		node, err := base64.StdEncoding.Strict().DecodeString(lines.Text())
		if err != nil || len(node) != sha256.Size || len(made.proof) == maxProof {
			return nil, refuse(http.StatusBadRequest, "the proof is not up to %d hashes, one a line", maxProof)
		}
		made.proof = append(made.proof, node)
	}
	return made, nil
}

// addCheckpoint is POST /add-checkpoint of c2sp.org/tlog-witness.
func (w *witness) addCheckpoint(body []byte) ([]byte, error) {
	asked, err := readAddition(body)
	if err != nil {
		return nil, err
	}
	text, today, err := w.open(asked.checkpoint)
	if err != nil {
		return nil, err
	}
	if asked.old > today.Size {
		return nil, refuse(http.StatusBadRequest, "the old size %d is more than the new one, %d", asked.old, today.Size)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	known, err := w.remembered(today.Origin)
	if err != nil {
		return nil, err
	}
	if asked.old != known.Size {
		return nil, &refusal{http.StatusConflict, strconv.FormatUint(known.Size, 10), sizeType}
	}
	if err := grown(known, today, asked.proof); err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, w.signer)
	if err != nil {
		return nil, err
	}
	_, cosignature, _ := bytes.Cut(signed, []byte("\n\n"))
	// First on disk, then said.
	if err := replace(w.file(today.Origin), append(bytes.Clone(asked.checkpoint), cosignature...)); err != nil {
		return nil, err
	}
	return cosignature, nil
}

// open returns a checkpoint of a log that the witness knows, by that log's signature.
func (w *witness) open(raw []byte) (string, *log.Checkpoint, error) {
	origin, _, _ := strings.Cut(string(raw), "\n")
	files, err := filepath.Glob(filepath.Join(w.logs, "*.pub"))
	if err != nil {
		return "", nil, err
	}
	var keys []note.Verifier
	for _, file := range files {
		if key, err := readVerifier(file); err == nil && key.Name() == origin {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return "", nil, refuse(http.StatusNotFound, "the log is not known")
	}
	signed, err := note.Open(raw, note.VerifierList(keys...))
	if err != nil {
		return "", nil, refuse(http.StatusForbidden, "no known key of the log signed the checkpoint")
	}
	var found log.Checkpoint
	rest, err := found.Unmarshal([]byte(signed.Text))
	if err != nil || len(rest) > 0 || len(found.Hash) != sha256.Size || found.Size > maxExact ||
		string(found.Marshal()) != signed.Text {
		return "", nil, refuse(http.StatusBadRequest, "it is no checkpoint")
	}
	return signed.Text, &found, nil
}

// grown says why the newer checkpoint does not go on from the older one.
func grown(old, today *log.Checkpoint, nodes [][]byte) error {
	switch {
	case old.Size == today.Size && old.Size > 0 && !bytes.Equal(old.Hash, today.Hash):
		return refuse(http.StatusConflict, "%s: another history of %d entries was cosigned", forked, old.Size)
	case old.Size == 0 || old.Size == today.Size:
		if len(nodes) > 0 {
			return refuse(http.StatusUnprocessableEntity, "a proof where none is needed")
		}
		return nil
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, today.Size, nodes, old.Hash, today.Hash); err != nil {
		return refuse(http.StatusUnprocessableEntity, "%s: the first %d entries are not those that were cosigned: %v",
			forked, old.Size, err)
	}
	return nil
}

// remembered returns the checkpoint that the witness cosigned last; that of an empty log when there is none.
func (w *witness) remembered(origin string) (*log.Checkpoint, error) {
	raw, err := os.ReadFile(w.file(origin))
	if errors.Is(err, os.ErrNotExist) {
		return &log.Checkpoint{Origin: origin, Hash: slices.Clone(noPrevious[:])}, nil
	}
	if err != nil {
		return nil, err
	}
	var found log.Checkpoint
	// A file that cannot be read is no reason to begin anew: whoever damaged it would have the witness forget.
	_, err = found.Unmarshal(raw)
	return &found, err
}

func (w *witness) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(w.dir, hex.EncodeToString(sum[:]))
}

// compareWithWitnesses refuses to go on with a log that has less than a witness saw, or something else. What a witness
// that cannot be asked saw is found at the next checkpoint, which it does not cosign.
func (s *store) compareWithWitnesses(ctx context.Context, group tessera.WitnessGroup) error {
	today, _, err := s.checkpoint(ctx)
	if err != nil {
		return err
	}
	for at, key := range group.Endpoints() {
		seen, err := s.seenBy(ctx, at, today.Origin)
		switch {
		case err != nil || seen == nil:
			continue
		case seen.Size > today.Size:
			return fmt.Errorf("%s: the witness %s cosigned %d entries, the log has %d", rolledBack, key.Name(), seen.Size, today.Size)
		case seen.Size == today.Size && !bytes.Equal(seen.Hash, today.Hash):
			return fmt.Errorf("%s: the witness %s cosigned another history of %d entries", forked, key.Name(), seen.Size)
		}
	}
	return nil
}

// seenBy returns what a witness cosigned last; nil when it did not.
func (s *store) seenBy(ctx context.Context, addCheckpoint, origin string) (*log.Checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	at := strings.TrimSuffix(addCheckpoint, "/add-checkpoint") + "/checkpoint?origin=" + url.QueryEscape(origin)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAddCheckpoint))
	if err != nil {
		return nil, err
	}
	found, _, _, err := log.ParseCheckpoint(raw, s.verifier.Name(), s.verifier)
	return found, err
}
