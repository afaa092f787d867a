package cloud

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
)

func TestTagsOfOneResourceWinOverDefaults(t *testing.T) {
	settings := Settings{DefaultTags: Tags{"course": "mod-208", "stage": "dev"}}
	merged := settings.Merge(Tags{"stage": "prod"})
	if !reflect.DeepEqual(merged, Tags{"course": "mod-208", "stage": "prod"}) {
		t.Errorf("merged %v", merged)
	}
	all := merged.With(Tags{TagOwner: "search", TagCostCentre: ""})
	if all[TagOwner] != "search" || all[TagManagedBy] != Manager {
		t.Errorf("facts are missing: %v", all)
	}
	if _, there := all[TagCostCentre]; there {
		t.Error("an empty fact became a tag")
	}
	if !reflect.DeepEqual(all.User(), merged) {
		t.Errorf("user tags %v", all.User())
	}
}

func TestOwnTagsAreTheUsersWithoutDefaults(t *testing.T) {
	settings := Settings{DefaultTags: Tags{"course": "mod-208"}}
	for _, c := range []struct{ user, last, want Tags }{
		{Tags{"course": "mod-208", "a": "1"}, Tags{"a": "1"}, Tags{"a": "1"}},
		{Tags{"course": "other"}, Tags{}, Tags{"course": "other"}},
		{Tags{"course": "mod-208"}, Tags{"course": "mod-208"}, Tags{"course": "mod-208"}},
	} {
		if got := settings.Own(c.user, c.last); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v after %v: %v, want %v", c.user, c.last, got, c.want)
		}
	}
}

func TestDeltaLeavesTheTagsOfAWSAlone(t *testing.T) {
	set, remove := Tags{"aws:x": "1", "a": "1", "b": "2"}.Delta(Tags{"a": "1", "c": "3"})
	if !reflect.DeepEqual(set, Tags{"c": "3"}) || !reflect.DeepEqual(remove, []string{"b"}) {
		t.Errorf("set %v, remove %v", set, remove)
	}
}

func TestExplainTellsTheNextStep(t *testing.T) {
	settings := Settings{Endpoint: "http://127.0.0.1:1"}
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "because"} }
	for _, c := range []struct {
		err           error
		summary, next string
	}{
		{fmt.Errorf("x: %w", syscall.ECONNREFUSED), "Cannot reach the platform API at http://127.0.0.1:1", "PLATFORM_ENDPOINT"},
		{&net.DNSError{Name: "nowhere.test"}, "Cannot reach the platform API at", "does not resolve"},
		{context.DeadlineExceeded, "Cannot reach the platform API at", "no answer in time"},
		{api("InvalidClientTokenId"), "refused the credentials", "AWS_ACCESS_KEY_ID"},
		{api("AccessDenied"), "Not allowed", "account_id"},
		{api("TooManyBuckets"), "Quota exceeded", "higher quota"},
		{api("BucketAlreadyExists"), "The name is taken", "import"},
		{api("BucketNotEmpty"), "not empty", "force_destroy"},
		{api("Weird"), "refused a request", "because (Weird)."},
	} {
		fault := settings.Explain("Doing it", c.err)
		if !strings.Contains(fault.Summary, c.summary) || !strings.Contains(fault.Detail, c.next) ||
			!strings.Contains(fault.Detail, "Doing it: ") || !strings.Contains(fault.Detail, "Next: ") {
			t.Errorf("%v: %+v", c.err, fault)
		}
	}
}

func TestPendingClientIsRefused(t *testing.T) {
	if err := Pending(Settings{}, "too early").Ready(); err == nil || err.Error() != "too early" {
		t.Errorf("got %v", err)
	}
	if err := (&Client{}).Ready(); err != nil {
		t.Errorf("got %v", err)
	}
}
