package main

import (
	"fmt"
	"sort"
)

// finding names one thing that is wrong: what kind, and with which entry (Index) or file.
type finding struct {
	Kind    string  `json:"kind"`
	Index   *uint64 `json:"index,omitempty"`
	File    string  `json:"file,omitempty"`
	Message string  `json:"message"`
}

// Kinds of findings about entries.
const (
	flipped   = "flipped"   // the content was changed
	deleted   = "deleted"   // it is gone, later ones are there
	truncated = "truncated" // it and all later ones are gone
	inserted  = "inserted"  // the log never held it
	replayed  = "replayed"  // it is there once more
	reordered = "reordered" // it stands in another place
	forked    = "forked"    // it was signed for another history of the same log
)

// Kinds of findings about what the log says, though it is whole: a rule that an event breaks.
const (
	badRole      = "role"          // its signer may not state that
	badName      = "name"          // its actor is not the name of an account
	selfApproval = "self-approval" // work was put into effect that only its author approved
	lookAlike    = "look-alike"    // an approver whose name only looks like another than the author's
	notOver      = "retention"     // content was let go that is still to be kept
	underHold    = "legal-hold"    // content was let go that a legal hold keeps
	future       = "future"        // it happened later than now
)

// Kinds of findings about those who vouch for the log.
const (
	badRoles    = "roles"             // the list of functionaries is not the root's
	rolledBack  = "rolled-back"       // the log has less than a witness saw
	oldRoles    = "roles-rolled-back" // an older list than the one the verifier knows
	unwitnessed = "unwitnessed"       // too few witnesses cosigned the checkpoint
)

// Kinds of findings about files and keys.
const (
	editedCheckpoint = "edited-checkpoint"
	wrongKey         = "wrong-key"
	damagedFile      = "damaged-file"
	missingFile      = "missing-file"
	unknownFile      = "unknown-file"
	tooLarge         = "too-large" // longer than anything that the log writes
	unjudged         = "unknown"   // could not tell
)

func about(kind string, index int, format string, args ...any) finding {
	at := uint64(index)
	return finding{Kind: kind, Index: &at, Message: fmt.Sprintf(format, args...)}
}

func aboutFile(kind, file, format string, args ...any) finding {
	return finding{Kind: kind, File: file, Message: fmt.Sprintf(format, args...)}
}

// stranger is the place of a line that is none of the log's entries.
const stranger = -1

// compare says how lines differ from the n entries they should be. places gives, for each line, which entry it is, or
// stranger; genuine says of a stranger whether a known collector signed it.
func compare(n int, places []int, genuine func(line int) bool) []finding {
	var found []finding
	seen := make([]bool, n)
	kept := make([]int, 0, len(places))     // first occurrences, in the order of the lines
	lines := make(map[int]int, len(places)) // entry -> the line it is first in
	for line, place := range places {
		switch {
		case place == stranger:
		case seen[place]:
			found = append(found, about(replayed, place, "Entry %d is there once more, in line %d.", place, line+1))
		default:
			seen[place], lines[place] = true, line
			kept = append(kept, place)
		}
	}
	expected := 0
	for line, place := range places {
		if place != stranger {
			expected = place + 1
			continue
		}
		if expected >= n || seen[expected] {
			found = append(found, about(inserted, line, "Line %d holds an entry that the log never held.", line+1))
			continue
		}
		// A stranger that stands where an entry is missing is that entry, changed.
		kind, said := flipped, "The content of entry %d was changed (line %d)."
		if genuine(line) {
			kind, said = forked, "In the place of entry %d (line %d) is another event that a known collector signed."
		}
		found = append(found, about(kind, expected, said, expected, line+1))
		seen[expected] = true
		expected++
	}
	found = append(found, missing(seen)...)
	for _, place := range outOfOrder(kept) {
		found = append(found, about(reordered, place, "Entry %d stands in line %d.", place, lines[place]+1))
	}
	sort.SliceStable(found, func(i, j int) bool { return *found[i].Index < *found[j].Index })
	return found
}

// missing names the entries that nothing stands for.
func missing(seen []bool) []finding {
	last := len(seen)
	for last > 0 && !seen[last-1] {
		last--
	}
	var found []finding
	for entry, there := range seen[:last] {
		if !there {
			found = append(found, about(deleted, entry, "Entry %d is gone.", entry))
		}
	}
	if gone := len(seen) - last; gone > 0 {
		found = append(found, about(truncated, last, "The log ends before entry %d: %d entries are gone.", last, gone))
	}
	return found
}

// outOfOrder returns what must be moved to put the rest into ascending order: all but a longest ascending part.
func outOfOrder(places []int) []int {
	ends := []int{}                         // ends[k]: position of the smallest last value of an ascending part of k+1
	before := make([]int, len(places))      // position of the one before, in the longest part that ends here
	keep := make(map[int]bool, len(places)) // values of the longest part
	for position, value := range places {
		k := sort.Search(len(ends), func(i int) bool { return places[ends[i]] >= value })
		before[position] = -1
		if k > 0 {
			before[position] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, position)
		} else {
			ends[k] = position
		}
	}
	if len(ends) > 0 {
		for position := ends[len(ends)-1]; position >= 0; position = before[position] {
			keep[places[position]] = true
		}
	}
	var moved []int
	for _, value := range places {
		if !keep[value] {
			moved = append(moved, value)
		}
	}
	return moved
}
