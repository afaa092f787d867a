package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// grace is how long a Terraform that lost its suite, or is interrupted, may take to finish what it is doing.
const grace = 60 * time.Second

// stop ends a suite in an orderly way. A test binary dies at once of an interrupt, and its Terraform would die of the
// broken pipe, perhaps between making an object and noting it. So the binary is held still, Terraform is interrupted,
// finishes and writes its state, and only then the binary is killed.
func stop(group int) {
	_ = syscall.Kill(group, syscall.SIGSTOP)
	_ = syscall.Kill(-group, syscall.SIGINT)
	settle(group)
	_ = syscall.Kill(-group, syscall.SIGKILL)
}

// settle waits until no Terraform of a suite runs any more, then ends what is left of it: a Terraform that was killed
// leaves its providers running.
func settle(group int) {
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		working := false
		for pid, name := range members(group) {
			working = working || (pid != group && !strings.HasPrefix(name, "terraform-prov"))
		}
		if !working {
			break
		}
	}
	for pid := range members(group) {
		if pid != group {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// orphaned tells whether the suite that led a process group is dead while something it started lives.
func orphaned(group int) bool {
	found := members(group)
	_, leads := found[group]
	return group > 0 && len(found) > 0 && !leads
}

// members returns the living processes of a group, id to name. Where there is no /proc it finds none, and a run whose
// lock is held counts as one that lives.
func members(group int) map[int]string {
	found := map[int]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// pid (name) state parent group ...
		name, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 3 || fields[2] != strconv.Itoa(group) || fields[0] == "Z" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found[pid] = name[strings.Index(name, "(")+1:]
		}
	}
	return found
}
