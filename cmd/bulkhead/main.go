// Command bulkhead is a data-loss-prevention SMTP relay: it stands between any
// program that sends mail and the server that takes it, and holds a message
// that carries the records of more people than the policy allows.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, commandLine(os.Args), program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()})
	stop()
	os.Exit(code)
}

// commandLine is what comes behind the program's name. By the name of sendmail
// it is sendmail.
func commandLine(args []string) []string {
	if filepath.Base(args[0]) == "sendmail" {
		return append([]string{"sendmail"}, args[1:]...)
	}
	return args[1:]
}

// program is what a command has of the world around it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
}

// The exit statuses that callers rely on.
const (
	exitOK    = 0 // done, and nothing held
	exitFound = 1 // something held or rejected, or not as expected
	exitError = 2 // wrong usage, or it could not be done
)

// errFound ends a command with exitFound; it has said why itself.
type errFound struct{ what string }

func (e errFound) Error() string { return e.what }

// commands is the command line.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the relay."`
	Demo       demoCommand       `cmd:"" help:"See it work: real messages through a relay of its own, offline."`
	Scan       scanCommand       `cmd:"" help:"Judge files, folders, mailboxes or standard input."`
	Quarantine quarantineCommand `cmd:"" help:"List, show, release, refuse, export, keep and delete held messages."`
	Incidents  incidentsCommand  `cmd:"" help:"List, decide and report incidents: held messages that belong together."`
	Audit      auditCommand      `cmd:"" help:"List, export and verify the audit trail of the quarantine."`
	User       userCommand       `cmd:"" help:"Add, list and change the accounts of the console and the API."`
	Token      tokenCommand      `cmd:"" help:"Add, list and revoke API tokens."`
	Index      indexCommand      `cmd:"" help:"Build and check indexes of your own customers, for exact match."`
	Allow      allowCommand      `cmd:"" help:"Allow people, tables, senders and recipients; each with a reason and an end."`
	Replay     replayCommand     `cmd:"" help:"Rehearse policies: which verdicts of the past would change."`
	Config     configCommand     `cmd:"" help:"Check and show the configuration."`
	Eval       evalCommand       `cmd:"" help:"Measure column typing and the count of people on made-up tables."`
	Simulate   simulateCommand   `cmd:"" help:"Simulate many relays: what a rate of messages needs, and what failures do."`
	Sendmail   sendmailCommand   `cmd:"" help:"Give a message from standard input to the relay, for programs that pipe."`
	Doctor     doctorCommand     `cmd:"" help:"Look at what a relay needs, and say what to do."`
	Reload     reloadCommand     `cmd:"" help:"Have a running server read policies, indexes and certificates again."`
	Health     healthCommand     `cmd:"" help:"Ask a running relay whether it is ready; for container health checks."`
	Completion completionCommand `cmd:"" help:"Print a script that completes the command line, for bash, zsh or fish."`
	Man        manCommand        `cmd:"" help:"Print the manual page."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	ParserWorker parserWorkerCommand `cmd:"" hidden:"" help:"Read archives for another process of this program."`
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, args []string, p program) (code int) {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("bulkhead"),
		kong.Description("A data-loss-prevention SMTP relay: it holds a message that carries the records of more people than the policy allows, and passes everything else on byte for byte."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(status int) { exited = status; panic(kongExit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		fmt.Fprintln(p.stderr, "bulkhead:", err)
		return exitError
	}
	defer func() {
		if fault := recover(); fault != nil {
			if _, ours := fault.(kongExit); !ours {
				panic(fault)
			}
			code = exited
		}
	}()
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "bulkhead: %v\nTry 'bulkhead --help'.\n", err)
		if len(args) > 0 && args[0] == "sendmail" {
			return exUsage
		}
		return exitError
	}
	err = line.Run()
	var found errFound
	if errors.As(err, &found) {
		if found.what != "" {
			fmt.Fprintln(p.stderr, "bulkhead:", found.what)
		}
		return exitFound
	}
	var status errStatus
	if errors.As(err, &status) {
		fmt.Fprintln(p.stderr, "bulkhead:", err)
		return status.status
	}
	if err != nil {
		fmt.Fprintln(p.stderr, "bulkhead:", err)
		return exitError
	}
	return exitOK
}

// kongExit unwinds to run when kong ends the program, as after --help.
type kongExit struct{}
