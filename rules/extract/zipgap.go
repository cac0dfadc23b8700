package extract

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxGaps bounds how many places of one archive are looked into that no entry
// owns.
const maxGaps = 32

// zipGaps opens what stands in a zip file and belongs to no entry: between
// them, and behind the end.
func (w *walk) zipGaps(n node, at io.ReaderAt, size int64, entries []zipEntry) error {
	gaps := zipUnowned(at, size, entries)
	for _, gap := range gaps[:min(len(gaps), maxGaps)] {
		if err := w.aside(n, "unlisted", section(at, gap[0], gap[1]-gap[0])); err != nil {
			return err
		}
	}
	if len(gaps) > maxGaps {
		return document.ErrTooMany
	}
	return nil
}

// zipUnowned returns the stretches that neither an entry nor the directory
// takes up, in order, each from and to. What is before the first entry is left
// out: it was the format of the file, or is looked into as such.
func zipUnowned(at io.ReaderAt, size int64, entries []zipEntry) (gaps [][2]int64) {
	end, record := zipEndRecord(at, size)
	if end < 0 {
		return nil
	}
	taken := [][2]int64{{end, end + 22 + int64(binary.LittleEndian.Uint16(record[20:]))}}
	if dir := end - int64(binary.LittleEndian.Uint32(record[12:])); dir >= 0 {
		taken[0][0] = dir
	}
	for _, e := range entries {
		if e.packed < 0 {
			return nil // where it ends is not known
		}
		if e.header >= 0 && e.data <= size {
			taken = append(taken, [2]int64{e.header, zipEntryEnd(at, e)})
		}
	}
	slices.SortFunc(taken, func(a, b [2]int64) int { return int(max(min(a[0]-b[0], 1), -1)) })
	for pos := taken[0][0]; len(taken) > 0; taken = taken[1:] {
		if taken[0][0]-pos >= minTrailer {
			gaps = append(gaps, [2]int64{pos, taken[0][0]})
		}
		pos = max(pos, taken[0][1])
		if len(taken) == 1 && size-pos >= minTrailer {
			gaps = append(gaps, [2]int64{pos, size})
		}
	}
	return gaps
}

// zipEntryEnd returns where an entry ends, with the sizes that may stand behind
// its content (APPNOTE 4.3.9): a mark, a checksum and two sizes of 32 or 64 bits.
func zipEntryEnd(at io.ReaderAt, e zipEntry) int64 {
	end := e.data + e.packed
	var b [24]byte
	if _, _ = at.ReadAt(b[:], end); e.flags&8 == 0 || string(b[:4]) != "PK\x07\x08" {
		return end
	}
	if binary.LittleEndian.Uint64(b[8:]) == uint64(e.packed) {
		return end + 24
	}
	return end + 16
}
