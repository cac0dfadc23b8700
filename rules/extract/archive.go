package extract

import (
	"archive/tar"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/lzw"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/pierrec/lz4/v4"
)

// compressed opens the one stream that a compressed file holds.
func (w *walk) compressed(n node, c content) error {
	r, err := w.expanding(n, c.Reader, func(r io.Reader) (io.Reader, error) {
		switch n.format {
		case FormatZlib:
			return zlib.NewReader(r)
		case FormatBzip2:
			return bzip2.NewReader(r), nil
		case FormatZstd:
			return newZstd(r)
		case FormatCompress:
			return lzw.NewReader(r)
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
	return w.unpacked(n, unpackedName(n.path), r)
}

// unpackedName is what people call the content of a compressed file that does
// not say so itself.
func unpackedName(of string) string {
	base := path.Base(of)
	name := strings.TrimSuffix(base, path.Ext(base))
	if strings.HasSuffix(base, ".tgz") {
		name += ".tar"
	}
	return name
}

// tar opens the files of a tar archive.
func (w *walk) tar(n node, c content) error {
	t := tar.NewReader(c.Reader)
	for i := 0; ; i++ {
		h, err := t.Next()
		if err == io.EOF { // some tools read on behind the mark of the end
			return w.aside(n, "trailer", stream(w.metered(n, &unpadded{r: c.Reader})))
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("tar: %w", err)
		}
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		if said := h.PAXRecords["comment"]; said != "" {
			if err := w.aside(n, "comments", stream(strings.NewReader(said))); err != nil {
				return err
			}
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
