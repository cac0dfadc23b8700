package extract

import (
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// meter counts decoded bytes against the bounds of the part and the message,
// and stops when the walk must stop.
type meter struct {
	w    *walk
	n    node
	r    io.Reader
	left int64
	out  int64
	// packed counts the compressed bytes below; nil when nothing is expanded.
	packed *counter
}

// metered bounds what a transfer encoding yields.
func (w *walk) metered(n node, r io.Reader) io.Reader {
	return &meter{w: w, n: n, r: r, left: w.lim.PartBytes}
}

// expanding bounds what a compressed stream yields: expand makes the
// decompressor over the counted input.
func (w *walk) expanding(n node, packed io.Reader, expand func(io.Reader) (io.Reader, error)) (io.Reader, error) {
	if w.bombs >= maxBombs {
		return nil, document.ErrRatio
	}
	c := &counter{r: packed}
	r, err := expand(c)
	if err != nil {
		return nil, err
	}
	return &meter{w: w, n: n, r: r, left: w.lim.PartBytes, packed: c}, nil
}

const (
	// ratioFloor is how much any stream may expand to before its ratio counts.
	ratioFloor = 1 << 20
	// maxBombs streams past the ratio bound show intent: nothing is expanded after them.
	maxBombs = 3
)

func (m *meter) Read(p []byte) (int, error) {
	if err := m.w.alive(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	k := int64(n)
	m.out += k
	m.left -= k
	m.w.bytes += k
	if m.left < 0 || m.w.bytes > m.w.lim.Bytes {
		return 0, document.ErrTooBig
	}
	if m.packed != nil {
		m.w.expanded += k
		if m.over() {
			m.w.bombs++
			return 0, document.ErrRatio
		}
	}
	return n, err
}

// over tells whether the stream, or the message as a whole, expands too far.
func (m *meter) over() bool {
	if m.out > ratioFloor && m.out/m.w.lim.Ratio > m.packed.n {
		return true
	}
	return m.w.overExpanded(m.w.expanded)
}

// overExpanded tells whether so much out of compression is too much for a
// message of this size.
func (w *walk) overExpanded(n int64) bool {
	return n > 16*ratioFloor && n/w.lim.Ratio > w.size
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
