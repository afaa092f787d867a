package main

import (
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
)

func strictBase64(text string) bool {
	_, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil
}

// signedRoot says whether these leaves are what the checkpoint signs.
func (e *exported) signedRoot(leaves []hash) bool {
	return e.checkpoint != nil && uint64(len(leaves)) == e.checkpoint.Size &&
		rootOf(leaves) == hash(e.checkpoint.Hash)
}

// judge compares the entries with what the checkpoint signs, and the events with each other.
func (e *exported) judge(v *verdict) {
	entriesFit, tilesFit := e.signedRoot(e.leaves), e.tiles != nil && e.signedRoot(e.tiles)
	switch {
	case entriesFit:
		v.Checked = append(v.Checked, "entries")
		if e.tiles != nil && !tilesFit {
			for i, leaf := range e.tiles {
				if leaf != e.leaves[i] {
					v.add(aboutFile(damagedFile, "tile", "The tiles give another hash for entry %d.", i))
				}
			}
		}
		e.judgeEvents(v, 0)
	case tilesFit:
		v.Checked = append(v.Checked, "entries")
		v.add(compare(len(e.tiles), placesIn(e.tiles, e.leaves), e.genuine)...)
	default:
		e.judgeUnrooted(v)
	}
	e.judgeRules(v)
	e.judgeWithheld(v)
}

// judgeUnrooted looks for what is wrong when neither entries nor tiles lead to a signed root: by the index that each
// collector signed into its event.
func (e *exported) judgeUnrooted(v *verdict) {
	if e.roles == nil {
		v.add(aboutFile(unjudged, entriesFile, "Without the collectors' keys nothing says which entry is wrong."))
		return
	}
	size := len(e.lines)
	if e.checkpoint != nil && e.checkpoint.Size < 1<<31 {
		size = int(e.checkpoint.Size)
	}
	before := len(v.Findings)
	e.judgeEvents(v, size)
	if e.checkpoint != nil && len(v.Findings) == before {
		v.add(aboutFile(forked, checkpointFile,
			"The checkpoint signs another history: the entries are whole, but do not lead to its root."))
	}
}

// placesIn says for each leaf which of the wanted leaves it is.
func placesIn(wanted, leaves []hash) []int {
	where := make(map[hash]int, len(wanted))
	for i, leaf := range wanted {
		where[leaf] = i
	}
	places := make([]int, len(leaves))
	for i, leaf := range leaves {
		place, known := where[leaf]
		if !known {
			place = stranger
		}
		places[i] = place
	}
	return places
}

// genuine says whether a known collector signed the line.
func (e *exported) genuine(line int) bool { return e.events[line] != nil }

// judgeEvents compares what the collectors signed: each event names its index and the hash of the one before it. It
// finds what the holder of the log's key did and then signed. The log had at least size entries.
func (e *exported) judgeEvents(v *verdict, size int) {
	if e.roles == nil {
		return
	}
	v.Checked = append(v.Checked, "events")
	places := make([]int, len(e.lines))
	for i, found := range e.events {
		places[i] = stranger
		if _, gone := e.withheld[i]; gone {
			places[i] = i
			size = max(size, i+1)
		}
		if found != nil && found.Index < uint64(len(e.lines)+size+1) {
			places[i] = int(found.Index)
			size = max(size, places[i]+1)
		}
	}
	found := compare(size, places, e.genuine)
	v.add(found...)
	if len(found) > 0 {
		return
	}
	previous := noPrevious
	for i, one := range e.events {
		if one != nil && one.Previous != previous.String() {
			v.add(about(forked, i, "Entry %d was signed as the next one after another entry %d.", i, i-1))
		}
		previous = e.leaves[i]
	}
}

// judgeRules says which rule an event breaks: whether the right party said it.
func (e *exported) judgeRules(v *verdict) {
	if e.roles == nil {
		return
	}
	if e.checkpoint != nil && e.roles.origin != e.checkpoint.Origin {
		v.add(aboutFile(badRoles, collectorsFile, "The list of functionaries is of the log %q, not of %q.",
			e.roles.origin, e.checkpoint.Origin))
	}
	for i, one := range e.events {
		if one == nil {
			continue
		}
		if err := e.roles.permits(one); err != nil {
			v.add(about(badRole, i, "Entry %d: %v.", i, err))
		}
	}
	v.add(judgePersons(e.events)...)
}

// judgeWithheld accepts a missing content only where a retention event in the log says so, and its time is over.
func (e *exported) judgeWithheld(v *verdict) {
	gone := make([]bool, len(e.lines))
	if e.roles != nil {
		latest := time.Now()
		if e.cosigned.Before(latest) && !e.cosigned.IsZero() {
			latest = e.cosigned
		}
		var found []finding
		gone, found = e.roles.letGo(e.events, e.termOf, latest)
		v.add(found...)
	}
	for i := range e.lines {
		if _, held := e.withheld[i]; held && !gone[i] {
			v.add(about(deleted, i, "The content of entry %d is withheld, and no retention event permits it.", i))
		}
	}
}

// termOf returns until when an entry is kept, as its collector signed it.
func (e *exported) termOf(i int) (term, error) {
	if said, held := e.withheld[i]; held {
		previous := noPrevious
		if i > 0 {
			previous = e.leaves[i-1]
		}
		return said.signedTerm(e.roles, previous)
	}
	if e.events[i] == nil || e.events[i].Index != uint64(i) {
		return term{}, errors.New("no known collector signed it")
	}
	return e.events[i].term(), nil
}

// judgeQuorum asks whether enough witnesses saw the log grow to where it is.
func (e *exported) judgeQuorum(v *verdict, quorum int) {
	if e.roles == nil || e.checkpoint == nil {
		return
	}
	if quorum < 0 {
		quorum = e.roles.quorum
	}
	if quorum == 0 {
		return
	}
	if e.cosigners < quorum {
		v.add(aboutFile(unwitnessed, checkpointFile, "%d of the witnesses that the functionaries' list names cosigned it, %d are asked for.",
			e.cosigners, quorum))
		return
	}
	v.Checked = append(v.Checked, "witnesses")
}

// judgeWitnessed compares with an earlier checkpoint: a log may only grow.
func (e *exported) judgeWitnessed(v *verdict, file string, key note.Verifier) {
	raw, err := readLimited(file, 1<<20)
	if err != nil {
		v.add(aboutFile(unjudged, file, "The earlier checkpoint cannot be read: %v", err))
		return
	}
	aside := newVerdict()
	old, _ := openCheckpoint(aside, raw, key, e.witnesses(), file)
	leaves := e.tiles
	if e.signedRoot(e.leaves) {
		leaves = e.leaves
	}
	switch {
	case old == nil:
		v.add(aboutFile(unjudged, file, "The earlier checkpoint is not signed by the log: %s", aside.Findings[0].Message))
	case e.checkpoint == nil || !e.signedRoot(leaves):
		return // there are findings already
	case old.Size > e.checkpoint.Size:
		v.add(about(truncated, int(e.checkpoint.Size), "The log had %d entries before, now it has %d.",
			old.Size, e.checkpoint.Size))
	case !slices.Equal(old.Hash, func() []byte { root := rootOf(leaves[:old.Size]); return root[:] }()):
		v.add(aboutFile(forked, checkpointFile, "The first %d entries are not those of the earlier checkpoint.", old.Size))
	}
	v.Checked = append(v.Checked, "witnessed")
}
