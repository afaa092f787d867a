package provider

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func stringValues(from map[string]string) map[string]attr.Value {
	values := make(map[string]attr.Value, len(from))
	for key, value := range from {
		values[key] = types.StringValue(value)
	}
	return values
}

func listOf(items []string) types.List {
	return types.ListValueMust(types.StringType, attrStrings(items))
}

func setOf(items []string) types.Set {
	return types.SetValueMust(types.StringType, attrStrings(items))
}

func attrStrings(items []string) []attr.Value {
	values := make([]attr.Value, len(items))
	for i, item := range items {
		values[i] = types.StringValue(item)
	}
	return values
}

// textOrNull is null for an empty string.
func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// numberOrNull reads a number kept in a tag; null when it is missing or no number.
func numberOrNull(text string) types.Int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return types.Int64Null()
	}
	return types.Int64Value(number)
}

func numberText(value types.Int64) string {
	if value.IsNull() || value.IsUnknown() {
		return ""
	}
	return strconv.FormatInt(value.ValueInt64(), 10)
}

// poll asks until done, an error, or the time limit.
func poll(ctx context.Context, limit, every time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if finished, err := done(); finished || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not finished after %s", limit)
		case <-time.After(every):
		}
	}
}
