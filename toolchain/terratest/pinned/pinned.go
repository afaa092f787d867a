// Package pinned names what a suite may import. It is compiled once; a suite is compiled against it without a network.
package pinned

import (
	_ "github.com/gruntwork-io/terratest/modules/collections"
	_ "github.com/gruntwork-io/terratest/modules/environment"
	_ "github.com/gruntwork-io/terratest/modules/files"
	_ "github.com/gruntwork-io/terratest/modules/http-helper"
	_ "github.com/gruntwork-io/terratest/modules/logger"
	_ "github.com/gruntwork-io/terratest/modules/random"
	_ "github.com/gruntwork-io/terratest/modules/retry"
	_ "github.com/gruntwork-io/terratest/modules/shell"
	_ "github.com/gruntwork-io/terratest/modules/terraform"
	_ "github.com/gruntwork-io/terratest/modules/test-structure"
	_ "github.com/stretchr/testify/assert"
	_ "github.com/stretchr/testify/require"
)
