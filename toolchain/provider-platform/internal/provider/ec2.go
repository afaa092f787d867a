package provider

import (
	"context"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// What networks and GPU pools share of EC2.

func ec2Tags(tags cloud.Tags) []ec2types.Tag {
	list := make([]ec2types.Tag, 0, len(tags))
	for key, value := range tags {
		list = append(list, ec2types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}

func specify(kind ec2types.ResourceType, tags cloud.Tags) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: ec2Tags(tags)}}
}

func vpcTags(vpc *ec2types.Vpc) cloud.Tags {
	tags := cloud.Tags{}
	for _, tag := range vpc.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

// describeVPC finds a VPC, or nil when there is none.
func describeVPC(ctx context.Context, client *cloud.Client, id string) (*ec2types.Vpc, error) {
	found, err := client.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if cloud.Is(err, "InvalidVpcID.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.Vpcs) == 0 {
		return nil, err
	}
	return &found.Vpcs[0], nil
}

// listSubnets gives the subnets of a VPC, id by range.
func listSubnets(ctx context.Context, client *cloud.Client, vpc string) (map[string]string, error) {
	subnets := map[string]string{}
	pages := ec2.NewDescribeSubnetsPaginator(client.EC2, &ec2.DescribeSubnetsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, subnet := range page.Subnets {
			subnets[aws.ToString(subnet.CidrBlock)] = aws.ToString(subnet.SubnetId)
		}
	}
	return subnets, nil
}

// retag sets and removes tags of an EC2 resource until it carries the wanted ones.
func retag(ctx context.Context, client *cloud.Client, id string, have, wanted cloud.Tags) error {
	set, remove := have.Delta(wanted)
	if len(remove) > 0 {
		var doomed []ec2types.Tag
		for _, key := range remove {
			doomed = append(doomed, ec2types.Tag{Key: aws.String(key)})
		}
		if _, err := client.EC2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: doomed}); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return nil
	}
	_, err := client.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(set)})
	return err
}

// before orders ranges by address, then by size.
func before(one, other string) bool {
	a, errA := netip.ParsePrefix(one)
	b, errB := netip.ParsePrefix(other)
	if errA != nil || errB != nil || a.Addr() == b.Addr() {
		return one < other
	}
	return a.Addr().Less(b.Addr())
}

func isIn(item string, list []string) bool {
	for _, entry := range list {
		if entry == item {
			return true
		}
	}
	return false
}
