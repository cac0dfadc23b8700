package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

type manCommand struct{}

func (manCommand) Help() string {
	return `Examples:
  bulkhead man > /usr/local/share/man/man1/bulkhead.1
  bulkhead man | man -l -`
}

// Run prints the manual page, in the macros of man(7).
func (manCommand) Run(line *kong.Context, p program) error {
	out := &printer{w: p.stdout}
	app := line.Model.Node
	out.line(".TH BULKHEAD 1 %q \"bulkhead %s\" \"User Commands\"", revisionDate(), version)
	out.line(".SH NAME\nbulkhead \\- a data\\-loss\\-prevention SMTP relay")
	out.line(".SH SYNOPSIS\n.B bulkhead\n.I command\n.RI [ flags ]\n.RI [ arguments ]")
	out.line(".SH DESCRIPTION\n%s", roff(app.Help))
	out.line(".SH COMMANDS")
	for _, leaf := range app.Leaves(true) {
		manual(out, leaf)
	}
	out.line(".SH EXIT STATUS")
	for _, status := range []word{
		{"0", "Done, and nothing held."},
		{"1", "Something was held or rejected, or is not as it should be."},
		{"2", "Wrong usage, or it could not be done."},
	} {
		out.line(".TP\n.B %s\n%s", status.text, roff(status.help))
	}
	out.line(".PP\n.B bulkhead sendmail\nends with the statuses of sysexits.h.")
	out.line(".SH ENVIRONMENT\n%s", roff("Every setting of the configuration can come from the environment, as BULKHEAD_ and its path in capitals joined by underscores: BULKHEAD_UPSTREAM_URL. Flags win over the environment, and the environment over the file."))
	return out.err
}

// manual prints the section of one command.
func manual(out *printer, n *kong.Node) {
	out.line(".SS %s", roff(n.Summary()))
	out.line("%s", roff(n.Help))
	detail(out, n.Detail)
	for _, arg := range n.Positional {
		out.line(".TP\n.I %s\n%s", roff(arg.ShortSummary()), roff(arg.Help))
	}
	for _, f := range n.Flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		out.line(".TP\n.B %s\n%s", roff(f.String()), roff(f.Help))
	}
}

// detail prints the long help: what is indented is printed as it is.
func detail(out *printer, text string) {
	verbatim := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n ")
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !verbatim:
			out.line(".PP\n.nf\n%s", roff(line))
		case indented || line != "" && !verbatim:
			out.line("%s", roff(line))
		case line != "":
			out.line(".fi\n.PP\n%s", roff(line))
		case !verbatim:
			out.line(".PP")
		}
		verbatim = indented || line == "" && verbatim
	}
	if verbatim {
		out.line(".fi")
	}
}

// roff is a text without what roff would take for its own.
func roff(s string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
