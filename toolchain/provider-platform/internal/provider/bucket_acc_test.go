package provider

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func TestAccBucket(t *testing.T) {
	const at = "platform_artifact_bucket.b"
	name := unique("acme-acc")
	config := func(rest string) string {
		return fmt.Sprintf("resource \"platform_artifact_bucket\" \"b\" {\n name = %q\n owner = \"search\"\n force_destroy = true\n%s\n}\n", name, rest)
	}
	full := config("encryption = \"aws:kms\"\nkms_key_id = \"alias/models\"\nexpire_days = 30\ncost_centre = \"cc-1\"\ntags = { stage = \"dev\" }")
	changed := func(do func(context.Context, *s3.Client) error) resource.TestStep {
		return drift(t, full, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error { return do(ctx, c.S3) })
	}
	accept(t,
		step(config(""), at, "encryption", "AES256", at, "public_access_blocked", "true", at, "versioning", "true",
			at, "region", "eu-central-1", at, "arn", "arn:aws:s3:::"+name, at, "tags_all.course", "mod-208"),
		step(full, at, "expire_days", "30", at, "kms_key_id", "alias/models", at, "tags_all.stage", "dev"),
		imported(at, "force_destroy"),
		changed(func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &name})
			return err
		}),
		changed(func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &name})
			return err
		}),
		changed(func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name,
				VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
			return err
		}),
		changed(func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &name})
			return err
		}),
		changed(func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name,
				Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("stage"), Value: aws.String("prod")}}}})
			return err
		}),
		drift(t, full, at, plancheck.ResourceActionCreate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
			return err
		}),
		step(config("public_access_blocked = false\nversioning = false"), at, "public_access_blocked", "false", at, "versioning", "false"),
		resource.TestStep{ // destroy empties it, for force_destroy is set
			PreConfig: func() {
				_, err := outside(t, "").S3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &name, Key: aws.String("model.bin")})
				if err != nil {
					t.Fatal(err)
				}
			},
			Config: required + config(""),
		},
	)
}

func TestAccBucketRefusals(t *testing.T) {
	refused := func(body, message string) resource.TestStep {
		return resource.TestStep{Config: required + "resource \"platform_artifact_bucket\" \"b\" {\n" + body + "\n}\n",
			PlanOnly: true, ExpectError: regexp.MustCompile(message)}
	}
	accept(t,
		refused("name = \"Acme\"\nowner = \"search\"", `lower-case`),
		refused("name = \"acme-x\"\nowner = \"search\"\nencryption = \"none\"", `encryption value must be one of`),
		refused("name = \"acme-x\"\nowner = \"search\"\nkms_key_id = \"k\"", `kms_key_id without KMS encryption`),
		refused("name = \"acme-x\"\nowner = \"search\"\ntags = { \"platform:owner\" = \"me\" }", `reserved`),
	)
}
