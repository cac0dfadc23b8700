package ole

import (
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// Bounds of a DOC's tables, in bytes.
const (
	maxPieces   = 16 << 20
	maxTextRead = 4 << 10 // bytes of text decoded at once
)

// languagePages are the code pages in which Word 6 and 95 wrote, by the number
// of their language; that of western Europe for the others.
var languagePages = map[uint16]int{
	0x01: 1256, 0x0D: 1255, 0x29: 1256, 0x20: 1256, // Arabic, Hebrew, Persian, Urdu
	0x02: 1251, 0x19: 1251, 0x22: 1251, 0x23: 1251, 0x2F: 1251, // Bulgarian, Russian, Ukrainian, Belarusian, Macedonian
	0x05: 1250, 0x0E: 1250, 0x15: 1250, 0x18: 1250, 0x1B: 1250, 0x24: 1250, // Czech, Hungarian, Polish, Romanian, Slovak, Slovenian
	0x08: 1253, 0x1F: 1254, 0x1E: 874, 0x2A: 1258, // Greek, Turkish, Thai, Vietnamese
	0x25: 1257, 0x26: 1257, 0x27: 1257, // Estonian, Latvian, Lithuanian
}

// piece is a stretch of a DOC's text ([MS-DOC] 2.8.35).
type piece struct {
	at    int64 // in the WordDocument stream
	chars int64
	wide  bool // UTF-16, else the code page
}

// word is a DOC under way.
type word struct {
	src    io.ReaderAt
	size   int64
	pieces []piece
	text   *decoder
	paras  paragraphs
	chars  []wordChar // decoded and not taken yet
	buf    []byte
}

// wordChar is a character and where it stands in the stream.
type wordChar struct {
	c  rune
	at int64
}

// document gives out the text of a DOC, its tables as tables. Notes, headers
// and text boxes follow the main text in the same stretch.
func (rd *reader) document(s *entry, name string) error {
	src, size := rd.open(s.find("WordDocument"))
	fib := make([]byte, min(size, 2<<10))
	if _, err := src.ReadAt(fib, 0); size < 0x20 || err != nil && err != io.EOF {
		rd.note(fmt.Errorf("text without its header: %w", document.ErrDamaged))
		return nil
	}
	flags := le.Uint16(fib[10:])
	if flags&0x0100 != 0 {
		rd.note(fmt.Errorf("text with a password: %w", document.ErrEncrypted))
		return nil
	}
	w := &word{src: src, size: size, text: decode(1252)}
	if le.Uint16(fib) != 0xA5EC {
		w.text = decode(languagePages[le.Uint16(fib[6:])&0x3FF])
	}
	if le.Uint16(fib) == 0xA5EC && len(fib) >= 0x1AA {
		table := "0Table"
		if flags&0x0200 != 0 {
			table = "1Table"
		}
		t := s.find(table)
		if t == nil {
			t = s.find("Data")
		}
		b := rd.bytes(t, maxPieces*2)
		w.pieces = pieces(part(b, fib[0x1A2:]))
		w.paras = loadParagraphs(rd.ctx, src, size, part(b, fib[0x102:]))
	} else if flags&4 != 0 && len(fib) >= 0x168 { // Word 6 and 95, saved fast
		head := rd.bytes(s.find("WordDocument"), 64<<20)
		w.pieces = oldPieces(pieces(part(head, fib[0x160:])))
	}
	if len(w.pieces) == 0 {
		from, to := int64(le.Uint32(fib[0x18:])), int64(le.Uint32(fib[0x1C:]))
		if to <= from || from >= size {
			rd.note(fmt.Errorf("text without its pieces: %w", document.ErrDamaged))
			return nil
		}
		w.pieces = []piece{{at: from, chars: min(to, size) - from}}
	}
	f := flow.New(1, rd.count)
	return f.Run(rd.ctx, name, rd.out, (&wordStep{w: w, f: f, rd: rd}).next)
}

// part returns the part of the table stream that a pair of offset and length names.
func part(b, pair []byte) []byte {
	from, n := int64(le.Uint32(pair)), int64(le.Uint32(pair[4:]))
	if from > int64(len(b)) {
		return nil
	}
	return b[from:min(from+n, int64(len(b)))]
}

// pieces reads the table of pieces ([MS-DOC] 2.9.38, 2.9.178).
func pieces(clx []byte) []piece {
	for len(clx) > 5 && clx[0] == 1 {
		n := 3 + int(le.Uint16(clx[1:]))
		if n > len(clx) {
			return nil
		}
		clx = clx[n:]
	}
	if len(clx) < 5 || clx[0] != 2 {
		return nil
	}
	plc := clx[5:min(5+int64(le.Uint32(clx[1:])), int64(len(clx)))]
	n := (len(plc) - 4) / 12
	var list []piece
	for i := range max(n, 0) {
		from, to := int64(le.Uint32(plc[4*i:])), int64(le.Uint32(plc[4*i+4:]))
		fc := le.Uint32(plc[4*(n+1)+8*i+2:])
		p := piece{at: int64(fc & 0x3FFFFFFF), chars: to - from, wide: fc&0x40000000 == 0}
		if !p.wide {
			p.at /= 2
		}
		if p.chars > 0 {
			list = append(list, p)
		}
	}
	return list
}

// oldPieces corrects pieces of Word 6 and 95, whose text is of one byte a
// character and whose offsets are plain.
func oldPieces(list []piece) []piece {
	for i := range list {
		if list[i].wide {
			list[i].wide = false
		}
	}
	return list
}

// next takes a character. The error is io.EOF after the last.
func (w *word) next() (wordChar, error) {
	for len(w.chars) == 0 {
		if len(w.pieces) == 0 {
			return wordChar{}, io.EOF
		}
		w.decodeSome(&w.pieces[0])
	}
	c := w.chars[0]
	w.chars = w.chars[1:]
	return c, nil
}

// decodeSome decodes the next characters of a piece, or passes it if there are none.
func (w *word) decodeSome(p *piece) {
	width := int64(1)
	if p.wide {
		width = 2
	}
	n := min(p.chars*width, maxTextRead, w.size-p.at)
	if n < width {
		w.pieces = w.pieces[1:]
		return
	}
	if w.buf == nil {
		w.buf = make([]byte, maxTextRead)
	}
	got, _ := w.src.ReadAt(w.buf[:n], p.at)
	b := w.buf[:int64(got)/width*width]
	if len(b) == 0 {
		w.pieces = w.pieces[1:]
		return
	}
	w.chars = w.chars[:0]
	if p.wide {
		w.decodeWide(b, p.at)
	} else {
		w.decodeNarrow(b, p.at)
	}
	p.at += int64(len(b))
	p.chars -= int64(len(b)) / width
}

func (w *word) decodeWide(b []byte, at int64) {
	for i := 0; i+1 < len(b); {
		n := 2
		c := rune(le.Uint16(b[i:]))
		if c >= 0xD800 && c < 0xE000 {
			if i+3 < len(b) {
				n = 4
			}
			c, _ = utf8.DecodeRune(sheet.AppendUTF16(nil, b[i:i+n]))
		}
		w.chars = append(w.chars, wordChar{c, at + int64(i)})
		i += n
	}
}

func (w *word) decodeNarrow(b []byte, at int64) {
	for i, c := range b {
		r := rune(c)
		if c >= 0x80 {
			r, _ = utf8.DecodeRune(w.text.append(nil, b[i:i+1]))
		}
		w.chars = append(w.chars, wordChar{r, at + int64(i)})
	}
}
