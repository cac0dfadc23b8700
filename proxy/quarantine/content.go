package quarantine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
)

// Content is the content of a held message, byte for byte as it was held. A
// pass from the start to the end is checked: its last Read gives [ErrDamaged]
// instead of io.EOF when a byte differs, so whoever sends it on must take any
// error but io.EOF as a reason to break off. Seeking away from the start skips
// the check until the next pass begins at 0.
type Content struct {
	f       io.ReadSeekCloser
	id      string
	size    int64
	sha256  string
	at      int64
	sum     hash.Hash
	checked bool // every byte up to at has gone through sum
}

var _ io.ReadSeekCloser = (*Content)(nil)

// Content opens the content of a message. It returns [ErrNotFound] when there
// is no such message or its content was removed, [ErrSealed] when the private
// key is not here, and [ErrDamaged] when something of it is missing.
func (s *Store) Content(ctx context.Context, id string) (*Content, error) {
	var r row
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.find(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	return s.openContent(ctx, r)
}

func (s *Store) openContent(ctx context.Context, r row) (*Content, error) {
	if !r.stored {
		return nil, fmt.Errorf("content of %s was removed: %w", r.ID, ErrNotFound)
	}
	open := s.openChunks
	if r.plain {
		open = s.openMail
	}
	f, size, err := open(ctx, r)
	if err == nil && size != r.Size {
		err = errors.Join(fmt.Errorf("%w: %d bytes, %d were held", ErrDamaged, size, r.Size), f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", r.ID, err)
	}
	return &Content{f: f, id: r.ID, size: r.Size, sha256: r.SHA256, sum: sha256.New(), checked: true}, nil
}

// openMail opens content that was held before version 2.
func (s *Store) openMail(ctx context.Context, r row) (io.ReadSeekCloser, int64, error) {
	f, err := s.opts.disk.Open(s.mailPath(r.ID))
	if errors.Is(err, fs.ErrNotExist) {
		var sealed bool
		asked := s.reader.QueryRowContext(ctx, "SELECT plain = 0 FROM messages WHERE seq = ?", r.seq).Scan(&sealed)
		if sealed {
			return s.openChunks(ctx, r) // Sweep has cut it since the row was read
		}
		err = errors.Join(ErrDamaged, err, asked)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// openChunks opens content that is kept in chunks.
func (s *Store) openChunks(ctx context.Context, r row) (io.ReadSeekCloser, int64, error) {
	parts, err := s.partsOf(ctx, s.reader, r.seq, streamContent)
	if err == nil && len(parts) > 0 {
		// Who cannot read must know before it is recorded that they did.
		_, err = s.unwrap(ctx, s.reader, parts[0].key)
	}
	if err != nil {
		return nil, 0, err
	}
	c := s.newChunkReader(ctx, parts)
	return c, c.size, nil
}

// Size is the length of the content in bytes.
func (c *Content) Size() int64 { return c.size }

// Read implements io.Reader.
func (c *Content) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.at += int64(n)
	if c.checked {
		c.sum.Write(p[:n])
	}
	switch {
	case errors.Is(err, io.EOF):
		return n, c.end()
	case err != nil:
		return n, fmt.Errorf("read content of %s: %w", c.id, err)
	}
	return n, nil
}

// end gives what the last Read returns.
func (c *Content) end() error {
	want, err := hex.DecodeString(c.sha256)
	whole := !c.checked || c.at == c.size && bytes.Equal(c.sum.Sum(nil), want)
	if err != nil || c.at < c.size || !whole {
		return fmt.Errorf("content of %s differs from what was held: %w", c.id, ErrDamaged)
	}
	return io.EOF
}

// Seek implements io.Seeker.
func (c *Content) Seek(offset int64, whence int) (int64, error) {
	at, err := c.f.Seek(offset, whence)
	if err != nil {
		return at, fmt.Errorf("seek in content of %s: %w", c.id, err)
	}
	switch {
	case at == 0:
		c.sum.Reset()
		c.checked = true
	case at != c.at:
		c.checked = false
	}
	c.at = at
	return at, nil
}

// Close implements io.Closer.
func (c *Content) Close() error { return c.f.Close() }
