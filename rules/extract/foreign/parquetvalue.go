package foreign

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetWriter returns how the values of a leaf column are written as people
// write them (LogicalTypes.md of the format).
func parquetWriter(node parquet.Node) func([]byte, parquet.Value) []byte {
	switch logical := logicalType(node).(type) {
	case *format.DateType:
		return func(b []byte, v parquet.Value) []byte {
			return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(b, time.DateOnly)
		}
	case *format.TimestampType:
		unit := timeUnit(logical.Unit.Value)
		return func(b []byte, v parquet.Value) []byte {
			return appendTime(b, v.Int64(), unit)
		}
	case *format.DecimalType:
		scale := int(logical.Scale)
		return func(b []byte, v parquet.Value) []byte { return appendDecimal(b, v, scale) }
	case *format.UUIDType:
		return appendUUID
	}
	return appendValue
}

func logicalType(node parquet.Node) any {
	if !node.Leaf() {
		return nil
	}
	if t := node.Type().LogicalType(); t != nil {
		return t.Value
	}
	return nil
}

// timeUnit returns how many units make a second.
func timeUnit(unit any) int64 {
	switch unit.(type) {
	case *format.MilliSeconds:
		return 1e3
	case *format.NanoSeconds:
		return 1e9
	}
	return 1e6
}

// appendTime writes a point in time, as whole seconds.
func appendTime(b []byte, units, perSecond int64) []byte {
	return time.Unix(units/perSecond, 0).UTC().AppendFormat(b, time.DateTime)
}

// appendValue writes a value by its physical type.
func appendValue(b []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(b, v.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(b, int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case parquet.Int96:
		// Nanoseconds of a day, and the Julian day: what Impala and Spark wrote.
		t := v.Int96()
		const epoch = 2440588
		return appendTime(b, (int64(t[2])-epoch)*86400+int64(uint64(t[1])<<32|uint64(t[0]))/1e9, 1)
	case parquet.Float:
		return strconv.AppendFloat(b, float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(b, v.Double(), 'g', -1, 64)
	}
	return appendBytes(b, v.ByteArray())
}

// appendBytes writes what may be text: as it is if it is UTF-8, as ISO-8859-1
// if it could be that, not at all if it is neither.
func appendBytes(b, v []byte) []byte {
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

func appendUUID(b []byte, v parquet.Value) []byte {
	id := v.ByteArray()
	if len(id) != 16 {
		return b
	}
	for i, from := range []int{0, 4, 6, 8, 10} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, id[from:[]int{4, 6, 8, 10, 16}[i]])
	}
	return b
}

// appendDecimal writes a number that is stored as a whole one.
func appendDecimal(b []byte, v parquet.Value, scale int) []byte {
	var n big.Int
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default:
		raw := v.ByteArray()
		if len(raw) > 64 { // the format knows no such precision
			return b
		}
		n.SetBytes(raw)
		if len(raw) > 0 && raw[0] >= 0x80 {
			n.Sub(&n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
		}
	}
	if n.Sign() < 0 {
		b = append(b, '-')
	}
	digits := n.Abs(&n).String()
	if scale <= 0 || scale > 40 {
		return append(b, digits...)
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	b = append(b, digits[:len(digits)-scale]...)
	return append(append(b, '.'), digits[len(digits)-scale:]...)
}
