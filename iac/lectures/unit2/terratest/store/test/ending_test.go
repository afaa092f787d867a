package test

import (
	"log"
	"os"
	"syscall"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/require"
)

// TestEnding applies, defers the destroy, and ends as ENDING says.
func TestEnding(t *testing.T) {
	options := options(t)
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)

	switch os.Getenv("ENDING") {
	case "require":
		require.Equal(t, 1, 2)
	case "panic":
		var missing map[string]int
		missing["key"] = 1
	case "panic elsewhere":
		go func() { panic("in a goroutine of its own") }()
		select {}
	case "os.Exit":
		os.Exit(1)
	case "log.Fatal":
		log.Fatal("giving up")
	case "timeout":
		select {}
	case "kill -9":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
