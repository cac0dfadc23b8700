package bucket

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// A chunk has some 9 KB, and a request costs milliseconds. So more is read than
// was asked for, and more each time as long as chunk follows chunk.
const (
	windowLeast = 128 << 10
	windowMost  = 1 << 20
)

// Open implements [packs.Store]. That a pack is missing is found by the first
// read.
func (b *Bucket) Open(_ context.Context, name string) (packs.Reader, error) {
	return &reader{b: b, object: b.object(name)}, nil
}

// reader reads an object by ranges.
type reader struct {
	b      *Bucket
	object string
	window []byte // what was read last
	from   int64  // its place
	step   int64  // how much is read next
	ends   bool   // the object ends with the window
}

// ReadAt implements [packs.Reader].
func (r *reader) ReadAt(ctx context.Context, p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n) - r.from
		if at >= 0 && at < int64(len(r.window)) {
			n += copy(p[n:], r.window[at:])
			continue
		}
		if r.ends && at >= int64(len(r.window)) {
			return n, io.EOF
		}
		if err := r.fetch(ctx, off+int64(n), int64(len(p)-n)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close implements [packs.Reader].
func (r *reader) Close() error {
	r.window = nil
	return nil
}

// fetch reads the window from a place on. Where the connection breaks within the
// answer it is asked for again.
func (r *reader) fetch(ctx context.Context, from, least int64) error {
	if from == r.from+int64(len(r.window)) && r.step > 0 {
		r.step = min(2*r.step, windowMost)
	} else {
		r.step = windowLeast
	}
	want := max(least, r.step)
	ctx, stop := r.b.bound(ctx, want)
	defer stop()
	var err error
	for try := range tries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return r.b.fault("get "+r.object, ctx.Err())
			case <-time.After(time.Duration(try) * 100 * time.Millisecond):
			}
		}
		var again bool
		if again, err = r.get(ctx, from, want); !again {
			break
		}
	}
	return r.b.fault("get "+r.object, err)
}

func (r *reader) get(ctx context.Context, from, want int64) (again bool, err error) {
	r.window, r.from, r.ends = r.window[:0], from, false
	var o minio.GetObjectOptions
	if err := o.SetRange(from, from+want-1); err != nil {
		return false, err
	}
	body, info, _, err := r.b.client.GetObject(ctx, r.b.o.Bucket, r.object, o)
	if answered(err, minio.InvalidRange) {
		r.ends = true // it ends before
		return false, nil
	}
	if err != nil {
		return false, err // it was tried often enough
	}
	defer func() { _ = body.Close() }() // it was only read
	if int64(cap(r.window)) < want {
		r.window = make([]byte, 0, want)
	}
	n, err := io.ReadFull(body, r.window[:want])
	if errors.Is(err, io.ErrUnexpectedEOF) && int64(n) == info.Size || errors.Is(err, io.EOF) && info.Size == 0 {
		r.ends, err = true, nil
	}
	if err != nil {
		return ctx.Err() == nil, err
	}
	r.window = r.window[:n]
	return false, nil
}
