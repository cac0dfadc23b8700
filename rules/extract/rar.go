package extract

import (
	"errors"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/nwaples/rardecode/v2"
)

// rar opens the files of a RAR archive. Passwords are tried on the archive
// from its start, which therefore wants random access.
func (w *walk) rar(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	var err error
	for _, password := range append([]string{""}, w.candidates()...) {
		opts := []rardecode.Option{rardecode.MaxDictionarySize(maxWindow)}
		if password != "" {
			opts = append(opts, rardecode.Password(password))
		}
		var r *rardecode.Reader
		r, err = rardecode.NewReader(io.NewSectionReader(at, 0, size), opts...)
		if err == nil {
			var opened bool
			opened, err = w.rarFiles(n, r, size, password == "")
			if opened || w.fatal != nil {
				return firstError(err, cut)
			}
		}
		if !rarLocked(err) {
			break
		}
	}
	if rarLocked(err) || err != nil && rarSealed(at) {
		return document.ErrEncrypted
	}
	return firstError(err, cut)
}

func rarLocked(err error) bool {
	return errors.Is(err, rardecode.ErrArchiveEncrypted) || errors.Is(err, rardecode.ErrArchivedFileEncrypted) ||
		errors.Is(err, rardecode.ErrBadPassword)
}

// rarSealed tells an archive whose headers are encrypted: in RAR 5 its first
// header is of type 4, in RAR 4 the main header has a flag.
func rarSealed(at io.ReaderAt) bool {
	var b [16]byte
	_, _ = at.ReadAt(b[:], 0)
	if string(b[:8]) == "Rar!\x1a\x07\x01\x00" {
		return b[12] < 0x80 && b[13] == 4 // after a checksum and a size of one byte
	}
	return b[9] == 0x73 && b[10]&0x80 != 0
}

// rarFiles opens the files in order. It reports false if the first one cannot
// be decrypted.
func (w *walk) rarFiles(n node, r *rardecode.Reader, size int64, plain bool) (bool, error) {
	for i := 0; ; i++ {
		h, err := r.Next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return i > 0 && !rarLocked(err), err
		}
		if i >= w.lim.Entries {
			return true, document.ErrTooMany
		}
		if h.IsDir {
			continue
		}
		child := n.child(h.Name)
		child.place = Attachment
		if h.Encrypted && plain {
			return false, rardecode.ErrArchivedFileEncrypted
		}
		packed := &counter{n: size}
		if err := w.open(child, stream(&meter{w: w, n: child, r: r, left: w.lim.PartBytes, packed: packed})); err != nil {
			return true, err
		}
	}
}
