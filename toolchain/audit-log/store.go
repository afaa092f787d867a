package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	// checkpointEvery is the shortest time between two checkpoints that the storage permits.
	checkpointEvery = 100 * time.Millisecond
	batchAge        = 5 * time.Millisecond
	// lookEvery is how often the newest checkpoint is read, waited for or not: at 5 ms an idle log took 1.3 % of a core.
	lookEvery = 25 * time.Millisecond
	// bundle is how many entries or hashes one file holds.
	bundle = layout.EntryBundleWidth
)

// errBroken is a chain that the entries would break.
var errBroken = errors.New("the entries do not go on where the log ends")

// store is the log that this process extends, in a folder.
type store struct {
	client.FileFetcher
	verifier note.Verifier
	appender *tessera.Appender
	shutdown func(context.Context) error
	awaiter  *tessera.PublicationAwaiter
	unlock   func()
	failed   func(error) // called when the storage refused an entry: the log must not go on

	mu   sync.Mutex
	next uint64 // index of the next entry, counting those that are on their way
	head hash   // leaf hash of the entry before it
}

// openStore opens the log and waits until its checkpoint covers all that was integrated before a crash.
func openStore(ctx context.Context, dir string, signer note.Signer, verifier note.Verifier, witnesses tessera.WitnessGroup) (*store, error) {
	unlock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(checkpointEvery).
		WithCheckpointRepublishInterval(0).
		WithBatching(bundle, batchAge).
		// No checkpoint is published, and nothing acknowledged, that a quorum of them did not see.
		WithWitnesses(witnesses, nil)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return nil, err
	}
	s := &store{
		FileFetcher: client.FileFetcher{Root: dir},
		unlock:      unlock,
		verifier:    verifier,
		appender:    appender,
		shutdown:    shutdown,
		awaiter:     tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, lookEvery),
		head:        noPrevious,
	}
	if s.next, err = reader.IntegratedSize(ctx); err != nil {
		return nil, err
	}
	for {
		checkpoint, _, err := s.checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		if checkpoint.Size > s.next {
			return nil, fmt.Errorf("the checkpoint covers %d entries, the log has %d", checkpoint.Size, s.next)
		}
		if checkpoint.Size == s.next {
			break
		}
		time.Sleep(checkpointEvery / 4)
	}
	if s.next > 0 {
		last, err := s.entries(ctx, s.next-1, s.next, s.next)
		if err != nil {
			return nil, err
		}
		s.head, _ = leafOf(s.next-1, last[0])
	}
	return s, nil
}

// lockDir keeps a second server off the log; the kernel frees the lock when this process ends.
func lockDir(dir string) (func(), error) {
	file, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another server has it open: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// position is where the next entry will stand.
func (s *store) position() (uint64, hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.head
}

// add queues entries that go on where the log ends, all or none, and returns how to wait for them.
func (s *store) add(ctx context.Context, entries [][]byte, events []*event) (func(context.Context) ([]byte, error), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, head := s.next, s.head
	for i, found := range events {
		if found.Index != next || found.Previous != head.String() {
			return nil, fmt.Errorf("%w: entry %d of the request", errBroken, i)
		}
		next, head = next+1, leafHash(entries[i])
	}
	futures := make([]tessera.IndexFuture, len(entries))
	for i, entry := range entries {
		futures[i] = s.appender.Add(ctx, tessera.NewEntry(entry))
	}
	first := s.next
	s.next, s.head = next, head
	return func(ctx context.Context) ([]byte, error) { return s.await(ctx, first, futures) }, nil
}

// await returns the signed checkpoint that covers the entries.
func (s *store) await(ctx context.Context, first uint64, futures []tessera.IndexFuture) ([]byte, error) {
	for i, future := range futures {
		index, err := future()
		if err == nil && index.Index != first+uint64(i) {
			err = fmt.Errorf("entry %d was given index %d", first+uint64(i), index.Index)
		}
		if err != nil {
			s.failed(err)
			return nil, err
		}
	}
	_, checkpoint, err := s.awaiter.Await(ctx, futures[len(futures)-1])
	return checkpoint, err
}

// already returns the signed checkpoint that covers the entries, if the log holds exactly these in their places.
func (s *store) already(ctx context.Context, entries [][]byte, events []*event) ([]byte, error) {
	first, count := events[0].Index, uint64(len(entries))
	if next, _ := s.position(); first >= next || next-first < count {
		return nil, errBroken
	}
	for {
		checkpoint, raw, err := s.checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		if checkpoint.Size < first+count {
			time.Sleep(checkpointEvery / 4) // they are on their way
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		there, err := s.entries(ctx, first, first+count, checkpoint.Size)
		if err == nil && !slices.EqualFunc(there, entries, bytes.Equal) {
			err = errBroken
		}
		return raw, err
	}
}

func (s *store) checkpoint(ctx context.Context) (*log.Checkpoint, []byte, error) {
	raw, err := s.ReadCheckpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	checkpoint, _, _, err := log.ParseCheckpoint(raw, s.verifier.Name(), s.verifier)
	return checkpoint, raw, err
}

// entries returns the entries [start, end) of a log of size entries.
func (s *store) entries(ctx context.Context, start, end, size uint64) ([][]byte, error) {
	return readEntries(ctx, s.FileFetcher, start, end, size)
}

func readEntries(ctx context.Context, from client.FileFetcher, start, end, size uint64) ([][]byte, error) {
	var found [][]byte
	for i := start / bundle; i*bundle < end; i++ {
		entries, err := client.GetEntryBundle(ctx, from.ReadEntryBundle, i, size)
		if err != nil {
			return nil, fmt.Errorf("entries from %d: %w", i*bundle, err)
		}
		for j, entry := range entries.Entries {
			if at := i*bundle + uint64(j); at >= start && at < end {
				found = append(found, entry)
			}
		}
	}
	if uint64(len(found)) != end-start {
		return nil, fmt.Errorf("%d of the entries %d to %d are there", len(found), start, end)
	}
	return found, nil
}
