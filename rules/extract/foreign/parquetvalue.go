package foreign

import (
	"encoding/hex"
	"math/big"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/flat"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetWriter returns how the values of a leaf column are written as people
// write them (LogicalTypes.md of the format).
func parquetWriter(node parquet.Node) func([]byte, parquet.Value) []byte {
	switch logical := logicalType(node).(type) {
	case *format.DateType:
		return func(b []byte, v parquet.Value) []byte {
			return flat.AppendDate(b, int64(v.Int32()))
		}
	case *format.TimestampType:
		unit := timeUnit(logical.Unit.Value)
		return func(b []byte, v parquet.Value) []byte {
			return flat.AppendTime(b, v.Int64(), unit)
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
		return flat.AppendTime(b, (int64(t[2])-epoch)*86400+int64(uint64(t[1])<<32|uint64(t[0]))/1e9, 1)
	case parquet.Float:
		return strconv.AppendFloat(b, float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(b, v.Double(), 'g', -1, 64)
	}
	return flat.AppendText(b, v.ByteArray())
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
	switch v.Kind() {
	case parquet.Int32:
		return flat.AppendDecimal(b, big.NewInt(int64(v.Int32())), scale)
	case parquet.Int64:
		return flat.AppendDecimal(b, big.NewInt(v.Int64()), scale)
	}
	return flat.AppendDecimal(b, flat.TwosComplement(v.ByteArray()), scale)
}
