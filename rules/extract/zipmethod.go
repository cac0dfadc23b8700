package extract

import (
	"compress/bzip2"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/deflate64"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// zipMethod is the decompressor of a zip compression method (APPNOTE 4.4.5).
func zipMethod(method uint16, r io.Reader) (io.Reader, error) {
	switch method {
	case 0, 95: // what is behind 95 is a whole xz file, opened by its content
		return r, nil
	case 8:
		return flate.NewReader(r), nil
	case 9:
		return deflate64.NewReader(r), nil
	case 12:
		return bzip2.NewReader(r), nil
	case 14:
		return zipLZMA(r)
	case 93:
		return newZstd(r)
	}
	return nil, fmt.Errorf("zip method: %w", document.ErrUnsupported)
}

// zipLZMA reads LZMA with the header that zip gives it: version, size of the
// properties, properties. The stream has an end mark or none.
func zipLZMA(r io.Reader) (io.Reader, error) {
	var h [9]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, fmt.Errorf("zip lzma header: %w", err)
	}
	if binary.LittleEndian.Uint16(h[2:]) != 5 {
		return nil, fmt.Errorf("zip lzma header: %w", document.ErrDamaged)
	}
	if binary.LittleEndian.Uint32(h[5:]) > maxWindow {
		return nil, fmt.Errorf("zip lzma window: %w", document.ErrTooBig)
	}
	classic := append(append([]byte(nil), h[4:9]...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	return lzma.NewReader(&held{b: classic, r: r})
}

// maxWindow bounds the history that a stream may ask for, in bytes.
const maxWindow = 64 << 20

func newZstd(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return d, nil
}
