package extract

import (
	"bufio"
	"bytes"
	"io"
)

// dump tells whether lines of a hexadecimal dump begin here, of whatever
// program: pairs or groups of digits, with an offset before them and the
// characters behind them or without. What they hold must be content.
func (c *carver) dump() bool {
	b, _ := c.br.Peek(64)
	if line, _, _ := bytes.Cut(b, []byte("\n")); !spacedHex(line) {
		return false
	}
	b, _ = c.br.Peek(blobLook)
	var data []byte
	for lines := 0; lines < 16; lines++ {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		d := dumpLine(line)
		if !ok || d == nil {
			break
		}
		data, b = append(data, d...), rest
	}
	return len(data) >= 4*minDump && c.spells(data)
}

// minDump is how many bytes the first line of a dump shows at least.
const minDump = 8

// spacedHex is a cheap look at a line: digits, then a space or colon, then
// digits.
func spacedHex(line []byte) bool {
	i := 0
	for i < len(line) && unhex(line[i]) < 16 {
		i++
	}
	if i < 2 || i > 16 || i == len(line) || line[i] != ' ' && line[i] != ':' {
		return false
	}
	for i < len(line) && (line[i] == ' ' || line[i] == ':') {
		i++
	}
	return i+1 < len(line) && unhex(line[i]) < 16 && unhex(line[i+1]) < 16
}

// dumpLine returns the bytes that a line of a dump shows, nil if it is none.
func dumpLine(line []byte) []byte {
	line = bytes.TrimRight(line, " \r")
	first := bytes.IndexAny(line, " :")
	if first >= 4 { // an offset
		if bytes.ContainsFunc(line[:first], func(r rune) bool { return r > 0x7f || unhex(byte(r)) > 15 }) {
			return nil
		}
		if line[first] == ':' || bytes.HasPrefix(line[first:], []byte("  ")) || first >= 6 {
			line = bytes.TrimLeft(line[first:], ": ")
		}
	}
	var out []byte
	for len(line) > 0 && len(out) < 64 {
		n := 0
		for n < len(line) && unhex(line[n]) < 16 {
			n++
		}
		if n == 0 || n%2 != 0 || n > 16 || n < len(line) && line[n] != ' ' {
			break
		}
		out = unhexed(out, line[:n])
		line = line[n:]
		if bytes.HasPrefix(line, []byte("  ")) && !twoColumns(line[2:], len(out)) {
			break // the characters follow
		}
		line = bytes.TrimLeft(line, " ")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// twoColumns tells the wider gap that some programs leave after eight bytes.
func twoColumns(after []byte, shown int) bool {
	return shown == 8 && len(after) > 2 && unhex(after[0]) < 16 && unhex(after[1]) < 16 && after[2] == ' '
}

// dumpReader gives what the lines of a dump show, up to a line that is none.
type dumpReader struct {
	br  *bufio.Reader
	out []byte
}

func (d *dumpReader) Read(p []byte) (int, error) {
	if len(d.out) == 0 {
		b, err := d.br.Peek(maxDumpLine)
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			end = len(b)
		}
		if end == 0 {
			return 0, err
		}
		if d.out = dumpLine(b[:max(end-1, 0)]); d.out == nil {
			return 0, io.EOF
		}
		_, _ = d.br.Discard(end)
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// maxDumpLine is longer than any line of a dump, in bytes.
const maxDumpLine = 256
