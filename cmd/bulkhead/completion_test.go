package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// completionScript writes a shell's script to a file.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	out, errOut, status := runBulkhead(t, "completion", shell)
	if status != exitOK || errOut != "" {
		t.Fatalf("completion %s: %d %s", shell, status, errOut)
	}
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The shells are asked what they would offer, one a line; "files" is what zsh
// says of files.
const (
	bashAsks = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bulkhead; printf '%s\n' "${COMPREPLY[@]}"`
	zshAsks  = `compdef() { }
_files() { print files }
compadd() { shift; print -l -- "$@" }
_describe() { local w; for w in "${(@P)2}"; do print -r -- "${w%%:*}"; done }
source "$1"; shift; words=("$@"); CURRENT=$#; _bulkhead`
	fishAsks = `source $argv[1]; complete -C "$argv[2..-1]" | string replace -r '\t.*' ''; true`
)

func offers(t *testing.T, shell, script, typed string) []string {
	t.Helper()
	words := strings.Split(typed, " ")
	var out string
	switch path := needProgram(t, shell, shell); shell {
	case "bash":
		out = runProgram(t, path, append([]string{"--norc", "-c", bashAsks, "bash", script}, words...)...)
	case "zsh":
		out = runProgram(t, path, append([]string{"-f", "-c", zshAsks, "zsh", script}, words...)...)
	case "fish":
		cmd := exec.Command(path, append([]string{"--no-config", "-c", fishAsks, script}, words...)...)
		cmd.Dir = t.TempDir() // no file of its own to offer
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("fish: %v\n%s", err, text)
		}
		out = string(text)
	}
	return strings.Fields(out)
}

// In each shell a line is completed by the commands, flags and values that
// belong where it ends, and by no others.
func TestCompletionInShells(t *testing.T) {
	cases := []struct {
		typed      string
		has, lacks []string
	}{
		{"bulkhead ", []string{"serve", "quarantine", "completion", "man"}, []string{"parser-worker", "release", "table"}},
		{"bulkhead quarantine ", []string{"list", "release", "keep"}, []string{"serve", "resume"}},
		{"bulkhead quarantine list --", []string{"--format", "--data-dir", "--min-subjects", "--help"}, []string{"--once", "list"}},
		{"bulkhead quarantine list --format ", []string{"table", "json"}, []string{"--data-dir", "list", "html"}},
		{"bulkhead incidents report --format ", []string{"html", "pdf", "json"}, []string{"table"}},
		{"bulkhead --help quarantine --data-dir x list --format ", []string{"table", "json"}, []string{"--data-dir"}},
		{"bulkhead completion ", []string{"bash", "zsh", "fish"}, []string{"serve"}},
		{"bulkhead serve --config ", nil, []string{"--listen", "serve"}},
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			needProgram(t, shell, shell)
			script := completionScript(t, shell)
			for _, c := range cases {
				got := offers(t, shell, script, c.typed)
				for _, want := range c.has {
					if !slices.Contains(got, want) {
						t.Errorf("%q is not completed by %s: %v", c.typed, want, got)
					}
				}
				for _, no := range c.lacks {
					if slices.Contains(got, no) {
						t.Errorf("%q is completed by %s: %v", c.typed, no, got)
					}
				}
			}
			if got := offers(t, shell, script, "bulkhead quarantine re"); shell != "zsh" && !slices.Equal(slices.Sorted(slices.Values(got)), []string{"refuse", "release"}) {
				t.Errorf("\"re\" is completed by %v", got) // zsh compares by itself, in _describe
			}
		})
	}
}

// commandModel is the command line as kong reads it.
func commandModel(t *testing.T) *kong.Node {
	t.Helper()
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

// Every command and flag that the help shows is completed, and no hidden one.
func TestCompletionKnowsEveryCommand(t *testing.T) {
	known := map[string]place{}
	for _, p := range placesOf(commandModel(t), "") {
		known[p.path] = p
	}
	leaves := commandModel(t).Leaves(true)
	for _, leaf := range leaves {
		path := strings.TrimPrefix(leaf.Path(), "bulkhead ")
		p, found := known[path]
		if !found {
			t.Errorf("%q is not completed", path)
		}
		texts := strings.Fields(p.texts())
		for _, f := range leaf.Flags {
			if slices.Contains(texts, "--"+f.Name) == f.Hidden && f.Name != "help" {
				t.Errorf("%q: --%s is hidden: %v; completed by %v", path, f.Name, f.Hidden, texts)
			}
		}
	}
	if _, found := known["parser-worker"]; found || len(leaves) < 30 {
		t.Errorf("%d commands, of them parser-worker: %v", len(leaves), found)
	}
}

// The page has every command with its flags, and mandoc finds nothing wrong.
func TestManualPage(t *testing.T) {
	page, errOut, status := runBulkhead(t, "man")
	if status != exitOK || errOut != "" {
		t.Fatalf("man: %d %s", status, errOut)
	}
	for _, leaf := range commandModel(t).Leaves(true) {
		_, section, found := strings.Cut(page, fmt.Sprintf(".SS %s\n", roff(leaf.Summary())))
		section, _, _ = strings.Cut(section, "\n.S")
		if !found {
			t.Errorf("the page has no section on %s", leaf.Path())
		}
		for _, f := range leaf.Flags {
			if f.Name != "help" && strings.Contains(section, roff("--"+f.Name)) == f.Hidden {
				t.Errorf("%s: --%s is hidden: %v", leaf.Path(), f.Name, f.Hidden)
			}
		}
	}
	mandoc := needProgram(t, "mandoc", "mandoc")
	path := filepath.Join(t.TempDir(), "bulkhead.1")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	// A build without a date of its revision leaves the page without one.
	out, _ := exec.Command(mandoc, "-Tlint", "-Wwarning", path).CombinedOutput() // the status is that of the worst
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "missing date") {
			t.Error(strings.TrimSpace(line))
		}
	}
	if text := runProgram(t, mandoc, "-Tascii", path); !strings.Contains(text, "bulkhead serve --upstream smtp://mail.example:25\n") {
		t.Errorf("the examples are not as they were written:\n%.2000s", text)
	}
}

// What would be a request of roff's or an escape is text.
func TestRoffIsText(t *testing.T) {
	for text, want := range map[string]string{
		".hidden and\n'quoted": `\&.hidden and` + "\n" + `\&'quoted`,
		`a\b --flag`:           `a\eb \-\-flag`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) is %q, want %q", text, got, want)
		}
	}
}
