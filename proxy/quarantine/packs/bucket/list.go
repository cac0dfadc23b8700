package bucket

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// Remove implements [packs.Store].
func (b *Bucket) Remove(ctx context.Context, name string) error {
	if err := b.own(ctx); err != nil {
		return err
	}
	ctx, stop := b.bound(ctx, 0)
	defer stop()
	err := b.fault("remove "+name, b.client.RemoveObject(ctx, b.o.Bucket, b.object(name), minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Shards implements [packs.Store].
func (b *Bucket) Shards(ctx context.Context) (all []string, err error) {
	err = b.list(ctx, path.Join(b.o.Prefix, "content")+"/", func(o *minio.ObjectInfo) {
		if name := path.Base(o.Key); strings.HasSuffix(o.Key, "/") && len(name) == 2 {
			all = append(all, name)
		}
	})
	return all, err
}

// List implements [packs.Store].
func (b *Bucket) List(ctx context.Context, shard string) (map[string]packs.Info, error) {
	all := map[string]packs.Info{}
	err := b.list(ctx, path.Join(b.o.Prefix, "content", shard)+"/", func(o *minio.ObjectInfo) {
		if name := path.Base(o.Key); packs.Belongs(name, shard) && !strings.HasSuffix(o.Key, "/") {
			all[name] = packs.Info{Size: o.Size, Modified: o.LastModified}
		}
	})
	return all, err
}

// listMost is how many bytes of answers a listing may have time for: some half a
// million packs in a shard.
const listMost = 256 << 20

// list goes through the objects and folders below a prefix, a thousand with each
// request.
func (b *Bucket) list(ctx context.Context, prefix string, each func(*minio.ObjectInfo)) error {
	if err := b.own(ctx); err != nil {
		return err
	}
	ctx, stop := b.bound(ctx, listMost)
	defer stop()
	for o := range b.client.ListObjectsIter(ctx, b.o.Bucket, minio.ListObjectsOptions{Prefix: prefix}) {
		if o.Err != nil {
			return b.fault("list "+prefix, o.Err)
		}
		each(&o)
	}
	return ctx.Err()
}
