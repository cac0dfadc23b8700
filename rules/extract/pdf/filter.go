package pdf

import (
	"bufio"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxFilters bounds the filters on one stream.
const maxFilters = 8

// errPicture marks a stream whose filter decodes to a picture: it holds no
// text.
var errPicture = errors.New("a picture")

// filter returns the decoder of a filter (ISO 32000-2, 7.4).
func (f *file) filter(filter name, parm dict, src io.Reader) (io.Reader, error) {
	switch filter {
	case "FlateDecode", "Fl":
		return f.predict(parm, inflate(src)), nil
	case "LZWDecode", "LZW":
		early := f.int(parm["EarlyChange"], 1)
		return f.predict(parm, newLZW(src, early != 0)), nil
	case "ASCII85Decode", "A85":
		return &base85{src: bufio.NewReader(src)}, nil
	case "ASCIIHexDecode", "AHx":
		return &asciiHex{src: bufio.NewReader(src)}, nil
	case "RunLengthDecode", "RL":
		return &runLength{src: bufio.NewReader(src)}, nil
	case "Crypt", "":
		return src, nil // decryption has been seen to
	case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
		return nil, errPicture
	}
	return nil, fmt.Errorf("a stream filter of a PDF: %w", document.ErrUnsupported)
}

// inflate reads a zlib stream without looking at its checksum, which writers
// get wrong and which cut streams lack. The header is optional for the same
// reason.
func inflate(src io.Reader) io.Reader {
	b := bufio.NewReader(src)
	// A line end too many before the data is a common slip.
	for range 2 {
		if c, err := b.Peek(1); err == nil && (c[0] == '\n' || c[0] == '\r') {
			_, _ = b.Discard(1)
		}
	}
	if h, err := b.Peek(2); err == nil && h[0]&0x0f == 8 && (int(h[0])<<8|int(h[1]))%31 == 0 {
		_, _ = b.Discard(2)
	}
	return flate.NewReader(b)
}

// take reads a decoder to its end. Damage is noted and what came before it is
// kept; compressed is the number of bytes in the file, for the ratio.
func (f *file) take(r io.Reader, compressed int64) ([]byte, error) {
	const step = 32 << 10
	out := make([]byte, 0, min(4*compressed+512, 1<<20))
	for {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := r.Read(out[len(out):min(cap(out), len(out)+step)])
		out = out[:len(out)+n]
		if err := f.budget.spend(int64(n)); err != nil {
			return out, err
		}
		size := int64(len(out))
		if size > maxStream {
			return out, fmt.Errorf("a stream of a PDF: %w", document.ErrTooBig)
		}
		if size > 1<<20 && size/f.budget.lim.Ratio > compressed {
			return out, fmt.Errorf("a stream of a PDF: %w", document.ErrRatio)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			if compressed > 0 {
				f.note(fmt.Errorf("a stream of a PDF: %w", document.ErrDamaged))
			}
			return out, nil
		}
	}
}
