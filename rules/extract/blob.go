package extract

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// block tells whether lines of base64 begin here: of one length, but for the
// last, at least blobSize characters in all.
func (c *carver) block() bool {
	b, _ := c.br.Peek(minLine)
	if len(b) < minLine || base64End(b) < minLine {
		return false
	}
	b, _ = c.br.Peek(blobLook)
	total, length := 0, 0
	for total < blobSize {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, "\r \t")
		if len(line) == 0 || base64End(line) != len(line) {
			return false
		}
		total += len(line)
		if length == 0 {
			length = len(line)
		} else if len(line) != length && total < blobSize {
			return false
		}
		if b = rest; !ok {
			break
		}
	}
	if total < blobSize {
		return false
	}
	return c.blob()
}

const (
	minLine  = 20
	blobLook = 4096
)

// blob decodes the beginning of what br stands at and tells whether it is
// content: text, or a format that sniff knows. It sets found.
func (c *carver) blob() bool {
	b, _ := c.br.Peek(blobLook)
	if monotone(b) {
		return false
	}
	c.found, c.radix = c.encoding(b)
	return c.found != nothing
}

// encoding tells in what encoding b begins with content, nothing if with none.
func (c *carver) encoding(b []byte) (carved, radix) {
	end, digits := 0, 0
	for end < len(b) && (baseChar(b[end]) || b[end] == '=' || b[end] == '\r' || b[end] == '\n') {
		if b[end] == '\n' && bytes.HasPrefix(b[end+1:], []byte("--")) { // the frame of an armour
			break
		}
		if digits == end && (unhex(b[end]) < 16 || b[end] < ' ') {
			digits++
		}
		end++
	}
	if c.probe == nil {
		c.probe = newBase64(nil)
	}
	if digits >= blobSize && c.spells(unhexed(c.probe.out[:0], b[:digits])) {
		return carvedHex, radix{}
	}
	c.probe.acc, c.probe.held = 0, 0
	if c.spells(c.probe.out[:c.probe.decode(b[:end])]) {
		return carvedBase64, radix{}
	}
	few := b[:min(end, 4*minRadix)]
	for _, r := range radixes {
		if end >= minRadix && r.covers(few) && c.spells((&radixReader{radix: r}).decode(nil, few)) {
			return carvedRadix, r
		}
	}
	return nothing, radix{}
}

// minEncoded is how many characters of an encoding within another tell it.
const minEncoded = 64

// spells tells content, or text that is all an encoding of content, from accident:
// it is asked of what an encoding, a dump or a list of numbers shows. An encoding is
// shorter than what it is in, so that this ends.
func (c *carver) spells(data []byte) bool {
	if isContent(data) {
		return true
	}
	if len(data) < minEncoded {
		return false
	}
	for _, b := range data {
		if !baseChar(b) && b != '=' && b != '\r' && b != '\n' {
			return false
		}
	}
	found, _ := c.encoding(bytes.Clone(data)) // which may be in probe
	return found != nothing
}

// monotone reports whether what b begins with repeats one character, as rulers
// and padding do. Encoded content that anybody can read never does so.
func monotone(b []byte) bool {
	b = b[:min(len(b), 48)]
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return len(b) > 0
}

// isContent tells the decoded beginning of content from accident.
func isContent(b []byte) bool {
	switch sniff(b) {
	case FormatUnknown:
		return beginsTar(b)
	case FormatPGP:
		return false
	case FormatText:
		if wideByZeros(b) != nil || bytes.HasPrefix(b, []byte("=ybegin ")) {
			return true
		}
		for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b); i++ {
			b = b[:len(b)-1]
		}
		return utf8.Valid(b) && bytes.ContainsAny(b, " ,;\t\n:|") && base64End(b) != len(b)
	}
	return true
}

// beginsTar tells an archive whose mark lies behind what there is to see: a name,
// and zeros up to the hundredth byte (POSIX.1-2017, pax, "ustar Interchange
// Format").
func beginsTar(b []byte) bool {
	const field, least = 100, 40
	b = b[:min(len(b), field)]
	end := bytes.IndexByte(b, 0)
	if end <= 0 || len(b) < least || len(b)-end < 8 {
		return false
	}
	return len(bytes.Trim(b[end:], "\x00")) == 0 && ascii(b[:end]) && bytes.IndexFunc(b[:end], unicode.IsControl) < 0
}

func baseChar(b byte) bool { return sextet[b] < 64 }

// base64Run returns where a run of at least blobSize characters of base64
// begins in line, -1 if there is none. It looks at few of the others.
func base64Run(line []byte) int {
	for i := blobSize - 1; i < len(line); i += blobSize {
		if !baseChar(line[i]) {
			continue
		}
		start := i
		for start > 0 && baseChar(line[start-1]) && i-start < blobSize {
			start--
		}
		if start+blobSize <= len(line) && base64End(line[start:]) >= blobSize {
			return start
		}
	}
	return -1
}

// base64End is the length of the run of base64 that b begins with.
func base64End(b []byte) int {
	i := 0
	for i < len(b) && baseChar(b[i]) {
		i++
	}
	for i > 0 && i < len(b) && b[i] == '=' {
		i++
	}
	return i
}
