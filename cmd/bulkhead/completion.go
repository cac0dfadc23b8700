package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// The libraries that complete for kong have rested since 2023 and start the
// program at each key; the scripts here are made of kong's own model, once.

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCommand) Help() string {
	return `Examples:
  bulkhead completion bash > /etc/bash_completion.d/bulkhead
  bulkhead completion zsh > /usr/local/share/zsh/site-functions/_bulkhead
  bulkhead completion fish > /etc/fish/completions/bulkhead.fish`
}

// Run prints the script for a shell.
func (c completionCommand) Run(line *kong.Context, p program) error {
	places := placesOf(line.Model.Node, "")
	write := map[string]func(io.Writer, []place) error{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	return write(p.stdout, places)
}

// place is a command of the line as typed so far, and what may come next.
type place struct {
	path  string // such as "quarantine list"; empty: nothing yet
	words []word // commands, or the values of a first argument
	flags []flagWords
}

// word is something to type, and what it does.
type word struct{ text, help string }

// flagWords is a flag as it is typed.
type flagWords struct {
	word            // with its dashes
	short  string   // with its dash, or empty
	takes  bool     // a value comes next
	values []string // all that the value may be; none: a file or what people know
}

// placesOf lists a command and all below it, as the help shows them.
func placesOf(n *kong.Node, path string) []place {
	here := place{path: path, flags: flagsOf(n)}
	var below []place
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		here.words = append(here.words, word{child.Name, child.Help})
		below = append(below, placesOf(child, strings.TrimSpace(path+" "+child.Name))...)
	}
	if len(n.Positional) > 0 && n.Positional[0].Enum != "" {
		for _, value := range n.Positional[0].EnumSlice() {
			here.words = append(here.words, word{value, n.Positional[0].Help})
		}
	}
	return append([]place{here}, below...)
}

func flagsOf(n *kong.Node) []flagWords {
	list := []flagWords{{word: word{"--help", "Show what the command does."}, short: "-h"}}
	for _, f := range n.Flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		w := flagWords{word: word{"--" + f.Name, f.Help}, takes: !f.IsBool() && !f.IsCounter()}
		if f.Short != 0 {
			w.short = "-" + string(f.Short)
		}
		if f.Enum != "" {
			w.values = f.EnumSlice()
		}
		list = append(list, w)
		if f.IsBool() && f.Tag.Negatable != "" {
			list = append(list, flagWords{word: word{"--no-" + f.Name, "Not: " + f.Help}})
		}
	}
	return list
}

// texts are all that may come next, as it is typed.
func (p place) texts() string {
	var list []string
	for _, w := range p.words {
		list = append(list, w.text)
	}
	for _, f := range p.flags {
		list = append(list, f.text)
	}
	return strings.Join(list, " ")
}

// quoted is a text between single quotes of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// printer writes lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
