package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// suite is a compiled test binary and how to run it.
type suite struct {
	argv      []string
	origin    string
	dir       string
	converter string
	report    string
}

// run runs the suite in a room of its own, waits until everything it started has ended, and sweeps the room.
func (s suite) run(all rooms) error {
	if len(s.argv) == 0 {
		return errors.New("run: no test binary is given")
	}
	mine, err := all.open()
	if err != nil {
		return err
	}
	if s.origin != "" {
		work := filepath.Join(mine.dir, "work")
		if err := copied(s.origin, work); err != nil {
			return err
		}
		s.dir = filepath.Join(work, s.dir)
	}
	stops := make(chan os.Signal, 1)
	signal.Notify(stops, os.Interrupt, syscall.SIGTERM)
	failed := s.execute(mine, stops)
	left := all.finish(mine)
	if s.report != "" {
		text, _ := json.Marshal(left)
		if err := os.WriteFile(s.report, text, 0o600); err != nil {
			return err
		}
	}
	return failed
}

// execute runs the suite to its end, or to a signal.
func (s suite) execute(mine *room, stops <-chan os.Signal) error {
	tests := exec.Command(s.argv[0], s.argv[1:]...)
	tests.Dir = s.dir
	tests.Env = append(os.Environ(), "TMPDIR="+filepath.Join(mine.dir, "tmp"), "TERRATEST_RUN="+mine.id)
	// Go starts programs with the descriptors it does not know of still open, so Terraform holds the lock too.
	tests.ExtraFiles = []*os.File{mine.lock}
	tests.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, done, err := s.output()
	if err != nil {
		return err
	}
	tests.Stdout, tests.Stderr = out, out
	if err := tests.Start(); err != nil {
		return err
	}
	mine.lock.Close()
	group := tests.Process.Pid
	if err := (marker{Run: mine.id, Account: mine.account, Group: group}).write(mine.dir); err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- tests.Wait() }()
	select {
	case err = <-over:
	case <-stops:
		stop(group)
		err = <-over
	}
	settle(group)
	return errors.Join(err, done())
}

// output returns where the suite writes to, by way of test2json when it is given, and what to do at the end.
func (s suite) output() (*os.File, func() error, error) {
	if s.converter == "" {
		return os.Stdout, func() error { return nil }, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	convert := exec.Command(s.converter, "-t")
	convert.Stdin, convert.Stdout, convert.Stderr = read, os.Stdout, os.Stderr
	convert.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := convert.Start(); err != nil {
		return nil, nil, err
	}
	read.Close()
	return write, func() error { write.Close(); return convert.Wait() }, nil
}

// copied copies a directory without what an earlier Terraform left in it.
func copied(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		target := filepath.Join(to, name)
		switch {
		case entry.IsDir() && (entry.Name() == ".terraform" || entry.Name() == ".git"):
			return filepath.SkipDir
		case strings.Contains(entry.Name(), ".tfstate"):
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o600)
	})
}
