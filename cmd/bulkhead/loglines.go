package main

import (
	"io"
	"sync"
	"time"
)

const (
	// linesApart is how close together lines come that are written together.
	linesApart = 5 * time.Millisecond
	// maxLines bounds how many octets of lines wait, and are written together: as
	// many as a pipe takes in one piece (PIPE_BUF of pipe(7)), so that the lines of
	// another process on the same pipe, as of the one that takes over, stay whole.
	maxLines = 4 << 10
)

// logLines writes log lines: each at once, or, where they come thick and fast, some
// together every few milliseconds. There is a line for each message, and to write one
// by itself, and to wake whoever reads it, costs more than to make it. A process that
// is killed takes those lines with it that wait.
type logLines struct {
	to io.Writer

	mu      sync.Mutex
	waiting []byte
	wrote   time.Time   // when lines were last written
	timer   *time.Timer // nil until one is needed
}

// Write implements io.Writer: it takes whole lines. The error may be that of lines
// before.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); len(l.waiting) == 0 && now.Sub(l.wrote) >= linesApart {
		l.wrote = now
		return l.to.Write(line)
	}
	var err error
	if len(l.waiting)+len(line) > maxLines {
		err = l.writeOut()
	}
	if len(l.waiting) == 0 {
		l.begin()
	}
	l.waiting = append(l.waiting, line...)
	return len(line), err
}

// begin has what waits written in a while.
func (l *logLines) begin() {
	if l.timer == nil {
		l.timer = time.AfterFunc(linesApart, l.flush)
		return
	}
	l.timer.Reset(linesApart)
}

// flush writes what waits. It is called at the end, too.
func (l *logLines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.writeOut() // there is nobody to be told of a log that cannot be written
}

// writeOut is flush under mu.
func (l *logLines) writeOut() error {
	if len(l.waiting) == 0 {
		return nil
	}
	_, err := l.to.Write(l.waiting)
	l.waiting, l.wrote = l.waiting[:0], time.Now()
	return err
}
