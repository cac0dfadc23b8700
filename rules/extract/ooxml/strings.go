package ooxml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Bounds of the shared strings of a workbook, 144 MiB together.
const (
	chunkBits  = 20 // a chunk holds 1 MiB
	maxChunks  = 96 // 96 MiB of text
	pageBits   = 16 // offsets come in pages of 65,536
	maxStrings = 12e6
	maxString  = sheet.MaxCellBytes - binary.MaxVarintLen32
)

// stringTable holds strings in few large pieces of memory, each string with
// its length before it, and where they begin. The zero value is empty.
type stringTable struct {
	chunks [][]byte
	pages  [][]uint32
	n      int
}

// add keeps a copy of the string and tells whether there was room for it.
func (t *stringTable) add(text []byte) bool {
	text = text[:min(len(text), maxString)]
	need := len(text) + binary.MaxVarintLen32
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+need > 1<<chunkBits {
		if len(t.chunks) == maxChunks {
			return false
		}
		// A small workbook gets by with a small first chunk.
		size := 1 << chunkBits
		if last < 0 {
			size = max(need, 16<<10)
		}
		t.chunks = append(t.chunks, make([]byte, 0, size))
		last++
	}
	if t.n >= maxStrings {
		return false
	}
	chunk := t.chunks[last]
	if t.n&(1<<pageBits-1) == 0 {
		t.pages = append(t.pages, make([]uint32, 0, 256))
	}
	page := len(t.pages) - 1
	t.pages[page] = append(t.pages[page], uint32(last)<<chunkBits|uint32(len(chunk)))
	chunk = binary.AppendUvarint(chunk, uint64(len(text)))
	t.chunks[last] = append(chunk, text...)
	t.n++
	return true
}

// get returns the string at the index, nil if there is none.
func (t *stringTable) get(i int) []byte {
	if i < 0 || i >= t.n {
		return nil
	}
	at := t.pages[i>>pageBits][i&(1<<pageBits-1)]
	b := t.chunks[at>>chunkBits][at&(1<<chunkBits-1):]
	size, n := binary.Uvarint(b)
	return b[n : n+int(size) : n+int(size)]
}

// loadStrings fills the string table from the first part that has one.
func (rd *reader) loadStrings() {
	for _, p := range rd.partsOf(roleStrings) {
		if rd.strings.n > 0 {
			return
		}
		s, c, err := rd.scan(p)
		if err != nil {
			rd.note(err)
			continue
		}
		rd.readStrings(s)
		c.Close()
	}
	rd.loadBinaryStrings()
}

func (rd *reader) readStrings(s *xmlzip.Scanner) {
	var text []byte
	inText, phonetic := false, 0
	for {
		kind, err := s.Next()
		if err != nil {
			rd.note(err)
			return
		}
		if kind == xmlzip.Text {
			if inText && phonetic == 0 && len(text) < maxString {
				text = append(text, s.Text()...)
			}
			continue
		}
		switch string(s.Name()) {
		case "t":
			inText = kind == xmlzip.Start
		case "rPh": // how to pronounce the text: a second copy of it
			if kind == xmlzip.Start {
				phonetic++
			} else {
				phonetic--
			}
		case "si":
			if kind == xmlzip.Start {
				text, phonetic = text[:0], 0
			} else if !rd.strings.add(unescapeX(text)) {
				rd.note(fmt.Errorf("shared strings: %w", document.ErrTooBig))
				return
			}
		}
	}
}

// unescapeX decodes in place the _xHHHH_ by which spreadsheets write
// characters that XML does not allow (ECMA-376 Part 1, 22.9.2.19).
func unescapeX(b []byte) []byte {
	i := bytes.Index(b, []byte("_x"))
	if i < 0 {
		return b
	}
	w := i
	for i < len(b) {
		if i+7 <= len(b) && b[i] == '_' && b[i+1] == 'x' && b[i+6] == '_' {
			if v, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && utf8.RuneLen(rune(v)) > 0 {
				w += utf8.EncodeRune(b[w:], rune(v))
				i += 7
				continue
			}
		}
		b[w] = b[i]
		i, w = i+1, w+1
	}
	return b[:w]
}
