package exact

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	"github.com/cespare/xxhash/v2"
)

// Purpose is what the key of an index is derived for.
const Purpose = "exact index"

// Index is an index ready for look-ups. It is immutable and safe for
// concurrent use.
type Index struct {
	header
	name    string
	version string
	hash    keyed.Hash
	buckets []byte
	entries []byte
	lengths [numClasses]lengths
	weight  float64 // what the number of records takes from a match, in bits
	keep    any
}

// lengths are the bounds of the compact forms of a class, in bytes; without
// values, none is within.
type lengths struct{ shortest, longest int }

func (l *lengths) widen(shortest, longest int) {
	if longest == 0 {
		return
	}
	if l.longest == 0 || shortest < l.shortest {
		l.shortest = shortest
	}
	l.longest = max(l.longest, longest)
}

func (l lengths) has(n int) bool { return l.shortest <= n && n <= l.longest && n > 0 }

// Config is what an index is opened with.
type Config struct {
	// Name is what verdicts and metrics call it.
	Name string
	// Secret is the key that it was built with.
	Secret keyed.Secret
	// Keep is kept alive as long as the index is: what owns the bytes.
	Keep any
}

// Open reads the bytes of an index, most often a file mapped into memory, and
// checks all of them. They must not change as long as the index is used. The
// error wraps ErrDamaged or ErrKey.
func Open(data []byte, cfg Config) (*Index, error) {
	h, sum, err := decodeHeader(data)
	if err != nil {
		return nil, err
	}
	x := &Index{header: *h, name: cfg.Name, hash: cfg.Secret.For(Purpose), keep: cfg.Keep}
	if x.KeyCheck != x.hash.Check() {
		return nil, fmt.Errorf("%w: built with key %s, given key %s", ErrKey, x.KeyCheck, x.hash.Check())
	}
	x.weight = math.Log2(max(1, float64(h.Records)))
	x.version = fmt.Sprintf("%012x", sum>>16)
	x.buckets = data[headerSize : headerSize+4*(1<<h.BucketBits+1)]
	x.entries = data[h.entriesAt():h.size()]
	for _, c := range h.Columns {
		x.lengths[classOf(c.kind)].widen(c.Shortest, c.Longest)
	}
	if err := x.verify(); err != nil {
		return nil, err
	}
	return x, nil
}

// ReadInfo returns what the bytes of an index say of it, for those without its
// key. Only the header is checked.
func ReadInfo(data []byte) (Info, error) {
	h, _, err := decodeHeader(data)
	if err != nil {
		return Info{}, err
	}
	return h.Info, nil
}

// verify reads the whole index.
func (x *Index) verify() (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		runtime.KeepAlive(x)
		if recover() != nil {
			err = fmt.Errorf("cut off while it was read: %w", ErrDamaged)
		}
	}()
	if xxhash.Sum64(x.buckets) != x.BucketsSum || xxhash.Sum64(x.entries) != x.EntriesSum {
		return fmt.Errorf("checksum is wrong: %w", ErrDamaged)
	}
	last := uint32(0)
	for at := 0; at < len(x.buckets); at += 4 {
		n := binary.LittleEndian.Uint32(x.buckets[at:])
		if n < last || int64(n) > x.Values || at == 0 && n != 0 {
			return fmt.Errorf("buckets out of order: %w", ErrDamaged)
		}
		last = n
	}
	if int64(last) != x.Values {
		return fmt.Errorf("buckets end at entry %d of %d: %w", last, x.Values, ErrDamaged)
	}
	return nil
}

// Name returns what verdicts and metrics call the index.
func (x *Index) Name() string { return x.name }

// Version names the index's content.
func (x *Index) Version() string { return x.version }

// About returns what the index says of itself.
func (x *Index) About() Info { return x.Info }

// find appends the posts of the values with a hash. Bytes that are gone, as
// when somebody cut the mapped file off, are a panic and not the end of the
// process.
func (x *Index) find(dst []post, hash uint64) []post {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		runtime.KeepAlive(x) // and with it what owns the bytes
	}()
	from, to := x.bucket(hash)
	return x.scan(dst, hash, from, to)
}

// bucket returns the entries among which a hash would be, as a range.
func (x *Index) bucket(hash uint64) (from, to uint32) {
	at := x.buckets[4*(hash>>(64-x.BucketBits)):]
	return binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
}

// scan appends the posts of a hash in its bucket. Hashes are evenly spread, so
// that the place of one in its bucket is known within a few entries.
func (x *Index) scan(dst []post, hash uint64, from, to uint32) []post {
	if from == to {
		return dst
	}
	entries := x.entries[entrySize*int64(from) : entrySize*int64(to)]
	print := uint32(hash << x.BucketBits >> 32)
	at := guess(print, to-from)
	for at > 0 && binary.LittleEndian.Uint32(entries[at-entrySize:]) >= print {
		at -= entrySize
	}
	for ; at < len(entries); at += entrySize {
		switch p := binary.LittleEndian.Uint32(entries[at:]); {
		case p == print:
			dst = append(dst, post(binary.LittleEndian.Uint32(entries[at+4:])))
		case p > print:
			return dst
		}
	}
	return dst
}

// guess returns where among n entries one with the given hash is likely to be,
// as an offset in bytes.
func guess(print, n uint32) int { return entrySize * int(uint64(print)*uint64(n)>>32) }

// posts appends the posts of a value.
func (x *Index) posts(dst []post, t detect.Type, value []byte) []post {
	var form [128]byte
	b, ok := appendForm(form[:0], classOf(t), value)
	if !ok {
		return dst
	}
	return x.find(dst, x.hash.Sum(b))
}

// Has reports whether some record has the value of the given type. It is for
// tests and measurements; one field that agrees is no match.
func (x *Index) Has(t detect.Type, value []byte) bool {
	var posts [maxPosts + 1]post
	return len(x.posts(posts[:0], t, value)) > 0
}
