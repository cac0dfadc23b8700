package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// Content on its way into the store.

// receive writes the content to its place and sets m's ID, Size and SHA256.
// On an error nothing is left behind, as far as the disk still obeys.
func (s *Store) receive(ctx context.Context, m *Message, content io.Reader) error {
	d := s.opts.disk
	f, id, err := s.reserve(ctx)
	if err != nil {
		return err
	}
	incoming := s.incomingPath(id)
	sum := sha256.New()
	m.ID = id
	m.Size, err = io.Copy(io.MultiWriter(f, sum), contextReader{ctx, content})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.checkSpace()
	}
	if err == nil {
		err = s.place(id)
	}
	if err != nil {
		return fmt.Errorf("write content: %w", errors.Join(err, ignoreMissing(d.Remove(incoming))))
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// reserve finds an id that was never used and creates its incoming file. The
// file is made before the two looks, and only one process can make it, so two
// holds never share an id, and no content is ever renamed over another.
func (s *Store) reserve(ctx context.Context) (file, string, error) {
	const tries = 10 // a collision at a million messages is one in a million
	for range tries {
		id, err := newID(s.opts.Random, messagePrefix)
		if err != nil {
			return nil, "", err
		}
		f, err := s.opts.disk.Create(s.incomingPath(id))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		used, err := s.used(ctx, id)
		if err == nil && !used {
			return f, id, nil
		}
		err = errors.Join(err, f.Close(), s.opts.disk.Remove(s.incomingPath(id)))
		if err != nil {
			return nil, "", fmt.Errorf("reserve an id: %w", err)
		}
	}
	return nil, "", fmt.Errorf("no unused id in %d tries", tries)
}

func (s *Store) used(ctx context.Context, id string) (bool, error) {
	if _, err := s.opts.disk.Lstat(s.contentPath(id)); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	var n int
	err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE id = ?", id).Scan(&n)
	return n > 0, err
}

// place moves content from incoming to its folder, and makes that last.
func (s *Store) place(id string) error {
	d := s.opts.disk
	final := s.contentPath(id)
	folder := filepath.Dir(final)
	if _, err := d.Lstat(folder); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := d.Mkdir(folder); err != nil {
			return err
		}
	}
	if err := d.Rename(s.incomingPath(id), final); err != nil {
		return err
	}
	// The parent too, always: another process may have made the folder a
	// moment ago and not have synced it yet.
	err := errors.Join(d.SyncDir(folder), d.SyncDir(s.contentDir()))
	if err != nil {
		return errors.Join(err, ignoreMissing(d.Remove(final)))
	}
	return nil
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

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
