package pdf

import (
	"bufio"
	"io"
)

// predictor undoes the row-wise prediction that may come before Flate and LZW
// (ISO 32000-2, 7.4.4.4): PNG filters, or TIFF's difference to the left.
type predictor struct {
	src   *bufio.Reader
	png   bool
	pixel int // bytes between a byte and its left neighbour
	row   []byte
	above []byte
	out   []byte
	bits  int
	err   error
}

// predict wraps src if the parameters ask for it.
func (f *file) predict(parm dict, src io.Reader) io.Reader {
	kind := f.int(parm["Predictor"], 1)
	if kind < 2 {
		return src
	}
	colors := clamp(f.int(parm["Colors"], 1), 1, 32)
	bits := clamp(f.int(parm["BitsPerComponent"], 8), 1, 16)
	columns := clamp(f.int(parm["Columns"], 1), 1, 1<<20)
	n := (colors*bits*columns + 7) / 8
	return &predictor{
		src: bufio.NewReader(src), png: kind >= 10, bits: bits,
		pixel: (colors*bits + 7) / 8, row: make([]byte, n), above: make([]byte, n),
	}
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }

func (p *predictor) Read(b []byte) (int, error) {
	for len(p.out) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.next()
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

// next decodes one row.
func (p *predictor) next() {
	var filter byte
	if p.png {
		if filter, p.err = p.src.ReadByte(); p.err != nil {
			return
		}
	}
	p.row, p.above = p.above, p.row
	var n int
	n, p.err = io.ReadFull(p.src, p.row)
	switch {
	case p.png:
		p.undo(filter, p.row[:n])
	case p.bits == 8:
		for i := p.pixel; i < n; i++ {
			p.row[i] += p.row[i-p.pixel]
		}
	}
	p.out = p.row[:n]
}

// undo reverses one PNG filter (PNG specification, section 9).
func (p *predictor) undo(filter byte, row []byte) {
	for i := range row {
		var left, corner byte
		if i >= p.pixel {
			left, corner = row[i-p.pixel], p.above[i-p.pixel]
		}
		up := p.above[i]
		switch filter {
		case 1:
			row[i] += left
		case 2:
			row[i] += up
		case 3:
			row[i] += byte((int(left) + int(up)) / 2)
		case 4:
			row[i] += paeth(left, up, corner)
		}
	}
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
