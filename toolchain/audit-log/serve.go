package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"golang.org/x/mod/sumdb/note"
)

const (
	lease    = 5 * time.Second
	patience = 10 * time.Second // for a checkpoint that a quorum of the witnesses cosigned
	maxBody  = 32 << 20
	maxRange = 4096
)

// server answers collectors and readers.
type server struct {
	*store
	turns      *turns
	collectors string // file of the functionaries, read at every request: they come and go
	root       string // file of the public key that makes it the functionaries' list
	token      []byte
}

func serveCommand(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the log")
	key := flags.String("key", "", "file of the log's private key; its public half lies in the same with .pub")
	collectors := flags.String("collectors", "", "file of the functionaries, signed by the root")
	root := flags.String("root", "", "file of the root's public key")
	witnesses := flags.String("witnesses", "", "file with a line for each witness of the functionaries' list: its name and URL")
	token := flags.String("token", "", "file of the token that every request must bear")
	listen := flags.String("listen", "", "loopback address and port")
	cert := flags.String("tls-cert", "", "file of the server's certificate: the token travels by TLS only")
	certKey := flags.String("tls-key", "", "file of the certificate's private key")
	required := []string{"dir", "key", "collectors", "root", "token", "listen", "tls-cert", "tls-key"}
	if _, err := parse(flags, args, 0, required...); err != nil {
		return exitUsage, err
	}
	if err := loopback(*listen); err != nil {
		return exitUsage, err
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
	group, err := witnessGroup(*collectors, *root, *witnesses)
	if err != nil {
		return exitInvalid, err
	}
	pair, err := tls.LoadX509KeyPair(*cert, *certKey)
	if err != nil {
		return exitInvalid, err
	}
	s := &server{turns: newTurns(lease), collectors: *collectors, root: *root, token: bytes.TrimSpace(secret)}
	return s.serve(ctx, *listen, stdout, *dir, signer, verifier, group, pair)
}

func (s *server) serve(ctx context.Context, listen string, stdout io.Writer, dir string, signer note.Signer,
	verifier note.Verifier, witnesses tessera.WitnessGroup, pair tls.Certificate,
) (int, error) {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	opened, err := openStore(life, dir, signer, verifier, witnesses)
	if err != nil {
		return exitInvalid, err
	}
	if err := opened.compareWithWitnesses(life, witnesses); err != nil {
		return exitInvalid, err
	}
	opened.failed = func(err error) { end(fmt.Errorf("the storage refused an entry: %w", err)) }
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return exitInvalid, err
	}
	s.store = opened
	web := webServer(s.routes(), pair)
	fmt.Fprintf(stdout, "audit-log: %d entries, listening on %s\n", opened.next, listener.Addr())
	done := make(chan error, 1)
	go func() { done <- web.ServeTLS(listener, "", "") }()
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
	return guarded(s.token, private)
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	if !s.turns.claim(r.URL.Query().Get("turn")) {
		// An answer may have been lost: whoever asks again for what is there is told so.
		checkpoint, err := s.already(ctx, entries, events)
		if errors.Is(err, errBroken) {
			http.Error(w, "the turn is over", http.StatusConflict)
			return
		}
		// They are there, though no checkpoint covers them yet: whoever signed them once more would have them twice.
		answer(w, checkpoint, unwitnessedYet(err))
		return
	}
	wait, err := s.add(ctx, entries, events)
	s.turns.release()
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	checkpoint, err := wait(ctx)
	answer(w, checkpoint, unwitnessedYet(err))
}

// unwitnessedYet says of a wait that ended without a checkpoint what it waited for.
func unwitnessedYet(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no checkpoint covers the entries yet: has a quorum of the witnesses cosigned it?")
	}
	return err
}

func (s *server) readEntries(w http.ResponseWriter, r *http.Request) ([][]byte, []*event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, nil, err
	}
	known, err := readRoles(s.collectors, s.root)
	if err != nil {
		return nil, nil, fmt.Errorf("the list of functionaries: %w", err)
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
		if err := known.permits(events[i]); err != nil {
			return nil, nil, fmt.Errorf("%s: entry %d of the request: %w", badRole, i, err)
		}
		if !account.MatchString(events[i].Actor) {
			return nil, nil, fmt.Errorf("%s: entry %d of the request: %q is not the name of an account", badName, i, events[i].Actor)
		}
	}
	return entries, events, nil
}

// webServer returns a server that speaks TLS only, and waits for nobody for ever.
func webServer(handler http.Handler, pair tls.Certificate) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute,
		// Else Go answers "OPTIONS *" by itself, whoever asks.
		DisableGeneralOptionsHandler: true,
		TLSConfig:                    &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		// A stranger's broken handshake is nothing to say.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// witnessGroup returns the witnesses that the functionaries' list names, with where they are.
func witnessGroup(collectors, root, file string) (tessera.WitnessGroup, error) {
	known, err := readRoles(collectors, root)
	if err != nil {
		return tessera.WitnessGroup{}, fmt.Errorf("the list of functionaries: %w", err)
	}
	where := map[string]*url.URL{}
	if file != "" {
		text, err := readLimited(file, 1<<20)
		if err != nil {
			return tessera.WitnessGroup{}, err
		}
		for line := range strings.Lines(string(text)) {
			name, at, _ := strings.Cut(strings.TrimSpace(line), " ")
			if where[name], err = url.Parse(at); err != nil {
				return tessera.WitnessGroup{}, fmt.Errorf("the URL of the witness %s cannot be read", name) // never the URL
			}
		}
	}
	group := tessera.WitnessGroup{N: known.quorum}
	for i, key := range known.witnesses {
		at := where[key.Name()]
		if at == nil {
			return group, fmt.Errorf("it is not said where the witness %s is", key.Name())
		}
		one, err := tessera.NewWitness(known.witnessKeys[i], at)
		if err != nil {
			return group, err
		}
		group.Components = append(group.Components, one)
	}
	return group, nil
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
	to := ^uint64(0)
	if text := r.URL.Query().Get("to"); text != "" && err == nil {
		to, err = strconv.ParseUint(text, 10, 63)
	}
	prove := map[string]func(context.Context, uint64) ([]byte, error){
		"inclusion":   func(ctx context.Context, n uint64) ([]byte, error) { return proveInclusion(ctx, s.FileFetcher, n) },
		"consistency": func(ctx context.Context, n uint64) ([]byte, error) { return proveGrowth(ctx, s.FileFetcher, n, to) },
	}[r.PathValue("kind")]
	if err != nil || prove == nil {
		http.Error(w, "GET /proof/inclusion?of=INDEX or /proof/consistency?of=SIZE&to=SIZE", http.StatusBadRequest)
		return
	}
	text, err := prove(r.Context(), number)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, text, nil)
}
