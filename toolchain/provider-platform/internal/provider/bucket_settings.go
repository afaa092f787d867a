package provider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// expireRule is the id of our lifecycle rule.
const expireRule = "platform-expire"

func (r *artifactBucket) putEncryption(ctx context.Context, plan *bucketModel) error {
	rule := s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryption(plan.Encryption.ValueString())}
	if plan.Encryption.ValueString() == "aws:kms" {
		rule.KMSMasterKeyID = plan.KMSKeyID.ValueStringPointer()
	}
	_, err := r.cloud.S3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: plan.Name.ValueStringPointer(),
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
			Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &rule}}},
	})
	return err
}

// getEncryption shows "none" when someone removed the encryption.
func (r *artifactBucket) getEncryption(ctx context.Context, state *bucketModel) error {
	state.Encryption, state.KMSKeyID = types.StringValue("none"), types.StringNull()
	found, err := r.cloud.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: state.ID.ValueStringPointer()})
	if cloud.Is(err, "ServerSideEncryptionConfigurationNotFoundError") {
		return nil
	}
	if err != nil {
		return err
	}
	for _, rule := range found.ServerSideEncryptionConfiguration.Rules {
		if byDefault := rule.ApplyServerSideEncryptionByDefault; byDefault != nil {
			state.Encryption = types.StringValue(string(byDefault.SSEAlgorithm))
			state.KMSKeyID = textOrNull(aws.ToString(byDefault.KMSMasterKeyID))
		}
	}
	return nil
}

func (r *artifactBucket) putPublicBlock(ctx context.Context, plan *bucketModel) error {
	if !plan.PublicBlocked.ValueBool() {
		_, err := r.cloud.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: plan.Name.ValueStringPointer()})
		return err
	}
	yes := aws.Bool(true)
	_, err := r.cloud.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: plan.Name.ValueStringPointer(),
		PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: yes, BlockPublicPolicy: yes, IgnorePublicAcls: yes, RestrictPublicBuckets: yes},
	})
	return err
}

// getPublicBlock counts public access as blocked only when all four switches are on.
func (r *artifactBucket) getPublicBlock(ctx context.Context, state *bucketModel) error {
	found, err := r.cloud.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: state.ID.ValueStringPointer()})
	if cloud.Is(err, "NoSuchPublicAccessBlockConfiguration") {
		state.PublicBlocked = types.BoolValue(false)
		return nil
	}
	if err != nil {
		return err
	}
	block := found.PublicAccessBlockConfiguration
	state.PublicBlocked = types.BoolValue(aws.ToBool(block.BlockPublicAcls) && aws.ToBool(block.BlockPublicPolicy) &&
		aws.ToBool(block.IgnorePublicAcls) && aws.ToBool(block.RestrictPublicBuckets))
	return nil
}

func (r *artifactBucket) putVersioning(ctx context.Context, plan *bucketModel) error {
	status := s3types.BucketVersioningStatusSuspended
	if plan.Versioning.ValueBool() {
		status = s3types.BucketVersioningStatusEnabled
	}
	_, err := r.cloud.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: plan.Name.ValueStringPointer(),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: status}})
	return err
}

func (r *artifactBucket) getVersioning(ctx context.Context, state *bucketModel) error {
	found, err := r.cloud.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: state.ID.ValueStringPointer()})
	if err == nil {
		state.Versioning = types.BoolValue(found.Status == s3types.BucketVersioningStatusEnabled)
	}
	return err
}

func (r *artifactBucket) putLifecycle(ctx context.Context, plan *bucketModel) error {
	if plan.ExpireDays.IsNull() {
		_, err := r.cloud.S3.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: plan.Name.ValueStringPointer()})
		return err
	}
	days := aws.Int32(int32(plan.ExpireDays.ValueInt64()))
	_, err := r.cloud.S3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: plan.Name.ValueStringPointer(),
		LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
			ID: aws.String(expireRule), Status: s3types.ExpirationStatusEnabled,
			Filter:                      &s3types.LifecycleRuleFilter{Prefix: aws.String("")},
			Expiration:                  &s3types.LifecycleExpiration{Days: days},
			NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: days},
		}}},
	})
	return err
}

// getLifecycle shows the shortest life that an enabled rule gives to objects; null when they are kept.
func (r *artifactBucket) getLifecycle(ctx context.Context, state *bucketModel) error {
	state.ExpireDays = types.Int64Null()
	found, err := r.cloud.S3.GetBucketLifecycleConfiguration(ctx,
		&s3.GetBucketLifecycleConfigurationInput{Bucket: state.ID.ValueStringPointer()})
	if cloud.Is(err, "NoSuchLifecycleConfiguration") {
		return nil
	}
	if err != nil {
		return err
	}
	for _, rule := range found.Rules {
		if rule.Status != s3types.ExpirationStatusEnabled || rule.Expiration == nil || rule.Expiration.Days == nil {
			continue
		}
		days := int64(*rule.Expiration.Days)
		if state.ExpireDays.IsNull() || days < state.ExpireDays.ValueInt64() {
			state.ExpireDays = types.Int64Value(days)
		}
	}
	return nil
}

func (r *artifactBucket) putTags(ctx context.Context, name string, tags cloud.Tags) error {
	set := make([]s3types.Tag, 0, len(tags))
	for key, value := range tags {
		set = append(set, s3types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	_, err := r.cloud.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &s3types.Tagging{TagSet: set}})
	return err
}

func (r *artifactBucket) getTags(ctx context.Context, name string) (cloud.Tags, error) {
	tags := cloud.Tags{}
	found, err := r.cloud.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	if cloud.Is(err, "NoSuchTagSet") {
		return tags, nil
	}
	if err != nil {
		return nil, err
	}
	for _, tag := range found.TagSet {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// empty deletes every object, every former version and every delete marker.
func (r *artifactBucket) empty(ctx context.Context, name string) error {
	pages := s3.NewListObjectVersionsPaginator(r.cloud.S3, &s3.ListObjectVersionsInput{Bucket: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.Is(err, "NoSuchBucket") {
			return nil
		}
		if err != nil {
			return err
		}
		var doomed []s3types.ObjectIdentifier
		for _, version := range page.Versions {
			doomed = append(doomed, s3types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
		}
		for _, marker := range page.DeleteMarkers {
			doomed = append(doomed, s3types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
		}
		if len(doomed) == 0 {
			continue
		}
		if _, err := r.cloud.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &name, Delete: &s3types.Delete{Objects: doomed}}); err != nil {
			return err
		}
	}
	return nil
}
