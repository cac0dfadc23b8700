package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"sort"
)

// zipHidden finds entries by their local headers: those that the directory
// does not list, and those whose local header says something else than it.
func zipHidden(at io.ReaderAt, size int64, listed []zipEntry, limit int) []zipEntry {
	var found []zipEntry
	sorted := append([]zipEntry(nil), listed...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].header < sorted[j].header })
	pos := int64(0)
	for _, e := range sorted {
		if e.header < 0 || e.data >= size {
			continue
		}
		if pos < e.header && len(found) < limit {
			found = append(found, zipScan(at, pos, e.header, limit-len(found))...)
		}
		if local, ok := zipLocalEntry(at, e.header, size); ok && local.differs(e) && len(found) < limit {
			found = append(found, local)
		}
		pos = max(pos, e.data+max(e.packed, 0))
	}
	if len(found) < limit {
		found = append(found, zipScan(at, pos, size, limit-len(found))...)
	}
	return found
}

// differs tells whether a tool that trusts the local header reads other bytes.
func (e zipEntry) differs(listed zipEntry) bool {
	if e.flags&8 != 0 && e.packed <= 0 { // sizes come after the data
		return e.method != listed.method
	}
	return e.method != listed.method || e.packed != listed.packed
}

// zipScan looks for local headers between two places. Nearly always there are a
// few bytes between them, which hold the sizes of the entry before (APPNOTE
// 4.3.9), for each of perhaps thousands of entries.
func zipScan(at io.ReaderAt, from, to int64, limit int) []zipEntry {
	var found []zipEntry
	if to-from < zipLocalSize {
		return nil
	}
	br := bufio.NewReaderSize(io.NewSectionReader(at, from, to-from), int(min(to-from, 64<<10)))
	for len(found) < limit {
		k := zipNext(br)
		if k < 0 {
			return found
		}
		from += k
		skip := int64(len(zipLocal))
		if e, ok := zipLocalEntry(at, from, to); ok {
			e.recovered = true
			found = append(found, e)
			skip = e.data - from + max(e.packed, 0)
		}
		if skip < 0 || skip >= to-from {
			return found
		}
		if from += skip; skip > int64(br.Buffered()) {
			br.Reset(io.NewSectionReader(at, from, to-from))
		} else {
			_, _ = br.Discard(int(skip))
		}
	}
	return found
}

// zipNext goes to the next local header and returns how far that was, -1 if
// there is none.
func zipNext(br *bufio.Reader) int64 {
	var passed int64
	for {
		_, err := br.Peek(len(zipLocal))
		b, _ := br.Peek(br.Buffered())
		k := bytes.Index(b, []byte(zipLocal))
		switch {
		case k >= 0:
			_, _ = br.Discard(k)
			return passed + int64(k)
		case err != nil:
			return -1
		}
		k, _ = br.Discard(len(b) - len(zipLocal) + 1)
		passed += int64(k)
	}
}

// zipLocalSize is the size of a local header in bytes, without name and extra
// field (APPNOTE 4.3.7).
const zipLocalSize = 30

// zipLocalEntry reads a local header. packed is -1 where the size comes after
// the data.
func zipLocalEntry(at io.ReaderAt, off, end int64) (zipEntry, bool) {
	var h [zipLocalSize]byte
	if _, err := at.ReadAt(h[:], off); err != nil || string(h[:4]) != zipLocal {
		return zipEntry{}, false
	}
	le := binary.LittleEndian
	e := zipEntry{header: off, flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), time: le.Uint16(h[10:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), unpacked: int64(le.Uint32(h[22:]))}
	e.data = off + zipLocalSize + int64(le.Uint16(h[26:])) + int64(le.Uint16(h[28:]))
	if e.data > end || !e.known() {
		return zipEntry{}, false
	}
	names := make([]byte, int(le.Uint16(h[26:]))+int(le.Uint16(h[28:])))
	if _, err := at.ReadAt(names, off+zipLocalSize); err != nil {
		return zipEntry{}, false
	}
	e.name = zipName(names[:le.Uint16(h[26:])])
	e.extra = names[le.Uint16(h[26:]):]
	e.wide()
	e.header = off
	if e.flags&8 != 0 && e.packed == 0 {
		e.packed = -1
		if e.method == 0 {
			e.packed = max(zipStoredEnd(at, e.data, end)-e.data, 0)
		}
	}
	return e, true
}

// known tells the methods that entries have: what looks like a header and has
// another is none.
func (e zipEntry) known() bool {
	switch e.method {
	case 0, 8, 9, 12, 14, 93, 95, 99:
		return true
	}
	return false
}

// zipStoredEnd finds the end of stored data of unknown size: at the next
// signature.
func zipStoredEnd(at io.ReaderAt, from, end int64) int64 {
	br := bufio.NewReaderSize(io.NewSectionReader(at, from, end-from), 64<<10)
	pos := from
	for {
		b, err := br.Peek(64 << 10)
		for _, sig := range []string{"PK\x07\x08", zipLocal, zipCentral} {
			if k := bytes.Index(b, []byte(sig)); k >= 0 {
				return pos + int64(k)
			}
		}
		if err != nil {
			return end
		}
		k, _ := br.Discard(len(b) - 3)
		pos += int64(k)
	}
}

// minExtra is the size in bytes from which an extra field may be text: those of
// programs are short or binary.
const minExtra = 64

// zipComments gives what an archive says of itself and of its entries, and the
// text in extra fields: a line for each.
func zipComments(at io.ReaderAt, size int64, entries []zipEntry) []byte {
	var said []byte
	add := func(b []byte) {
		if len(bytes.TrimSpace(b)) > 0 {
			said = append(append(said, b...), '\n')
		}
	}
	for _, e := range entries {
		add(e.comment)
		if len(e.extra) >= minExtra {
			text, _ := io.ReadAll(&captions{r: bytes.NewReader(e.extra)}) // from memory: it cannot fail
			add(text)
		}
	}
	if end, record := zipEndRecord(at, size); end >= 0 {
		comment := make([]byte, binary.LittleEndian.Uint16(record[20:]))
		n, _ := at.ReadAt(comment, end+int64(len(record)))
		add(comment[:n])
	}
	return said
}
