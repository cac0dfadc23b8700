package flat

import (
	"bytes"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendText writes what may be text: as it is if it is UTF-8, as ISO-8859-1
// if it could be that, not at all if it is neither.
func AppendText(b, v []byte) []byte {
	if bytes.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return b
	}
	if utf8.Valid(v) {
		return append(b, v...)
	}
	for _, c := range v {
		b = utf8.AppendRune(b, rune(c))
	}
	return b
}

// AppendDate writes a day, counted from 1970-01-01.
func AppendDate(b []byte, days int64) []byte {
	return time.Unix(days*86400, 0).UTC().AppendFormat(b, time.DateOnly)
}

// AppendTime writes a point in time, counted from 1970, in whole seconds.
func AppendTime(b []byte, units, perSecond int64) []byte {
	return time.Unix(units/perSecond, 0).UTC().AppendFormat(b, time.DateTime)
}

// maxScale is more digits behind the point than any decimal type has.
const maxScale = 80

// AppendDecimal writes a number that is stored as a whole one, scale digits of
// which stand behind the point.
func AppendDecimal(b []byte, n *big.Int, scale int) []byte {
	if n.Sign() < 0 {
		b = append(b, '-')
	}
	digits := strings.TrimPrefix(n.String(), "-")
	if scale <= 0 || scale > maxScale {
		return append(b, digits...)
	}
	if short := scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	b = append(b, digits[:len(digits)-scale]...)
	return append(append(b, '.'), digits[len(digits)-scale:]...)
}

// TwosComplement reads a whole number of either sign, the highest byte first.
// Of more than 64 bytes, which no precision needs, it reads the last.
func TwosComplement(raw []byte) *big.Int {
	raw = raw[max(len(raw)-64, 0):]
	n := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return n
}
