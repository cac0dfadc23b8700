package table

import (
	"bytes"
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// delimiters are the characters that part cells, the ones that seldom stand
// in cells first.
const delimiters = "\x1f\t|;^,:"

// tally counts each of the delimiters in a line, quoted cells left out.
type tally [len(delimiters)]int

func tallyOf(line []byte) (t tally) {
	if bytes.IndexByte(line, '"') >= 0 {
		return tallyQuoted(line)
	}
	for i := range t {
		t[i] = bytes.Count(line, []byte{delimiters[i]})
	}
	return t
}

func tallyQuoted(line []byte) (t tally) {
	inside := false
	for _, c := range line {
		if c == '"' {
			inside = !inside
		} else if !inside {
			if i := bytes.IndexByte([]byte(delimiters), c); i >= 0 {
				t[i]++
			}
		}
	}
	return t
}

// form says how the cells of a delimited table are written.
type form struct {
	delim   byte
	quote   byte // '"' or '\''
	drawn   bool // rows are framed by '|', or by box drawing
	columns int  // usual number of cells
}

// boxes returns the vertical lines of box drawing, U+2502, U+2503 and U+2551.
func boxes() [3]string { return [3]string{"│", "┃", "║"} }

// plain brings a drawn row into the form a | b | c; dst is room for it.
func (f *form) plain(dst, line []byte) []byte {
	if !f.drawn {
		return line
	}
	if bytes.IndexByte(line, 0xE2) >= 0 {
		dst = append(dst[:0], line...)
		for _, box := range boxes() {
			dst = replaceShrink(dst, []byte(box), '|')
		}
		line = dst
	}
	line = trim(line)
	if len(line) > 0 && line[0] == '|' {
		line = line[1:]
	}
	if n := len(line); n > 0 && line[n-1] == '|' {
		line = line[:n-1]
	}
	return line
}

// replaceShrink replaces each old in text by the one byte c, in place.
func replaceShrink(text, old []byte, c byte) []byte {
	to := 0
	for {
		n := bytes.Index(text[to:], old)
		if n < 0 {
			return text
		}
		to += n
		text[to] = c
		text = append(text[:to+1], text[to+len(old):]...)
		to++
	}
}

// cells appends the cells of a record to row, at most limit of them, trimmed
// and without their quotes. It may write over text, in which quotes are
// undoubled in place.
func (f *form) cells(row [][]byte, text []byte, limit int) (_ [][]byte, all bool) {
	for {
		if len(row) == limit {
			return row, false
		}
		cell, rest, more := f.cell(text)
		row = append(row, cell)
		if !more {
			return row, true
		}
		text = rest
	}
}

// parts is cells for a record without quotes, which it leaves as it is.
func (f *form) parts(row [][]byte, text []byte, limit int) (_ [][]byte, all bool) {
	from, i := 0, 0
	for ; i+8 <= len(text); i += 8 {
		for found := lanes.Equal(binary.LittleEndian.Uint64(text[i:]), f.delim); found != 0; found &= found - 1 {
			at := i + lanes.First(found)
			if len(row) == limit {
				return row, false
			}
			row = append(row, trim(text[from:at]))
			from = at + 1
		}
	}
	for ; i < len(text); i++ {
		if text[i] != f.delim {
			continue
		}
		if len(row) == limit {
			return row, false
		}
		row = append(row, trim(text[from:i]))
		from = i + 1
	}
	if len(row) == limit {
		return row, false
	}
	return append(row, trim(text[from:])), true
}

// cell takes the first cell off text.
func (f *form) cell(text []byte) (cell, rest []byte, more bool) {
	start := 0
	for start < len(text) && text[start] == ' ' {
		start++
	}
	if start == len(text) || text[start] != f.quote {
		n := bytes.IndexByte(text, f.delim)
		if n < 0 {
			return trim(text), nil, false
		}
		return trim(text[:n]), text[n+1:], true
	}
	to, i := start, start+1
	for i < len(text) {
		if text[i] != f.quote {
			text[to] = text[i]
			to++
			i++
			continue
		}
		if i+1 < len(text) && text[i+1] == f.quote { // RFC 4180 section 2, rule 7
			text[to] = f.quote
			to++
			i += 2
			continue
		}
		i++
		break
	}
	cell = text[start:to]
	n := bytes.IndexByte(text[i:], f.delim)
	if n < 0 {
		return trim(cell), nil, false
	}
	return trim(cell), text[i+n+1:], true
}

// open reports whether a record ends inside a quoted cell, so that it goes on
// in the next line.
func (f *form) open(text []byte) bool {
	return bytes.IndexByte(text, f.quote) >= 0 && f.opens(text, false)
}

// staysOpen reports whether a quoted cell that is open before a line is so after
// it, or another.
func (f *form) staysOpen(line []byte) bool {
	return bytes.IndexByte(line, f.quote) < 0 || f.opens(line, true)
}

// opens reports whether a quoted cell is open at the end of text, as one is
// before it.
func (f *form) opens(text []byte, inside bool) bool {
	fresh := !inside // a quote here opens a cell
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inside && c == f.quote:
			if i+1 < len(text) && text[i+1] == f.quote {
				i++
			} else {
				inside = false
			}
		case inside:
		case c == f.quote && fresh:
			inside, fresh = true, false
		case c == f.delim:
			fresh = true
		case c != ' ':
			fresh = false
		}
	}
	return inside
}
