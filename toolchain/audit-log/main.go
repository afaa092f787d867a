// Command audit-log keeps the platform's audit trail in a transparency log, and lets a stranger verify it.
//
// Exit codes: 0 done or valid, 1 invalid or failed, 2 wrong usage, 3 could not tell.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// version is set at build time: -ldflags "-X main.version=1.2.3".
var version = "0.1.0-dev"

const (
	exitValid   = 0
	exitInvalid = 1
	exitUsage   = 2
	exitUnknown = 3
)

const usage = `audit-log keygen [--witness] --name ORIGIN --out FILE  make a key: FILE and FILE.pub
audit-log sign-roles --key ROOT LIST                   the list of functionaries, signed by the root
audit-log serve --dir DIR --key FILE --collectors FILE --root FILE [--witnesses FILE] --token FILE --listen 127.0.0.1:PORT --tls-cert FILE --tls-key FILE
audit-log witness --dir DIR --logs DIR --key FILE --token FILE --listen 127.0.0.1:PORT --tls-cert FILE --tls-key FILE
audit-log prove inclusion --dir DIR INDEX              a proof that the log holds an entry (c2sp.org/tlog-proof)
audit-log prove consistency --dir DIR SIZE             a proof that the log of SIZE entries is a prefix of today's
audit-log export --dir DIR --collectors FILE OUT       a folder that a stranger can verify, offline
audit-log prune --dir DIR --collectors FILE            take the content of expired entries off the disk
audit-log verify --key FILE --root FILE [--collectors FILE] [--witnessed CHECKPOINT]... [--quorum N] DIR
audit-log verify inclusion --key FILE [--collectors FILE --root FILE] --entry FILE PROOF
audit-log verify consistency --key FILE [--collectors FILE --root FILE] --old CHECKPOINT PROOF
audit-log version
`

// errUsage is a wrong command line.
var errUsage = errors.New("wrong usage")

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	commands := map[string]func([]string, io.Writer) (int, error){
		"keygen":     keygenCommand,
		"sign-roles": signRolesCommand,
		"serve":      serveCommand,
		"witness":    witnessCommand,
		"prove":      proveCommand,
		"export":     exportCommand,
		"prune":      pruneCommand,
		"verify":     verifyCommand,
		"version": func(_ []string, out io.Writer) (int, error) {
			_, err := fmt.Fprintln(out, version)
			return exitValid, err
		},
	}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	code, err := commands[args[0]](args[1:], stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		return exitValid
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "audit-log %s: %v\n\n%s", args[0], err, usage)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "audit-log %s: %v\n", args[0], err)
	}
	return code
}

// parse reads the options of a command and returns its n operands.
func parse(flags *flag.FlagSet, args []string, n int, required ...string) ([]string, error) {
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %v", errUsage, err)
	}
	for _, name := range required {
		if flags.Lookup(name).Value.String() == "" {
			return nil, fmt.Errorf("%w: --%s is missing", errUsage, name)
		}
	}
	if flags.NArg() != n {
		return nil, fmt.Errorf("%w: %d operands, expected %d", errUsage, flags.NArg(), n)
	}
	return flags.Args(), nil
}
