package extract

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// isoSector is the size of a logical sector in bytes (ECMA-119 section 6.1.2).
const isoSector = 2048

// isISO tells the image of a disc: its first descriptor stands behind 16
// sectors that may hold anything.
func isISO(at io.ReaderAt) bool {
	var b [6]byte
	_, err := at.ReadAt(b[:], 16*isoSector)
	return err == nil && (string(b[1:]) == "CD001" || string(b[1:]) == "BEA01")
}

// isoImage is the reading of one image.
type isoImage struct {
	w       *walk
	n       node
	at      io.ReaderAt
	size    int64
	wide    bool              // names are UTF-16: Joliet
	folders map[int64]bool    // sectors that were read as a folder's
	files   map[[2]int64]bool // where one begins, and its size
	entries int
	damaged bool
	partly  bool // there is something that is not read here
}

// iso opens the files of a disc image (ECMA-119, also known as ISO 9660).
// Each of its volumes has a tree of folders of its own, Joliet's beside the
// plain one, and which of them people see depends on their system: a file that
// is in several is opened once.
func (w *walk) iso(n node, at io.ReaderAt, size int64) error {
	img := &isoImage{w: w, n: n, at: at, size: size, folders: make(map[int64]bool), files: make(map[[2]int64]bool)}
	for _, v := range img.volumes() {
		img.wide = v.wide
		if err := img.folder(v.root[:], n, 0); err != nil {
			return err
		}
	}
	switch {
	case img.partly:
		return fmt.Errorf("disc image: %w", document.ErrUnsupported)
	case img.damaged:
		return fmt.Errorf("disc image: %w", document.ErrDamaged)
	}
	return nil
}

// isoVolume is a tree of folders.
type isoVolume struct {
	wide bool
	root [34]byte // the record of its root
}

// volumes finds the trees of an image, Joliet's first for its names. UDF,
// whose descriptors stand behind these, may show other files.
func (d *isoImage) volumes() (found []isoVolume) {
	var b [isoSector]byte
	for i := int64(16); i < 48; i++ {
		if _, err := d.at.ReadAt(b[:], i*isoSector); err != nil {
			break
		}
		v := isoVolume{root: [34]byte(b[156:190])}
		switch id := string(b[1:6]); {
		case id == "BEA01", id == "NSR02", id == "NSR03":
			d.partly = true
		case id != "CD001":
		case b[0] == 1:
			found = append(found, v)
		case b[0] == 2:
			escape := string(b[88:91])
			v.wide = escape == "%/@" || escape == "%/C" || escape == "%/E"
			found = append([]isoVolume{v}, found...)
		}
	}
	return found
}

// folder opens what the record of a folder points to. A sector that was read
// as a folder's is not read again.
func (d *isoImage) folder(record []byte, n node, depth int) error {
	if depth > d.w.lim.Depth {
		return document.ErrTooDeep
	}
	sector, size := isoStart(record), int64(binary.LittleEndian.Uint32(record[10:]))
	var b [isoSector]byte
	for ; size > 0; sector, size = sector+1, size-isoSector {
		if err := d.w.alive(); err != nil {
			return err
		}
		if d.folders[sector] {
			return nil // and so was what follows it
		}
		d.folders[sector] = true
		if _, err := d.at.ReadAt(b[:], sector*isoSector); err != nil {
			d.damaged = true
			return nil
		}
		for rest := b[:]; len(rest) > 33 && rest[0] > 33; rest = rest[rest[0]:] {
			if int(rest[0]) > len(rest) || 33+int(rest[32]) > int(rest[0]) {
				d.damaged = true
				break
			}
			if err := d.record(rest[:rest[0]], n, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// isoStart returns the sector in which the content of a record begins, behind
// its extended attributes (ECMA-119 section 9.1).
func isoStart(record []byte) int64 {
	return int64(binary.LittleEndian.Uint32(record[2:])) + int64(record[1])
}

// record opens a file or folder.
func (d *isoImage) record(r []byte, n node, depth int) error {
	name := r[33 : 33+int(r[32])]
	if len(name) == 1 && name[0] <= 1 { // the folder itself and the one above
		return nil
	}
	if d.entries++; d.entries > d.w.lim.Entries {
		return document.ErrTooMany
	}
	const folder, more = 2, 0x80 // flags; a file may be in several pieces
	if r[25]&folder != 0 {
		return d.folder(r, n.spot(d.name(name)), depth+1)
	}
	start, size := isoStart(r)*isoSector, int64(binary.LittleEndian.Uint32(r[10:]))
	if r[25]&more != 0 || r[26] != 0 || r[27] != 0 { // or interleaved with another
		d.partly = true
	}
	if start+size > d.size {
		d.damaged = true
	}
	if d.files[[2]int64{start, size}] {
		return nil
	}
	d.files[[2]int64{start, size}] = true
	child := n.child(d.name(name))
	child.place = Attachment
	body := io.NewSectionReader(d.at, start, max(min(size, d.size-start), 0))
	return d.w.open(child, content{d.w.metered(child, body), body, body.Size()})
}

// name reads a file's name without its version.
func (d *isoImage) name(b []byte) string {
	text := decodeBytes("", b)
	if d.wide {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		text = string(utf16.Decode(units))
	}
	name, _, _ := strings.Cut(text, ";")
	return strings.TrimSuffix(name, ".")
}
