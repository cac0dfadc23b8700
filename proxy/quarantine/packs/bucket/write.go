package bucket

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// Create implements [packs.Store]. The name is found to be in use by Finish.
func (b *Bucket) Create(_ context.Context, name string) (packs.Writer, error) {
	return &writer{spool: spool{dir: b.o.SpoolDir}, b: b, object: b.object(name)}, nil
}

// writer keeps a pack until its end: only then is its length known, and one put
// is all or nothing.
type writer struct {
	spool
	b      *Bucket
	object string
	there  bool
}

// Finish implements [packs.Writer].
func (w *writer) Finish(ctx context.Context) error {
	err := w.b.own(ctx)
	if err == nil {
		err = w.b.put(ctx, w.object, &w.spool, w.size)
	}
	w.there = err == nil
	return errors.Join(err, w.Close())
}

// Abort implements [packs.Writer]. What the store does not remove now is swept
// later: a message that is held must not fail for want of tidiness. So must
// nobody wait for a store that is away, where a put may have been carried out.
func (w *writer) Abort(ctx context.Context) error {
	if w.there {
		ctx, stop := w.b.bound(ctx, 0)
		defer stop()
		_ = w.b.client.RemoveObject(ctx, w.b.o.Bucket, w.object, minio.RemoveObjectOptions{})
	}
	return w.Close()
}

// writerKey is the metadata in which an object says which put made it.
const writerKey = "Writer"

// put makes an object that does not exist. When the answer to the first try is
// lost, the next finds the object there: it is ours if it says so.
func (b *Bucket) put(ctx context.Context, object string, content io.ReaderAt, size int64) error {
	ctx, stop := b.bound(ctx, size)
	defer stop()
	token := crand.Text()
	o := minio.PutObjectOptions{
		ContentType: "application/octet-stream", UserMetadata: map[string]string{writerKey: token},
		SendContentMd5: true, DisableMultipart: true,
	}
	o.SetMatchETagExcept("*")
	err := b.again(ctx, func() error {
		// The library would have all tries read one body, also at once.
		sent := &body{content: content}
		defer sent.end()
		_, err := b.once.PutObject(ctx, b.o.Bucket, object, sent, size, o)
		return err
	})
	if !answered(err, minio.PreconditionFailed) {
		return b.fault("put "+object, err)
	}
	info, err := b.client.StatObject(ctx, b.o.Bucket, object, minio.StatObjectOptions{})
	if err != nil {
		return b.fault("look whose "+object+" is", err)
	}
	if info.UserMetadata[writerKey] != token || info.Size != size {
		return fmt.Errorf("bucket %s at %s: put %s: %w", b.o.Bucket, b.o.Endpoint, object, fs.ErrExist)
	}
	return nil
}

// again does what may be repeated until it succeeds, fails for good, or was tried
// often enough.
func (b *Bucket) again(ctx context.Context, try func() error) (err error) {
	for n := range tries {
		if err = try(); err == nil || !passes(err) || ctx.Err() != nil || n == tries-1 {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(min(time.Second, 200*time.Millisecond<<n))):
		}
	}
	return err
}

// passes reports whether a fault may be over in a moment.
func passes(err error) bool {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return true // it was not reached, or broke off
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	switch answer.Code {
	case "RequestTimeout", "SlowDown", "ConditionalRequestConflict": // another put of it is under way
		return true
	}
	return false
}

// own makes sure that the packs here are those of this quarantine, before
// anything is put or removed: another's sweep would take ours for left over.
func (b *Bucket) own(ctx context.Context) error {
	if b.owned.Load() {
		return nil
	}
	object := path.Join(b.o.Prefix, "owner")
	owner, err := b.get(ctx, object)
	if errors.Is(err, fs.ErrNotExist) {
		err = b.put(ctx, object, strings.NewReader(b.o.Owner), int64(len(b.o.Owner)))
		if errors.Is(err, fs.ErrExist) { // another relay has just made it
			owner, err = b.get(ctx, object)
		} else {
			owner = []byte(b.o.Owner)
		}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(owner, []byte(b.o.Owner)) {
		return fmt.Errorf("bucket %s at %s: %s says that the packs here are another quarantine's: give this one a bucket or a prefix of its own; "+
			"if its database was lost, and this one takes its place, nothing in there can be read any more", b.o.Bucket, b.o.Endpoint, object)
	}
	b.owned.Store(true)
	return nil
}

// get reads a small object.
func (b *Bucket) get(ctx context.Context, object string) ([]byte, error) {
	const most = 4 << 10
	r := reader{b: b, object: object}
	text := make([]byte, most)
	n, err := r.ReadAt(ctx, text, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text[:n], err
}
