package extract

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// records cuts an XML document into rows: an element that comes again beside
// its like, with several values inside, is a row, and the names of what holds
// the values are its header. All other values are lines of "name: value".
type records struct {
	s       *xmlzip.Scanner
	items   []*item
	first   int
	stack   []xmlElement
	columns []string // of the grid that is open
	record  string   // the element that it is made of
	grid    int
	// comments wait for the end, or until they are many; size is their bytes.
	comments []xmlLeaf
	size     int
	err      error
}

// xmlElement is an open element.
type xmlElement struct {
	name   string
	text   []byte
	leaves []xmlLeaf
	size   int
	// last is the name of the last child that could be a record, at its place
	// in leaves; rows is set once it came twice.
	last     string
	lastFrom int
	rows     bool
}

// xmlLeaf is a value with the path to it inside a record.
type xmlLeaf struct {
	path  string
	value []byte
}

const (
	maxXMLDepth  = 256
	maxLeaves    = 512
	maxLeafBytes = 64 << 10
	maxColumns   = 256
	maxXMLPath   = 512 // bytes of the path to a value
)

func (d *records) peek() *item {
	for d.first == len(d.items) {
		if d.err != nil {
			return nil
		}
		d.items, d.first = d.items[:0], 0
		d.step()
	}
	return d.items[d.first]
}

func (d *records) take() { d.first++ }

func (d *records) step() {
	kind, err := d.s.Next()
	if err != nil {
		d.err = err
		for len(d.stack) > 0 {
			d.close()
		}
		d.lines(d.comments)
		return
	}
	switch kind {
	case xmlzip.Start:
		d.open()
	case xmlzip.End:
		if len(d.stack) > 0 {
			d.close()
		}
	case xmlzip.Comment:
		d.comment(d.s.Text())
	case xmlzip.Text:
		if n := len(d.stack); n > 0 {
			e := &d.stack[n-1]
			if e.text = append(e.text, d.s.Text()...); len(e.text) > maxLeafBytes {
				d.lines([]xmlLeaf{{e.name, e.text}})
				e.text = nil
			}
		}
	}
}

// comment keeps what stands beside the elements, to be given behind them: between
// rows it would part them.
func (d *records) comment(text []byte) {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return
	}
	d.comments = append(d.comments, xmlLeaf{"", bytes.Clone(text)})
	if d.size += len(text); d.size > maxLeafBytes || len(d.comments) > maxLeaves {
		d.lines(d.comments)
		d.comments, d.size = nil, 0
	}
}

func (d *records) open() {
	if len(d.stack) >= maxXMLDepth {
		top := &d.stack[len(d.stack)-1]
		d.lines(top.leaves)
		top.leaves, top.size = nil, 0
	}
	e := xmlElement{name: string(d.s.Name())}
	for {
		name, value, ok := d.s.NextAttr()
		if !ok {
			break
		}
		if len(e.leaves) >= maxLeaves {
			d.lines(e.leaves)
			e.leaves, e.size = nil, 0
		}
		if len(value) > 0 && !bytes.HasPrefix(value, []byte("http://")) {
			e.leaves = append(e.leaves, xmlLeaf{string(name), bytes.Clone(value)})
			e.size += len(value)
		}
	}
	d.stack = append(d.stack, e)
}

// close ends an element: its values go to its parent, or are a row.
func (d *records) close() {
	n := len(d.stack)
	e := d.stack[n-1]
	d.stack = d.stack[:n-1]
	text := bytes.TrimSpace(e.text)
	if len(text) > 0 {
		e.leaves = append(e.leaves, xmlLeaf{"", bytes.Clone(text)})
	}
	if n == 1 || n > maxXMLDepth {
		d.lines(e.leaves)
		return
	}
	p := &d.stack[n-2]
	if len(e.leaves) > 1 && len(text) == 0 {
		if d.asRow(p, e) {
			return
		}
		p.last, p.lastFrom, p.rows = e.name, len(p.leaves), false
	} else if len(e.leaves) > 1 {
		p.last = ""
	}
	for _, l := range e.leaves {
		path := e.name
		if n := len(path) + len(l.path); l.path != "" && n < maxXMLPath {
			path += "." + l.path
		} else if n >= maxXMLPath {
			path = l.path // deep inside, where only the last names tell anything
		}
		p.leaves = append(p.leaves, xmlLeaf{path, l.value})
		p.size += len(l.value)
	}
	if len(p.leaves) > maxLeaves || p.size > maxLeafBytes {
		d.lines(p.leaves)
		p.leaves, p.size, p.last = nil, 0, ""
	}
}

// asRow takes an element that follows one of the same name as a row.
func (d *records) asRow(p *xmlElement, e xmlElement) bool {
	if p.last != e.name {
		return false
	}
	if !p.rows { // the one before it was a row too
		before := p.leaves[p.lastFrom:]
		first := make([]xmlLeaf, 0, len(before))
		for _, l := range before {
			path := l.path
			if inner, found := strings.CutPrefix(path, e.name+"."); found {
				path = inner
			}
			first = append(first, xmlLeaf{path, l.value})
		}
		p.leaves, p.rows = p.leaves[:p.lastFrom], true
		d.columns = nil
		d.row(e.name, first, e.leaves)
	}
	d.row(e.name, e.leaves, nil)
	return true
}

// row gives the values in the columns of the open grid. A new column, or
// another kind of record, begins a new grid with its header.
func (d *records) row(record string, leaves, next []xmlLeaf) {
	keys := leafKeys(leaves)
	if d.columns == nil || d.record != record || slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(d.columns, k) }) {
		if d.record != record {
			d.columns = nil
		}
		for _, k := range append(keys, leafKeys(next)...) {
			if !slices.Contains(d.columns, k) && len(d.columns) < maxColumns {
				d.columns = append(d.columns, k)
			}
		}
		d.record = record
		d.grid++
		header := make([][]byte, len(d.columns))
		for i, c := range d.columns {
			header[i] = []byte(c)
		}
		d.items = append(d.items, &item{kind: itemRow, cells: header, grid: d.grid})
	}
	cells := make([][]byte, len(d.columns))
	var rest []xmlLeaf // of columns past the bound
	for i, k := range keys {
		if at := slices.Index(d.columns, k); at >= 0 {
			cells[at] = leaves[i].value
		} else {
			rest = append(rest, leaves[i])
		}
	}
	d.items = append(d.items, &item{kind: itemRow, cells: cells, grid: d.grid})
	d.lines(rest)
}

// leafKeys names the column of each value: its path, numbered where it comes
// again.
func leafKeys(leaves []xmlLeaf) []string {
	keys := make([]string, 0, len(leaves))
	times := make(map[string]int, len(leaves))
	for _, l := range leaves {
		k := l.path
		if times[k]++; times[k] > 1 {
			k += "#" + strconv.Itoa(times[k])
		}
		keys = append(keys, k)
	}
	return keys
}

// lines gives values that are no rows.
func (d *records) lines(leaves []xmlLeaf) {
	var b []byte
	for _, l := range leaves {
		if l.path != "" {
			b = append(append(b, l.path...), ": "...)
		}
		b = append(append(b, l.value...), '\n')
	}
	if len(b) > 0 {
		d.items = append(d.items, &item{kind: itemText, text: b})
	}
}
