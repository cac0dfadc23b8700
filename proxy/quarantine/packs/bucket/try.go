package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Try looks whether a bucket does what is asked of it, with an object of its own
// that it removes: put, put no second time, get, list, remove.
func (b *Bucket) Try(ctx context.Context) error {
	object := path.Join(b.o.Prefix, "try", rand.Text())
	const text = "bulkhead doctor"
	remove := func(c *minio.Client) error {
		bounded, stop := b.bound(context.WithoutCancel(ctx), 0)
		defer stop()
		return b.fault("remove "+object, c.RemoveObject(bounded, b.o.Bucket, object, minio.RemoveObjectOptions{}))
	}
	if err := b.put(ctx, object, strings.NewReader(text), int64(len(text))); err != nil {
		_ = remove(b.once) // no answer need not mean that it was not put; of the store err says enough
		return err
	}
	err := b.tryAgain(ctx, object, text)
	return errors.Join(err, remove(b.client.Client))
}

func (b *Bucket) tryAgain(ctx context.Context, object, text string) error {
	err := b.put(ctx, object, strings.NewReader("other"), 5)
	if err == nil {
		return fmt.Errorf("bucket %s at %s: a second put of %s has overwritten the first: the store has to know If-None-Match, "+
			"without which two relays could write one object", b.o.Bucket, b.o.Endpoint, object)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	got, err := b.get(ctx, object)
	if err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("bucket %s at %s: %s is read otherwise than it was put", b.o.Bucket, b.o.Endpoint, object)
	}
	ctx, stop := b.bound(ctx, listMost)
	defer stop()
	for o := range b.client.ListObjectsIter(ctx, b.o.Bucket, minio.ListObjectsOptions{Prefix: object}) {
		if o.Err != nil {
			return b.fault("list "+object, o.Err)
		}
		if o.Key == object {
			return nil
		}
	}
	return fmt.Errorf("bucket %s at %s: %s is not listed: listing has to see what was just put", b.o.Bucket, b.o.Endpoint, object)
}
