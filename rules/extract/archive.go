package extract

import (
	"archive/tar"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/bodgit/sevenzip"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// compressed opens the one stream that a compressed file holds.
func (w *walk) compressed(n node, c content) error {
	name := ""
	r, err := w.expanding(n, c.Reader, func(r io.Reader) (io.Reader, error) {
		switch n.format {
		case FormatGzip:
			z, err := gzip.NewReader(r)
			if err != nil {
				return nil, fmt.Errorf("gzip: %w", err)
			}
			name = z.Name
			return z, nil
		case FormatBzip2:
			return bzip2.NewReader(r), nil
		case FormatXZ:
			return xz.NewReader(r)
		case FormatLZMA:
			return lzma.NewReader(r)
		case FormatZstd:
			return newZstd(r)
		case FormatSnappy:
			return s2.NewReader(r), nil
		default:
			return lz4.NewReader(r), nil
		}
	})
	if err != nil {
		return err
	}
	if z, ok := r.(interface{ Close() }); ok {
		defer z.Close()
	}
	if name == "" {
		base := path.Base(n.path)
		if name = strings.TrimSuffix(base, path.Ext(base)); strings.HasSuffix(base, ".tgz") {
			name += ".tar"
		}
	}
	child := n.child(decodeBytes("", []byte(name)))
	child.place = Attachment
	return w.open(child, stream(r))
}

// tar opens the files of a tar archive.
func (w *walk) tar(n node, c content) error {
	t := tar.NewReader(c.Reader)
	for i := 0; ; i++ {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("tar: %w", err)
		}
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		child := n.child(h.Name)
		child.place = Attachment
		if err := w.open(child, stream(w.metered(child, t))); err != nil {
			return err
		}
	}
}

// sevenZip opens the files of a 7z archive.
func (w *walk) sevenZip(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	z, err := sevenzip.NewReader(at, size)
	for _, password := range append([]string{""}, w.candidates()...) {
		if password != "" {
			z, err = sevenzip.NewReaderWithPassword(at, size, password)
		}
		if err == nil && sevenZipReadable(z) {
			break
		}
		var locked *sevenzip.ReadError
		if errors.As(err, &locked) && locked.Encrypted || err == nil {
			err = document.ErrEncrypted
		} else if password == "" {
			break
		}
	}
	if err != nil {
		return err
	}
	for i, f := range z.File {
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		if f.FileInfo().IsDir() {
			continue
		}
		if err := w.sevenZipFile(n, f, size); err != nil {
			return err
		}
	}
	return cut
}

// sevenZipReadable tells whether the content can be decrypted, by its first
// file.
func sevenZipReadable(z *sevenzip.Reader) bool {
	for _, f := range z.File {
		if f.FileInfo().IsDir() || f.UncompressedSize == 0 {
			continue
		}
		r, err := f.Open()
		if err != nil {
			var locked *sevenzip.ReadError
			return !errors.As(err, &locked) || !locked.Encrypted
		}
		defer r.Close()
		_, err = io.CopyN(io.Discard, r, 512)
		var locked *sevenzip.ReadError
		return err == nil || err == io.EOF || !errors.As(err, &locked) || !locked.Encrypted
	}
	return true
}

func (w *walk) sevenZipFile(n node, f *sevenzip.File, size int64) error {
	child := n.child(f.Name)
	child.place = Attachment
	r, err := f.Open()
	if err != nil {
		return w.refuse(child, FormatUnknown, sevenZipError(err))
	}
	defer r.Close()
	packed := &counter{n: size}
	return w.open(child, stream(&meter{w: w, n: child, r: r, left: w.lim.PartBytes, packed: packed}))
}

func sevenZipError(err error) error {
	var locked *sevenzip.ReadError
	if errors.As(err, &locked) && locked.Encrypted {
		return document.ErrEncrypted
	}
	return err
}
