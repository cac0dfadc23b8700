package ooxml

import (
	"bytes"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// pivotRecords gives out the data that a pivot table keeps a copy of, even
// when the sheet it came from is gone. Repeated values are numbers of items
// that the table's definition lists by field.
func (rd *reader) pivotRecords(p *xmlzip.Part, place string) error {
	s, c, err := rd.scan(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer c.Close()
	g := &pivotGrid{rd: rd, s: s}
	g.loadItems(p)
	return rd.out.Table(place, g)
}

// pivotGrid reads the records row by row, with the names of the fields first.
type pivotGrid struct {
	rd     *reader
	s      *xmlzip.Scanner
	row    sheet.Row
	names  [][]byte
	starts []int         // per field, where its items begin in items
	items  sheet.Strings // of all fields, one after the other
	ended  bool
}

// definition returns the part that defines the pivot table of the records: the
// one with the same number in its name.
func (rd *reader) definition(records *xmlzip.Part) *xmlzip.Part {
	if rd.pivots == nil {
		rd.pivots = make(map[string]*xmlzip.Part)
		for _, p := range rd.byRole[rolePivot] {
			rd.pivots[strings.TrimPrefix(placeOf(p.Name), "pivotCacheDefinition")] = p
		}
	}
	return rd.pivots[strings.TrimPrefix(placeOf(records.Name), "pivotCacheRecords")]
}

// loadItems reads the definition that belongs to the records.
func (g *pivotGrid) loadItems(records *xmlzip.Part) {
	p := g.rd.definition(records)
	if p == nil {
		return
	}
	s, c, err := g.rd.scan(p)
	if err != nil {
		g.rd.note(err)
		return
	}
	defer c.Close()
	for {
		kind, err := s.Next()
		if err != nil {
			g.rd.note(err)
			return
		}
		if kind != xmlzip.Start {
			continue
		}
		switch string(s.Name()) {
		case "cacheField":
			if len(g.names) < sheet.MaxColumns {
				g.names = append(g.names, bytes.Clone(s.Attr("name")))
				g.starts = append(g.starts, g.items.Len())
			}
		case "s", "n", "d", "b", "e", "m":
			if len(g.names) > 0 && !g.items.Add(unescapeX(s.Attr("v"))) {
				return
			}
		}
	}
}

// Next implements table.Grid.
func (g *pivotGrid) Next() ([][]byte, error) {
	if names := g.names; names != nil {
		g.names = nil
		return names, nil
	}
	g.row.Reset()
	for !g.ended {
		kind, err := g.s.Next()
		if err != nil {
			g.ended = true
			g.rd.note(err)
			break
		}
		name := string(g.s.Name())
		switch {
		case kind == xmlzip.Text:
		case kind == xmlzip.End:
			if name == "r" && g.full() {
				return g.row.Cells(), nil
			}
		case name == "x":
			g.row.Append(g.item(g.row.Next(), atoi(g.s.Attr("v"))))
			g.row.Close(g.row.Next())
		case len(name) == 1 && strings.Contains("sndbe", name):
			g.row.Append(unescapeX(g.s.Attr("v")))
			g.row.Close(g.row.Next())
		case name == "m":
			g.row.Close(g.row.Next())
		}
		if g.row.Full() && g.full() {
			return g.row.Cells(), nil
		}
	}
	if err := g.rd.ctx.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// full tells whether there is a row to give out, within bounds.
func (g *pivotGrid) full() bool {
	n := len(g.row.Cells())
	if n == 0 {
		return false
	}
	if !g.rd.count(n) {
		g.ended = true
		return false
	}
	return true
}

// item returns a field's value by its number.
func (g *pivotGrid) item(field, i int) []byte {
	if field >= len(g.starts) || i < 0 {
		return nil
	}
	text := g.items.Get(g.starts[field] + i)
	if err := g.rd.archive.Spend(len(text)); err != nil {
		g.rd.note(err)
		return nil
	}
	return text
}
