package flat

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func rowsOf(r *Record) (rows []string) {
	for i := 0; r.Row(i) != nil; i++ {
		row := r.Row(i)
		rows = append(rows, string(bytes.Join(row, []byte("|"))))
	}
	return rows
}

func TestRepeatedValuesStandBelowTheFirst(t *testing.T) {
	r := New(3)
	add := func(column int, s string) {
		c := r.Cell(column)
		*c = append(*c, s...)
	}
	for range 2 { // the second time in cells used before
		r.Reset()
		add(0, "Ada")
		add(1, "mail")
		add(2, "a@x.example")
		add(2, "b@x.example")
		r.Align(1, 3)
		add(1, "phone")
		add(2, "555")
		want := []string{"Ada|mail|a@x.example", "||b@x.example", "|phone|555"}
		if diff := cmp.Diff(want, rowsOf(r)); diff != "" {
			t.Error(diff)
		}
	}
	r.Reset()
	if got := rowsOf(r); got != nil {
		t.Errorf("an empty record has rows %q", got)
	}
}

func TestValuesAreWrittenAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(AppendDate(nil, 0)), "1970-01-01"},
		{string(AppendDate(nil, -1)), "1969-12-31"},
		{string(AppendTime(nil, 1_700_000_000_999, 1000)), "2023-11-14 22:13:20"},
		{string(AppendDecimal(nil, big.NewInt(-5), 2)), "-0.05"},
		{string(AppendDecimal(nil, big.NewInt(12345), 2)), "123.45"},
		{string(AppendDecimal(nil, big.NewInt(7), 0)), "7"},
		{string(AppendDecimal(nil, big.NewInt(7), 1000)), "7"},
		{string(AppendDecimal(nil, TwosComplement([]byte{0xff, 0xfe}), 0)), "-2"},
		{string(AppendText(nil, []byte("Ærø"))), "Ærø"},
		{string(AppendText(nil, []byte("\xc6r\xf8"))), "Ærø"},
		{string(AppendText(nil, []byte("\x00\x01\x02"))), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestARecordIsBounded(t *testing.T) {
	r := New(1024)
	for range 5000 {
		c := r.Cell(7)
		*c = append(*c, "x"...)
	}
	if r.Size() > MaxCells || !r.Full() {
		t.Errorf("%d cells, full %v", r.Size(), r.Full())
	}
	r.Reset()
	if r.Cell(0); r.Full() || r.Size() != 1024 {
		t.Errorf("after a reset: %d cells, full %v", r.Size(), r.Full())
	}
}

func TestTheBytesOfARecordAreBounded(t *testing.T) {
	r := New(2)
	long := bytes.Repeat([]byte("x"), 1<<20)
	fill := func(values int) (size int) {
		r.Reset()
		for range values {
			c := r.Cell(1)
			*c = append(*c, long...)
		}
		for i := 0; r.Row(i) != nil; i++ {
			size += len(r.Row(i)[1])
		}
		return size
	}
	if size := fill(200); size > MaxBytes+len(long) || !r.Full() {
		t.Errorf("%d bytes, full %v", size, r.Full())
	}
	if size := fill(3); size != 3*len(long) || r.Full() {
		t.Errorf("after a reset: %d bytes, full %v", size, r.Full())
	}
}

// A long value in another cell of each record must not stay in all of them.
func TestCellsDoNotKeepTheirRoomForEver(t *testing.T) {
	const width = 512
	r := New(width)
	long := bytes.Repeat([]byte("x"), 1<<20)
	for i := range width {
		r.Reset()
		c := r.Cell(i)
		*c = append(*c, long...)
	}
	held := 0
	for _, c := range r.cells[:cap(r.cells)] {
		held += cap(c)
	}
	if held > 2*MaxBytes {
		t.Errorf("%d bytes held, want at most %d", held, 2*MaxBytes)
	}
}
