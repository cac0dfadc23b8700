// Package table finds tables in plain text and tells what each column holds.
//
// A Grid is a table as found, whatever it was found in: a CSV body, a
// worksheet, an HTML table, repeated "key: value" blocks. Split cuts running
// text into grids and prose; a Typer reads a grid to its end and gives each
// stretch of rows together with the field types of its columns. Everything
// streams: memory is bounded by the widest stretch, not by the table.
package table

// Grid is a table as found: rows of cells, read once from the first to the
// last. The header row, where there is one, is an ordinary row: the Typer
// decides.
type Grid interface {
	// Next returns the next row. Cells are UTF-8 and, like the row itself,
	// valid only until the next call. The error is io.EOF after the last row;
	// any other error means that the rest could not be read and says why.
	Next() ([][]byte, error)
}
