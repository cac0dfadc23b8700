package avro

import (
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// block is a stretch of records, compressed as one.
type block struct {
	f      *file
	packed *io.LimitedReader
	length int64
	left   int64 // records
	out    int64 // bytes out of compression
	r      io.Reader
	d      *decoder
}

const (
	maxBlock   = 64 << 20 // bytes of a block that must be in memory as a whole
	maxWindow  = 64 << 20 // bytes of history that a block may ask for
	ratioFloor = 1 << 20  // bytes that any block may expand to before its ratio counts
)

// open puts the decompressor of the file's codec over the block. It is kept
// from one block to the next: a file may have very many small ones.
func (b *block) open() error {
	f := b.f
	switch f.codec {
	case "", "null":
		b.r = b.packed
	case "deflate":
		if f.inflate == nil {
			f.inflate = flate.NewReader(b.packed)
		} else if err := f.inflate.(flate.Resetter).Reset(b.packed, nil); err != nil {
			return errDamaged
		}
		b.r = f.inflate
	case "bzip2":
		b.r = bzip2.NewReader(b.packed)
	case "snappy":
		plain, err := b.snappy()
		if err != nil {
			return err
		}
		b.r = plain
	case "zstandard":
		if err := f.openZstd(b.packed); err != nil {
			return errDamaged
		}
		b.r = f.zstd
	default: // xz, and what comes after this was written
		return fmt.Errorf("codec of an Avro file: %w", document.ErrUnsupported)
	}
	f.buffer.Reset(b)
	b.d = &decoder{br: f.buffer, f: f}
	return nil
}

func (f *file) openZstd(r io.Reader) (err error) {
	if f.zstd != nil {
		return f.zstd.Reset(r)
	}
	f.zstd, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	return err
}

// close frees the decompressors.
func (f *file) close() {
	if f.zstd != nil {
		f.zstd.Close()
	}
}

// snappy decodes a block that is one piece, with a checksum of its content
// behind it.
func (b *block) snappy() (io.Reader, error) {
	if b.length > maxBlock || b.length < 4 {
		return nil, errDamaged
	}
	packed, err := io.ReadAll(b.packed)
	if err != nil || int64(len(packed)) != b.length {
		return nil, errDamaged
	}
	packed = packed[:len(packed)-4]
	n, err := s2.DecodedLen(packed)
	if err != nil || n > maxBlock {
		return nil, errDamaged
	}
	plain, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, errDamaged
	}
	return &held{plain}, nil
}

type held struct{ b []byte }

func (h *held) Read(p []byte) (int, error) {
	if len(h.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, h.b)
	h.b = h.b[n:]
	return n, nil
}

// Read gives the block's bytes out of compression, under the bounds.
func (b *block) Read(p []byte) (int, error) {
	if err := b.f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	b.out += int64(n)
	if b.f.budget -= int64(n); b.f.budget < 0 {
		return 0, fmt.Errorf("an Avro file: %w", document.ErrTooBig)
	}
	if b.out > ratioFloor && b.out/max(b.f.lim.Ratio, 1) > max(b.length, 1) {
		return 0, fmt.Errorf("block of an Avro file: %w", document.ErrRatio)
	}
	return n, err
}

// end passes what is left of the block and checks the marker behind it.
func (b *block) end() error {
	if _, err := io.Copy(io.Discard, b.packed); err != nil {
		return errDamaged
	}
	var sync [16]byte
	if _, err := io.ReadFull(b.f.br, sync[:]); err != nil || sync != b.f.sync {
		return errDamaged
	}
	return nil
}
