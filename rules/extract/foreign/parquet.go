package foreign

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flat"
	"github.com/parquet-go/parquet-go"
)

// readParquet gives the rows of a Parquet file as one table, its leaf columns
// named by their path, as address.city.
func readParquet(ctx context.Context, job Job, out Output) error {
	if err := parquetFooter(job.Content, job.Size); err != nil {
		return err
	}
	f, err := parquet.OpenFile(job.Content, job.Size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("parquet: %w", document.ErrDamaged) // the library's errors have no kinds
	}
	columns, err := parquetColumns(f)
	if err != nil {
		return err
	}
	t := &parquetTable{ctx: ctx, groups: f.RowGroups(), columns: columns, record: flat.New(len(columns)), batch: make([]parquet.Row, parquetBatch)}
	defer t.close()
	return out.File(ctx, "", &rowReader{next: t.next})
}

// parquetFooter checks the last eight bytes: the size of the footer, for which
// the library takes memory before it reads, and the magic. A file whose footer
// is encrypted has a magic of its own.
func parquetFooter(at io.ReaderAt, size int64) error {
	const frame = 4 + 8 // the magic before, and these
	var tail [8]byte
	if _, err := at.ReadAt(tail[:], size-8); err != nil && err != io.EOF {
		return fmt.Errorf("parquet: %w", document.ErrDamaged)
	}
	if string(tail[4:]) == "PARE" {
		return fmt.Errorf("parquet: %w", document.ErrEncrypted)
	}
	if int64(binary.LittleEndian.Uint32(tail[:])) > size-frame {
		return fmt.Errorf("parquet footer: %w", document.ErrDamaged)
	}
	return nil
}

// parquetColumn is a leaf column: its name and how its values are written.
type parquetColumn struct {
	name  string
	write func(b []byte, v parquet.Value) []byte
}

func parquetColumns(f *parquet.File) ([]parquetColumn, error) {
	if f.Metadata().EncryptionAlgorithm.Value != nil {
		return nil, fmt.Errorf("parquet columns: %w", document.ErrEncrypted)
	}
	paths := f.Schema().Columns()
	if len(paths) > maxRowCells {
		return nil, fmt.Errorf("parquet columns: %w", document.ErrTooMany)
	}
	columns := make([]parquetColumn, len(paths))
	for i, path := range paths {
		leaf, ok := f.Schema().Lookup(path...)
		if !ok {
			return nil, fmt.Errorf("parquet column: %w", document.ErrDamaged)
		}
		columns[i] = parquetColumn{parquetName(path), parquetWriter(leaf.Node)}
	}
	return columns, nil
}

// parquetName leaves out the steps that only say how lists and maps are stored
// (LogicalTypes.md of the format).
func parquetName(path []string) string {
	var steps []string
	for i, step := range path {
		switch step {
		case "list", "element", "bag", "array_element", "array", "key_value", "item":
			if i > 0 {
				continue
			}
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, ".")
}

// parquetBatch is how many rows are read at a time.
const parquetBatch = 64

// parquetTable is the reading of one file's rows.
type parquetTable struct {
	ctx     context.Context
	groups  []parquet.RowGroup
	rows    parquet.Rows // of the group that is being read, nil for none
	columns []parquetColumn
	batch   []parquet.Row
	begun   bool
	cut     bool // a value was longer than a cell may be
	full    bool // a record had more values than are kept
	record  *flat.Record
}

func (t *parquetTable) close() {
	if t.rows != nil {
		t.rows.Close() // nothing was written
		t.rows = nil
	}
}

// next appends the rows of the next batch.
func (t *parquetTable) next(b []byte) ([]byte, error) {
	if err := t.ctx.Err(); err != nil {
		return b, err
	}
	if !t.begun {
		t.begun = true
		return t.header(b), nil
	}
	if t.rows == nil {
		if len(t.groups) == 0 {
			return b, t.end()
		}
		t.rows, t.groups = t.groups[0].Rows(), t.groups[1:]
	}
	n, err := t.rows.ReadRows(t.batch)
	for _, row := range t.batch[:n] {
		b = t.row(b, row)
	}
	switch {
	case err == io.EOF || err == nil && n == 0:
		t.close()
	case err != nil:
		return b, fmt.Errorf("parquet rows: %w", document.ErrDamaged)
	}
	return b, nil
}

func (t *parquetTable) end() error {
	if t.full {
		return fmt.Errorf("parquet record: %w", document.ErrTooMany)
	}
	if t.cut {
		return fmt.Errorf("parquet value: %w", document.ErrTooBig)
	}
	return io.EOF
}

func (t *parquetTable) header(b []byte) []byte {
	row := make([][]byte, len(t.columns))
	for i, c := range t.columns {
		row[i] = []byte(c.name)
	}
	return appendRow(b, row)
}

// row appends one record. Where a column repeats, as a list of a record's
// contacts does, its further values stand in rows of their own below the first.
func (t *parquetTable) row(b []byte, values parquet.Row) []byte {
	t.record.Reset()
	for _, v := range values {
		i := v.Column()
		if i < 0 || i >= len(t.columns) {
			continue
		}
		cell := t.record.Cell(i)
		if !v.IsNull() {
			*cell = t.columns[i].write(*cell, v)
		}
		if len(*cell) > maxCell {
			*cell, t.cut = (*cell)[:maxCell], true
		}
	}
	t.full = t.full || t.record.Full()
	for i := 0; t.record.Row(i) != nil; i++ {
		b = appendRow(b, t.record.Row(i))
	}
	return b
}
