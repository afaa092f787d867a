package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// ensureOrganization makes an organization in a local cloud; on AWS it asks a person to, for it changes billing.
func (r *teamAccount) ensureOrganization(ctx context.Context) error {
	_, err := r.cloud.Organizations.DescribeOrganization(ctx, nil)
	if !cloud.Is(err, "AWSOrganizationsNotInUseException") {
		return err
	}
	if r.cloud.Endpoint == "" {
		return errors.New("this account has no organization; create one with `aws organizations create-organization`")
	}
	_, err = r.cloud.Organizations.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	if cloud.Is(err, "AlreadyInOrganizationException") { // another account of the same plan was faster
		return nil
	}
	return err
}

// holder is the open account that has an e-mail address, or "".
func (r *teamAccount) holder(ctx context.Context, email string) (string, error) {
	pages := organizations.NewListAccountsPaginator(r.cloud.Organizations, &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, account := range page.Accounts {
			if aws.ToString(account.Email) == email && account.Status == orgtypes.AccountStatusActive {
				return aws.ToString(account.Id), nil
			}
		}
	}
	return "", nil
}

func (r *teamAccount) createAccount(ctx context.Context, plan *accountModel) (string, error) {
	made, err := r.cloud.Organizations.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: plan.Name.ValueStringPointer(),
		Email: plan.Email.ValueStringPointer(), RoleName: aws.String(r.cloud.RoleName)})
	if err != nil {
		return "", err
	}
	status := made.CreateAccountStatus
	err = poll(ctx, 10*time.Minute, 3*time.Second, func() (bool, error) {
		switch status.State {
		case orgtypes.CreateAccountStateSucceeded:
			return true, nil
		case orgtypes.CreateAccountStateFailed:
			return false, &smithy.GenericAPIError{Code: string(status.FailureReason), Message: "the account could not be created"}
		}
		now, err := r.cloud.Organizations.DescribeCreateAccountStatus(ctx,
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: status.Id})
		if err == nil {
			status = now.CreateAccountStatus
		}
		return false, err
	})
	return aws.ToString(status.AccountId), err
}

// describe finds an account; nil when there is none or it was closed.
func (r *teamAccount) describe(ctx context.Context, id string) (*orgtypes.Account, error) {
	found, err := r.cloud.Organizations.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &id})
	if cloud.Is(err, "AccountNotFoundException", "AWSOrganizationsNotInUseException") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if status := found.Account.Status; status == orgtypes.AccountStatusSuspended || status == orgtypes.AccountStatusPendingClosure {
		return nil, nil
	}
	return found.Account, nil
}

func (r *teamAccount) tags(ctx context.Context, id string) (cloud.Tags, error) {
	tags := cloud.Tags{}
	pages := organizations.NewListTagsForResourcePaginator(r.cloud.Organizations, &organizations.ListTagsForResourceInput{ResourceId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return tags, nil
}

func (r *teamAccount) retag(ctx context.Context, id string, wanted cloud.Tags) error {
	have, err := r.tags(ctx, id)
	if err != nil {
		return err
	}
	set, remove := have.Delta(wanted)
	if len(remove) > 0 {
		if _, err := r.cloud.Organizations.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: &id, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return nil
	}
	var list []orgtypes.Tag
	for key, value := range set {
		list = append(list, orgtypes.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	_, err = r.cloud.Organizations.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &id, Tags: list})
	return err
}

// role finds the provisioner role of an account; null when it is gone.
func (r *teamAccount) role(ctx context.Context, account string) (types.String, error) {
	found, err := r.cloud.IAMIn(account).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(r.cloud.RoleName)})
	if cloud.Is(err, "NoSuchEntity") {
		return types.StringNull(), nil
	}
	if err != nil {
		return types.StringNull(), err
	}
	return textOrNull(aws.ToString(found.Role.Arn)), nil
}

// ensureRole makes the provisioner role where it is missing. AWS makes it with the account; a local cloud does not.
func (r *teamAccount) ensureRole(ctx context.Context, plan *accountModel) error {
	var err error
	if plan.RoleARN, err = r.role(ctx, plan.AccountID.ValueString()); err != nil || !plan.RoleARN.IsNull() {
		return err
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",`+
		`"Principal":{"AWS":"arn:aws:iam::%s:root"}}]}`, r.cloud.Account)
	there := r.cloud.IAMIn(plan.AccountID.ValueString())
	made, err := there.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(r.cloud.RoleName), AssumeRolePolicyDocument: aws.String(trust),
		Description: aws.String("The platform team works in this account through this role.")})
	if err != nil {
		return err
	}
	plan.RoleARN = textOrNull(aws.ToString(made.Role.Arn))
	return nil
}
