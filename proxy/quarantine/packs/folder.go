package packs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Folder keeps packs as files on a disk, each in the folder of its shard:
//
//	DIR/incoming/<name>    while it is written
//	DIR/content/7k/<name>  once it is finished
//
// Both folders exist. What a crash leaves in incoming is the owner's to remove.
type Folder struct {
	disk Disk
	dir  string
}

var _ Store = (*Folder)(nil)

// NewFolder gives the packs in a folder.
func NewFolder(disk Disk, dir string) *Folder { return &Folder{disk, dir} }

func (f *Folder) incoming(name string) string { return filepath.Join(f.dir, "incoming", name) }

func (f *Folder) content() string { return filepath.Join(f.dir, "content") }

func (f *Folder) path(name string) string { return filepath.Join(f.content(), Shard(name), name) }

// Where implements [Store]: the folder moves with its store, so it is not named.
func (f *Folder) Where() string { return "folder" }

// Create implements [Store]. The file is made before the look for a finished
// one, and only one process can make it, so two never share a name, and no pack
// is ever renamed over another.
func (f *Folder) Create(_ context.Context, name string) (Writer, error) {
	file, err := f.disk.Create(f.incoming(name))
	if err != nil {
		return nil, err
	}
	_, err = f.disk.Lstat(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return &folderWriter{File: file, folder: f, name: name}, nil
	}
	if err == nil {
		err = fs.ErrExist
	}
	return nil, fmt.Errorf("reserve a pack: %w", errors.Join(err, file.Close(), f.disk.Remove(f.incoming(name))))
}

// folderWriter writes a file.
type folderWriter struct {
	File
	folder *Folder
	name   string
	closed bool
	final  bool // it is in its place
}

// Finish brings the file to stable storage: its bytes, then its name.
func (w *folderWriter) Finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.closed = true
	if err := errors.Join(w.Sync(), w.Close()); err != nil {
		return err
	}
	d := w.folder.disk
	final := w.folder.path(w.name)
	shard := filepath.Dir(final)
	if _, err := d.Lstat(shard); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := d.Mkdir(shard); err != nil {
			return err
		}
	}
	if err := d.Rename(w.folder.incoming(w.name), final); err != nil {
		return err
	}
	w.final = true
	// The parent too, always: another process may have made the folder a
	// moment ago and not have synced it yet.
	return errors.Join(d.SyncDir(shard), d.SyncDir(w.folder.content()))
}

// Abort need not last: what a power cut brings back is swept like all that
// nobody needs.
func (w *folderWriter) Abort(context.Context) error {
	var err error
	if !w.closed {
		w.closed = true
		err = w.Close()
	}
	path := w.folder.incoming(w.name)
	if w.final {
		path = w.folder.path(w.name)
	}
	return errors.Join(err, ignoreMissing(w.folder.disk.Remove(path)))
}

// Open implements [Store].
func (f *Folder) Open(_ context.Context, name string) (Reader, error) {
	file, err := f.disk.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	return folderReader{file}, nil
}

type folderReader struct{ file File }

func (r folderReader) ReadAt(_ context.Context, p []byte, off int64) (int, error) {
	return r.file.ReadAt(p, off)
}

func (r folderReader) Close() error { return r.file.Close() }

// Remove implements [Store].
func (f *Folder) Remove(_ context.Context, name string) error {
	path := f.path(name)
	if err := f.disk.Remove(path); err != nil {
		return ignoreMissing(err)
	}
	return f.disk.SyncDir(filepath.Dir(path))
}

// Shards implements [Store].
func (f *Folder) Shards(context.Context) ([]string, error) {
	entries, err := f.disk.ReadDir(f.content())
	var all []string
	for _, e := range entries {
		if name := e.Name(); len(name) == 2 && name == strings.ToLower(name) {
			all = append(all, name)
		}
	}
	return all, err
}

// List implements [Store].
func (f *Folder) List(_ context.Context, shard string) (map[string]Info, error) {
	entries, err := f.disk.ReadDir(filepath.Join(f.content(), shard))
	if err != nil {
		return nil, ignoreMissing(err) // no message was ever in it
	}
	all := make(map[string]Info, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() || !Belongs(e.Name(), shard) {
			continue // it went meanwhile, or it is not ours
		}
		if err != nil {
			return nil, err
		}
		all[e.Name()] = Info{info.Size(), info.ModTime()}
	}
	return all, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
