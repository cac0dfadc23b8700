package table

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzFill: a grid that copies its rows itself gives those that it gives one by one,
// and stands at the same place after each.
func FuzzFill(f *testing.F) {
	for _, text := range []string{
		"4000000,aabbott1000,Alice Abbott,9.99\r\n4000007,eellis1001,Amir Ellis,10.99\r\n",
		"a,b,c\nd, e ,\u00a0f\u00a0\n\ng,,\r\n>h,i,j\n> > k,l,m\n-----\nMüller,x@y.example,\"1,2\"\nn,o\np,q,r",
		"a,b\n" + strings.Repeat("1,"+strings.Repeat("long ", 20)+"\n", 90) + "2," + strings.Repeat("longer ", 900) + "\nc,d\n",
		"a,'b',c\n1,2,3\n1," + strings.Repeat(" ", 70) + ",3\n" + strings.Repeat("word,", 2) + strings.Repeat("w", 64) + "\n",
	} {
		f.Add([]byte(text), byte(5), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, delim byte, single bool) {
		frm := form{delim: delimiters[int(delim)%len(delimiters)], quote: '"'}
		if single {
			frm.quote = '\''
		}
		first, _, _ := bytes.Cut(text, []byte("\n"))
		frm.columns = bytes.Count(first, []byte{frm.delim}) + 1
		one, other := newTestSplitter(text).filled(), newTestSplitter(text).filled()
		singly, filled := &delimited{s: one, form: frm}, &delimited{s: other, form: frm}
		want, got := rows{marks: newMarks()}, rows{marks: newMarks()}
		limit := DefaultLimits().Columns
		for i := 0; ; i++ {
			row, err := singly.Next()
			if e := filled.fill(&got, limit); !errors.Is(e, err) || err == nil && e != nil {
				t.Fatalf("row %d of %q: %v, want %v", i, text, e, err)
			}
			if err != nil {
				return
			}
			want.add(row, limit)
			if one.src.pos != other.src.pos || one.prose != other.prose || got.size != want.size || got.width != want.width {
				t.Fatalf("row %d of %q: stands at %d, want %d; %d bytes, want %d", i, text, other.src.pos, one.src.pos, got.size, want.size)
			}
			if len(got.row(i)) != len(want.row(i)) || got.list[i].form != want.list[i].form {
				t.Fatalf("row %d of %q: %d cells of form %x, want %d of %x", i, text, len(got.row(i)), got.list[i].form, len(want.row(i)), want.list[i].form)
			}
			for j, c := range got.row(i) {
				if w := want.row(i)[j]; c.shape != w.shape || !bytes.Equal(got.value(c), want.value(w)) {
					t.Fatalf("row %d of %q: cell %d is %q, want %q", i, text, j, got.value(c), want.value(w))
				}
			}
		}
	})
}
