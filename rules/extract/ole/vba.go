package ole

import (
	"bytes"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxModule bounds the source of one module of macros, in bytes.
const maxModule = 4 << 20

// moduleStart is how the source of every module begins once it is compressed:
// "Attribute VB_Name", with a byte of flags after eight letters.
var moduleStart = []byte("\x00Attribut\x00e ")

// module gives out the source of the macros in a stream of a VBA project, as
// text. Streams without source are passed.
func (rd *reader) module(e *entry) error {
	b := rd.bytes(e, maxModule)
	i := bytes.Index(b, moduleStart)
	if i < 3 || b[i-3] != 1 {
		return nil
	}
	plain, whole := decompressVBA(b[i-2:])
	if !whole {
		rd.note(fmt.Errorf("source of a macro: %w", document.ErrTooBig))
	}
	source := decode(1252).append(nil, plain)
	if len(source) == 0 {
		return nil
	}
	return rd.out.Text(e.name, bytes.NewReader(source))
}

// decompressVBA undoes the compression of a module ([MS-OVBA] 2.4.1.3): chunks
// of up to 4,096 bytes, each with a header of two bytes. It reports whether that
// is all.
func decompressVBA(b []byte) (out []byte, whole bool) {
	for len(b) > 2 {
		if len(out) >= maxModule {
			return out, false
		}
		header := int(le.Uint16(b))
		n := min(header&0xFFF+3, len(b))
		chunk := b[2:n]
		b = b[n:]
		if header&0x8000 == 0 {
			out = append(out, chunk...)
			continue
		}
		out = append(out, decompressChunk(chunk)...)
	}
	return out, true
}

func decompressChunk(b []byte) []byte {
	out := make([]byte, 0, 4096)
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				out = append(out, b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 || len(out) == 0 || len(out) >= 4096 {
				return out
			}
			// The more was written, the more bits the distance takes.
			bits := 4
			for 1<<bits < len(out) {
				bits++
			}
			token := int(le.Uint16(b))
			b = b[2:]
			from := len(out) - token>>(16-bits) - 1
			if from < 0 {
				return out
			}
			for i := range token&(1<<(16-bits)-1) + 3 {
				out = append(out, out[from+i])
			}
		}
	}
	return out
}
