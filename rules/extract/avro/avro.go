// Package avro reads Avro object container files (Avro 1.11, "Object Container
// Files") as tables.
//
// A reader of its own since the rows are all that is wanted: libraries decode
// into maps, whose order of columns is lost, and trust the lengths that a file
// states.
//
// What is always true: one record is in memory at a time; lengths that a file
// states are never trusted; nested records become columns named by their path,
// lists become rows below the record's first.
package avro

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flat"
	"github.com/klauspost/compress/zstd"
)

// Bounds that no file of use comes near.
const (
	maxValue = 16 << 20 // bytes of one value
	maxMeta  = 4 << 20  // bytes of one value of the header
)

// Read gives the records of a file of size bytes to out as one table, the
// columns' names first. It returns out's error unchanged, the context's error,
// or one of document's: what was found before stays good.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	f := &file{br: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 32<<10), ctx: ctx, size: size, lim: lim, budget: lim.Bytes,
		buffer: bufio.NewReaderSize(nil, 16<<10)}
	defer f.close()
	if err := f.header(); err != nil {
		return err
	}
	g := &grid{f: f, record: flat.New(len(f.columns))}
	if err := out.Table("", g); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading an Avro file: %w", err)
	}
	if g.err != nil && g.err != io.EOF {
		return g.err
	}
	if f.cut {
		return fmt.Errorf("value of an Avro file: %w", document.ErrTooBig)
	}
	return nil
}

// file is an open file.
type file struct {
	br      *bufio.Reader
	ctx     context.Context
	size    int64
	lim     document.Limits
	budget  int64 // bytes that may still come out of compression
	cells   int64
	root    *schema
	columns []string
	codec   string
	sync    [16]byte
	buffer  *bufio.Reader // over a block
	inflate io.ReadCloser
	zstd    *zstd.Decoder
	cut     bool // a value was longer than a cell may be
}

var errDamaged = fmt.Errorf("an Avro file: %w", document.ErrDamaged)

// header reads the magic, the schema, the codec and the marker that ends each
// block.
func (f *file) header() error {
	var magic [4]byte
	if _, err := io.ReadFull(f.br, magic[:]); err != nil || string(magic[:]) != "Obj\x01" {
		return fmt.Errorf("no header of an Avro file: %w", document.ErrUnsupported)
	}
	var text []byte
	d := &decoder{br: f.br, f: f}
	for entries := 0; ; {
		count := d.count()
		if d.err != nil {
			return errDamaged
		}
		if count == 0 {
			break
		}
		if entries += count; entries > 4096 {
			return errDamaged
		}
		for range count {
			key, value := d.bytes(maxMeta), d.bytes(maxMeta)
			if d.err != nil {
				return errDamaged
			}
			switch string(key) {
			case "avro.schema":
				text = value
			case "avro.codec":
				f.codec = string(value)
			}
		}
	}
	if _, err := io.ReadFull(f.br, f.sync[:]); err != nil {
		return errDamaged
	}
	var err error
	f.root, f.columns, err = parse(text, max(f.lim.Depth, 8))
	return err
}

// block opens the next block and tells how many records it has. io.EOF is the
// end of the file in its place.
func (f *file) block() (*block, error) {
	if _, err := f.br.Peek(1); err == io.EOF {
		return nil, io.EOF
	}
	records, err := binary.ReadVarint(f.br)
	if err != nil {
		return nil, errDamaged
	}
	length, err := binary.ReadVarint(f.br)
	if err != nil || records < 0 || length < 0 || length > f.size {
		return nil, errDamaged
	}
	b := &block{f: f, packed: &io.LimitedReader{R: f.br, N: length}, left: records}
	b.length = length
	return b, b.open()
}
