package extract

import (
	"bufio"
	"bytes"
)

// partings returns what parts cells in a few tables and means something else in
// most text, in order of testing.
func partings() []string {
	return []string{" => ", "=>", " -> ", " → ", "→", "<>", " • ", "•", " / ", " * ", " — ", " & ", "·", "¦", "::", "@@", "==", "\\", "~"}
}

// parting tells by what cells are parted in a text's beginning: something that
// comes as often in each of several lines that follow each other, "" for
// nothing. A tab parts them already.
func parting(head []byte) string {
	for _, by := range partings() {
		if bytes.Count(head, []byte(by)) < minParted*minPartings {
			continue
		}
		same, before, most := 0, 0, 0
		for line := range bytes.Lines(head) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			n := bytes.Count(line, []byte(by))
			if n != before || bytes.IndexByte(line, '\t') >= 0 {
				same = 0
			}
			before = n
			if same++; n >= minPartings {
				most = max(most, same)
			}
		}
		if most >= minParted {
			return by
		}
	}
	return ""
}

const (
	minParted   = 4 // lines
	minPartings = 2 // in each
)

// parted puts a tab in the place of what parts cells.
type parted struct {
	br  *bufio.Reader
	by  []byte
	out []byte
}

func (p *parted) Read(b []byte) (int, error) {
	for len(p.out) == 0 {
		line, err := p.br.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		p.out = bytes.ReplaceAll(line, p.by, []byte("\t"))
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}
