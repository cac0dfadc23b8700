package pdf

import "encoding/binary"

// programGlyphs reads from an embedded TrueType program which characters its
// glyphs are, for fonts that do not say it otherwise.
func (f *file) programGlyphs(descendant dict) map[uint32]rune {
	s := f.stream(f.dict(descendant["FontDescriptor"])["FontFile2"])
	if s == nil {
		return nil
	}
	b, err := f.decode(s)
	if err != nil {
		f.note(err)
		return nil
	}
	return sfntGlyphs(b)
}

// sfntGlyphs reverses the Unicode maps in the "cmap" table of a TrueType
// program (OpenType specification, cmap): glyph to character.
func sfntGlyphs(b []byte) map[uint32]rune {
	glyphs := map[uint32]rune{}
	t := sfntTable(b, "cmap")
	for i := range int(u16(t, 2)) {
		record := 4 + 8*i
		if record+8 > len(t) || i == 64 {
			break
		}
		platform, encoding := u16(t, record), u16(t, record+2)
		off := int(u32(t, record+4))
		if off >= len(t) || platform == 1 || platform == 3 && encoding != 1 && encoding != 10 {
			continue
		}
		switch sub := t[off:]; u16(sub, 0) {
		case 4:
			segments(sub, glyphs)
		case 12:
			groups(sub, glyphs)
		}
	}
	return glyphs
}

func sfntTable(b []byte, tag string) []byte {
	for i := range int(u16(b, 4)) {
		record := 12 + 16*i
		if record+16 > len(b) {
			break
		}
		if string(b[record:record+4]) == tag {
			off, size := int(u32(b, record+8)), int(u32(b, record+12))
			if off <= len(b) {
				return b[off:min(len(b), off+size)]
			}
		}
	}
	return nil
}

// segments reads a format 4 map.
func segments(t []byte, glyphs map[uint32]rune) {
	n := int(u16(t, 6)) / 2
	ends, starts := 14, 16+2*n
	deltas, offsets := starts+2*n, starts+4*n
	for i := range n {
		from, to := int(u16(t, starts+2*i)), int(u16(t, ends+2*i))
		delta, off := u16(t, deltas+2*i), int(u16(t, offsets+2*i))
		for c := from; c <= to && c < 0xffff; c++ {
			g := uint16(c) + delta
			if off != 0 {
				if g = u16(t, offsets+2*i+off+2*(c-from)); g != 0 {
					g += delta
				}
			}
			enterGlyph(glyphs, uint32(g), rune(c))
		}
	}
}

// groups reads a format 12 map.
func groups(t []byte, glyphs map[uint32]rune) {
	for i := range min(int(u32(t, 12)), len(t)/12) {
		at := 16 + 12*i
		from, to, g := u32(t, at), u32(t, at+4), u32(t, at+8)
		for c := from; c <= to && c-from < 1<<16 && len(glyphs) < 1<<16; c++ {
			enterGlyph(glyphs, g+c-from, rune(c))
		}
	}
}

// enterGlyph keeps the first character of a glyph, which is the plainest.
func enterGlyph(glyphs map[uint32]rune, g uint32, c rune) {
	if _, ok := glyphs[g]; !ok && g != 0 {
		glyphs[g] = c
	}
}

func u16(b []byte, at int) uint16 {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint16(b[at:])
}

func u32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint32(b[at:])
}
