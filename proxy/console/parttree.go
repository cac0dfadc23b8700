package console

import (
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// partTree are the parts of a message, each under the one that it is in, and
// what was read of each.
type partTree struct {
	Lines []partLine
	More  int // parts beyond those
}

// partLine is a part.
type partLine struct {
	extract.Opened
	Name  string // the last steps of its path
	Depth int    // how many parts it is in, at most maxPartDepth
	Why   []string
}

// Bounds of what is shown.
const (
	maxPartLines = 500
	maxPartDepth = 8
)

// newPartTree gives the parts in their order. What was not read and belongs to
// no part that is told, such as one past a bound, is a line of its own.
func newPartTree(parts []extract.Opened, unread []extract.Unread) partTree {
	var t partTree
	why := map[string][]string{}
	for _, u := range unread {
		why[u.Path] = append(why[u.Path], readable(u))
	}
	var above []string // the paths of the parts that the next may be in
	for _, p := range parts {
		for len(above) > 0 && !within(p.Path, above[len(above)-1]) {
			above = above[:len(above)-1]
		}
		line := partLine{Opened: p, Name: p.Path, Depth: min(len(above), maxPartDepth)}
		if n := len(above); n > 0 {
			line.Name = strings.TrimLeft(p.Path[len(above[n-1]):], "/.")
		}
		if p.Outcome != extract.Read {
			line.Why = why[p.Path]
			delete(why, p.Path)
		}
		t.add(line)
		above = append(above, p.Path)
	}
	for _, u := range unread {
		reasons, left := why[u.Path]
		if !left {
			continue
		}
		delete(why, u.Path)
		outcome := extract.NotRead
		if u.Partial {
			outcome = extract.Partly
		}
		t.add(partLine{Name: u.Path, Why: reasons,
			Opened: extract.Opened{Part: extract.Part{Path: u.Path, Format: u.Format}, Bytes: u.Bytes, Outcome: outcome}})
	}
	return t
}

func (t *partTree) add(line partLine) {
	if len(t.Lines) == maxPartLines {
		t.More++
		return
	}
	t.Lines = append(t.Lines, line)
}

// within reports whether a path is below another: a step behind it, or a number
// of a part behind its own, as 1.2 is in 1.
func within(path, other string) bool {
	rest, is := strings.CutPrefix(path, other)
	if !is || len(rest) < 2 || other == "" {
		return false
	}
	digit := func(b byte) bool { return '0' <= b && b <= '9' }
	return rest[0] == '/' || rest[0] == '.' && digit(rest[1]) && digit(other[len(other)-1])
}

// readable says in words why something was not read.
func readable(u extract.Unread) string {
	if u.Detail != "" {
		return u.Detail
	}
	return strings.ReplaceAll(string(u.Reason), "_", " ")
}
