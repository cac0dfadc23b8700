package sqlite

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the storage class of a value.
type kind uint8

const (
	null kind = iota
	integer
	real
	text
	blob
)

// value is one column of a record. Its bytes belong to the record.
type value struct {
	kind    kind
	integer int64
	real    float64
	bytes   []byte
}

// maxColumns is SQLite's own bound.
const maxColumns = 32767

// record appends the values of a payload to row (section 2.1, "Record
// Format"). A record that is cut off gives the values that are whole and the
// start of the next.
func (db *database) record(row []value, payload []byte) []value {
	size, n := varint(payload)
	if n == 0 || size > uint64(len(payload)) || int(size) < n {
		db.damaged("a record of a database")
		return row
	}
	types, body := payload[n:size], payload[size:]
	for len(types) > 0 && len(row) < maxColumns {
		serial, n := varint(types)
		if n == 0 {
			db.damaged("a record of a database")
			return row
		}
		types = types[n:]
		v, used := decode(serial, body)
		if used > uint64(len(body)) {
			db.damaged("a record of a database")
			used = uint64(len(body))
		}
		body = body[used:]
		row = append(row, v)
	}
	return row
}

// decode reads a value of a serial type from the front of b and returns how
// many bytes it takes, which may be more than there are.
func decode(serial uint64, b []byte) (value, uint64) {
	sizes := [...]uint64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0}
	if serial >= 12 {
		n := (serial - 12) / 2
		v := value{kind: blob, bytes: b[:min(n, uint64(len(b)))]}
		if serial%2 == 1 {
			v.kind = text
		}
		return v, n
	}
	n := sizes[serial]
	if n > uint64(len(b)) {
		return value{}, n
	}
	switch {
	case serial == 7:
		return value{kind: real, real: math.Float64frombits(binary.BigEndian.Uint64(b))}, n
	case serial == 8 || serial == 9:
		return value{kind: integer, integer: int64(serial - 8)}, n
	case serial >= 1 && serial <= 6:
		v := int64(int8(b[0]))
		for _, c := range b[1:n] {
			v = v<<8 | int64(c)
		}
		return value{kind: integer, integer: v}, n
	}
	return value{}, n
}

// text returns a text value as UTF-8.
func (v value) text(encoding uint32) string { return string(v.append(nil, encoding)) }

// append writes the value as people read it. Bytes that are no text are left
// out.
func (v value) append(b []byte, encoding uint32) []byte {
	switch v.kind {
	case integer:
		return strconv.AppendInt(b, v.integer, 10)
	case real:
		format := byte('f')
		if a := math.Abs(v.real); a >= 1e15 || a < 1e-6 && a > 0 {
			format = 'g'
		}
		return strconv.AppendFloat(b, v.real, format, -1, 64)
	case text:
		if encoding == 2 || encoding == 3 {
			return appendUTF16(b, v.bytes, encoding == 3)
		}
		if utf8.Valid(v.bytes) {
			return append(b, v.bytes...)
		}
		return append(b, strings.ToValidUTF8(string(v.bytes), "\ufffd")...)
	case blob:
		if v.isText() {
			return append(b, v.bytes...)
		}
	}
	return b
}

// isText tells whether a binary value is UTF-8 text.
func (v value) isText() bool {
	for _, c := range v.bytes {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return utf8.Valid(v.bytes)
}

func appendUTF16(b, s []byte, big bool) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	for len(s) >= 2 {
		r := rune(order.Uint16(s))
		s = s[2:]
		if utf16.IsSurrogate(r) && len(s) >= 2 {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(s))); pair != utf8.RuneError {
				r, s = pair, s[2:]
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
