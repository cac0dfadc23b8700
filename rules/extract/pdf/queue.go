package pdf

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// queue gives the blocks of a document, reading page after page as they are
// asked for, so that one page is in memory at a time.
type queue struct {
	file    *file
	tree    *tree
	page    int
	waiting []block
	err     error    // a bound that ended the reading
	files   []object // file specifications of annotations
	glyphs  int
	unknown int
}

// ahead returns the i-th block from here on without taking it.
func (q *queue) ahead(i int) (block, bool) {
	for len(q.waiting) <= i {
		if !q.read() {
			return block{}, false
		}
	}
	return q.waiting[i], true
}

// take removes the i-th block.
func (q *queue) take(i int) { q.waiting = slices.Delete(q.waiting, i, i+1) }

// read lays out the next page; false after the last one or at a bound.
func (q *queue) read() bool {
	if q.err != nil {
		return false
	}
	p, ok := q.tree.next()
	if !ok {
		return false
	}
	if q.page++; q.page > q.file.budget.lim.Pages {
		q.err = fmt.Errorf("pages of a PDF: %w", document.ErrTooMany)
		return false
	}
	c := &canvas{}
	q.err = q.file.draw(p, c)
	comments, files, err := q.file.annotations(p, c)
	if q.err == nil {
		q.err = err
	}
	q.files = append(q.files, files...)
	q.glyphs, q.unknown = q.glyphs+c.glyphs, q.unknown+c.unknown
	slices.SortFunc(c.rules, func(a, b rule) int { return cmp.Compare(a.y, b.y) })
	place := fmt.Sprintf("page %d", q.page)
	for _, lines := range c.lines() {
		q.waiting = append(q.waiting, c.blocks(place, lines)...)
	}
	if comments != "" {
		q.waiting = append(q.waiting, block{place: place, text: comments})
	}
	return true
}

// emit gives all blocks to the output. The error is the output's.
func (q *queue) emit(out document.Output) error {
	for {
		b, ok := q.ahead(0)
		if !ok {
			return nil
		}
		q.take(0)
		if b.table == nil {
			if err := out.Text(b.place, strings.NewReader(b.text)); err != nil {
				return err
			}
			continue
		}
		g := &grid{queue: q, table: b.table, gaps: b.table.gaps}
		g.rows = b.table.rows(g.gaps)
		if err := out.Table(b.place, g); err != nil {
			return err
		}
	}
}

// grid is a table that may go on over several pages.
type grid struct {
	queue *queue
	table *tableBlock
	gaps  []gap
	rows  [][][]byte
	first string // the first row, which may be repeated on each page
	at    int    // blocks of the queue that stand between its parts
	held  int    // bytes of them
}

var _ table.Grid = (*grid)(nil)

// Next returns the next row; see table.Grid.
func (g *grid) Next() ([][]byte, error) {
	if len(g.rows) == 0 && !g.more() {
		return nil, io.EOF
	}
	row := g.rows[0]
	g.rows = g.rows[1:]
	if g.first == "" {
		g.first = joined(row)
	}
	if err := g.queue.file.budget.row(len(row)); err != nil {
		g.queue.err = err
		return nil, err
	}
	return row, nil
}

// Between the parts of one table stand the foot of a page and the head of the
// next, or a row that does not keep to its columns.
const (
	maxBetween      = 4
	maxBetweenLines = 14
	maxHeld         = 4 << 20
)

// more takes the next part of the table out of the queue, if there is one.
func (g *grid) more() bool {
	lines := 0
	if g.held > maxHeld {
		return false
	}
	for i := g.at; i <= g.at+maxBetween; i++ {
		b, ok := g.queue.ahead(i)
		if !ok {
			return false
		}
		if b.table == nil {
			g.held += len(b.text)
			if lines += strings.Count(b.text, "\n"); lines > maxBetweenLines {
				return false
			}
			continue
		}
		joint := &tableBlock{canvas: g.table.canvas, gaps: g.gaps}
		if !joint.accepts(b.table) {
			return false
		}
		g.queue.take(i)
		g.at, g.gaps = i, joint.gaps
		if g.rows = b.table.rows(g.gaps); len(g.rows) > 0 && joined(g.rows[0]) == g.first {
			g.rows = g.rows[1:]
		}
		return len(g.rows) > 0
	}
	return false
}

func joined(row [][]byte) string {
	var b strings.Builder
	for _, cell := range row {
		b.Write(cell)
		b.WriteByte(0)
	}
	return b.String()
}
