package pdf

import (
	"bytes"
	"io"
)

// raw returns a reader of the stream's bytes as they stand in the file, and
// their number.
func (f *file) raw(s *stream) *io.SectionReader {
	if s.data != nil {
		return io.NewSectionReader(bytes.NewReader(s.data), 0, int64(len(s.data)))
	}
	if s.size < 0 {
		s.size = f.extent(s)
	}
	return io.NewSectionReader(f.r, s.off, s.size)
}

// extent finds the length of a stream: as the dictionary says where
// "endstream" follows, else up to the next "endstream".
func (f *file) extent(s *stream) int64 {
	if n, ok := f.number(s.dict["Length"]); ok && n >= 0 && s.off+int64(n) <= f.size {
		b, _ := f.window(s.off+int64(n), 32)
		if bytes.HasPrefix(bytes.TrimLeft(b, "\r\n\t \x00"), []byte("endstream")) {
			return int64(n)
		}
	}
	return f.search(s.off, []byte("endstream"), f.size) - s.off
}

// search returns the offset of the next word at or behind off, or otherwise.
func (f *file) search(off int64, word []byte, otherwise int64) int64 {
	const step = 64 << 10
	for off < f.size && f.budget.stopped() == nil {
		b, whole := f.window(off, step)
		if !f.pay(int64(len(b))) {
			break
		}
		if i := bytes.Index(b, word); i >= 0 {
			return off + int64(i)
		}
		if whole {
			break
		}
		off += int64(len(b) - len(word) + 1)
	}
	return otherwise
}

// decode returns a stream's bytes after decryption and all its filters. The
// error is a bound that was reached or a filter that is not read; damage is
// noted and leaves what could be decoded.
func (f *file) decode(s *stream) ([]byte, error) {
	raw := f.raw(s)
	var src io.Reader = raw
	names, parms := f.filters(s.dict)
	if f.crypt != nil && s.data == nil {
		src = f.crypt.stream(src, s, names, parms, f)
	}
	if len(names) == 0 {
		return f.take(src, raw.Size())
	}
	var out []byte
	for i, filter := range names {
		r, err := f.filter(filter, parms[i], src)
		if err != nil {
			return nil, err
		}
		if out, err = f.take(r, raw.Size()); err != nil {
			return out, err
		}
		src = bytes.NewReader(out)
	}
	return out, nil
}

// filters lists a stream's filters and their parameters.
func (f *file) filters(d dict) ([]name, []dict) {
	filter, parm := d["Filter"], d["DecodeParms"]
	if filter == nil {
		filter, parm = d["F"], d["DP"] // inline images
	}
	var names []name
	var parms []dict
	switch v := f.resolve(filter).(type) {
	case name:
		p := f.resolve(parm)
		if a, ok := p.(array); ok && len(a) > 0 {
			p = a[0]
		}
		return []name{v}, []dict{f.dict(p)}
	case array:
		list := f.array(parm)
		for i, n := range v {
			if i == maxFilters {
				break
			}
			var p dict
			if i < len(list) {
				p = f.dict(list[i])
			}
			names, parms = append(names, f.name(n)), append(parms, p)
		}
	}
	return names, parms
}
