package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// magic begins every database that is not encrypted.
const magic = "SQLite format 3\x00"

// Bounds that no database of use comes near.
const (
	maxDepth  = 40       // of a b-tree
	maxRecord = 16 << 20 // bytes of one record
	maxFiles  = 24 << 20 // bytes of binary values kept of one table
)

// database is an open file.
type database struct {
	r        io.ReaderAt
	pageSize int
	usable   int // bytes of a page without the reserved ones at its end
	pages    uint32
	encoding uint32 // of text: 1 UTF-8, 2 UTF-16 little endian, 3 big endian
	lim      document.Limits
	stopped  func() error
	seen     []uint64 // one bit a page
	bytes    int64    // read so far
	cells    int64
	fault    error // the first damage; reading goes on
	ended    error // a bound that ended the reading
}

func open(r io.ReaderAt, size int64, lim document.Limits, stopped func() error) (*database, error) {
	var h [100]byte
	if n, err := r.ReadAt(h[:], 0); n < len(h) || string(h[:16]) != magic {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("header of a database: %w", err)
		}
		return nil, fmt.Errorf("no header of a database: %w", document.ErrUnsupported)
	}
	pageSize := int(binary.BigEndian.Uint16(h[16:]))
	if pageSize == 1 {
		pageSize = 64 << 10
	}
	usable := pageSize - int(h[20])
	if pageSize < 512 || pageSize&(pageSize-1) != 0 || usable < 480 {
		return nil, fmt.Errorf("page size of a database: %w", document.ErrDamaged)
	}
	pages := (size + int64(pageSize) - 1) / int64(pageSize)
	db := &database{
		r: r, pageSize: pageSize, usable: usable, pages: uint32(min(pages, 1<<32-2)),
		encoding: binary.BigEndian.Uint32(h[56:]), lim: lim, stopped: stopped,
	}
	db.seen = make([]uint64, db.pages/64+1)
	// The size in the header holds if both of its counters agree.
	stated := binary.BigEndian.Uint32(h[28:])
	if stated > db.pages && binary.BigEndian.Uint32(h[24:]) == binary.BigEndian.Uint32(h[92:]) {
		db.damaged("a database that is cut off")
	}
	return db, nil
}

func (db *database) note(err error) {
	if db.fault == nil {
		db.fault = err
	}
}

func (db *database) damaged(what string) {
	db.note(fmt.Errorf("%s: %w", what, document.ErrDamaged))
}

// page reads a page that was not read before into b, which it returns; nil if
// there is none.
func (db *database) page(n uint32, b []byte) []byte {
	if db.ended != nil {
		return nil
	}
	if n == 0 || n > db.pages || db.seen[n/64]&(1<<(n%64)) != 0 {
		db.damaged("a page of a database")
		return nil
	}
	db.seen[n/64] |= 1 << (n % 64)
	if db.bytes += int64(db.pageSize); db.bytes > db.lim.Bytes {
		db.ended = fmt.Errorf("pages of a database: %w", document.ErrTooBig)
		return nil
	}
	if db.stopped() != nil {
		return nil
	}
	if cap(b) < db.pageSize {
		b = make([]byte, db.pageSize)
	}
	b = b[:db.pageSize]
	m, _ := db.r.ReadAt(b, int64(n-1)*int64(db.pageSize))
	if m < db.pageSize {
		db.damaged("a page of a database")
		clear(b[m:])
	}
	return b
}
