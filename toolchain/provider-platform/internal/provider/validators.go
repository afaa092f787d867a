package provider

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// check is a string validator made of one function that says what is wrong.
type check struct {
	about string
	test  func(string) error
}

func (c check) Description(context.Context) string         { return c.about }
func (c check) MarkdownDescription(context.Context) string { return c.about }

func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := c.test(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), err.Error())
	}
}

func pattern(expression, message string) validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(expression), message)
}

func nameRule() validator.String {
	return pattern(`^[a-z][a-z0-9-]{1,40}[a-z0-9]$`,
		"must be 3 to 42 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen, as in \"search-train\"")
}

func bucketRule() validator.String { return check{"an S3 bucket name", bucketNameError} }

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`)
	dottedNumber  = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
)

func bucketNameError(name string) error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return fmt.Errorf("%q has %d characters; a bucket name has 3 to 63", name, len(name))
	case !bucketPattern.MatchString(name):
		return fmt.Errorf("%q: a bucket name has only lower-case letters, digits, dots and hyphens, and starts and ends with a letter or digit", name)
	case strings.Contains(name, "..") || dottedNumber.MatchString(name):
		return fmt.Errorf("%q: a bucket name has no two dots in a row and does not look like an IP address", name)
	}
	return nil
}

func accountID() validator.String {
	return pattern(`^[0-9]{12}$`, "must be an account id of 12 digits, as in \"123456789012\" (quote it: a leading zero counts)")
}

func emailRule() validator.String {
	return pattern(`^[^@\s]+@[^@\s]+\.[^@\s]+$`, "must be an e-mail address, as in \"search-team@acme.test\"")
}

func ownerRule() validator.String {
	return pattern(`^[a-z0-9][a-z0-9._@+-]{1,63}$`,
		"must be a team name or e-mail address in lower case, 2 to 64 characters, as in \"search\" or \"search@acme.test\"")
}

func costCentreRule() validator.String {
	return pattern(`^[A-Za-z0-9][A-Za-z0-9-]{1,31}$`,
		"must be 2 to 32 letters, digits and hyphens, as in \"cc-4021\"")
}

func tagKey() validator.String {
	return check{"a tag key outside the reserved prefixes", func(key string) error {
		switch {
		case key == "" || len(key) > 128:
			return fmt.Errorf("a tag key has 1 to 128 characters, this one has %d", len(key))
		case strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, cloud.ReservedPrefix):
			return fmt.Errorf("tag keys that start with \"aws:\" or %q are reserved; set owner and cost_centre as attributes instead of %q",
				cloud.ReservedPrefix, key)
		}
		return nil
	}}
}

func tagValue() validator.String { return stringvalidator.LengthAtMost(256) }

func httpURL() validator.String {
	return check{"an http:// or https:// URL", func(text string) error {
		parsed, err := url.Parse(text)
		if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
			return fmt.Errorf("%q is not an http:// or https:// URL, as in \"http://127.0.0.1:5000\"", text)
		}
		return nil
	}}
}

func networkCIDR() validator.String {
	return check{"a private IPv4 range between /16 and /24", networkCIDRError}
}

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

func networkCIDRError(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() {
		return fmt.Errorf("%q is not an IPv4 range in CIDR notation, as in \"10.20.0.0/16\"", text)
	}
	if prefix.Masked() != prefix {
		return fmt.Errorf("%q has host bits set; the range that contains it is %q", text, prefix.Masked())
	}
	if prefix.Bits() < 16 || prefix.Bits() > 24 {
		return fmt.Errorf("%q is a /%d; a network is between /16 (65536 addresses) and /24 (256)", text, prefix.Bits())
	}
	for _, private := range privateRanges {
		if private.Contains(prefix.Addr()) {
			return nil
		}
	}
	return fmt.Errorf("%q is not private; take a range inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)", text)
}
