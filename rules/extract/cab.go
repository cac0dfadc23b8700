package extract

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/flate"
)

// cabFolder is a stretch of data that is compressed as one, and the files in
// it ([MS-CAB] section 2.2).
type cabFolder struct {
	offset int64
	blocks int
	method uint16
	files  []cabFile
}

type cabFile struct {
	name   string
	offset int64 // in its folder
	size   int64
}

// cabHeader is a cabinet's directory.
type cabHeader struct {
	folders  []cabFolder
	blockGap int64 // reserved bytes in the header of each block
	size     int64 // bytes, as stated
	partial  bool  // of a set of several cabinets
}

// The compression methods of a folder.
const (
	cabStored = 0
	cabMSZIP  = 1
)

// cab opens the files of a cabinet.
func (w *walk) cab(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	h, err := cabDirectory(at, size, w.lim.Entries)
	for _, f := range h.folders {
		if err := w.cabFolder(n, at, size, h, f); err != nil {
			return err
		}
	}
	if size-h.size >= minTrailer && h.size > 0 {
		if err := w.aside(n, "trailer", section(at, h.size, size-h.size)); err != nil {
			return err
		}
	}
	if err == nil && h.partial {
		err = fmt.Errorf("cabinet of a set: %w", document.ErrUnsupported)
	}
	return firstError(cut, err)
}

// cabFolder opens the files of one folder in the order of their places, which
// must not go back: the data can be read once.
func (w *walk) cabFolder(n node, at io.ReaderAt, size int64, h cabHeader, f cabFolder) error {
	slices.SortStableFunc(f.files, func(a, b cabFile) int { return cmp.Compare(a.offset, b.offset) })
	packed := io.NewSectionReader(at, f.offset, max(size-f.offset, 0))
	plain, err := w.expanding(n, packed, func(r io.Reader) (io.Reader, error) {
		if f.method&0xf > cabMSZIP { // Quantum, LZX
			return nil, fmt.Errorf("cabinet method: %w", document.ErrUnsupported)
		}
		return &cabReader{br: bufio.NewReaderSize(r, bufferSize), gap: h.blockGap, left: f.blocks, packed: f.method&0xf == cabMSZIP}, nil
	})
	if err != nil {
		return w.fault(n, err)
	}
	pos := int64(0)
	for _, e := range f.files {
		if e.offset < pos {
			if err := w.fault(n, document.ErrDamaged); err != nil {
				return err
			}
			continue
		}
		skipped, err := io.CopyN(io.Discard, plain, e.offset-pos)
		if pos += skipped; err != nil {
			return w.fault(n, shortIsDamage(err))
		}
		child := n.child(e.name)
		child.place = Attachment
		body := &io.LimitedReader{R: &whole{plain}, N: e.size}
		if err := w.open(child, stream(body)); err != nil {
			return err
		}
		rest(body)
		pos += e.size - body.N
	}
	return nil
}

// whole ends a stream that must not end yet with an error.
type whole struct{ r io.Reader }

func (s *whole) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	return n, shortIsDamage(err)
}

// shortIsDamage turns the end of content that states to be longer into damage.
func shortIsDamage(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errCab = fmt.Errorf("cabinet: %w", document.ErrDamaged)

// cabDirectory reads the header, the folders and the files. What was read
// before an error stays good.
func cabDirectory(at io.ReaderAt, size int64, limit int) (h cabHeader, err error) {
	br := bufio.NewReader(io.NewSectionReader(at, 0, size))
	var b [36]byte
	if _, err := io.ReadFull(br, b[:]); err != nil {
		return h, errCab
	}
	le := binary.LittleEndian
	folders, files, flags := int(le.Uint16(b[26:])), int(le.Uint16(b[28:])), le.Uint16(b[30:])
	h.size = int64(le.Uint32(b[8:]))
	filesAt := int64(le.Uint32(b[16:]))
	folderGap := 0
	if flags&4 != 0 {
		var r [4]byte
		if _, err := io.ReadFull(br, r[:]); err != nil {
			return h, errCab
		}
		folderGap, h.blockGap = int(r[2]), int64(r[3])
		if _, err := br.Discard(int(le.Uint16(r[:]))); err != nil {
			return h, errCab
		}
	}
	h.partial = flags&3 != 0
	for i := 0; i < 2*(int(flags&1)+int(flags>>1&1)); i++ { // names of the neighbours
		if _, err := cabString(br); err != nil {
			return h, errCab
		}
	}
	for range folders {
		if _, err := io.ReadFull(br, b[:8]); err != nil {
			return h, errCab
		}
		h.folders = append(h.folders, cabFolder{offset: int64(le.Uint32(b[:])), blocks: int(le.Uint16(b[4:])), method: le.Uint16(b[6:])})
		if _, err := br.Discard(folderGap); err != nil {
			return h, errCab
		}
	}
	return h, h.readFiles(bufio.NewReader(io.NewSectionReader(at, filesAt, max(size-filesAt, 0))), files, limit)
}

func (h *cabHeader) readFiles(br *bufio.Reader, files, limit int) error {
	le := binary.LittleEndian
	for i := range files {
		var b [16]byte
		if _, err := io.ReadFull(br, b[:]); err != nil {
			return errCab
		}
		name, err := cabString(br)
		if err != nil || len(h.folders) == 0 {
			return errCab
		}
		if i >= limit {
			return document.ErrTooMany
		}
		folder := int(le.Uint16(b[8:]))
		switch {
		case folder == 0xfffd, folder == 0xffff: // begun in the cabinet before
			folder = 0
		case folder == 0xfffe: // goes on in the next
			folder = len(h.folders) - 1
		case folder >= len(h.folders):
			return errCab
		}
		f := &h.folders[folder]
		f.files = append(f.files, cabFile{decodeBytes("", name), int64(le.Uint32(b[4:])), int64(le.Uint32(b[:]))})
	}
	return nil
}

// cabString reads a name up to its NUL.
func cabString(br *bufio.Reader) ([]byte, error) {
	b, err := br.ReadSlice(0)
	if err != nil {
		return nil, err
	}
	return slices.Clone(b[:len(b)-1]), nil
}

// cabReader gives the data of a folder, block by block. A block of MSZIP is
// Deflate behind "CK" that looks back into the blocks before.
type cabReader struct {
	br      *bufio.Reader
	gap     int64
	left    int
	packed  bool
	out     []byte
	history []byte
	z       io.ReadCloser
}

// cabBlock is what a block may hold, in bytes ([MS-CAB] section 2.4).
const cabBlock = 32 << 10

func (c *cabReader) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if c.left == 0 {
			return 0, io.EOF
		}
		c.left--
		if err := c.block(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

func (c *cabReader) block() error {
	var h [8]byte
	if _, err := io.ReadFull(c.br, h[:]); err != nil {
		return shortIsDamage(err)
	}
	if _, err := c.br.Discard(int(c.gap)); err != nil {
		return shortIsDamage(err)
	}
	size, want := int(binary.LittleEndian.Uint16(h[4:])), int(binary.LittleEndian.Uint16(h[6:]))
	if size == 0 || c.packed && want == 0 { // many folders could share very many of these, which count for nothing
		return errCab
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(c.br, data); err != nil {
		return shortIsDamage(err)
	}
	if !c.packed {
		c.out = data
		return nil
	}
	if size < 2 || string(data[:2]) != "CK" || want > cabBlock {
		return errCab
	}
	in := &held{b: data[2:], err: io.EOF}
	if c.z == nil {
		c.z = flate.NewReaderDict(in, nil)
	} else if err := c.z.(flate.Resetter).Reset(in, c.history); err != nil {
		return errCab
	}
	plain, err := io.ReadAll(io.LimitReader(c.z, cabBlock))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || len(plain) != want {
		return errCab
	}
	c.out, c.history = plain, plain
	return nil
}
