package pdf

import (
	"fmt"
	"strings"
)

// tablePages returns a file with a table of that many rows of invented people,
// so many a page, below a heading on the first page and above a page number.
func tablePages(rows, perPage int) []byte {
	b := &builder{}
	b.add("<< /Type /Catalog /Pages 2 0 R >>")
	b.add("") // the page tree, below
	b.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	var kids strings.Builder
	pages := 0
	for first := 0; first < rows; first += perPage {
		var c strings.Builder
		put := func(x, y int, s string) { fmt.Fprintf(&c, "BT /F 9 Tf %d %d Td (%s) Tj ET\n", x, y, s) }
		y := 800
		line := func(cells ...string) {
			for i, x := range []int{40, 100, 200, 360, 430} {
				put(x, y, cells[i])
			}
			y -= 14
		}
		pages++
		if first == 0 {
			line("Number", "Name", "Mail", "City", "Balance")
		}
		for i := first; i < min(rows, first+perPage); i++ {
			line(person(i)...)
		}
		put(280, 30, fmt.Sprintf("Page %d", pages))
		data := deflate(c.String())
		content := b.stream("/Filter /FlateDecode", data)
		page := b.add(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /Contents %d 0 R /Resources << /Font << /F 3 0 R >> >> >>", content))
		fmt.Fprintf(&kids, "%d 0 R ", page)
	}
	b.objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), pages)
	return b.bytes()
}

// person returns the cells of the i-th invented person.
func person(i int) []string {
	given := []string{"Ada", "Bruno", "Cleo", "Dov", "Edda", "Femi", "Gil", "Hana"}[i%8]
	family := []string{"Fjord", "Kestrel", "Marsh", "Tarn", "Quill", "Rook", "Hazel"}[i%7]
	return []string{
		fmt.Sprint(100000 + i), given + " " + family,
		fmt.Sprintf("%s.%s%d@example.org", strings.ToLower(given), strings.ToLower(family), i),
		[]string{"Northwick", "Eastmere", "Southold"}[i%3], fmt.Sprintf("%d.%02d", i%900, i%100),
	}
}
