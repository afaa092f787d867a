package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mtibben/confusables"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// account is the form of who did something: letters, digits and a few marks, so that nobody's name looks like another's
// by a space, an accent or a letter of another script.
var account = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._:@/%+-]{0,498}[A-Za-z0-9])?$`)

// skeleton is the same for names that a person could take for each other: normalised (NFKC), without regard to case, and
// by Unicode's table of what looks alike (UTS #39).
func skeleton(name string) string {
	folded := cases.Fold().String(norm.NFKC.String(name))
	return confusables.Skeleton(cases.Fold().String(confusables.Skeleton(strings.TrimSpace(folded))))
}

// authored says whether an event makes its actor an author of what it is about.
func (e *event) authored() bool {
	push := e.Action == "policy-decision" && e.Details["forge"] == "push"
	return e.Decision == "accepted" && (e.Action == "plan" || e.Action == "sign" || push)
}

func (e *event) approved() bool { return e.Action == "approval" && e.Decision == "accepted" }

// acted says whether an event puts what it is about into effect.
func (e *event) acted() bool {
	return e.Decision == "accepted" && (e.Action == "apply" || e.Action == "promotion")
}

// dossier is what the log says of one artifact.
type dossier struct {
	authors   []string // as they are written
	approvals []*event
	acted     bool
}

// judgePersons says where a name is none, and where author and approver are one person. Somebody's vote for their own
// work counts for nothing; that is wrong once the work was put into effect on the strength of it alone. A vote under a
// name that only looks like another is wrong at once.
func judgePersons(events []*event) []finding {
	var found []finding
	dossiers := map[string]*dossier{}
	for i, one := range events {
		if one == nil {
			continue
		}
		if !account.MatchString(one.Actor) {
			found = append(found, about(badName, i, "The actor of entry %d, %q, is not the name of an account.", i, one.Actor))
		}
		if !one.authored() && !one.approved() && !one.acted() {
			continue
		}
		for _, digest := range one.Subjects {
			if dossiers[digest] == nil {
				dossiers[digest] = &dossier{}
			}
			dossiers[digest].note(one)
		}
	}
	for _, digest := range slices.Sorted(maps.Keys(dossiers)) {
		found = append(found, dossiers[digest].judge()...)
	}
	return found
}

func (d *dossier) note(one *event) {
	switch {
	case one.authored():
		d.authors = append(d.authors, one.Actor)
	case one.approved():
		d.approvals = append(d.approvals, one)
	default:
		d.acted = true
	}
}

func (d *dossier) judge() []finding {
	var found, own []finding
	others := 0
	for _, one := range d.approvals {
		like := slices.IndexFunc(d.authors, func(author string) bool { return skeleton(author) == skeleton(one.Actor) })
		at := int(one.Index)
		switch {
		case slices.Contains(d.authors, one.Actor):
			own = append(own, about(selfApproval, at, "Entry %d: %s approves their own work, nobody else did, and it was put into effect.", at, one.Actor))
		case like >= 0:
			found = append(found, about(lookAlike, at, "Entry %d: %q approves the work of %q, and the two look the same.", at, one.Actor, d.authors[like]))
		default:
			others++
		}
	}
	if others == 0 && d.acted {
		found = append(found, own...)
	}
	return found
}
