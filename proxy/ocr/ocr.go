// Package ocr reads the text in pictures with an installed tesseract.
//
// What is always true: the program gets the picture on its standard input and
// nothing else, no file and no shell; it is killed at its deadline, with what
// it has begun; and what it prints is bounded. A picture that could not be
// read is an error, never an empty text.
package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Config says how pictures are read.
type Config struct {
	// Command is the program, by name or path: tesseract.
	Command string
	// Languages are tesseract's, joined by "+", such as "eng+deu".
	Languages string
	// Timeout bounds the reading of one picture.
	Timeout time.Duration
	// Concurrent is how many pictures are read at once; at least 1.
	Concurrent int
}

// maxText bounds what is taken of the program's output for one picture, in
// bytes: words and where they stand.
const maxText = 16 << 20

// Reader reads pictures. It is safe for concurrent use.
type Reader struct {
	cfg   Config
	path  string
	slots chan struct{}
}

// New makes a reader. The error says that the program is not installed.
func New(cfg Config) (*Reader, error) {
	path, err := exec.LookPath(cfg.Command)
	if err != nil {
		return nil, fmt.Errorf("optical recognition: %w: install tesseract, or leave the command empty", err)
	}
	return &Reader{cfg: cfg, path: path, slots: make(chan struct{}, max(cfg.Concurrent, 1))}, nil
}

// Recognise returns the text in a picture of size bytes, in UTF-8, line by line
// with a tab between columns. The error is the context's, or says why the
// picture could not be read.
func (r *Reader) Recognise(ctx context.Context, picture io.ReaderAt, size int64) ([]byte, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	// Page segmentation mode 6 takes the picture for one block of text, which
	// keeps the rows of a table together.
	cmd := exec.CommandContext(ctx, r.path, "-", "-", "-l", r.cfg.Languages, "--psm", "6", "tsv")
	cmd.Stdin = io.NewSectionReader(picture, 0, size)
	cmd.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C.UTF-8"}
	cmd.WaitDelay = time.Second
	text := &bounded{left: maxText}
	cmd.Stdout = text
	if err := cmd.Run(); err != nil && !text.full {
		return nil, fmt.Errorf("optical recognition: %w", errors.Join(ctx.Err(), err))
	}
	return layOut(readWords(text.Bytes())), nil
}

// bounded takes output up to a bound; then it makes the program end.
type bounded struct {
	bytes.Buffer
	left int
	full bool
}

var errFull = errors.New("more text than a picture holds")

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.full = true
		return 0, errFull
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}
