package pdf

// maxPacked bounds the object streams that are kept, in bytes, and
// maxPackCount the objects of one of them.
const (
	maxPacked    = 24 << 20
	maxPackCount = 1 << 17
)

// pack is a decoded object stream (ISO 32000-2, 7.5.7).
type pack struct {
	data []byte
	nums []ref
	offs []int
}

// pack decodes an object stream, or takes the one that was kept.
func (f *file) pack(num ref) *pack {
	if p, ok := f.packs[num]; ok {
		return p
	}
	s := f.stream(num)
	if s == nil {
		return nil
	}
	data, err := f.decode(s)
	if err != nil {
		f.note(err)
		return nil
	}
	first, count := f.int(s.dict["First"], 0), f.int(s.dict["N"], 0)
	if first < 0 || first > len(data) {
		return nil
	}
	p := &pack{data: data}
	lex := lexer{buf: data[:first]}
	for range min(count, maxPackCount) {
		n, off := lex.next(), lex.next()
		if !n.integer || !off.integer || off.num < 0 || first+int(off.num) > len(data) {
			break
		}
		p.nums, p.offs = append(p.nums, ref(n.num)), append(p.offs, first+int(off.num))
	}
	if f.packed += len(data); f.packed > maxPacked {
		clear(f.packs)
		f.packed = len(data)
	}
	f.packs[num] = p
	return p
}

// unpack reads the index-th object of an object stream, which must have that
// number, and counts its elements.
func (f *file) unpack(in ref, index int, num ref) (obj object, size int, ok bool) {
	if at, ok := f.xref[in]; !ok || at.in != 0 {
		return nil, 0, false // object streams do not nest
	}
	p := f.pack(in)
	if p == nil || index < 0 || index >= len(p.nums) || p.nums[index] != num {
		return nil, 0, false
	}
	ps := parser{lex: lexer{buf: p.data, pos: p.offs[index]}}
	obj, _, ok = ps.object(0)
	return obj, ps.elements, ok
}
