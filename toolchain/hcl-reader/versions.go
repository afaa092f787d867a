package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// constraint is one part of a version constraint, for example `~> 1.2`.
type constraint struct {
	Text     string `json:"text"`
	Operator string `json:"operator"`
	Version  string `json:"version"`
}

// unparsable is a text that is no constraint or no version.
type unparsable struct {
	Text    string `json:"text"`
	Message string `json:"message"`
}

type versionsAnswer struct {
	Constraints []constraint    `json:"constraints"`
	Allowed     map[string]bool `json:"allowed"`
	Errors      []unparsable    `json:"errors"`
}

type refusedAnswer struct {
	Version string       `json:"version"`
	Errors  []unparsable `json:"errors"`
}

// far stands for a number above all that are named.
const far = 1_000_000

// readConstraints parses every text, each of which may hold several parts; what cannot be read is named, never dropped.
func readConstraints(texts []string) (goversion.Constraints, []unparsable) {
	all, wrong := goversion.Constraints{}, []unparsable{}
	for _, text := range texts {
		parts, err := goversion.NewConstraint(text)
		if err != nil {
			wrong = append(wrong, unparsable{text, err.Error()})
			continue
		}
		all = append(all, parts...)
	}
	return all, wrong
}

// described splits a parsed part, which go-version keeps to itself.
func described(part *goversion.Constraint) constraint {
	text := strings.TrimSpace(part.String())
	wanted := strings.TrimLeft(text, "=!<>~ ")
	operator := strings.TrimSpace(strings.TrimSuffix(text, wanted))
	if operator == "" {
		operator = "="
	}
	return constraint{text, operator, wanted}
}

// checkVersions says of each version whether all constraints allow it. With an error nothing is said to be allowed.
func checkVersions(texts, versions []string) versionsAnswer {
	parts, wrong := readConstraints(texts)
	answer := versionsAnswer{Constraints: []constraint{}, Allowed: map[string]bool{}}
	for _, part := range parts {
		answer.Constraints = append(answer.Constraints, described(part))
	}
	for _, text := range versions {
		wanted, err := goversion.NewVersion(text)
		if err != nil {
			wrong = append(wrong, unparsable{text, err.Error()})
			continue
		}
		answer.Allowed[text] = parts.Check(wanted)
	}
	if answer.Errors = wrong; len(wrong) > 0 {
		answer.Allowed = map[string]bool{}
	}
	return answer
}

// findRefused returns the lowest version tried that fits old but not new; empty when there is none.
//
// Constraints change their answer only next to a version that they name, so only those are tried.
func findRefused(old, new []string) refusedAnswer {
	before, wrong := readConstraints(old)
	after, more := readConstraints(new)
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return refusedAnswer{Errors: wrong}
	}
	return firstRefused(candidates(namedBy(append(slices.Clone(before), after...))), before.Check, after.Check)
}

// firstRefused returns the first version tried that one side allows and the other does not.
func firstRefused(tried []*goversion.Version, before, after func(*goversion.Version) bool) refusedAnswer {
	for _, version := range tried {
		if before(version) && !after(version) {
			return refusedAnswer{strings.ReplaceAll(version.String(), fmt.Sprint(far), "x"), []unparsable{}}
		}
	}
	return refusedAnswer{Errors: []unparsable{}}
}

func numbered(major, minor, patch int64) *goversion.Version {
	return goversion.Must(goversion.NewVersion(fmt.Sprintf("%d.%d.%d", major, minor, patch)))
}

// namedBy returns the versions that the parts name.
func namedBy(parts goversion.Constraints) []*goversion.Version {
	found := []*goversion.Version{}
	for _, part := range parts {
		if named, err := goversion.NewVersion(described(part).Version); err == nil {
			found = append(found, named)
		}
	}
	return found
}

// candidates returns the versions given, pre-releases as they are, and their neighbours; sorted.
func candidates(given []*goversion.Version) []*goversion.Version {
	tried := []*goversion.Version{numbered(0, 0, 0), numbered(far, 0, 0)}
	for _, named := range given {
		n := named.Segments64()
		major, minor, patch := n[0], n[1], n[2]
		if slices.Max(n[:3]) == math.MaxInt64 {
			// It has no neighbour above.
			tried = append(tried, named)
			continue
		}
		tried = append(tried, named,
			numbered(major, minor, patch), numbered(major, minor, patch+1), numbered(major, minor+1, 0),
			numbered(major+1, 0, 0), numbered(major, minor, max(patch-1, 0)), numbered(major, max(minor-1, 0), 0),
			numbered(max(major-1, 0), 0, 0), numbered(major, minor, far), numbered(major, far, 0))
	}
	slices.SortFunc(tried, func(a, b *goversion.Version) int { return a.Compare(b) })
	return tried
}
