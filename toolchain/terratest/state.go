package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// state is what a Terraform state file holds: addresses of real objects, and the providers they need.
type state struct {
	file      string
	addresses []string
	providers map[string]bool
}

var providerAddress = regexp.MustCompile(`provider\["([^"]+)"\](\.\w+)?$`)

// states returns every state file below dir, also those of Terraform's workspaces.
func states(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case entry.IsDir() && (entry.Name() == ".terraform" || entry.Name() == "sweep"):
			return filepath.SkipDir
		case entry.Name() == "terraform.tfstate" && !entry.IsDir():
			found = append(found, path)
		}
		return nil
	})
	return found
}

// readState returns the objects in a state file.
func readState(file string) (state, error) {
	read := state{file: file, providers: map[string]bool{}}
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		return read, err
	}
	var raw struct {
		Resources []struct {
			Module, Mode, Type, Name, Provider string
			Instances                          []struct {
				IndexKey any `json:"index_key"`
			}
		}
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return read, fmt.Errorf("%s cannot be read: %w", filepath.Base(file), err)
	}
	for _, one := range raw.Resources {
		if one.Mode != "managed" {
			continue
		}
		if name := providerAddress.FindStringSubmatch(one.Provider); name != nil {
			read.providers[name[1]] = true
		}
		prefix := strings.TrimPrefix(one.Module+"."+one.Type+"."+one.Name, ".")
		for _, instance := range one.Instances {
			key := ""
			if instance.IndexKey != nil {
				text, _ := json.Marshal(instance.IndexKey)
				key = "[" + string(text) + "]"
			}
			read.addresses = append(read.addresses, prefix+key)
		}
	}
	return read, nil
}

// attempts is how often a destroy is tried. What is left costs money: a provider that a busy machine could not start, or
// a cloud that was busy for a moment, is no reason to give up.
const attempts = 3

// destroy removes the objects by a configuration that declares none of them: Terraform plans to destroy whatever is in
// the state only. So neither the module nor its variables are needed, and no prevent_destroy stands in the way.
func (s state) destroy(dir string) error {
	var err error
	for attempt := range attempts {
		time.Sleep(time.Duration(attempt) * 2 * time.Second)
		if err = s.destroyOnce(dir); err == nil {
			return nil
		}
	}
	return err
}

func (s state) destroyOnce(dir string) error {
	if err := s.configure(dir); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-input=false", "-no-color", "-backend=false"},
		{"apply", "-auto-approve", "-input=false", "-no-color", "-state=" + s.file},
	} {
		run := exec.Command("terraform", args...)
		run.Dir = dir
		// Why a provider ended is in the log only.
		run.Env = append(os.Environ(), "TF_LOG=error")
		if said, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("terraform %s: %w: %s", args[0], err, tail(string(said)))
		}
	}
	return nil
}

// configure writes a configuration that only requires the providers of the state.
func (s state) configure(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	required := map[string]any{}
	for source := range s.providers {
		if strings.HasPrefix(source, "terraform.io/builtin/") {
			continue
		}
		required[filepath.Base(source)] = map[string]string{"source": source}
	}
	text, err := json.Marshal(map[string]any{"terraform": map[string]any{"required_providers": required}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.tf.json"), text, 0o600)
}

// tail returns the end of a long text.
func tail(text string) string {
	return text[max(0, len(text)-3000):]
}
