package events

import (
	"bytes"
	"context"
	"fmt"
	"os"
)

// File appends events to a file, a line each. A file that was moved away, as a
// program that rotates logs does, is made anew.
type File struct {
	path string
	open *os.File // nil until the first event
}

// NewFile makes the target. The file is opened with its first event.
func NewFile(path string) *File { return &File{path: path} }

// Name implements Target.
func (*File) Name() string { return "file" }

// Send implements Target. What is returned as sent is with the system, not
// necessarily on the disk.
func (f *File) Send(_ context.Context, batch []Told) (int, error) {
	if err := f.follow(); err != nil {
		return 0, fmt.Errorf("events file: %w", err)
	}
	var b bytes.Buffer
	for _, e := range batch {
		b.Write(e.JSON)
		b.WriteByte('\n')
	}
	n, err := f.open.Write(b.Bytes())
	if err == nil {
		return len(batch), nil
	}
	// A line that is there in part is told again whole, on a line of its own.
	whole := bytes.Count(b.Bytes()[:n], []byte("\n"))
	f.Close() //nolint:errcheck // the first error tells
	return whole, fmt.Errorf("events file: %w", err)
}

// follow opens the file, again if another one stands in its place.
func (f *File) follow() error {
	if f.open != nil {
		mine, err := f.open.Stat()
		if err != nil {
			return err
		}
		if now, err := os.Stat(f.path); err == nil && os.SameFile(mine, now) {
			return nil
		}
		f.Close() //nolint:errcheck // it was moved away
	}
	var err error
	if f.open, err = os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	if err := f.endLine(); err != nil {
		f.Close() //nolint:errcheck // the first error tells
		return err
	}
	return nil
}

// endLine ends a line that a full disk or a crash has left in part: what is
// written next would be read as the rest of it, and be lost with it.
func (f *File) endLine() error {
	info, err := f.open.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return err
	}
	written, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer written.Close() //nolint:errcheck // read only
	var last [1]byte
	if _, err := written.ReadAt(last[:], info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = f.open.WriteString("\n")
	}
	return err
}

// Close implements Target.
func (f *File) Close() error {
	if f.open == nil {
		return nil
	}
	open := f.open
	f.open = nil
	return open.Close()
}
