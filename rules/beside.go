package rules

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// Bounds on what is looked at beside a name: whoever writes an address writes
// it on the same line or right below.
const (
	linesBelow  = 5   // lines of a block under a name that stands alone
	longestLine = 200 // bytes of a line that is taken apart
	longestName = 48  // bytes of a line that is taken for a name alone
	surePiece   = 1.8 // log-odds from which a piece is what it looks like
)

// beside fills in what stands beside a person's name in text and is no entity
// by itself: a street or a postal address, and a birth date after a word that
// says so. Where the line is the name alone, the block below it is read.
func (t *textSink) beside(l *lineScan, name detect.Entity, row *[detect.NumTypes][]byte) {
	line := l.text[l.start:l.end]
	if len(line) > longestLine {
		return
	}
	t.pieces(l.text[l.start:name.Start], row)
	t.pieces(l.text[name.End:l.end], row)
	if len(bytes.TrimSpace(line)) > name.End-name.Start+4 || len(line) > longestName {
		return
	}
	rest := l.text[l.end:]
	for range linesBelow {
		below := rest
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			below, rest = rest[:n], rest[n+1:]
		} else {
			rest = nil
		}
		if len(bytes.TrimSpace(below)) == 0 || len(below) > longestLine || signatureDelimiter(below) {
			return
		}
		t.pieces(below, row)
	}
}

// pieces reads the parts of a line.
func (t *textSink) pieces(line []byte, row *[detect.NumTypes][]byte) {
	for len(line) > 0 {
		piece := line
		if n := bytes.IndexAny(line, ",;|()\t"); n >= 0 {
			piece, line = line[:n], line[n+1:]
		} else if n := bytes.Index(line, []byte(" - ")); n >= 0 {
			piece, line = line[:n], line[n+3:]
		} else {
			line = nil
		}
		t.piece(bytes.TrimSpace(piece), row)
	}
}

// piece reads one part of a line.
func (t *textSink) piece(piece []byte, row *[detect.NumTypes][]byte) {
	if !bytes.ContainsAny(piece, "0123456789") || len(piece) > 80 {
		return
	}
	born := false
	for {
		word, rest, more := bytes.Cut(piece, []byte(" "))
		if !more || len(word) == 0 || word[0] != '*' && !('a' <= word[0] && word[0] <= 'z') && !birthWord(word) {
			break
		}
		born = born || birthWord(word)
		piece = bytes.TrimSpace(rest)
	}
	t.readings = t.resolver.det.Classify(t.readings[:0], piece)
	for _, c := range t.readings {
		switch {
		case c.LogOdds < surePiece:
		case c.Type == detect.AddressStreet, c.Type == detect.AddressFull:
			if row[detect.AddressStreet] == nil {
				row[detect.AddressStreet] = piece
			}
			return
		case born && (c.Type == detect.PersonBirthDate || c.Type == detect.Date):
			row[detect.PersonBirthDate] = piece
			return
		}
	}
}

// birthWord reports whether a word says that a birth date follows.
func birthWord(word []byte) bool {
	switch string(bytes.ToLower(bytes.TrimRight(word, ":."))) {
	case "*", "born", "b", "dob", "birthdate", "birthday", "geb", "geboren", "né", "née", "nato", "nata", "nacido", "nacida",
		"nascido", "nascida", "ur", "urodzony", "urodzona", "född", "født", "рожд", "род":
		return true
	}
	return false
}
