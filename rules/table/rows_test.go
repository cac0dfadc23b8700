package table

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzAddLine: a line that is copied whole gives the cells that are copied one by
// one, or none at all.
func FuzzAddLine(f *testing.F) {
	for _, line := range []string{
		"4000000,aabbott1000,Alice Abbott,9.99", " a ,\tb,\u00a0c\u00a0,,", "a", "", ",", "a,b,                              ",
		"Müller, Anna,ä,,x@y.example", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24",
	} {
		f.Add([]byte(line), byte(','))
	}
	f.Fuzz(func(t *testing.T, line []byte, delim byte) {
		frm := form{delim: delim, quote: '"'}
		cells, _ := frm.parts(nil, line, 1<<20)
		want, got := rows{marks: newMarks()}, rows{marks: newMarks()}
		for _, r := range []*rows{&want, &got} {
			r.add([][]byte{[]byte("before")}, 9)
		}
		if got.addLine(line, delim, len(cells)+1) {
			t.Fatalf("%q has %d cells, not one more", line, len(cells))
		}
		if !got.addLine(line, delim, len(cells)) {
			got.add(cells, len(cells))
		}
		want.add(cells, len(cells))
		if got.size != want.size || got.width != want.width || got.seen != 2 || len(got.text) > 16+2*(got.size+got.width) || !got.alike(1, 1) && len(cells) < 22 {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
		for i, c := range got.row(1) {
			if w := want.row(1)[i]; c.shape != shapeOf(want.marks.of(want.value(w))) || !bytes.Equal(got.value(c), want.value(w)) {
				t.Errorf("%q: cell %d is %q, want %q", line, i, got.value(c), want.value(w))
			}
		}
	})
}

// FuzzChange: that rows of one form need not be compared cell by cell changes
// nothing in where a table becomes another, or has a header again.
func FuzzChange(f *testing.F) {
	same := bytes.Repeat([]byte("nwnw"), 40)
	f.Add(same, byte(4))
	f.Add(append(bytes.Repeat([]byte("nwnw"), 37), bytes.Repeat([]byte("wn@m"), 30)...), byte(4))
	f.Add(append(slices.Clone(same), "wwwwnwnwnw w"...), byte(4))
	f.Add(bytes.Repeat([]byte("nwmnw nwmnwm@"), 70), byte(3))
	f.Fuzz(func(t *testing.T, kinds []byte, width byte) {
		samples := [][]byte{[]byte("17"), []byte("word"), []byte("a@b.example"), []byte("b12"), nil}
		r := reading{rows: rows{marks: newMarks()}}
		for row := range slices.Chunk(kinds[:min(len(kinds), 4096)], int(width%30)+1) {
			var cells [][]byte
			for _, kind := range row {
				at := bytes.IndexByte([]byte("nw@m "), kind)
				if at < 0 {
					at = int(kind) % len(samples)
				}
				cells = append(cells, samples[at])
			}
			r.rows.add(cells, len(cells))
		}
		n := r.rows.len()
		told := func() (at []int) {
			for from := 0; from < n; from += 1 + n/5 {
				at = append(at, r.change(from, n))
			}
			for i := 1; i < n; i++ {
				if r.breaks(i) {
					at = append(at, i)
				}
			}
			return at
		}
		got := told()
		for i := range r.rows.list {
			r.rows.list[i].form = 0 // no row is known to be like another
		}
		if want := told(); !slices.Equal(got, want) {
			t.Errorf("%q: %d, want %d", kinds, got, want)
		}
	})
}
