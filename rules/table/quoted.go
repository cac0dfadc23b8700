package table

import (
	"bytes"
	"slices"
)

// recordLines is the most lines that one record with line breaks in its
// quoted cells may have; more means that a quote was never closed.
const recordLines = 200

// stretch remembers lines through which a quoted cell stays open, in a form:
// where each line might begin a table, each is asked what closes its quote, and
// what a line does to an open quote depends on the line alone. Without it a text
// whose quotes are never closed would be read recordLines times over for each
// record that is tried.
type stretch struct {
	lines []int64 // where those begin that leave it open; they follow each other
	next  int64   // where the line after them begins
	shut  int64   // where that line ends, if it closes the cell; 0 before it is known
}

// stretches are those of each delimiter, with double and with single quotes.
type stretches [len(delimiters)][2]stretch

// of returns what is remembered of a form's quote.
func (all *stretches) of(f *form) *stretch {
	of := &all[bytes.IndexByte([]byte(delimiters), f.delim)]
	if f.quote == '"' {
		return &of[0]
	}
	return &of[1]
}

func (all *stretches) forget() {
	for i := range all {
		for j := range all[i] {
			all[i][j] = stretch{lines: all[i][j].lines[:0]}
		}
	}
}

// closes returns the offset after the line that closes a quote which is open
// before the line at off, or off itself if it is never closed. It is not known
// where the window ends before.
func (q *stretch) closes(src *source, f *form, off int) (end int, known bool) {
	here := src.past + int64(src.pos)
	at := here + int64(off)
	i, found := slices.BinarySearch(q.lines, at)
	if !found && at != q.next {
		*q = stretch{lines: q.lines[:0], next: at}
		i = 0
	}
	if i > 4*recordLines {
		q.lines = slices.Delete(q.lines, 0, i)
		i = 0
	}
	for q.shut == 0 && len(q.lines)-i < recordLines {
		line, after, ok := src.peek(int(q.next - here))
		if !ok {
			return off, src.eof
		}
		if f.staysOpen(unquote(line)) {
			q.lines, q.next = append(q.lines, q.next), here+int64(after)
		} else {
			q.shut = here + int64(after)
		}
	}
	if q.shut == 0 || len(q.lines)-i >= recordLines {
		return off, true
	}
	return int(q.shut - here), true
}
