package sheet

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// Style is how a number format shows numbers, as far as it matters for reading.
// The zero value shows them plainly.
type Style struct {
	date bool
	mask string // of '0', '#' and literals, such as 000-00-0000
}

// Builtin returns the style of a number format that Excel knows by number (ECMA-376
// Part 1, 18.8.30); the East Asian dates are among them.
func Builtin(id int) Style {
	switch {
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 45 && id <= 47, id >= 50 && id <= 58:
		return Style{date: true}
	}
	return Style{}
}

// ParseStyle returns the style of a number format code such as dd/mm/yyyy or 00000.
func ParseStyle(code string) Style {
	if strings.EqualFold(code, "standard") { // the German for General, as old versions stored it
		return Style{}
	}
	first, _, _ := strings.Cut(code, ";")
	var mask strings.Builder
	digits, plain := 0, true
	for i := 0; i < len(first); i++ {
		switch c := first[i]; c {
		case '"':
			end := strings.IndexByte(first[i+1:], '"')
			if end < 0 {
				return Style{}
			}
			mask.WriteString(first[i+1 : i+1+end])
			i += end + 1
		case '\\':
			if i++; i < len(first) {
				mask.WriteByte(first[i])
			}
		case '_', '*':
			i++
		case '[':
			end := strings.IndexByte(first[i:], ']')
			if end < 0 {
				return Style{}
			}
			if end > 1 && strings.Trim(strings.ToLower(first[i+1:i+end]), "hms") == "" {
				return Style{date: true} // elapsed time
			}
			i += end
		case 'd', 'D', 'm', 'M', 'y', 'Y', 'h', 'H', 's', 'S':
			return Style{date: true}
		case '0', '#':
			digits++
			mask.WriteByte(c)
		case '-', ' ', '(', ')', '/', ':':
			mask.WriteByte(c)
		default: // General, decimals, thousands, exponents, text
			plain = false
		}
	}
	if !plain || digits < 2 || !strings.Contains(mask.String(), "0") && !strings.Contains(mask.String(), "##") ||
		strings.Trim(mask.String(), "#0") == "" && !strings.Contains(mask.String(), "00") {
		return Style{}
	}
	return Style{mask: mask.String()}
}

// Plain tells whether the style shows numbers as they are.
func (s Style) Plain() bool { return !s.date && s.mask == "" }

// Append adds the number as the style shows it: dates in ISO form, numbers
// under a mask with their leading zeros and dashes, others in plain digits.
// date1904 chooses the calendar that counts from 1904.
func (s Style) Append(dst []byte, v float64, date1904 bool) []byte {
	switch {
	case s.date && v >= 0 && v < 2958466: // up to the year 9999
		return appendDate(dst, v, date1904)
	case s.mask != "" && v >= 0 && v < 1e15:
		return appendMask(dst, s.mask, uint64(math.Round(v)))
	}
	return AppendFloat(dst, v)
}

// AppendText is Append for a number in decimal text. Text that is no number,
// and a number that is shown as it is, stays as written.
func (s Style) AppendText(dst, text []byte, date1904 bool) []byte {
	if s.Plain() && len(text) < 17 && bytes.IndexByte(text, '.') < 0 && bytes.IndexByte(text, 'E') < 0 && bytes.IndexByte(text, 'e') < 0 {
		return append(dst, text...)
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(text)), 64)
	if err != nil {
		return append(dst, text...)
	}
	return s.Append(dst, v, date1904)
}

// AppendFloat adds the number in plain digits, with the 15 significant ones
// that Excel shows and no exponent unless it is needed.
func AppendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dst
	}
	if a := math.Abs(v); a == math.Trunc(a) && a < 1e18 {
		return strconv.AppendInt(dst, int64(v), 10)
	} else if a >= 1e18 || a < 1e-9 {
		return strconv.AppendFloat(dst, v, 'g', 15, 64)
	}
	whole := 1 + int(math.Max(0, math.Floor(math.Log10(math.Abs(v)))))
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', max(0, 15-whole), 64)
	if bytes.IndexByte(dst[start:], '.') >= 0 {
		dst = bytes.TrimRight(dst, "0")
		dst = bytes.TrimSuffix(dst, []byte("."))
	}
	return dst
}

// appendDate adds the serial date in ISO form. Serials below 1 are times.
// Excel takes 1900 for a leap year, so that serials before March of it are a day off.
func appendDate(dst []byte, v float64, date1904 bool) []byte {
	days := math.Floor(v)
	seconds := math.Round((v - days) * 86400)
	if days < 1 && !date1904 {
		return time.Unix(int64(seconds), 0).UTC().AppendFormat(dst, time.TimeOnly)
	}
	from := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		from = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case days < 60:
		from = from.AddDate(0, 0, 1)
	}
	t := from.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second)
	if seconds == 0 {
		return t.AppendFormat(dst, time.DateOnly)
	}
	return t.AppendFormat(dst, time.DateTime)
}

// appendMask puts the digits of v into the mask from the right.
func appendMask(dst []byte, mask string, v uint64) []byte {
	var digits [20]byte
	d := strconv.AppendUint(digits[:0], v, 10)
	var out [64]byte
	w := len(out)
	for i := len(mask) - 1; i >= 0 && w > len(d); i-- {
		switch c := mask[i]; {
		case c != '0' && c != '#':
			w--
			out[w] = c
		case len(d) > 0:
			w--
			out[w] = d[len(d)-1]
			d = d[:len(d)-1]
		case c == '0':
			w--
			out[w] = '0'
		}
	}
	for ; len(d) > 0; d = d[:len(d)-1] {
		w--
		out[w] = d[len(d)-1]
	}
	return append(dst, out[w:]...)
}

// RK decodes a number in the short form of BIFF ([MS-XLS] 2.5.217): an integer
// of 30 bits or the upper 30 bits of a float, either perhaps times 100.
func RK(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// Error names the error value of a cell by its code ([MS-XLS] 2.5.10).
func Error(code byte) string {
	switch code {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0F:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1D:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	case 0x2A:
		return "#N/A"
	}
	return "#ERR"
}
