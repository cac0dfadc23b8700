package extract

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// content is the bytes of a part: a stream from its start and, where that
// costs nothing, random access.
type content struct {
	io.Reader
	at   io.ReaderAt // nil for a stream only
	size int64
}

// section is content with random access.
func section(src io.ReaderAt, off, size int64) content {
	s := io.NewSectionReader(src, off, max(size, 0))
	return content{Reader: s, at: s, size: max(size, 0)}
}

// stream is content that can be read once.
func stream(r io.Reader) content { return content{Reader: r} }

// random gives random access to content, reading a stream to its end: into
// memory up to Limits.Memory, then into scratch space. After an error what was
// read so far is still there. free must be called in any case.
func (w *walk) random(c content) (at io.ReaderAt, size int64, free func(), err error) {
	free = func() {}
	if c.at != nil {
		return c.at, c.size, free, nil
	}
	var mem bytes.Buffer
	_, err = io.CopyN(&mem, c.Reader, w.lim.Memory+1)
	if err == io.EOF {
		return bytes.NewReader(mem.Bytes()), int64(mem.Len()), free, nil
	}
	if err != nil {
		return bytes.NewReader(mem.Bytes()), int64(mem.Len()), free, err
	}
	if w.lim.Scratch == nil {
		return bytes.NewReader(mem.Bytes()), int64(mem.Len()), free, document.ErrTooBig
	}
	s, err := w.lim.Scratch()
	if err != nil {
		w.fatal = fmt.Errorf("make scratch space: %w", err)
		return nil, 0, free, w.fatal
	}
	free = func() { s.Close() }
	out := &scratched{w: w, s: s}
	if _, err = out.Write(mem.Bytes()); err == nil {
		_, err = io.Copy(out, c.Reader)
	}
	return s, out.n, free, err
}

// scratched writes to scratch space, whose failure is the relay's trouble and
// not the content's.
type scratched struct {
	w *walk
	s Scratch
	n int64
}

func (o *scratched) Write(p []byte) (int, error) {
	n, err := o.s.Write(p)
	o.n += int64(n)
	if err != nil && o.w.fatal == nil {
		o.w.fatal = fmt.Errorf("write scratch space: %w", err)
	}
	return n, err
}
