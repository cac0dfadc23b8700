package exact

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// Scratch is temporary space for a build: twelve bytes a value. It holds keyed
// hashes, no value.
type Scratch interface {
	io.WriterAt
	io.ReaderAt
}

// Builder makes an index: rows are taken by Writers, hashed, and parted by
// hash in the scratch space; Finish sorts part after part into the file. That
// way the memory does not grow with the rows.
type Builder struct {
	hash    keyed.Hash
	scratch Scratch
	end     atomic.Int64 // of what was written to scratch

	mu      sync.Mutex
	columns []Column
	stats   [MaxColumns]stats
	blocks  [partitions][]block
	writers int
	records int64
	values  int64
}

// block is a piece of a partition in the scratch space.
type block struct {
	at int64
	n  int // entries
}

// The partitions of a build: one for each value of a hash's leading bits.
const (
	partitionBits = 8
	partitions    = 1 << partitionBits
	rawSize       = 12 // bytes of an entry in scratch: hash and post
	blockEntries  = 2048
)

// NewBuilder makes a builder of an index under a secret.
func NewBuilder(secret keyed.Secret, scratch Scratch) *Builder {
	return &Builder{hash: secret.For(Purpose), scratch: scratch}
}

// ErrTooLarge is wrapped by the errors that say that an index cannot be so large.
var ErrTooLarge = errors.New("too large for one index")

// Column returns the number of the column with a name and type, and makes it
// if there is none. The name must be no value.
func (b *Builder) Column(name string, t detect.Type) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.columns {
		if c.Name == name && c.kind == t {
			return i, nil
		}
	}
	switch {
	case !Indexable(t):
		return 0, fmt.Errorf("column %q: values of type %q cannot be indexed", name, t)
	case len(b.columns) == MaxColumns:
		return 0, fmt.Errorf("column %q: more than %d columns: %w: choose those that tell people apart", name, MaxColumns, ErrTooLarge)
	}
	b.columns = append(b.columns, Column{Name: name, Type: t.String(), kind: t})
	return len(b.columns) - 1, nil
}

// Reserve takes n record numbers and returns the first.
func (b *Builder) Reserve(n int) (first uint32, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.records+int64(n) > MaxRecords {
		return 0, fmt.Errorf("more than %d records: %w: part them over several", int64(MaxRecords), ErrTooLarge)
	}
	first = uint32(b.records)
	b.records += int64(n)
	return first, nil
}

// Writer takes values for a Builder, on one goroutine. There may be several.
type Writer struct {
	b     *Builder
	form  []byte
	parts [partitions][]byte
	stats [MaxColumns]stats
	kinds [MaxColumns]detect.Type
}

// stats is what was seen of a column's values.
type stats struct {
	values            int64
	shortest, longest int
	shape             shape
}

// add takes one value's compact form.
func (s *stats) add(c class, compact []byte) {
	if c == codes {
		s.shape.add(compact)
	}
	if s.values == 0 || len(compact) < s.shortest {
		s.shortest = len(compact)
	}
	s.longest = max(s.longest, len(compact))
	s.values++
}

func (s *stats) merge(o *stats) {
	switch {
	case o.values == 0:
		return
	case s.values == 0:
		s.shortest = o.shortest
	}
	s.shortest, s.longest = min(s.shortest, o.shortest), max(s.longest, o.longest)
	s.values += o.values
	s.shape.merge(&o.shape)
}

// Writer returns a new writer. It must be closed before Finish.
func (b *Builder) Writer() *Writer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writers++
	return &Writer{b: b}
}

// Add takes the value of a record in a column made by Builder.Column. A value
// that is none of the column's type, or too short, is left out.
func (w *Writer) Add(record uint32, column int, value []byte) error {
	kind := w.kinds[column]
	if kind == detect.None {
		w.b.mu.Lock()
		kind = w.b.columns[column].kind
		w.b.mu.Unlock()
		w.kinds[column] = kind
	}
	c := classOf(kind)
	var ok bool
	if w.form, ok = appendForm(w.form[:0], c, value); !ok {
		return nil
	}
	w.stats[column].add(c, w.form[1:])
	hash := w.b.hash.Sum(w.form)
	part := &w.parts[hash>>(64-partitionBits)]
	*part = appendRaw(*part, hash, newPost(record, column))
	if len(*part) == blockEntries*rawSize {
		return w.flush(int(hash >> (64 - partitionBits)))
	}
	return nil
}

// flush moves what is held of a partition to scratch.
func (w *Writer) flush(partition int) error {
	part := w.parts[partition]
	if len(part) == 0 {
		return nil
	}
	at := w.b.end.Add(int64(len(part))) - int64(len(part))
	if _, err := w.b.scratch.WriteAt(part, at); err != nil {
		return fmt.Errorf("write scratch space: %w", err)
	}
	n := len(part) / rawSize
	w.parts[partition] = part[:0]
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.b.blocks[partition] = append(w.b.blocks[partition], block{at, n})
	w.b.values += int64(n)
	if w.b.values > maxEntries {
		return fmt.Errorf("more than %d values: %w: part the records over several", int64(maxEntries), ErrTooLarge)
	}
	return nil
}

// Close gives all that the writer holds to its builder.
func (w *Writer) Close() error {
	var errs []error
	for p := range w.parts {
		errs = append(errs, w.flush(p))
	}
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.b.writers--
	for i := range w.b.columns {
		w.b.stats[i].merge(&w.stats[i])
	}
	w.stats = [MaxColumns]stats{}
	return errors.Join(errs...)
}

// header returns the header of the file, but for what sorting brings about.
func (b *Builder) header(built time.Time) header {
	h := header{Info: Info{Records: b.records, Columns: b.columns, Built: built.UTC().Truncate(time.Second), KeyCheck: b.hash.Check()}}
	for i := range h.Columns {
		c, s := &h.Columns[i], &b.stats[i]
		c.Values, c.Shortest, c.Longest, c.Bits = s.values, s.shortest, s.longest, typeBits(c.kind)
		if measured(c.kind) {
			c.Bits = s.shape.bits()
		}
		c.Bits = math.Round(c.Bits*10) / 10
	}
	h.BucketBits = minBucketBits
	for h.BucketBits < maxBucketBits && b.values>>(h.BucketBits+1) >= bucketEntries {
		h.BucketBits++
	}
	return h
}
