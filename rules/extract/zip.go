package extract

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/odf"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ooxml"
)

// zip reads what a zip file holds: a document of the kinds that are zip files,
// or an archive.
func (w *walk) zip(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	if f, read := zipDocument(at, size); read != nil {
		w.turns(&n, f)
		if err := w.document(n, at, size, read); err != nil {
			return err
		}
		err := w.zipEntries(n, at, size, besideDocument)
		return firstError(cut, err)
	}
	err := w.zipEntries(n, at, size, func(string) bool { return true })
	return firstError(cut, err) // what cut it off explains its damage
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// zipDocument tells which document format a zip file is, if any.
func zipDocument(at io.ReaderAt, size int64) (Format, documentReader) {
	switch ooxml.KindOf(at, size) {
	case ooxml.XLSX:
		return FormatXLSX, ooxml.Read
	case ooxml.XLSB:
		return FormatXLSB, ooxml.Read
	case ooxml.DOCX:
		return FormatDOCX, ooxml.Read
	case ooxml.PPTX:
		return FormatPPTX, ooxml.Read
	}
	switch odf.KindOf(at, size) {
	case odf.ODS:
		return FormatODS, odf.Read
	case odf.None:
		return "", nil
	}
	return FormatODT, odf.Read
}

// besideDocument tells the entries of a document's zip that its own reader
// has no business with.
func besideDocument(name string) bool {
	name = asciiLower(strings.TrimLeft(name, "/"))
	dir, _, nested := strings.Cut(name, "/")
	if nested {
		switch dir {
		case "xl", "word", "ppt", "docprops", "_rels", "customxml", "meta-inf", "configurations2", "thumbnails", "visio",
			"pictures", "media", "basic", "scripts", "object 1", "objectreplacements", "documents":
			return false
		}
	}
	return name != "mimetype" && !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".rdf") && !strings.HasSuffix(name, ".rels")
}

// zipEntry is one file of an archive, as its directory or its local header
// describes it.
type zipEntry struct {
	name      string
	flags     uint16
	method    uint16
	crc       uint32
	time      uint16
	packed    int64
	unpacked  int64
	header    int64 // where the local header stands, or -1
	data      int64 // where the content begins
	extra     []byte
	comment   []byte
	recovered bool // found by its local header only
}

const (
	zipLocal   = "PK\x03\x04"
	zipCentral = "PK\x01\x02"
	zipEnd     = "PK\x05\x06"
	zipEnd64   = "PK\x06\x06"
)

// zipEntries opens the entries of an archive: those of its directory, and
// those that only stand in it (APPNOTE 6.3), since tools differ in which they
// show.
func (w *walk) zipEntries(n node, at io.ReaderAt, size int64, want func(string) bool) error {
	entries, _, damaged := zipDirectory(at, size, w.lim.Entries+1)
	hidden := zipHidden(at, size, entries, w.lim.Entries)
	if said := zipComments(at, size, entries); len(said) > 0 {
		if err := w.aside(n, "comments", stream(bytes.NewReader(said))); err != nil {
			return err
		}
	}
	encrypted := 0
	type place struct {
		data, packed int64
		method       uint16
	}
	read := map[place]bool{} // thousands of entries may lie in one place, to be read as many times
	for i, e := range append(entries, hidden...) {
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		if strings.HasSuffix(e.name, "/") && e.packed == 0 || !want(e.name) {
			continue
		}
		if at := (place{e.data, e.packed, e.method}); e.packed > 0 && e.flags&1 == 0 {
			if read[at] {
				w.empty(n.child(e.name)) // another name of it
				continue
			}
			read[at] = true
		}
		if w.bombs >= maxBombs {
			return document.ErrRatio
		}
		if len(w.sum.Parts) >= w.lim.Parts {
			w.enter(&n)
			return nil
		}
		if e.flags&1 != 0 {
			encrypted++
		}
		if err := w.zipEntry(n, at, size, e); err != nil {
			return err
		}
	}
	if err := w.zipGaps(n, at, size, append(entries, hidden...)); err != nil {
		return err
	}
	if damaged && (len(entries)+len(hidden) > 0 || n.format == FormatZip) {
		return document.ErrDamaged
	}
	return nil
}

// zipEntry opens one entry.
func (w *walk) zipEntry(n node, at io.ReaderAt, size int64, e zipEntry) error {
	child := n.child(e.name)
	child.place = Attachment
	packed := io.NewSectionReader(at, e.data, max(min(e.packed, size-e.data), 0))
	if e.packed < 0 { // not told: up to where the compression ends
		packed = io.NewSectionReader(at, e.data, size-e.data)
	}
	if e.flags&1 != 0 {
		return w.zipEncrypted(child, packed, e)
	}
	if e.method == 0 {
		return w.open(child, content{w.metered(child, packed), packed, packed.Size()})
	}
	r, err := w.expanding(child, packed, func(r io.Reader) (io.Reader, error) { return zipMethod(e.method, r) })
	if err != nil {
		return w.refuse(child, FormatUnknown, err)
	}
	return w.open(child, stream(r))
}

// refuse records a part that was met and could not be opened at all.
func (w *walk) refuse(n node, f Format, err error) error {
	n.format = f
	if !w.enter(&n) {
		return nil
	}
	return w.fault(n, err)
}

// zipDirectory reads the central directory. base is what must be added to its
// offsets, where something was put before the archive.
func zipDirectory(at io.ReaderAt, size int64, limit int) (entries []zipEntry, base int64, damaged bool) {
	end, tail := zipEndRecord(at, size)
	if end < 0 {
		return nil, 0, true
	}
	le := binary.LittleEndian
	length, offset := int64(le.Uint32(tail[12:])), int64(le.Uint32(tail[16:]))
	dirEnd := end
	if length == 0xffffffff || offset == 0xffffffff || le.Uint16(tail[10:]) == 0xffff {
		var loc [20]byte
		if _, err := at.ReadAt(loc[:], end-20); err == nil && string(loc[:4]) == "PK\x06\x07" {
			var z [56]byte
			pos := int64(le.Uint64(loc[8:]))
			if _, err := at.ReadAt(z[:], pos); err == nil && string(z[:4]) == zipEnd64 {
				length, offset, dirEnd = int64(le.Uint64(z[40:])), int64(le.Uint64(z[48:])), pos
			}
		}
	}
	if length < 0 || length > dirEnd {
		return nil, 0, true
	}
	start := dirEnd - length
	base = start - offset
	var sig [4]byte
	if _, err := at.ReadAt(sig[:], start); err != nil || length > 0 && string(sig[:]) != zipCentral {
		if start, base = offset, 0; offset < 0 || offset > end {
			return nil, 0, true
		}
	}
	entries, damaged = zipCentralEntries(io.NewSectionReader(at, start, end-start), base, limit)
	for i := range entries {
		damaged = !entries[i].locate(at, size) || damaged
	}
	return entries, base, damaged
}

// zipEndRecord finds the last end record, -1 if there is none.
func zipEndRecord(at io.ReaderAt, size int64) (int64, []byte) {
	const most = 22 + 65535 + 1024
	from := max(size-most, 0)
	b := make([]byte, size-from)
	k, _ := at.ReadAt(b, from)
	b = b[:k]
	for i := len(b); ; {
		if i = bytes.LastIndex(b[:i], []byte(zipEnd)); i < 0 {
			return -1, nil
		}
		if len(b)-i >= 22 {
			return from + int64(i), b[i : i+22]
		}
	}
}

func zipCentralEntries(r io.Reader, base int64, limit int) (entries []zipEntry, damaged bool) {
	le := binary.LittleEndian
	var h [46]byte
	for len(entries) < limit {
		if _, err := io.ReadFull(r, h[:]); err != nil || string(h[:4]) != zipCentral {
			return entries, false
		}
		names := make([]byte, int(le.Uint16(h[28:]))+int(le.Uint16(h[30:]))+int(le.Uint16(h[32:])))
		if _, err := io.ReadFull(r, names); err != nil {
			return entries, true
		}
		e := zipEntry{flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), time: le.Uint16(h[12:]), crc: le.Uint32(h[16:]),
			packed: int64(le.Uint32(h[20:])), unpacked: int64(le.Uint32(h[24:])), header: int64(le.Uint32(h[42:]))}
		e.name = zipName(names[:le.Uint16(h[28:])])
		e.extra = names[le.Uint16(h[28:]):][:le.Uint16(h[30:])]
		e.comment = names[len(names)-int(le.Uint16(h[32:])):]
		e.wide()
		e.header += base
		entries = append(entries, e)
	}
	return entries, false
}

// wide takes the sizes from the zip64 field where the plain ones are full.
func (e *zipEntry) wide() {
	b := zipExtra(e.extra, 1)
	for _, v := range []*int64{&e.unpacked, &e.packed, &e.header} {
		if *v == 0xffffffff && len(b) >= 8 {
			*v, b = int64(binary.LittleEndian.Uint64(b)), b[8:]
		}
	}
}

// zipExtra returns an extra field by its number.
func zipExtra(b []byte, id uint16) []byte {
	for len(b) >= 4 {
		k := int(binary.LittleEndian.Uint16(b[2:]))
		if len(b) < 4+k {
			return nil
		}
		if binary.LittleEndian.Uint16(b) == id {
			return b[4 : 4+k]
		}
		b = b[4+k:]
	}
	return nil
}

// locate finds where an entry's content begins, by its local header.
func (e *zipEntry) locate(at io.ReaderAt, size int64) bool {
	var h [30]byte
	if e.header < 0 || e.header > size-30 {
		e.data = size
		return false
	}
	if _, err := at.ReadAt(h[:], e.header); err != nil || string(h[:4]) != zipLocal {
		e.data = size
		return false
	}
	e.data = e.header + 30 + int64(binary.LittleEndian.Uint16(h[26:])) + int64(binary.LittleEndian.Uint16(h[28:]))
	return e.packed >= 0 && e.data+e.packed <= size
}

func zipName(b []byte) string { return decodeBytes("", b) }
