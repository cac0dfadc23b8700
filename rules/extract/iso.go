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
	wide    bool // names are UTF-16: Joliet
	seen    map[uint32]bool
	entries int
	damaged bool
}

// iso opens the files of a disc image (ECMA-119, also known as ISO 9660; the
// names of Joliet where it has them).
func (w *walk) iso(n node, at io.ReaderAt, size int64) error {
	img := &isoImage{w: w, n: n, at: at, size: size, seen: make(map[uint32]bool)}
	root := img.descriptor()
	if root == nil { // UDF alone
		return fmt.Errorf("disc image: %w", document.ErrUnsupported)
	}
	if err := img.folder(root, n, 0); err != nil {
		return err
	}
	if img.damaged {
		return fmt.Errorf("disc image: %w", document.ErrDamaged)
	}
	return nil
}

// descriptor finds the record of the root folder, in Joliet's descriptor if
// there is one.
func (d *isoImage) descriptor() (root []byte) {
	var b [isoSector]byte
	for i := int64(16); i < 48; i++ {
		if _, err := d.at.ReadAt(b[:], i*isoSector); err != nil || string(b[1:6]) != "CD001" {
			break
		}
		switch escape := string(b[88:91]); {
		case b[0] == 1 && root == nil:
			root = append([]byte(nil), b[156:190]...)
		case b[0] == 2 && (escape == "%/@" || escape == "%/C" || escape == "%/E"):
			d.wide = true
			return append([]byte(nil), b[156:190]...)
		case b[0] == 255:
			return root
		}
	}
	return root
}

// folder opens what the record of a folder points to. A folder that was seen
// is not opened again.
func (d *isoImage) folder(record []byte, n node, depth int) error {
	start, size := binary.LittleEndian.Uint32(record[2:]), int64(binary.LittleEndian.Uint32(record[10:]))
	if d.seen[start] {
		return nil
	}
	d.seen[start] = true
	if depth > d.w.lim.Depth {
		return document.ErrTooDeep
	}
	var b [isoSector]byte
	for off := int64(start) * isoSector; size > 0; off, size = off+isoSector, size-isoSector {
		if err := d.w.alive(); err != nil {
			return err
		}
		if _, err := d.at.ReadAt(b[:], off); err != nil {
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

// record opens a file or folder.
func (d *isoImage) record(r []byte, n node, depth int) error {
	name := r[33 : 33+int(r[32])]
	if len(name) == 1 && name[0] <= 1 { // the folder itself and the one above
		return nil
	}
	if d.entries++; d.entries > d.w.lim.Entries {
		return document.ErrTooMany
	}
	if r[25]&2 != 0 {
		return d.folder(r, n.spot(d.name(name)), depth+1)
	}
	start, size := int64(binary.LittleEndian.Uint32(r[2:]))*isoSector, int64(binary.LittleEndian.Uint32(r[10:]))
	if start+size > d.size {
		d.damaged = true
	}
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
