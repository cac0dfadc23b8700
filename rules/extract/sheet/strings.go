package sheet

import "encoding/binary"

// Bounds of the shared strings of a workbook, 176 MiB together.
const (
	chunkBits  = 20  // a chunk holds 1 MiB
	maxChunks  = 128 // 128 MiB of text
	pageBits   = 16  // offsets come in pages of 65,536
	maxStrings = 12e6
	maxString  = MaxCellBytes - binary.MaxVarintLen32
)

// Strings holds strings in few large pieces of memory, each string with
// its length before it, and where they begin. The zero value is empty.
type Strings struct {
	chunks [][]byte
	pages  [][]uint32
	n      int
}

// Add keeps a copy of the string and tells whether there was room for it.
func (t *Strings) Add(text []byte) bool {
	text = text[:min(len(text), maxString)]
	need := len(text) + binary.MaxVarintLen32
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+need > 1<<chunkBits {
		if len(t.chunks) == maxChunks {
			return false
		}
		// A small workbook gets by with a small first chunk.
		size := 1 << chunkBits
		if last < 0 {
			size = max(need, 16<<10)
		}
		t.chunks = append(t.chunks, make([]byte, 0, size))
		last++
	}
	if t.n >= maxStrings {
		return false
	}
	chunk := t.chunks[last]
	if t.n&(1<<pageBits-1) == 0 {
		size := 1 << pageBits
		if t.n == 0 {
			size = 256
		}
		t.pages = append(t.pages, make([]uint32, 0, size))
	}
	page := len(t.pages) - 1
	t.pages[page] = append(t.pages[page], uint32(last)<<chunkBits|uint32(len(chunk)))
	chunk = binary.AppendUvarint(chunk, uint64(len(text)))
	t.chunks[last] = append(chunk, text...)
	t.n++
	return true
}

// Len is the number of strings.
func (t *Strings) Len() int { return t.n }

// Get returns the string at the index, nil if there is none.
func (t *Strings) Get(i int) []byte {
	if i < 0 || i >= t.n {
		return nil
	}
	at := t.pages[i>>pageBits][i&(1<<pageBits-1)]
	b := t.chunks[at>>chunkBits][at&(1<<chunkBits-1):]
	size, n := binary.Uvarint(b)
	return b[n : n+int(size) : n+int(size)]
}
