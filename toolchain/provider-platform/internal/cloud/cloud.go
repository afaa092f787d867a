// Package cloud signs in to the platform API, which speaks the AWS protocol, and holds one client per service.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultRegion is used when neither the provider block nor the environment names one.
const DefaultRegion = "us-east-1"

// DefaultRoleName is the role that every team account carries for the platform team.
const DefaultRoleName = "platform-provisioner"

// Settings are what the provider block and the environment say.
type Settings struct {
	Region      string
	Endpoint    string // empty: the real AWS endpoints
	AccountID   string // empty: the account of the credentials
	RoleName    string
	DefaultTags map[string]string
}

// Client is a signed-in session in one account and region. A pending client could not sign in yet because a
// setting becomes known only during apply.
type Client struct {
	Settings
	Account string // the account we act in
	ARN     string // who we are there
	pending string

	QuotaLock sync.Mutex // one quota decision at a time

	base          aws.Config // before any role was assumed
	acting        aws.Config
	S3            *s3.Client
	EC2           *ec2.Client
	AutoScaling   *autoscaling.Client
	Secrets       *secretsmanager.Client
	Organizations *organizations.Client
}

// Pending returns a client for planning only: every call through it must be refused with reason.
func Pending(settings Settings, reason string) *Client {
	return &Client{Settings: settings, pending: reason}
}

// Ready tells why the client cannot be used yet, or nil when it can.
func (c *Client) Ready() error {
	if c.pending == "" {
		return nil
	}
	return errors.New(c.pending)
}

// Connect signs in, assumes the provisioner role when another account is asked for, and asks who we are.
func Connect(ctx context.Context, settings Settings) (*Client, error) {
	base, err := load(ctx, settings)
	if err != nil {
		return nil, err
	}
	settings.Region = base.Region
	client := &Client{Settings: settings, base: base, acting: base}
	who, err := sts.NewFromConfig(base).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, err
	}
	if settings.AccountID != "" && settings.AccountID != aws.ToString(who.Account) {
		client.acting = client.assume(settings.AccountID)
		if who, err = sts.NewFromConfig(client.acting).GetCallerIdentity(ctx, nil); err != nil {
			return nil, fmt.Errorf("assuming %s: %w", client.RoleARN(settings.AccountID), err)
		}
	}
	client.Account, client.ARN = aws.ToString(who.Account), aws.ToString(who.Arn)
	client.open()
	return client, nil
}

func load(ctx context.Context, settings Settings) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				if settings.Endpoint != "" { // a local API is up or down; do not make a person wait
					o.MaxAttempts, o.MaxBackoff = 3, 500*time.Millisecond
				}
			})
		}),
	}
	if settings.Region != "" {
		options = append(options, config.WithRegion(settings.Region))
	}
	if settings.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(settings.Endpoint),
			config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err == nil && loaded.Region == "" {
		loaded.Region = DefaultRegion
	}
	return loaded, err
}

// RoleARN is the provisioner role of an account.
func (c *Client) RoleARN(account string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", account, c.RoleName)
}

func (c *Client) assume(account string) aws.Config {
	assumed := c.base.Copy()
	role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.base), c.RoleARN(account),
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "terraform-provider-platform" })
	assumed.Credentials = aws.NewCredentialsCache(role)
	return assumed
}

// IAMIn is an IAM client that acts in another account through its provisioner role.
func (c *Client) IAMIn(account string) *iam.Client {
	if account == c.Account {
		return iam.NewFromConfig(c.acting)
	}
	return iam.NewFromConfig(c.assume(account))
}

func (c *Client) open() {
	c.S3 = s3.NewFromConfig(c.acting, func(o *s3.Options) { o.UsePathStyle = c.Endpoint != "" })
	c.EC2 = ec2.NewFromConfig(c.acting)
	c.AutoScaling = autoscaling.NewFromConfig(c.acting)
	c.Secrets = secretsmanager.NewFromConfig(c.acting)
	c.Organizations = organizations.NewFromConfig(c.acting)
}

// Where names the API we talk to, for messages.
func (s Settings) Where() string {
	if s.Endpoint != "" {
		return s.Endpoint
	}
	if s.Region == "" {
		return "AWS"
	}
	return "AWS in region " + s.Region
}
