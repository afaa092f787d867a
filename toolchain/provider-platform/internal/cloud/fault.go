package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
)

// Fault is an error told to a person: what happened, why, and what to do next.
type Fault struct{ Summary, Detail string }

// Code is the AWS error code of an error, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Is tells whether an error carries one of these AWS error codes.
func Is(err error, codes ...string) bool {
	got := Code(err)
	for _, code := range codes {
		if got == code {
			return true
		}
	}
	return false
}

var advice = []struct {
	summary string
	codes   []string
	next    string
}{
	{"The platform API refused the credentials",
		[]string{"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "ExpiredToken",
			"ExpiredTokenException", "AuthFailure", "InvalidAccessKeyId", "IncompleteSignature", "RequestExpired"},
		"Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), renew them when they have expired, and run the command again."},
	{"Not allowed by the platform API",
		[]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403"},
		"Ask the platform team for this permission, or set account_id in the provider block to an account whose provisioner role you may assume."},
	{"Quota exceeded",
		[]string{"LimitExceeded", "LimitExceededException", "QuotaExceeded", "QuotaExceededException", "ServiceQuotaExceededException",
			"TooManyBuckets", "VpcLimitExceeded", "SubnetLimitExceeded", "ResourceLimitExceeded", "InstanceLimitExceeded",
			"MaxSpotInstanceCountExceeded", "VcpuLimitExceeded", "ACCOUNT_LIMIT_EXCEEDED"},
		"Free what is no longer used, or ask the platform team for a higher quota, then run the command again."},
	{"The name is taken",
		[]string{"BucketAlreadyExists", "BucketAlreadyOwnedByYou", "ResourceExistsException", "AlreadyExists", "AlreadyExistsFault",
			"InvalidLaunchTemplateName.AlreadyExistsException", "EntityAlreadyExists"},
		"Choose another name, or bring what exists under Terraform with an import block (or `terraform import ADDRESS ID`)."},
	{"The bucket is not empty", []string{"BucketNotEmpty"},
		"Empty it, or set force_destroy = true, apply, and destroy again."},
	{"Still in use", []string{"DependencyViolation", "ResourceInUse", "ResourceInUseFault", "ScalingActivityInProgress"},
		"Remove what uses it first (for a network: its GPU pools), then run the command again."},
	{"The platform API is busy", []string{"Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown", "TooManyRequestsException"},
		"Wait a minute and run the command again, or lower -parallelism."},
}

// Explain turns an error of the platform API into a Fault. action says what was being done, as in
// "Creating bucket acme-x".
func (s Settings) Explain(action string, err error) Fault {
	if why, ok := unreachable(err); ok {
		return Fault{"Cannot reach the platform API at " + s.Where(), fmt.Sprintf("%s: %s.\n\n"+
			"Next: start the platform API (in the course: `course services start`), check `endpoint` in the provider block "+
			"or PLATFORM_ENDPOINT, and run the command again. No request got through, so nothing was changed by this one.", action, why)}
	}
	if strings.Contains(err.Error(), "failed to refresh cached credentials") && Code(err) == "" {
		return Fault{"No credentials for the platform API", fmt.Sprintf("%s: no credentials were found in the environment, "+
			"the shared AWS files or an instance role.\n\nNext: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "+
			"and run the command again.", action)}
	}
	for _, known := range advice {
		if Is(err, known.codes...) {
			return Fault{known.summary, fmt.Sprintf("%s: %s\n\nNext: %s", action, message(err), known.next)}
		}
	}
	return Fault{"The platform API refused a request", fmt.Sprintf("%s: %s\n\nNext: read the reason above, correct the "+
		"configuration and run the command again; TF_LOG_PROVIDER=DEBUG shows more.", action, message(err))}
}

func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		text := strings.TrimSuffix(api.ErrorMessage(), ".")
		if prefix, _, found := strings.Cut(err.Error(), ": operation error "); found {
			text = prefix + ": " + text
		}
		return fmt.Sprintf("%s (%s).", text, api.ErrorCode())
	}
	return err.Error()
}

// unreachable says in a few words why no answer came, when that is what the error means.
func unreachable(err error) (string, bool) {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused, nothing listens there", true
	case errors.As(err, &dns):
		return fmt.Sprintf("the host name %q does not resolve", dns.Name), true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time", true
	case errors.As(err, &op):
		return op.Err.Error(), true
	case strings.Contains(err.Error(), "EOF") && Code(err) == "":
		return "the connection was closed before an answer came", true
	case strings.Contains(err.Error(), "unsupported protocol scheme"), strings.Contains(err.Error(), "Failed to parse uri"),
		strings.Contains(err.Error(), "server gave HTTP response"):
		return "the endpoint is not a usable http:// or https:// address", true
	}
	return "", false
}
