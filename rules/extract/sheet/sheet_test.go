package sheet

import (
	"fmt"
	"strings"
	"testing"
)

func TestStyleShowsNumbersAsASheetDoes(t *testing.T) {
	for _, tc := range []struct{ code, in, want string }{
		{"", "42", "42"},
		{"", "1.234E+11", "123400000000"},
		{"", "54.990000000000002", "54.99"},
		{"", "1234.0", "1234"},
		{"", "0.1", "0.1"},
		{"", "4111111111111111", "4111111111111111"},
		{"", "9.9999999999999995E-8", "0.0000001"},
		{"", "not a number", "not a number"},
		{"0.00", "3", "3"},
		{"Standard", "3", "3"},
		{"dd/mm/yyyy", "36526", "2000-01-01"},
		{"dd/mm/yyyy", "36526.75", "2000-01-01 18:00:00"},
		{"yyyy", "59", "1900-02-28"}, // before the leap day that never was
		{"yyyy", "61", "1900-03-01"},
		{"h:mm", "0.5", "12:00:00"},
		{"[h]:mm", "1.5", "1900-01-01 12:00:00"},
		{"[$-409]d-mmm-yy;@", "36526", "2000-01-01"},
		{`"day "0`, "7", "7"},
		{"00000", "1234", "01234"},
		{"00000", "123456", "123456"},
		{`000\-00\-0000`, "12345678", "012-34-5678"},
		{`[<=9999999]###\-####;\(###\)\ ###\-####`, "5550123", "555-0123"},
		{"00000", "-5", "-5"},
		{"#,##0", "1234567", "1234567"},
		{"0%", "0.5", "0.5"},
		{`[Red]0.0E+0`, "1234", "1234"},
	} {
		style := Style{}
		if tc.code != "" {
			style = ParseStyle(tc.code)
		}
		if got := string(style.AppendText(nil, []byte(tc.in), false)); got != tc.want {
			t.Errorf("%q under %q is %q, want %q", tc.in, tc.code, got, tc.want)
		}
	}
	if got := string(Builtin(14).Append(nil, 0, true)); got != "1904-01-01" {
		t.Errorf("first day from 1904 is %s", got)
	}
	if Builtin(9) != (Style{}) || Builtin(47) == (Style{}) {
		t.Error("built-in formats are mixed up")
	}
}

func TestRKDecodesShortNumbers(t *testing.T) {
	for v, want := range map[uint32]float64{0x3FF00000: 1, 0x3FF00001: 0.01, 12346<<2 | 2: 12346, 12346<<2 | 3: 123.46, 0xFFFFFFFE: -1} {
		if got := RK(v); got != want {
			t.Errorf("RK(%#x) = %v, want %v", v, got, want)
		}
	}
}

func TestRowKeepsColumnsAlignedAndBounded(t *testing.T) {
	var r Row
	set := func(column int, s string) {
		r.Append([]byte(s))
		r.Close(column)
	}
	show := func() string {
		var list []string
		for _, c := range r.Cells() {
			list = append(list, string(c))
		}
		return strings.Join(list, "|")
	}
	set(1, "b")
	set(3, "d")
	set(0, "a") // out of order, into its empty place
	set(3, "e") // the place is taken
	if got := show(); got != "a|b||d|e" {
		t.Errorf("row is %s", got)
	}
	r.Reset()
	set(0, "a")
	set(MaxColumns-1, "z")
	set(5, "f")
	if got := show(); got != "a||z|f" {
		t.Errorf("wide row is %s", got)
	}
	r.Reset()
	r.Append(make([]byte, MaxCellBytes))
	if r.Cut() {
		t.Error("a cell of just the bound counts as cut off")
	}
	r.Append([]byte("x"))
	r.Close(0)
	if !r.Cut() || len(r.Cells()[0]) != MaxCellBytes {
		t.Errorf("cell of %d bytes", len(r.Cells()[0]))
	}
}

func TestStringsHoldManyInLittle(t *testing.T) {
	var table Strings
	const n = 200_000
	for i := range n {
		if !table.Add(fmt.Appendf(nil, "string %d", i)) {
			t.Fatal("no room")
		}
	}
	for _, i := range []int{0, 1, 65535, 65536, n - 1} {
		if got := string(table.Get(i)); got != fmt.Sprintf("string %d", i) {
			t.Errorf("string %d is %q", i, got)
		}
	}
	if table.Get(-1) != nil || table.Get(n) != nil || table.Len() != n {
		t.Error("strings that there are not")
	}
	big := make([]byte, maxString)
	for table.Add(big) {
		if table.Len() > n+maxChunks {
			t.Fatal("the bound does not hold")
		}
	}
}

func TestAppendUTF16MendsHalfPairs(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00\xe9\x00": "aé", "\x3d\xd8\x00\xde": "😀", "\x3d\xd8a\x00": "\uFFFDa", "\x00\xde": "\uFFFD", "a\x00b": "a",
	} {
		if got := string(AppendUTF16(nil, []byte(in))); got != want {
			t.Errorf("%x is %q, want %q", in, got, want)
		}
	}
}
