package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// mbox opens the messages of an mbox file (RFC 4155): each begins with a
// "From " line after an empty one.
func (w *walk) mbox(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	br := w.buffer(io.NewSectionReader(at, 0, size))
	defer w.release(br)
	var pos, start int64
	count, empty := 0, true
	for {
		line, err := br.ReadSlice('\n')
		begins := empty && bytes.HasPrefix(line, []byte("From "))
		if (begins || len(line) == 0) && pos > start {
			count++
			if err := w.mboxMessage(n.child(strconv.Itoa(count)), at, start, pos); err != nil {
				return err
			}
			if len(w.sum.Parts) >= w.lim.Parts {
				w.enter(&n)
				return nil
			}
			start = pos
		}
		pos += int64(len(line))
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && len(line) == 0 {
			return cut
		}
	}
}

func (w *walk) mboxMessage(n node, at io.ReaderAt, start, end int64) error {
	n.format, n.place = FormatMessage, Attachment
	if n.depth > w.lim.Depth {
		return w.deep(n, section(at, start, end-start))
	}
	if !w.enter(&n) {
		return nil
	}
	return w.guard(n, func() error { return w.message(n, at, start, end) })
}
