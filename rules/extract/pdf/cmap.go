package pdf

import (
	"slices"
	"sort"
	"unicode/utf16"
)

// cmap maps character codes to something else: a ToUnicode map to text, a
// font's encoding to character identifiers (Adobe Technical Notes 5014, 5411).
type cmap struct {
	spaces []span            // the codespace: which codes are how long
	single map[uint32]string // text of single codes
	spans  []span            // ranges of codes, sorted by low once read
	cids   bool              // spans map to character identifiers
}

// span is a range of codes of size bytes. For a mapping, text is what low
// maps to, and the last unit of it counts up with the code.
type span struct {
	low, high uint32
	size      int
	text      []uint16
	cid       uint32
}

// maxMappings bounds the entries of one cmap.
const maxMappings = 1 << 17

// parseCMap reads a CMap file: the few operators of it that map codes.
func parseCMap(b []byte) *cmap {
	m := &cmap{single: map[uint32]string{}}
	lex := lexer{buf: b}
	var section string
	var args [][]byte // operands of the present line
	var list [][]byte // elements of an array operand
	inList := false
	for entries := 0; entries < maxMappings; {
		t := lex.next()
		switch t.kind {
		case tokenEOF:
			m.sort()
			return m
		case tokenWord:
			section = string(t.text)
			args, inList = args[:0], false
			lex.arena = lex.arena[:0]
			continue
		case tokenArrayOpen:
			inList, list = true, nil
			continue
		case tokenArrayClose:
			inList = false
			args = append(args, nil)
		case tokenNumber:
			args = append(args, []byte{byte(uint32(t.num) >> 24), byte(uint32(t.num) >> 16), byte(uint32(t.num) >> 8), byte(uint32(t.num))})
		case tokenString:
			if inList {
				list = append(list, t.text)
				continue
			}
			args = append(args, t.text)
		default:
			continue
		}
		if m.mapping(section, args, list) {
			entries += 1 + len(list)
			args, list = args[:0], nil
		}
	}
	m.sort()
	return m
}

// mapping enters one line of a section once its operands are complete.
func (m *cmap) mapping(section string, args, list [][]byte) bool {
	switch section {
	case "begincodespacerange":
		if len(args) < 2 {
			return false
		}
		m.spaces = append(m.spaces, codes(args[0], args[1]))
	case "beginbfchar":
		if len(args) < 2 {
			return false
		}
		m.single[code(args[0])] = decodeUTF16(args[1])
	case "beginbfrange":
		if len(args) < 3 {
			return false
		}
		s := codes(args[0], args[1])
		if args[2] == nil {
			for i, text := range list {
				m.single[s.low+uint32(i)] = decodeUTF16(text)
			}
			return true
		}
		s.text = units(args[2])
		m.spans = append(m.spans, s)
	case "begincidrange":
		if len(args) < 3 {
			return false
		}
		s := codes(args[0], args[1])
		s.cid = code(args[2])
		m.spans, m.cids = append(m.spans, s), true
	case "begincidchar":
		if len(args) < 2 {
			return false
		}
		s := codes(args[0], args[0])
		s.cid = code(args[1])
		m.spans, m.cids = append(m.spans, s), true
	default:
		return true // operands of other operators
	}
	return true
}

// size returns how many entries the map has; a nil map has none.
func (m *cmap) size() int {
	if m == nil {
		return 0
	}
	return len(m.single) + len(m.spans)
}

func (m *cmap) sort() {
	slices.SortStableFunc(m.spans, func(a, b span) int { return int(int64(a.low) - int64(b.low)) })
}

func codes(low, high []byte) span {
	return span{low: code(low), high: code(high), size: len(low)}
}

func code(b []byte) uint32 {
	var v uint32
	for _, c := range b {
		v = v<<8 | uint32(c)
	}
	return v
}

func units(b []byte) []uint16 {
	if len(b) == 1 {
		return []uint16{uint16(b[0])}
	}
	u := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b) && i < 64; i += 2 {
		u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return u
}

func decodeUTF16(b []byte) string { return string(utf16.Decode(units(b))) }

// find returns the span that holds a code.
func (m *cmap) find(c uint32) (span, bool) {
	i := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].low > c }) - 1
	// Overlapping spans are rare: a few steps back find the one that holds it.
	for n := 0; i >= 0 && n < 8; i, n = i-1, n+1 {
		if c <= m.spans[i].high {
			return m.spans[i], true
		}
	}
	return span{}, false
}

// text returns what a code stands for.
func (m *cmap) text(c uint32) (string, bool) {
	if s, ok := m.single[c]; ok {
		return s, true
	}
	s, ok := m.find(c)
	if !ok || len(s.text) == 0 {
		return "", false
	}
	u := slices.Clone(s.text)
	u[len(u)-1] += uint16(c - s.low)
	return string(utf16.Decode(u)), true
}

// cid returns the character identifier of a code.
func (m *cmap) cid(c uint32) uint32 {
	if s, ok := m.find(c); ok {
		return s.cid + c - s.low
	}
	return 0
}

// next cuts the first code off a string: its value and its length in bytes.
func (m *cmap) next(b []byte) (uint32, int) {
	var v uint32
	for n := 1; n <= 4 && n <= len(b); n++ {
		v = v<<8 | uint32(b[n-1])
		for _, s := range m.spaces {
			if s.size == n && v >= s.low && v <= s.high {
				return v, n
			}
		}
	}
	n := min(2, len(b))
	return code(b[:n]), n
}
