package main

import (
	"fmt"

	"github.com/apparentlymart/go-versions/versions"
	"github.com/apparentlymart/go-versions/versions/constraints"
	goversion "github.com/hashicorp/go-version"
)

// providerRange is what a provider's constraints allow. Terraform's installer of providers has its own rules, which are
// not those for modules: `~> 1` ends below 2, and a pre-release counts only where one part is exactly it.
type providerRange struct {
	allowed versions.Set
	named   []*goversion.Version
}

// readProviders parses constraints as Terraform does: its configuration is read by go-version, its installer reads them
// once more. What one of the two cannot read is named, never dropped.
func readProviders(texts []string) (providerRange, []unparsable) {
	_, wrong := readConstraints(texts)
	all, found := constraints.IntersectionSpec{}, providerRange{}
	if len(wrong) > 0 {
		return found, wrong
	}
	for _, text := range texts {
		parts, err := constraints.ParseRubyStyleMulti(text)
		if err != nil {
			wrong = append(wrong, unparsable{text, err.Error()})
			continue
		}
		for _, part := range parts {
			found.named = append(found.named, boundary(part.Boundary.ConstrainToZero()))
		}
		all = append(all, parts...)
	}
	if len(wrong) == 0 {
		found.allowed = versions.MeetingConstraints(all)
	}
	return found, wrong
}

func boundary(spec constraints.VersionSpec) *goversion.Version {
	text := fmt.Sprintf("%d.%d.%d", spec.Major.Num, spec.Minor.Num, spec.Patch.Num)
	if spec.Prerelease != "" {
		text += "-" + spec.Prerelease
	}
	if named, err := goversion.NewVersion(text); err == nil {
		return named
	}
	return numbered(0, 0, 0)
}

func (r providerRange) has(tried *goversion.Version) bool {
	version, err := versions.ParseVersion(tried.String())
	return err == nil && r.allowed.Has(version)
}

// findRefusedProvider is findRefused by the rules for providers.
func findRefusedProvider(old, new []string) refusedAnswer {
	before, wrong := readProviders(old)
	after, more := readProviders(new)
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return refusedAnswer{Errors: wrong}
	}
	return firstRefused(candidates(append(before.named, after.named...)), before.has, after.has)
}
