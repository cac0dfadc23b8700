package table

import (
	"math/bits"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// cutsSize is how much text cuts are made of at once, in bytes.
const cutsSize = 4 << 10

// cuts has a bit for each byte of a stretch of text: where rows of one form are
// parted, and what shape their cells have.
type cuts struct {
	delim, quote byte
	ends         lanes.Set // of these two and the line feed

	from, to                    int64 // the stretch, as offsets in the text
	parts, letters, digits, ats marking
}

// marking is a bit for each byte of a stretch. The last word is never begun, but may
// be read.
type marking [cutsSize/64 + 1]uint64

// The bytes by which shapes are told; see shapeOf.
var (
	letterSet = lanes.SetOf(func(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80 })
	digitSet  = lanes.SetOf(digit)
	atSet     = lanes.SetOf(func(c byte) bool { return c == '@' })
)

// forget drops the stretch: another text begins, or another form.
func (c *cuts) forget() { c.from, c.to = 0, 0 }

// row adds the row at the reading position to rows, and returns how many bytes
// its line takes. It does so for rows of the usual width, without quotes, that
// begin with a letter or a digit, as nearly all do; else it returns 0, and nothing
// is added.
func (c *cuts) row(src *source, f *form, rows *rows) int {
	window := src.buf[src.pos:src.end]
	text := unquote(window)
	if len(text) == 0 || !beginsRow(text[0]) {
		return 0
	}
	if c.delim != f.delim || c.quote != f.quote {
		c.delim, c.quote = f.delim, f.quote
		c.ends = lanes.SetOf(func(b byte) bool { return b == f.delim || b == f.quote || b == '\n' })
		c.forget()
	}
	marks := len(window) - len(text)
	here := src.past + int64(src.pos+marks)
	n, whole := 0, false
	if c.from <= here && here < c.to {
		n, whole = c.add(text, here, f, rows)
	}
	if !whole && (here != c.from || c.to-c.from < cutsSize) { // else the line is longer than a stretch
		c.mark(text[:min(len(text), cutsSize)], here)
		n, _ = c.add(text, here, f, rows)
	}
	if n == 0 {
		return 0
	}
	return marks + n
}

// beginsRow reports whether a line that begins with c is a row: it is not blank,
// and no border.
func beginsRow(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || digit(c) || c > 0xC2 && c != 0xE2 // of a no-break space, of a line drawn
}

// mark makes the cuts of a stretch that begins at from.
func (c *cuts) mark(text []byte, from int64) {
	c.from, c.to = from, from+int64(len(text))
	c.ends.Masks(c.parts[:], text)
	letterSet.Masks(c.letters[:], text)
	digitSet.Masks(c.digits[:], text)
	atSet.Masks(c.ats[:], text)
}

// add adds the row with which text begins, at here, and returns how many bytes its
// line takes, 0 if it is not to be added. It reports false if the stretch ends before
// the line.
func (c *cuts) add(text []byte, here int64, f *form, r *rows) (n int, whole bool) {
	base, stop := int(here-c.from), int(c.to-c.from)
	cells := slices.Grow(r.cells, f.columns)[:len(r.cells)+f.columns]
	row := cells[len(r.cells):]
	r.cells = cells[:len(r.cells)] // and its room
	out := len(r.text) - base
	size, form, from := 0, uint64(1), base
	word := base / 64
	found := c.parts[word] &^ (1<<(base%64) - 1)
	for at := 0; ; at++ {
		for found == 0 {
			if word++; word*64 >= stop {
				return 0, false
			}
			found = c.parts[word]
		}
		to := word*64 + bits.TrailingZeros64(found)
		found &= found - 1
		by, end := text[to-base], to
		if by == '\n' && text[to-base-1] == '\r' {
			end--
		}
		if by == f.quote || at == len(row) {
			return 0, true
		}
		start, end := c.trim(text, from, end, base)
		s := c.shape(start, end)
		row[at] = cell{start: int32(out + start), end: int32(out + end), shape: s}
		size += end - start
		form = form<<shapeBits | uint64(s)
		from = to + 1
		if by != '\n' {
			continue
		}
		line := trimCR(text[:to-base])
		if at+1 < len(row) || len(line) > 2*(size+len(row)) {
			return 0, true
		}
		first := len(r.cells)
		r.text, r.cells = append(r.text, line...), cells
		r.end(first, size, form)
		return from - base, true
	}
}

// trim takes the spaces off both ends of a cell of the stretch.
func (c *cuts) trim(text []byte, from, to, base int) (start, end int) {
	if from < to && (text[from-base]-'!' >= 0x7f-'!' || text[to-1-base]-'!' >= 0x7f-'!') { // few have them
		value := text[from-base : to-base]
		trimmed := trimmed(value)
		from += cap(value) - cap(trimmed)
		to = from + len(trimmed)
	}
	return from, to
}

// shape returns the shape of a cell of the stretch.
func (c *cuts) shape(from, to int) shape {
	if from == to {
		return void
	}
	var letters, digits, ats uint64
	for {
		// The 64 bits from from on, without those behind the cell.
		word, at, behind := uint(from)/64, uint(from)%64, uint(max(64-(to-from), 0))
		letters |= (c.letters[word]>>at | c.letters[word+1]<<1<<(63-at)) << behind
		digits |= (c.digits[word]>>at | c.digits[word+1]<<1<<(63-at)) << behind
		ats |= (c.ats[word]>>at | c.ats[word+1]<<1<<(63-at)) << behind
		if from += 64; from >= to {
			break
		}
	}
	switch {
	case ats != 0:
		return address
	case letters == 0:
		return numeric
	case digits == 0:
		return wordy
	}
	return mixed
}
