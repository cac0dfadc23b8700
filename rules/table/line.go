package table

import (
	"bytes"
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// unquote takes the reply marks off a line: any number of ">" with spaces
// between them. The space after the last mark goes too.
func unquote(line []byte) []byte {
	rest := line
	for i := 0; i < len(rest) && i < 4; i++ {
		switch rest[i] {
		case ' ', '\t':
			continue
		case '>':
			rest = rest[i+1:]
			i = -1
			continue
		}
		break
	}
	if len(rest) < len(line) && len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return rest
}

// trim takes spaces, tabs and no-break spaces off both ends of a cell.
func trim(cell []byte) []byte {
	if n := len(cell); n > 0 && cell[0]-'!' < 0x7f-'!' && cell[n-1]-'!' < 0x7f-'!' {
		return cell // as nearly all are
	}
	return trimmed(cell)
}

func trimmed(cell []byte) []byte {
	for len(cell) > 0 {
		switch {
		case cell[0] == ' ' || cell[0] == '\t' || cell[0] == '\r' || cell[0] == '\n':
			cell = cell[1:]
			continue
		case len(cell) > 1 && cell[0] == 0xC2 && cell[1] == 0xA0:
			cell = cell[2:]
			continue
		}
		break
	}
	for n := len(cell); n > 0; n = len(cell) {
		switch {
		case cell[n-1] == ' ' || cell[n-1] == '\t' || cell[n-1] == '\r' || cell[n-1] == '\n':
			cell = cell[:n-1]
			continue
		case n > 1 && cell[n-1] == 0xA0 && cell[n-2] == 0xC2:
			cell = cell[:n-2]
			continue
		}
		break
	}
	return cell
}

// blank reports whether a line has nothing but spaces.
func blank(line []byte) bool { return len(trim(line)) == 0 }

// border reports whether a line only draws: "+----+", "|---|:-:|", "=====  ===".
func border(line []byte) bool {
	strokes := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '-' || c == '=' || c == '_' || c == '~':
			strokes++
		case c == 0xE2 && i+2 < len(line) && (line[i+1] == 0x94 || line[i+1] == 0x95): // U+2500 to U+257F
			strokes++
			i += 2
		case c == '+' || c == '|' || c == ':' || c == ' ' || c == '\t' || c == '*':
		default:
			return false
		}
	}
	return strokes >= 2
}

// indent returns the number of leading spaces of a line; a tab counts as eight.
func indent(line []byte) int {
	n := 0
	for _, c := range line {
		switch c {
		case ' ':
			n++
		case '\t':
			n += 8
		default:
			return n
		}
	}
	return n
}

// hasFold reports whether text begins with prefix, which is in upper case,
// without regard to ASCII case.
func hasFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && bytes.EqualFold(text[:len(prefix)], []byte(prefix))
}

// lastBreak returns the place of the last line feed in text, -1 if it has none.
func lastBreak(text []byte) int {
	for len(text) >= 8 {
		at := len(text) - 8
		if found := lanes.Equal(binary.LittleEndian.Uint64(text[at:]), '\n'); found != 0 {
			return at + lanes.Last(found)
		}
		text = text[:at]
	}
	return bytes.LastIndexByte(text, '\n')
}
