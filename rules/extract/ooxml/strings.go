package ooxml

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// loadStrings fills the string table from the first part that has one.
func (rd *reader) loadStrings() {
	for _, p := range rd.byRole[roleStrings] {
		if rd.strings.Len() > 0 {
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
			switch {
			case !inText || phonetic > 0:
			case len(text) < sheet.MaxCellBytes:
				text = append(text, s.Text()...)
			default:
				rd.cutString = true
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
			} else if !rd.strings.Add(unescapeX(text)) {
				rd.note(fmt.Errorf("shared strings: %w", document.ErrTooBig))
				return
			}
		}
	}
}

// shared returns a shared string, nil if there is none. Each use counts against
// the bounds in bytes: a few long strings in many cells make a bomb.
func (rd *reader) shared(i int) []byte {
	text := rd.strings.Get(i)
	if err := rd.archive.Spend(len(text)); err != nil {
		rd.note(err)
		return nil
	}
	return text
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
