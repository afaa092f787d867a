package catalogue

import (
	"strings"
	"testing"
)

func TestLookupAndBack(t *testing.T) {
	for _, name := range Names() {
		kind, ok := Lookup(name)
		if !ok || NameFor(kind.InstanceType) != name {
			t.Errorf("%s -> %s -> %s", name, kind.InstanceType, NameFor(kind.InstanceType))
		}
	}
	if got := NameFor("g5.xlarge"); got != "g5.xlarge" {
		t.Errorf("an instance type we do not sell became %q", got)
	}
	if _, ok := Lookup("b200"); ok {
		t.Error("b200 is not on offer")
	}
}

func TestQuotaCountsGPUsNotNodes(t *testing.T) {
	a100, _ := Lookup("a100")
	if err := a100.CheckQuota(2, 16); err != nil {
		t.Errorf("16 GPUs fit a quota of 16: %v", err)
	}
	err := a100.CheckQuota(3, 16)
	if err == nil || !strings.Contains(err.Error(), "3 a100 nodes × 8 GPUs each = 24 GPUs, over the quota of 16. At most 2 nodes fit") {
		t.Errorf("got %v", err)
	}
	if err := a100.CheckQuota(0, 0); err != nil {
		t.Errorf("nothing fits a quota of nothing: %v", err)
	}
}

func TestCost(t *testing.T) {
	l4, _ := Lookup("l4")
	for _, c := range []struct {
		nodes int64
		spot  bool
		want  float64
	}{{0, false, 0}, {3, false, 2.40}, {3, true, 0.96}} {
		if got := l4.HourlyCostUSD(c.nodes, c.spot); got != c.want {
			t.Errorf("%d nodes, spot %v: %v, want %v", c.nodes, c.spot, got, c.want)
		}
	}
}
