package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const (
	lease    = 5 * time.Second
	maxBody  = 32 << 20
	maxRange = 4096
)

// server answers collectors and readers.
type server struct {
	*store
	turns      *turns
	collectors string // file of the collectors' public keys, read at every request: collectors come and go
	token      []byte
}

func serveCommand(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the log")
	key := flags.String("key", "", "file of the log's private key; its public half lies in the same with .pub")
	collectors := flags.String("collectors", "", "file of the collectors' public keys")
	token := flags.String("token", "", "file of the token that every request must bear")
	listen := flags.String("listen", "", "loopback address and port")
	if _, err := parse(flags, args, 0, "dir", "key", "collectors", "token", "listen"); err != nil {
		return exitUsage, err
	}
	host, _, err := net.SplitHostPort(*listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return exitUsage, fmt.Errorf("%w: %q is no loopback address with a port", errUsage, *listen)
	}
	syscall.Umask(0o077) // the storage would let everybody read
	secret, err := os.ReadFile(*token)
	if err != nil {
		return exitInvalid, err
	}
	signer, err := readSigner(*key)
	if err != nil {
		return exitInvalid, err
	}
	verifier, err := readVerifier(*key + ".pub")
	if err != nil {
		return exitInvalid, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, *listen, stdout, *dir, *collectors, bytes.TrimSpace(secret), signer, verifier)
}

func serve(ctx context.Context, listen string, stdout io.Writer, dir, collectors string, token []byte,
	signer note.Signer, verifier note.Verifier,
) (int, error) {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	opened, err := openStore(life, dir, signer, verifier)
	if err != nil {
		return exitInvalid, err
	}
	opened.failed = func(err error) { end(fmt.Errorf("the storage refused an entry: %w", err)) }
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return exitInvalid, err
	}
	s := &server{store: opened, turns: newTurns(lease), collectors: collectors, token: token}
	web := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute}
	fmt.Fprintf(stdout, "audit-log: %d entries, listening on %s\n", opened.next, listener.Addr())
	done := make(chan error, 1)
	go func() { done <- web.Serve(listener) }()
	select {
	case err := <-done:
		return exitInvalid, err
	case <-life.Done():
		return exitInvalid, context.Cause(life)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(life, 10*time.Second)
	defer cancel()
	if err := errors.Join(web.Shutdown(grace), opened.shutdown(grace)); err != nil {
		return exitInvalid, err
	}
	return exitValid, nil
}

func (s *server) routes() http.Handler {
	private := http.NewServeMux()
	private.HandleFunc("POST /turn", s.postTurn)
	private.HandleFunc("POST /entries", s.postEntries)
	private.HandleFunc("GET /entries", s.getEntries)
	private.HandleFunc("GET /proof/{kind}", s.getProof)
	private.Handle("GET /tile/", http.FileServer(http.Dir(s.Root)))
	private.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, r *http.Request) {
		raw, err := s.ReadCheckpoint(r.Context())
		answer(w, raw, err)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// Any user of the machine reaches loopback.
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), s.token) != 1 {
			http.Error(w, "the token is missing or wrong", http.StatusUnauthorized)
			return
		}
		private.ServeHTTP(w, r)
	})
	return mux
}

func answer(w http.ResponseWriter, text []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text)
}

// postTurn gives the collector the turn and says where its event will stand.
func (s *server) postTurn(w http.ResponseWriter, r *http.Request) {
	turn, err := s.turns.take(r.Context())
	if err != nil {
		return // the collector has gone
	}
	index, previous := s.position()
	_ = json.NewEncoder(w).Encode(map[string]any{"turn": turn, "index": index, "previous": previous.String()})
}

// postEntries appends signed entries, one a line, and answers once they are in a signed checkpoint.
func (s *server) postEntries(w http.ResponseWriter, r *http.Request) {
	entries, events, err := s.readEntries(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// A collector that hangs up must not take entries back that others build on.
	ctx := context.WithoutCancel(r.Context())
	if !s.turns.claim(r.URL.Query().Get("turn")) {
		// An answer may have been lost: whoever asks again for what is there is told so.
		if checkpoint, err := s.already(ctx, entries, events); err == nil {
			answer(w, checkpoint, nil)
			return
		}
		http.Error(w, "the turn is over", http.StatusConflict)
		return
	}
	wait, err := s.add(ctx, entries, events)
	s.turns.release()
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	checkpoint, err := wait(ctx)
	answer(w, checkpoint, err)
}

func (s *server) readEntries(w http.ResponseWriter, r *http.Request) ([][]byte, []*event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(s.collectors)
	if err != nil {
		return nil, nil, err
	}
	known, err := parseCollectors(text)
	if err != nil {
		return nil, nil, err
	}
	entries := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	events := make([]*event, len(entries))
	for i, entry := range entries {
		if len(entry) > maxEntry {
			return nil, nil, fmt.Errorf("entry %d of the request has %d bytes, %d are allowed", i, len(entry), maxEntry)
		}
		if events[i], err = openEntry(entry, known); err != nil {
			return nil, nil, fmt.Errorf("entry %d of the request: %w", i, err)
		}
	}
	return entries, events, nil
}

// getEntries answers with the entries [start, end), one a line.
func (s *server) getEntries(w http.ResponseWriter, r *http.Request) {
	start, errStart := strconv.ParseUint(r.URL.Query().Get("start"), 10, 63)
	end, errEnd := strconv.ParseUint(r.URL.Query().Get("end"), 10, 63)
	checkpoint, _, err := s.checkpoint(r.Context())
	if err != nil {
		answer(w, nil, err)
		return
	}
	if errStart != nil || errEnd != nil || start > end || end > checkpoint.Size || end-start > maxRange {
		http.Error(w, fmt.Sprintf("start and end must lie within %d, at most %d apart", checkpoint.Size, maxRange),
			http.StatusBadRequest)
		return
	}
	found, err := s.entries(r.Context(), start, end, checkpoint.Size)
	answer(w, append(bytes.Join(found, []byte("\n")), '\n'), err)
}

func (s *server) getProof(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.ParseUint(r.URL.Query().Get("of"), 10, 63)
	prove := map[string]func(context.Context, uint64) ([]byte, error){
		"inclusion":   func(ctx context.Context, n uint64) ([]byte, error) { return proveInclusion(ctx, s.FileFetcher, n) },
		"consistency": func(ctx context.Context, n uint64) ([]byte, error) { return proveConsistency(ctx, s.FileFetcher, n) },
	}[r.PathValue("kind")]
	if err != nil || prove == nil {
		http.Error(w, "GET /proof/inclusion?of=INDEX or /proof/consistency?of=SIZE", http.StatusBadRequest)
		return
	}
	text, err := prove(r.Context(), number)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, text, nil)
}
