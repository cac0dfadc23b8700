package extract

import (
	"bufio"
	"bytes"
	"strings"
)

// partings returns what parts cells in a few tables and means something else in
// most text, in order of testing.
func partings() []string {
	return []string{" => ", "=>", " -> ", " → ", "→", "<>", " • ", "•", " / ", " * ", " — ", " & ", "·", "¦", "::", "@@", "==", "\\", "~"}
}

// parting is what stands between the cells or the rows of a table, and what a
// table has there that everybody reads.
type parting struct{ by, means string }

// partingOf tells by what cells are parted in a text's beginning: something that
// comes as often in each of several lines that follow each other. A tab parts
// them already. It tells as well what parts rows that stand in one line. The
// zero parting is none.
func partingOf(head []byte) parting {
	for _, by := range partings() {
		sign := strings.TrimLeft(by, " ")[:1] // one byte is counted faster than several
		if bytes.Count(head, []byte(sign)) < minParted*minPartings || bytes.Count(head, []byte(by)) < minParted*minPartings {
			continue
		}
		line := alike(head, []byte(by))
		switch {
		case line == nil:
		case betweenQuotes(line, []byte(by)): // "key" => "value"
			return parting{by, ": "}
		default:
			return parting{by, "\t"}
		}
	}
	for _, by := range []string{"; ", " | ", ";", "|"} {
		if rowsInLine(head, []byte(by)) {
			return parting{by, "\n"}
		}
	}
	return parting{}
}

const (
	minParted   = 4 // lines
	minPartings = 2 // in each
)

// alike returns the first of several lines that follow each other with as many
// of a parting in each, nil if there are none.
func alike(head, by []byte) []byte {
	same, before := 0, 0
	var first []byte
	for line := range bytes.Lines(head) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		n := bytes.Count(line, by)
		if n != before || bytes.IndexByte(line, '\t') >= 0 {
			same, first = 0, line
		}
		before = n
		if same++; n >= minPartings && same >= minParted {
			return first
		}
	}
	return nil
}

// betweenQuotes tells a parting between two strings of a program.
func betweenQuotes(line, by []byte) bool {
	before, after, _ := bytes.Cut(line, by)
	before, after = bytes.TrimSpace(before), bytes.TrimSpace(after)
	quote := func(c byte) bool { return c == '"' || c == '\'' }
	return len(before) > 0 && len(after) > 0 && quote(before[len(before)-1]) && quote(after[0])
}

// rowsInLine tells rows that stand in one line: what is between the partings has
// as many commas each time.
func rowsInLine(head, by []byte) bool {
	for line := range bytes.Lines(head) {
		if len(line) < 200 || bytes.Count(line, by) < minParted {
			continue
		}
		rows, same, commas := 0, 0, 0
		for row := range bytes.SplitSeq(line, by) {
			n := bytes.Count(row, []byte(","))
			if rows == 0 {
				commas = n
			}
			if rows++; n == commas {
				same++
			}
		}
		if commas >= minPartings && same > minParted && same*10 >= (rows-1)*9 { // the last may be cut off
			return true
		}
	}
	return false
}

// parted puts what everybody reads in the place of a parting.
type parted struct {
	br  *bufio.Reader
	p   parting
	out []byte
}

func (p *parted) Read(b []byte) (int, error) {
	for len(p.out) == 0 {
		line, err := p.br.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		p.out = bytes.ReplaceAll(line, []byte(p.p.by), []byte(p.p.means))
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}
