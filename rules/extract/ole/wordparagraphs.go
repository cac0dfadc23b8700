package ole

import (
	"context"
	"io"
	"sort"
)

// Properties of paragraphs that tell tables apart ([MS-DOC] 2.6.2).
const (
	propInTable  = 0x2416
	propRowEnd   = 0x2417
	propInnerEnd = 0x244C
	propHuge     = 0x6646 // the properties stand elsewhere, being too many
	propHugeOld  = 0x6645
	pageLen      = 512     // bytes of a page of properties
	maxParas     = 4 << 20 // paragraphs whose properties are kept
)

// paragraphs tells of each stretch of a DOC's stream whether it is in a table.
type paragraphs struct {
	from  []uint32 // where stretches begin, ascending
	flags []byte
}

const (
	paraInTable = 1 << iota
	paraRowEnd
)

// known tells whether there is anything to go by.
func (p *paragraphs) known() bool { return len(p.from) > 0 }

func (p *paragraphs) at(fc int64) byte {
	i := sort.Search(len(p.from), func(i int) bool { return int64(p.from[i]) > fc })
	if i == 0 {
		return 0
	}
	return p.flags[i-1]
}

func (p *paragraphs) inTable(fc int64) bool { return p.at(fc)&paraInTable != 0 }
func (p *paragraphs) rowEnd(fc int64) bool  { return p.at(fc)&paraRowEnd != 0 }

// loadParagraphs reads the pages of properties that the table names
// ([MS-DOC] 2.8.26, 2.9.175).
func loadParagraphs(ctx context.Context, src io.ReaderAt, size int64, plc []byte) paragraphs {
	var p paragraphs
	n := (len(plc) - 4) / 8
	var page [pageLen]byte
	for i := range max(n, 0) {
		number := int64(le.Uint32(plc[4*(n+1)+4*i:]) & 0x3FFFFF)
		if number*pageLen >= size || len(p.from) >= maxParas || ctx.Err() != nil {
			break
		}
		if got, _ := src.ReadAt(page[:], number*pageLen); got < pageLen {
			continue
		}
		p.addPage(&page)
	}
	if !sort.SliceIsSorted(p.from, func(i, j int) bool { return p.from[i] < p.from[j] }) {
		sort.Sort(byFrom{&p})
	}
	return p
}

type byFrom struct{ p *paragraphs }

func (b byFrom) Len() int           { return len(b.p.from) }
func (b byFrom) Less(i, j int) bool { return b.p.from[i] < b.p.from[j] }
func (b byFrom) Swap(i, j int) {
	b.p.from[i], b.p.from[j] = b.p.from[j], b.p.from[i]
	b.p.flags[i], b.p.flags[j] = b.p.flags[j], b.p.flags[i]
}

func (p *paragraphs) addPage(page *[pageLen]byte) {
	runs := int(page[pageLen-1])
	if 4*(runs+1)+13*runs > pageLen-1 {
		return
	}
	for i := range runs {
		var flags byte
		if at := 2 * int(page[4*(runs+1)+13*i]); at > 0 && at+2 < pageLen {
			// The length is in words less half a one, or, after a zero, in words.
			start, n := at+1, 2*int(page[at])-1
			if n < 0 {
				start, n = at+2, 2*int(page[at+1])
			}
			// The first word is the style.
			flags = paraFlags(page[min(start+2, pageLen):min(max(start+n, start+2), pageLen)])
		}
		p.from = append(p.from, le.Uint32(page[4*i:]))
		p.flags = append(p.flags, flags)
	}
}

// paraFlags goes through properties, each with an operand whose length its
// number tells ([MS-DOC] 2.2.5.1).
func paraFlags(b []byte) byte {
	var flags byte
	for len(b) >= 3 {
		prop := le.Uint16(b)
		n := 1
		switch prop >> 13 {
		case 2, 4, 5:
			n = 2
		case 3:
			n = 4
		case 7:
			n = 3
		case 6:
			n = 1 + int(b[2])
			if prop == 0xD608 && len(b) >= 4 { // the only one with a longer length
				n = 1 + int(le.Uint16(b[2:]))
			}
		}
		switch {
		case prop == propInTable && b[2] != 0:
			flags |= paraInTable
		case (prop == propRowEnd || prop == propInnerEnd) && b[2] != 0:
			flags |= paraRowEnd
		case prop == propHuge || prop == propHugeOld: // only the columns of a row are so many
			flags |= paraInTable | paraRowEnd
		}
		b = b[min(2+n, len(b)):]
	}
	return flags
}
