package table

import "bytes"

const (
	recordFields = 512      // fields of one open record; more begin another
	recordBytes  = 64 << 10 // bytes of one open record
	listed       = 4        // values of one key in a record; more are rows of their own
	sorts        = 32       // sorts of records, by their path, that are kept apart
)

// frame is an open object or array of a tree.
type frame struct {
	array   bool
	root    bool // begins a record: an object in an array, or the outermost
	row     bool // inside an object of an array
	path    int  // length of the path with this frame's name
	base    int  // length of the path of the record this frame belongs to
	fields  int  // the first field of this frame
	text    int
	scalars int // values directly in an array

	sort   uint64 // of the last child object
	run    int    // children of that sort in a row
	first  [3]int // first fields of the first children of the run
	mapped bool   // children are records: an object used as a map
}

// tree makes records of nested values. Objects in arrays are records, as are
// the children of an object that are all alike; objects in those are
// flattened to keys with dots.
type tree struct {
	byName bool // children of one name are alike, as in XML; otherwise those with the same keys
	depth  int  // frames that may be open
	frames []frame
	path   []byte
	key    []byte
	open   record // fields of the open frames
	put    func(path []byte, from *record)
	out    record // given to put, and used again
	cut    bool   // something lay too deep
	lost   int    // frames open beyond depth
}

func (t *tree) top() *frame {
	if len(t.frames) == 0 {
		return nil
	}
	return &t.frames[len(t.frames)-1]
}

// begin opens an object or an array under the key set before.
func (t *tree) begin(array bool) {
	if len(t.frames) >= t.depth {
		t.lost++
		t.cut = true
		return
	}
	up := t.top()
	if len(t.key) > 0 {
		if len(t.path) > 0 {
			t.path = append(t.path, '.')
		}
		t.path = append(t.path, t.key...)
	}
	f := frame{array: array, path: len(t.path), fields: len(t.open.fields), text: len(t.open.text)}
	if up == nil || up.array {
		f.base, f.root = f.path, !array
		f.row = up != nil
	} else {
		f.base, f.row = up.base, up.row
	}
	t.key = t.key[:0]
	t.frames = append(t.frames, f)
}

// scalar adds a value under the key set before.
func (t *tree) scalar(value []byte) {
	if t.lost > 0 {
		return
	}
	up := t.top()
	if up == nil {
		return
	}
	switch {
	case t.positional():
		t.addField(nil, value)
		return
	case up.array:
		if up.scalars++; up.scalars > listed || len(t.frames) == 1 {
			t.single(value)
			return
		}
	default:
		up.run, up.sort = 0, 0
	}
	t.addField(t.key, value)
	t.key = t.key[:0]
}

// positional reports whether values stand in an array in an array: a row
// whose columns have no names.
func (t *tree) positional() bool {
	n := len(t.frames)
	return n > 1 && t.frames[n-1].array && t.frames[n-2].array
}

// single gives a value of a long list as a record of its own.
func (t *tree) single(value []byte) {
	t.out.reset()
	name := t.path
	if n := bytes.LastIndexByte(name, '.'); n >= 0 {
		name = name[n+1:]
	}
	t.out.add(name, value)
	t.put(append(t.path[:len(t.path):len(t.path)], "[]"...), &t.out)
}

// addField adds a field named by its path from the record it belongs to.
func (t *tree) addField(key, value []byte) {
	up := t.top()
	if len(t.open.fields)-up.fields > recordFields || len(t.open.text)-up.text > recordBytes {
		t.emit(up, up.fields, len(t.open.fields), false)
		t.drop(up.fields)
	}
	at := len(t.open.text)
	if rel := t.path[up.base:]; len(rel) > 0 {
		t.open.text = append(t.open.text, bytes.TrimPrefix(rel, []byte{'.'})...)
		if len(key) > 0 {
			t.open.text = append(t.open.text, '.')
		}
	}
	t.open.text = append(t.open.text, key...)
	f := field{key: int32(at), keyEnd: int32(len(t.open.text)), value: int32(len(t.open.text))}
	t.open.text = append(t.open.text, value...)
	f.end = int32(len(t.open.text))
	t.open.fields = append(t.open.fields, f)
}

// end closes the innermost frame.
func (t *tree) end() {
	if t.lost > 0 {
		t.lost--
		return
	}
	f := t.top()
	if f == nil {
		return
	}
	done := *f
	up := (*frame)(nil)
	if len(t.frames) > 1 {
		up = &t.frames[len(t.frames)-2]
	}
	switch {
	case done.root || up == nil, done.array && up.array:
		t.emit(&done, done.fields, len(t.open.fields), false)
		t.drop(done.fields)
	case !done.array && !up.array && (t.byName || !up.row):
		t.child(up, &done)
	}
	t.frames = t.frames[:len(t.frames)-1]
	t.path = t.path[:0]
	if up != nil {
		t.path = t.path[:up.path]
	}
	t.key = t.key[:0]
}

// child notes that an object in an object has ended. Where several alike
// follow each other, they are records.
func (t *tree) child(up, done *frame) {
	if len(t.open.fields) == done.fields {
		return
	}
	sort := t.sortOf(up, done)
	if up.sort != sort {
		up.sort, up.run = sort, 0
		up.mapped = false
	}
	need := 3
	if t.byName {
		need = 2
	}
	if up.run < len(up.first) {
		up.first[up.run] = done.fields
	}
	up.run++
	if up.mapped {
		t.emit(up, done.fields, len(t.open.fields), true)
		t.drop(done.fields)
		return
	}
	if up.run < need {
		return
	}
	up.mapped = true
	for i := range need {
		to := len(t.open.fields)
		if i+1 < need {
			to = up.first[i+1]
		}
		t.emit(up, up.first[i], to, true)
	}
	t.drop(up.first[0])
}

// sortOf says what a child object is: by its name or by its keys.
func (t *tree) sortOf(up, done *frame) uint64 {
	if t.byName {
		return hash(t.path[up.path:]) | 1
	}
	h := uint64(1)
	skip := done.path - up.base
	if up.base > 0 {
		skip-- // the dot after the base is not in the keys
	}
	for i := done.fields; i < len(t.open.fields); i++ {
		key := t.open.key(i)
		h = h*31 + hash(key[min(max(skip, 0), len(key)):])
	}
	return h | 1
}

// emit gives a range of fields as a record. The keys of a child lose the name
// of the child, which they all begin with; it becomes a value of its own.
func (t *tree) emit(f *frame, from, to int, child bool) {
	if to <= from {
		return
	}
	r := &t.out
	r.reset()
	common := 0
	if child {
		common = t.common(f, from, to)
		if key := t.open.key(from); !t.byName && common > 0 {
			r.add([]byte("key"), bytes.TrimSuffix(key[:common], []byte{'.'}))
		}
	}
	for i := from; i < to; i++ {
		r.add(t.open.key(i)[common:], t.open.value(i))
	}
	t.put(t.path[:f.path], r)
}

// common returns the length of what all keys of a child begin with: the names
// down to the child.
func (t *tree) common(f *frame, from, to int) int {
	n := f.path - f.base
	if n > 0 && f.base > 0 {
		n--
	}
	key := t.open.key(from)
	if n > 0 {
		n++ // the dot after the parent's names
	}
	if n > len(key) {
		return 0
	}
	dot := bytes.IndexByte(key[n:], '.')
	if dot < 0 {
		return 0
	}
	n += dot + 1
	for i := from; i < to; i++ {
		if k := t.open.key(i); len(k) < n || !bytes.Equal(k[:n], key[:n]) {
			return 0
		}
	}
	return n
}

// drop forgets the fields from the given one on.
func (t *tree) drop(from int) {
	if from >= len(t.open.fields) {
		return
	}
	t.open.text = t.open.text[:t.open.fields[from].key]
	t.open.fields = t.open.fields[:from]
}

// close ends all that is still open, as a text that is cut off leaves it.
func (t *tree) close() {
	t.lost = 0
	for len(t.frames) > 0 {
		t.end()
	}
}

// hash is FNV-1a.
func hash(value []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range value {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
