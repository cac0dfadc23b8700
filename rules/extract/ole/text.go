package ole

import (
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// Flags of a string of BIFF8 ([MS-XLS] 2.5.293).
const (
	flagWide = 1 << 0 // two bytes a character
	flagExt  = 1 << 2 // data on how to say it follows
	flagRich = 1 << 3 // formatting follows
)

// shortString decodes a string with one byte for its length.
func (w *workbook) shortString(b []byte) []byte {
	if len(b) < 1 {
		return nil
	}
	return w.chars(int(b[0]), b[1:])
}

// longString decodes a string with two bytes for its length.
func (w *workbook) longString(b []byte) []byte {
	if len(b) < 2 {
		return nil
	}
	return w.chars(int(le.Uint16(b)), b[2:])
}

// chars decodes n characters, before which BIFF8 has flags.
func (w *workbook) chars(n int, b []byte) []byte {
	if w.version < 8 {
		return w.text.append(nil, b[:min(n, len(b))])
	}
	if len(b) < 1 {
		return nil
	}
	flags, b := b[0], b[1:]
	if flags&flagRich != 0 && len(b) >= 2 {
		b = b[2:]
	}
	if flags&flagExt != 0 && len(b) >= 4 {
		b = b[4:]
	}
	return appendChars(nil, flags, b[:min(n<<(flags&flagWide), len(b))])
}

// appendChars adds characters of BIFF8: UTF-16, or its lower bytes alone.
func appendChars(dst []byte, flags byte, b []byte) []byte {
	if flags&flagWide != 0 {
		return sheet.AppendUTF16(dst, b)
	}
	for _, c := range b {
		if c < 0x80 {
			dst = append(dst, c)
		} else {
			dst = append(dst, 0xC0|c>>6, 0x80|c&0x3F)
		}
	}
	return dst
}

// stringTable reads the shared strings over the records that continue them.
type stringTable struct {
	in   *biff
	data []byte
}

// readStrings fills the table of shared strings ([MS-XLS] 2.4.265).
func (w *workbook) readStrings(first []byte) error {
	if len(first) < 8 {
		return nil
	}
	t := &stringTable{in: w.in, data: first[8:]}
	var text []byte
	for n := le.Uint32(first[4:]); n > 0; n-- {
		var err error
		if text, err = t.next(text[:0]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if !w.strings.Add(text) {
			return fmt.Errorf("shared strings: %w", document.ErrTooBig)
		}
		if n&0xFFF == 0 {
			if err := w.rd.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// more goes on to the record that continues this one; false if there is none.
func (t *stringTable) more() bool {
	if t.in.peek() != recContinue {
		return false
	}
	rec, err := t.in.next()
	t.data = rec.data
	return err == nil
}

// next appends one string. The error is io.EOF after the last.
func (t *stringTable) next(dst []byte) ([]byte, error) {
	for len(t.data) == 0 {
		if !t.more() {
			return dst, io.EOF
		}
	}
	damaged := fmt.Errorf("shared string is cut off: %w", document.ErrDamaged)
	var head [9]byte
	if !t.take(head[:3]) {
		return dst, damaged
	}
	chars, flags := int(le.Uint16(head[:])), head[2]
	skip := 0
	if flags&flagRich != 0 {
		if !t.take(head[3:5]) {
			return dst, damaged
		}
		skip += 4 * int(le.Uint16(head[3:]))
	}
	if flags&flagExt != 0 {
		if !t.take(head[5:9]) {
			return dst, damaged
		}
		skip += int(le.Uint32(head[5:]))
	}
	for chars > 0 {
		if len(t.data) == 0 {
			// Characters that go on in the next record have their own flags there.
			if !t.more() || len(t.data) == 0 {
				return dst, damaged
			}
			flags, t.data = t.data[0], t.data[1:]
			continue
		}
		width := 1 + int(flags&flagWide)
		n := min(chars, len(t.data)/width)
		if n == 0 { // half a character
			t.data = nil
			continue
		}
		dst = appendChars(dst, flags, t.data[:n*width])
		t.data = t.data[n*width:]
		chars -= n
	}
	return dst, t.skip(skip)
}

// take fills b, over records if need be.
func (t *stringTable) take(b []byte) bool {
	for len(b) > 0 {
		if len(t.data) == 0 && !t.more() {
			return false
		}
		n := copy(b, t.data)
		b, t.data = b[n:], t.data[n:]
	}
	return true
}

// skip passes n bytes that are no text.
func (t *stringTable) skip(n int) error {
	for n > 0 {
		if len(t.data) == 0 && !t.more() {
			return io.EOF
		}
		m := min(n, len(t.data))
		n, t.data = n-m, t.data[m:]
	}
	return nil
}
