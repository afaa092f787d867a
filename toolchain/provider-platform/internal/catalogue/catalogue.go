// Package catalogue is the platform team's price and size list of GPU nodes, and the arithmetic over it.
//
// The prices are course figures: rounded, static, and close to public on-demand list prices so that comparisons
// between kinds make sense. They are not a quote.
package catalogue

import (
	"fmt"
	"math"
	"sort"
)

// SpotFactor is the share of the on-demand price that a spot node costs (a course figure).
const SpotFactor = 0.4

// Kind is one sort of GPU node a team can ask for.
type Kind struct {
	Name         string
	InstanceType string  // the EC2 instance type behind it
	GPUsPerNode  int64   // GPUs in one node
	MemoryGB     int64   // memory of one GPU, in GB
	HourlyUSD    float64 // one on-demand node for an hour (course figure)
	Use          string  // what it is meant for
}

var kinds = map[string]Kind{
	"t4":   {"t4", "g4dn.xlarge", 1, 16, 0.55, "small inference, notebooks"},
	"l4":   {"l4", "g6.xlarge", 1, 24, 0.80, "inference"},
	"a100": {"a100", "p4d.24xlarge", 8, 40, 22.00, "training"},
	"h100": {"h100", "p5.48xlarge", 8, 80, 55.00, "large training"},
}

// Names lists the kinds in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Lookup finds a kind by its name.
func Lookup(name string) (Kind, bool) {
	kind, ok := kinds[name]
	return kind, ok
}

// NameFor gives the kind behind an instance type; an instance type we do not sell is returned as it is, so that
// a node swapped outside Terraform shows up as itself in a plan.
func NameFor(instanceType string) string {
	for _, kind := range kinds {
		if kind.InstanceType == instanceType {
			return kind.Name
		}
	}
	return instanceType
}

// GPUs is the number of GPUs in a pool of so many nodes.
func (k Kind) GPUs(nodes int64) int64 { return nodes * k.GPUsPerNode }

// NodeUSD is the price of one node for an hour, in US dollars.
func (k Kind) NodeUSD(spot bool) float64 {
	if spot {
		return cents(k.HourlyUSD * SpotFactor)
	}
	return k.HourlyUSD
}

// HourlyCostUSD is the price of a pool for an hour, in US dollars, rounded to a cent.
func (k Kind) HourlyCostUSD(nodes int64, spot bool) float64 {
	return cents(float64(nodes) * k.NodeUSD(spot))
}

func cents(usd float64) float64 { return math.Round(usd*100) / 100 }

// CheckQuota tells why a pool that may grow to so many nodes does not fit the quota, or nil when it does.
func (k Kind) CheckQuota(nodes, quota int64) error {
	gpus := k.GPUs(nodes)
	if gpus <= quota {
		return nil
	}
	return fmt.Errorf("%d %s %s × %d %s each = %d GPUs, over the quota of %d. "+
		"At most %d %s fit: lower the number of nodes, choose a kind with fewer GPUs, or ask the platform team "+
		"for a higher quota", nodes, k.Name, plural(nodes, "node"), k.GPUsPerNode, plural(k.GPUsPerNode, "GPU"), gpus,
		quota, quota/k.GPUsPerNode, plural(quota/k.GPUsPerNode, "node"))
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
