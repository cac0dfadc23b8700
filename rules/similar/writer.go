package similar

import (
	"bytes"
	"encoding/binary"
)

// Bounds on the work on one text, in bytes.
const (
	whole    = 8 << 10   // of the beginning, which is read as it is
	ending   = 4 << 10   // of the end: letters close alike, however long a list they have
	lineSize = 1 << 10   // of a chosen line between them
	most     = 128 << 10 // of everything
	prefix   = 8         // of a line, by which it is chosen
	oneIn    = 64        // lines are chosen
)

// Writer takes a text, in pieces, and makes its sketch. The zero value is ready
// to use.
type Writer struct {
	sketch Sketch
	read   int          // bytes taken
	start  [prefix]byte // of a line not yet chosen
	begun  int          // how many bytes of it there are
	room   int          // bytes of the line at hand that are still taken
	inLine bool         // within a line behind the beginning
	tail   []byte       // the last of what came behind the beginning
	words
}

// Write implements io.Writer. It never fails.
func (w *Writer) Write(p []byte) (int, error) {
	n := len(p)
	if left := whole - w.read; left > 0 && !w.inLine {
		k := min(left, len(p))
		w.take(p[:k])
		p = p[k:]
		if w.read == whole {
			w.room, w.inLine = lineSize, true
		}
	}
	if len(p) == 0 {
		return n, nil
	}
	w.keepEnd(p)
	for len(p) > 0 && w.read < most {
		p = w.line(p)
	}
	return n, nil
}

// keepEnd keeps the last bytes of the text so far.
func (w *Writer) keepEnd(p []byte) {
	p = p[max(0, len(p)-ending):]
	if len(w.tail)+len(p) > 2*ending {
		w.tail = append(w.tail[:0], w.tail[len(w.tail)-ending:]...)
	}
	w.tail = append(w.tail, p...)
}

// line takes the rest of a line, or passes it over, and returns what follows.
func (w *Writer) line(p []byte) []byte {
	switch {
	case w.inLine:
	case w.begun == 0 && len(p) >= prefix:
		w.choose(p[:prefix])
	default:
		return w.begin(p)
	}
	return w.toEnd(p)
}

// begin gathers the beginning of a line that comes in pieces, takes the line once
// that is enough, and returns what follows.
func (w *Writer) begin(p []byte) []byte {
	k := copy(w.start[w.begun:], p)
	p = p[k:]
	if w.begun += k; w.begun < prefix {
		return nil
	}
	start := w.start
	w.begun = 0
	w.choose(start[:])
	left := w.toEnd(start[:])
	if w.inLine {
		return w.toEnd(p)
	}
	w.begun = copy(w.start[:], left) // a short line has ended within, and another begun
	return p
}

// toEnd is line for a line that was begun.
func (w *Writer) toEnd(p []byte) []byte {
	end := bytes.IndexByte(p, '\n')
	line, next := p, []byte(nil)
	if end >= 0 {
		line, next = p[:end], p[end+1:]
	}
	if w.room > 0 {
		k := min(len(line), w.room)
		w.take(line[:k])
		w.room -= k
	}
	if end >= 0 {
		w.endWord()
		w.inLine = false
	}
	return next
}

// choose begins a line that begins so: it is taken or passed over.
func (w *Writer) choose(start []byte) {
	w.inLine, w.room = true, 0
	if chosen(start) {
		w.room = lineSize
	}
}

// chosen reports whether a line is read. What follows a short line is part of
// what chooses it, in every copy alike.
func chosen(start []byte) bool {
	return mix(binary.LittleEndian.Uint64(start))%oneIn == 0
}

// Sketch returns the sketch of what was written. Nothing may be written after.
func (w *Writer) Sketch() Sketch {
	w.endWord()
	if end := w.tail[max(0, len(w.tail)-ending):]; len(end) > 0 {
		w.words = words{}
		w.take(end[bytes.IndexAny(end, " \n")+1:])
		w.endWord()
	}
	return w.sketch
}
