package table

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzParts: the cells of a record without quotes are what stands between its
// delimiters.
func FuzzParts(f *testing.F) {
	f.Add([]byte("a,b,c"), byte(','))
	f.Add([]byte(",,a b , \xc2\xa0c\xc2\xa0,,12345678,1234567,"), byte(','))
	f.Add([]byte("12345678\t\t87654321\t"), byte('\t'))
	f.Add([]byte("\x80\x00|\xff|\x7c\x7c\x7b\x7d\xfc"), byte('|'))
	f.Fuzz(func(t *testing.T, text []byte, delim byte) {
		var want [][]byte
		for cell := range bytes.SplitSeq(text, []byte{delim}) {
			want = append(want, trimmed(cell))
		}
		frm := form{delim: delim, quote: '"'}
		for limit := 1; limit <= len(want)+1; limit++ {
			got, all := frm.parts(nil, text, limit)
			if all != (len(want) <= limit) || !slices.EqualFunc(got, want[:min(limit, len(want))], bytes.Equal) {
				t.Fatalf("%q parted by %q up to %d: %q, %v, want %q", text, delim, limit, got, all, want)
			}
		}
	})
}
