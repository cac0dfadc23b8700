package main

import (
	"io"
	"strings"
)

// steps are the patterns that follow the typed words down to a place: "at word"
// is a command where there is one of that name.
func steps(places []place, between string) string {
	var list []string
	for _, p := range places {
		if p.path == "" {
			continue
		}
		above, name := "", p.path
		if i := strings.LastIndexByte(p.path, ' '); i >= 0 {
			above, name = p.path[:i], p.path[i+1:]
		}
		list = append(list, quoted(above+" "+name))
	}
	return strings.Join(list, between)
}

// flagCases prints a case for each flag that takes a value: what prints those
// with known values, free those without.
func flagCases(out *printer, places []place, known, free string) {
	for _, p := range places {
		for _, f := range p.flags {
			if !f.takes {
				continue
			}
			match := quoted(p.path + " " + f.text)
			if f.short != "" {
				match += "|" + quoted(p.path+" "+f.short)
			}
			if f.values == nil {
				out.line(free, match)
				continue
			}
			out.line(known, match, strings.Join(f.values, " "))
		}
	}
}

// bashCompletion writes a script for bash. Where it offers nothing, bash offers
// files.
func bashCompletion(w io.Writer, places []place) error {
	out := &printer{w: w}
	out.line("# bash completion for bulkhead, made by `bulkhead completion bash`.")
	out.line("_bulkhead() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' list='' i")
	out.line("  for ((i = 1; i < COMP_CWORD; i++)); do\n    case \"$at ${COMP_WORDS[i]}\" in")
	out.line("      %s)\n        at=\"${at:+$at }${COMP_WORDS[i]}\" ;;", steps(places, "|\\\n      "))
	out.line("    esac\n  done\n  COMPREPLY=()\n  case \"$at $prev\" in")
	flagCases(out, places, "    %s) COMPREPLY=($(compgen -W %[2]q -- \"$cur\")); return ;;", "    %s) return ;;")
	out.line("  esac\n  case \"$at\" in")
	for _, p := range places {
		out.line("    %s) list=%s ;;", quoted(p.path), quoted(p.texts()))
	}
	out.line("  esac\n  COMPREPLY=($(compgen -W \"$list\" -- \"$cur\"))\n}")
	out.line("complete -o default -F _bulkhead bulkhead")
	return out.err
}

// zshCompletion writes a script for zsh, to be sourced or found in fpath.
func zshCompletion(w io.Writer, places []place) error {
	out := &printer{w: w}
	out.line("#compdef bulkhead\n# zsh completion for bulkhead, made by `bulkhead completion zsh`.")
	out.line("_bulkhead() {\n  local at='' i\n  local -a list\n  for ((i = 2; i < CURRENT; i++)); do\n    case \"$at ${words[i]}\" in")
	out.line("      %s)\n        at=\"${at:+$at }${words[i]}\" ;;", steps(places, "|\\\n      "))
	out.line("    esac\n  done\n  case \"$at ${words[CURRENT-1]}\" in")
	flagCases(out, places, "    %s) compadd -- %s; return ;;", "    %s) _files; return ;;")
	out.line("  esac\n  case \"$at\" in")
	for _, p := range places {
		out.line("    %s) list=(", quoted(p.path))
		for _, word := range p.words {
			out.line("      %s", zshDescribed(word))
		}
		for _, f := range p.flags {
			out.line("      %s", zshDescribed(f.word))
		}
		out.line("    ) ;;")
	}
	out.line("  esac\n  _describe bulkhead list\n  [[ ${words[CURRENT]} == -* ]] || _files\n}")
	out.line("if [[ ${funcstack[1]} == _bulkhead ]]; then _bulkhead; else compdef _bulkhead bulkhead; fi")
	return out.err
}

// zshDescribed is a word and its help as _describe takes them.
func zshDescribed(w word) string {
	return quoted(strings.ReplaceAll(w.text, ":", `\:`) + ":" + w.help)
}

// fishCompletion writes a script for fish.
func fishCompletion(w io.Writer, places []place) error {
	out := &printer{w: w}
	out.line("# fish completion for bulkhead, made by `bulkhead completion fish`.")
	out.line("function __bulkhead_at\n  set -l at ''\n  for word in (commandline -opc)[2..-1]\n    switch \"$at $word\"")
	out.line("      case %s\n        set at (string trim \"$at $word\")", steps(places, " \\\n        "))
	out.line("    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend")
	for _, p := range places {
		at := fishQuoted("__bulkhead_at " + fishQuoted(p.path))
		for _, word := range p.words {
			out.line("complete -c bulkhead -f -n %s -a %s -d %s", at, fishQuoted(word.text), fishQuoted(word.help))
		}
		for _, f := range p.flags {
			line := "complete -c bulkhead -n " + at + " -l " + strings.TrimPrefix(f.text, "--")
			if f.short != "" {
				line += " -s " + strings.TrimPrefix(f.short, "-")
			}
			switch {
			case f.values != nil:
				line += " -x -a " + fishQuoted(strings.Join(f.values, " "))
			case f.takes:
				line += " -r"
			}
			out.line("%s -d %s", line, fishQuoted(f.help))
		}
	}
	return out.err
}

// fishQuoted is a text between single quotes of fish.
func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
