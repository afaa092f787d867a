// Command terratest-runner runs a compiled Terratest suite so that nothing it made outlives it.
//
// Each run has a directory of its own below -runs. The suite's TMPDIR is in it, so the copies that
// CopyTerraformFolderToTemp makes, with their states, are in a known place. A lock in that directory is held by the
// suite and by every Terraform it starts, and the kernel frees it when the last of them has ended, however it ended.
// A run whose lock is free is over: what its states still hold is destroyed, by whoever looks next.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
)

var version = "0.0.0"

func main() {
	if err := command(os.Args[1:]); err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			os.Exit(max(ended.ExitCode(), 1))
		}
		fmt.Fprintln(os.Stderr, "terratest-runner:", err)
		os.Exit(3)
	}
}

func command(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: terratest-runner version | sweep | run")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	room := rooms{}
	flags.StringVar(&room.dir, "runs", "", "directory of all runs")
	flags.StringVar(&room.account, "account", "", "account the runs act in; runs of others are left alone")
	switch args[0] {
	case "version":
		fmt.Println(version)
		return nil
	case "sweep":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(room.sweep())
	case "run":
		suite := suite{}
		flags.StringVar(&suite.dir, "dir", ".", "working directory of the suite, within -copy when that is given")
		flags.StringVar(&suite.origin, "copy", "", "directory to copy into the run's own, so that its states are there")
		flags.StringVar(&suite.converter, "test2json", "", "path of Go's test2json")
		flags.StringVar(&suite.report, "report", "", "file for what the run left behind, as JSON")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		suite.argv = flags.Args()
		return suite.run(room)
	}
	return fmt.Errorf("there is no command %q", args[0])
}
