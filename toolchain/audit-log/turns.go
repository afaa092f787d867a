package main

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// turns lets one collector at a time extend the log. An event names the hash of the one before it and is signed by
// its collector, so the collector must know where its event will stand before it signs.
type turns struct {
	lease time.Duration
	slot  chan struct{} // full while somebody has the turn
	mu    sync.Mutex
	held  string // the turn that was given and not yet used
}

func newTurns(lease time.Duration) *turns {
	return &turns{lease: lease, slot: make(chan struct{}, 1)}
}

// take waits for the turn, first come first served. It ends by claim and release, or by itself after the lease.
func (t *turns) take(ctx context.Context) (string, error) {
	select {
	case t.slot <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	turn := rand.Text()
	t.mu.Lock()
	t.held = turn
	t.mu.Unlock()
	time.AfterFunc(t.lease, func() {
		if t.claim(turn) {
			t.release()
		}
	})
	return turn, nil
}

// claim says whether the turn is still good; if so it is used up, and the caller must release.
func (t *turns) claim(turn string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if turn == "" || t.held != turn {
		return false
	}
	t.held = ""
	return true
}

func (t *turns) release() { <-t.slot }
