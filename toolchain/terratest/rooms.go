package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

// rooms is the directory of all runs, seen by who acts in one account.
type rooms struct {
	dir     string
	account string
}

// room is one run: its directory and the open lock.
type room struct {
	id      string
	account string
	dir     string
	lock    *os.File
}

// marker says whose run it is.
type marker struct {
	Run     string `json:"run"`
	Account string `json:"account"`
	// Group is the process group of the suite, once it runs.
	Group int `json:"group"`
}

// Left is what the state of a run that is over still held.
type Left struct {
	Run       string   `json:"run"`
	Resources []string `json:"resources"`
	Destroyed bool     `json:"destroyed"`
	Why       string   `json:"why"`
}

// open makes the directory of a new run, locked before anybody can see it.
func (r rooms) open() (*room, error) {
	raw := make([]byte, 4)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	id := hex.EncodeToString(raw)
	hidden := filepath.Join(r.dir, "."+id)
	if err := os.MkdirAll(filepath.Join(hidden, "tmp"), 0o700); err != nil {
		return nil, err
	}
	lock, err := locked(hidden)
	if err != nil {
		return nil, err
	}
	if err := (marker{Run: id, Account: r.account}).write(hidden); err != nil {
		return nil, err
	}
	dir := filepath.Join(r.dir, id)
	return &room{id: id, account: r.account, dir: dir, lock: lock}, os.Rename(hidden, dir)
}

// write puts the marker into a run's directory, whole or not at all.
func (m marker) write(dir string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	aside := filepath.Join(dir, ".run.json")
	if err := os.WriteFile(aside, text, 0o600); err != nil {
		return err
	}
	return os.Rename(aside, filepath.Join(dir, "run.json"))
}

// read returns a run's marker.
func read(dir string) (marker, error) {
	var found marker
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

// locked opens a run's lock; it fails at once while the run lives.
func locked(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// sweep destroys what the runs of this account that are over have left, and removes their directories.
func (r rooms) sweep() []Left {
	found := []Left{}
	entries, _ := os.ReadDir(r.dir)
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if left := r.sweepOne(entry.Name()); left != nil {
			found = append(found, *left)
		}
	}
	return found
}

// sweepOne returns what one run left, or nothing: it lives, it is another account's, or it left nothing.
func (r rooms) sweepOne(id string) *Left {
	dir := filepath.Join(r.dir, id)
	mark, err := read(dir)
	if err == nil && mark.Account != r.account {
		return nil
	}
	lock, err := locked(dir)
	if err != nil && orphaned(mark.Group) {
		settle(mark.Group)
		lock, err = soon(dir)
	}
	if err != nil {
		return nil
	}
	defer lock.Close()
	return clear(id, dir)
}

// finish returns what a run left that has just ended. Here a lock that is held is a fault, not a run that lives.
func (r rooms) finish(mine *room) *Left {
	lock, err := soon(mine.dir)
	if err != nil {
		return &Left{Run: mine.id, Why: "a program that the suite started still runs"}
	}
	defer lock.Close()
	return clear(mine.id, mine.dir)
}

// soon is locked for a run whose processes have just been ended.
func soon(dir string) (*os.File, error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		lock, err := locked(dir)
		if err == nil || time.Now().After(deadline) {
			return lock, err
		}
	}
}

// clear destroys what the states of a run hold and removes its directory; the lock is held.
func clear(id, dir string) *Left {
	left := Left{Run: id, Destroyed: true}
	for _, file := range states(dir) {
		one, err := readState(file)
		if err == nil && len(one.addresses) == 0 {
			continue
		}
		left.Resources = append(left.Resources, one.addresses...)
		if err == nil {
			err = one.destroy(filepath.Join(dir, "sweep"))
		}
		if err != nil {
			left.Destroyed = false
			left.Why = strings.TrimSpace(left.Why + "\n" + err.Error())
		}
	}
	sort.Strings(left.Resources)
	if left.Destroyed {
		os.RemoveAll(dir)
	}
	if len(left.Resources) == 0 && left.Destroyed {
		return nil
	}
	return &left
}
