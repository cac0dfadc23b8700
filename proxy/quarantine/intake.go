package quarantine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// Content on its way into the store.

const (
	// inlineMost is how many new bytes of a message, as stored, go into the
	// database instead of a file of their own: beside the commit, which comes
	// anyway, a file costs three more syncs, and a block of the disk.
	inlineMost = 32 << 10

	// packBuffer is how much is written to a file at once.
	packBuffer = 64 << 10
)

// The streams of a message.
const (
	streamContent = iota
	streamEvidence
	streams
)

// intake takes one message's content apart. Chunks that the store has are
// only noted, the others are compressed, sealed and kept for the commit.
type intake struct {
	s       *Store
	key     writeKey
	newest  int64           // chunk that was there when this began
	removed int64           // chunks that had been deleted then
	parts   []part          // distinct ones
	byID    map[chunkID]int // index in parts
	order   [streams][]int  // indexes in parts
	buf     []byte          // sealed chunks that are not in the pack yet
	first   []byte          // those before there was one
	packed  []byte          // for use again
	fresh   int64           // bytes of new chunks, as stored
	pack    pack            // if one was needed
}

// part is a chunk that a message consists of.
type part struct {
	id     chunkID
	seq    int64 // of its row; 0: new
	size   int
	secret []byte // its own key, sealed
	place  int64  // in the pack, or in buf
	length int
}

// begin starts an intake. It may write, and must not be called within a
// transaction.
func (s *Store) begin(ctx context.Context) (*intake, error) {
	key, err := s.writeKey(ctx)
	if err != nil {
		return nil, err
	}
	removed, err := s.known.refresh(ctx, s.reader)
	if err != nil {
		return nil, err
	}
	newest, err := newestChunk(ctx, s.reader)
	if err != nil {
		return nil, fmt.Errorf("look for the newest chunk: %w", err)
	}
	return &intake{s: s, key: key, newest: newest, removed: removed, byID: map[chunkID]int{}}, nil
}

// receive takes the content and the evidence of m, and sets Size and SHA256.
// After an error drop must be called.
func (in *intake) receive(ctx context.Context, m *Message, content io.Reader) error {
	sum := sha256.New()
	counted := &counter{r: io.TeeReader(contextReader{ctx, content}, sum)}
	err := in.s.cutter.Mail(counted, func(b []byte) error { return in.add(ctx, streamContent, b) })
	if err == nil && len(m.Evidence) > evidenceInRecord {
		err = in.s.cutter.Bytes(bytes.NewReader(m.Evidence), func(b []byte) error { return in.add(ctx, streamEvidence, b) })
	}
	if err == nil && in.pack.w != nil {
		err = in.flush()
	}
	if err == nil && in.pack.w != nil {
		err = in.shrink(ctx)
	}
	if err == nil && in.pack.w != nil {
		err = in.s.finish(ctx, &in.pack)
	}
	if err != nil {
		return fmt.Errorf("write content: %w", err)
	}
	m.Size, m.SHA256 = counted.n, hex.EncodeToString(sum.Sum(nil))
	return nil
}

// add takes one chunk of a stream.
func (in *intake) add(ctx context.Context, stream int, plain []byte) error {
	id := chunkID(in.s.keys.chunks.Sum(plain))
	at, ok := in.byID[id]
	if !ok {
		seq, err := in.s.known.find(ctx, in.s.reader, id)
		if err != nil {
			return err
		}
		p := part{id: id, seq: seq, size: len(plain)}
		if seq == 0 {
			if err := in.store(ctx, &p, plain); err != nil {
				return err
			}
		}
		at = len(in.parts)
		in.parts, in.byID[id] = append(in.parts, p), at
	}
	in.order[stream] = append(in.order[stream], at)
	return nil
}

// store seals a new chunk under a key of its own, so that it can be destroyed
// alone.
func (in *intake) store(ctx context.Context, p *part, plain []byte) error {
	once := seal.NewOnceKey()
	in.packed = in.s.codec.compress(in.packed[:0], plain)
	before := len(in.buf)
	in.buf = once.Seal(in.buf, in.packed)
	p.secret = in.key.key.Seal(nil, once[:], p.id.sealedAs())
	p.place, p.length = in.fresh, len(in.buf)-before
	in.fresh += int64(p.length)
	if in.pack.w == nil && in.fresh > inlineMost {
		var err error
		if in.pack, err = in.s.newPack(ctx); err != nil {
			return err
		}
		in.first = slices.Clone(in.buf[:before])
	}
	if in.pack.w != nil && len(in.buf) >= packBuffer {
		return in.flush()
	}
	return nil
}

func (in *intake) flush() error {
	n, err := in.pack.w.Write(in.buf)
	in.pack.size += int64(n)
	in.buf = in.buf[:0]
	return err
}

// shrink gives up the pack if others have stored most of the same meanwhile, as
// the first copies of a run do that come at once: what is left goes into the
// database.
func (in *intake) shrink(ctx context.Context) error {
	missing, err := in.missing(ctx, in.s.reader)
	if err != nil {
		return err
	}
	left := 0
	for _, p := range missing {
		left += p.length
	}
	if left > inlineMost {
		return nil
	}
	in.buf = in.buf[:0]
	for _, p := range missing {
		at := len(in.buf)
		in.buf = append(in.buf, make([]byte, p.length)...)
		if _, err := in.pack.w.ReadAt(in.buf[at:], p.place); err != nil {
			return fmt.Errorf("read what was written: %w", err)
		}
		p.place = int64(at)
	}
	in.fresh = int64(left)
	return in.s.dropPack(ctx, &in.pack)
}

// drop gives up, as far as the disk still obeys.
func (in *intake) drop(ctx context.Context) error { return in.s.dropPack(ctx, &in.pack) }

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// contextReader stops a copy when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
