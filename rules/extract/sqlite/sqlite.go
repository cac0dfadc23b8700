// Package sqlite reads the tables of SQLite database files (format 3, as
// described at https://sqlite.org/fileformat2.html).
//
// What is always true: the file is only read, and none of its SQL is run: of
// the schema the names of tables and columns are taken, and views, triggers
// and indexes are left alone. Each page is visited once, so that a damaged
// file cannot keep Read busy, and one row is in memory at a time.
package sqlite

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Read gives each table of a database of size bytes to out, its column names
// as the first row, and then the files that it holds as binary values. It
// returns out's error unchanged, the context's error, or one of document's:
// what was found before stays good. A file without the format's header, such
// as an encrypted database, is document.ErrUnsupported.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	db, err := open(r, size, lim, ctx.Err)
	if err != nil {
		return err
	}
	for i, s := range db.schema() {
		if i == lim.Pages {
			db.note(fmt.Errorf("tables of a database: %w", document.ErrTooMany))
			break
		}
		if err := db.give(s, out); err != nil {
			return err
		}
		if db.ended != nil {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading a database: %w", err)
	}
	if db.ended != nil {
		return db.ended
	}
	return db.fault
}

// object is a row of the schema that describes a table.
type object struct {
	name string
	root uint32
	def  definition
}

// schema reads the tables' descriptions from the table that begins on page 1.
func (db *database) schema() []object {
	var tables []object
	c := db.cursor(1)
	for {
		payload, _, ok := c.next()
		if !ok {
			return tables
		}
		row := db.record(nil, payload)
		if len(row) < 5 || row[0].text(db.encoding) != "table" {
			continue
		}
		name, root := row[1].text(db.encoding), row[3].integer
		if strings.HasPrefix(name, "sqlite_") || root <= 0 || root > int64(db.pages) {
			continue // the engine's own, or a virtual table
		}
		tables = append(tables, object{name: name, root: uint32(root), def: parseTable(row[4].text(db.encoding))})
		if len(tables) > db.lim.Pages {
			return tables
		}
	}
}

// give gives one table and the files in it.
func (db *database) give(s object, out document.Output) error {
	g := &grid{db: db, cursor: db.cursor(s.root), def: s.def}
	if err := out.Table(s.name, g); err != nil {
		return err
	}
	for i, b := range g.files {
		title := fmt.Sprintf("%s-%d", s.name, i+1)
		if err := out.File(title, strings.NewReader(b), int64(len(b))); err != nil {
			return err
		}
	}
	return nil
}
