package table

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// proseSize is the most that one call of Output.Prose is given, in bytes.
const proseSize = 64 << 10

// Output takes the pieces of a text in order. An error it returns ends Split.
type Output interface {
	// Grid takes a table. It must be read to its end before Grid returns;
	// what is left over is not given again.
	Grid(kind Kind, g Grid) error
	// Repeated is offered lines of one form that could also be read as another
	// table, or as key-value blocks. It reports whether it took them; if not, it
	// must not keep any of them.
	Repeated(r *Repeat) (bool, error)
	// Prose takes text between tables: whole lines, at most 64 KiB, valid
	// until Prose returns. Only a line that is itself longer is cut.
	Prose(text []byte) error
}

// Splitter cuts texts, and keeps the room that one took for the next. It is
// safe for concurrent use; the zero value is ready.
type Splitter struct{ spare sync.Pool } // of *splitter

// Split cuts the UTF-8 text of r into tables and prose, in one pass and with
// bounded memory, however long the text or its lines are. The error is the
// output's, the context's or the reader's; one that wraps ErrLimit is returned
// after all else was read.
func (sp *Splitter) Split(ctx context.Context, r io.Reader, lim Limits, out Output) error {
	s, _ := sp.spare.Get().(*splitter)
	if s == nil {
		s = &splitter{src: newSource(), traits: newTraits(), cuts: new(cuts)}
	}
	s.src.r, s.src.stop, s.lim, s.out = r, ctx.Err, lim.orDefault(), out
	err := s.run()
	if err == nil {
		err = s.cut
	}
	s.empty()
	sp.spare.Put(s)
	return err
}

// Split is Splitter.Split without room from before.
func Split(ctx context.Context, r io.Reader, lim Limits, out Output) error {
	return new(Splitter).Split(ctx, r, lim, out)
}

// splitter is the state of one Split.
type splitter struct {
	src   *source
	lim   Limits
	out   Output
	prose int   // start of the prose not yet given, an offset in the window
	cut   error // the first thing left out for a limit
	seen  int64 // bytes of the text that lay behind when it was last asked whether to stop
	sql   schema

	traits  *traits
	ahead   ahead
	repeats repeatFinder // used by unlessRepeated

	probe  delimited                 // used by sniff
	widths [sniffRecords]int         // used by sniff
	forms  [len(delimiters)]measures // used by sniff
	quoted stretches
	cuts   *cuts // used by delimited
}

// empty makes the splitter ready for another text. Its room is kept.
func (s *splitter) empty() {
	s.ahead.forget()
	for i := range s.forms {
		s.forms[i] = measures{lines: s.forms[i].lines[:0]}
	}
	s.quoted.forget()
	s.cuts.forget()
	*s.src = source{buf: s.src.buf}
	*s = splitter{src: s.src, traits: s.traits, ahead: s.ahead, repeats: s.repeats, probe: delimited{row: s.probe.row[:0]}, forms: s.forms, quoted: s.quoted, cuts: s.cuts}
}

func (s *splitter) run() error {
	for {
		if err := s.refill(); err != nil {
			return err
		}
		line := s.look(0)
		if line == nil && s.src.pos == s.src.end {
			return s.flush()
		}
		if line == nil {
			if err := s.long(); err != nil {
				return err
			}
			continue
		}
		open := s.recognise(line)
		if open == nil {
			s.src.pos += line.next
			continue
		}
		if err := s.flush(); err != nil {
			return err
		}
		if err := s.read(open); err != nil {
			return err
		}
	}
}

// read runs the reader of a table. One that finds nothing to read after all
// leaves its line as prose.
func (s *splitter) read(open func() error) error {
	before := s.src.past + int64(s.src.pos)
	if err := open(); err != nil {
		return err
	}
	s.prose = s.src.pos
	if s.src.past+int64(s.src.pos) > before {
		return nil
	}
	_, next, ok := s.src.peek(0)
	if !ok {
		next = wholeLines(s.src.buf[s.src.pos:min(s.src.end, s.src.pos+proseSize)])
	}
	s.src.pos += next
	return nil
}

// stopEvery is how many bytes of a text are read before it is asked again
// whether to stop.
const stopEvery = 16 << 10

// refill gives the pending prose away before the window moves under it.
func (s *splitter) refill() error {
	if at := s.src.past + int64(s.src.pos); at-s.seen >= stopEvery {
		s.seen = at
		if err := s.src.stop(); err != nil {
			return err
		}
	}
	if !s.src.low() && s.src.pos-s.prose < proseSize {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.ahead.forget()
	err := s.src.refill()
	s.prose = s.src.pos
	return err
}

// flush gives away the prose before the reading position, in pieces of whole
// lines.
func (s *splitter) flush() error {
	for s.prose < s.src.pos {
		piece := s.src.buf[s.prose:s.src.pos]
		if len(piece) > proseSize {
			piece = piece[:wholeLines(piece[:proseSize])]
		}
		s.prose += len(piece)
		if err := s.out.Prose(piece); err != nil {
			return err
		}
	}
	return nil
}

// long passes on a piece of a line that does not fit into the window, unless
// it opens a form that needs no lines.
func (s *splitter) long() error {
	piece := s.src.buf[s.src.pos:s.src.end]
	if open := s.lineless(piece); open != nil {
		if err := s.flush(); err != nil {
			return err
		}
		return s.read(open)
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.src.pos += wholeLines(piece[:min(len(piece), proseSize)])
	return s.flush()
}

// wholeLines returns how much of text to give so that it ends with a line, or
// between words, if it has such a place.
func wholeLines(text []byte) int {
	if n := bytes.LastIndexByte(text, '\n'); n >= 0 {
		return n + 1
	}
	if n := bytes.LastIndexAny(text[len(text)/2:], " \t,;>}"); n >= 0 {
		return len(text)/2 + n + 1
	}
	return len(text)
}

// peekByte returns the byte at the reading position; io.EOF at the end.
func (s *splitter) peekByte() (byte, error) {
	if s.src.pos == s.src.end {
		if err := s.refill(); err != nil {
			return 0, err
		}
		if s.src.pos == s.src.end {
			return 0, io.EOF
		}
	}
	return s.src.buf[s.src.pos], nil
}

// ensure makes n bytes available, if the text has so many.
func (s *splitter) ensure(n int) error {
	if s.src.end-s.src.pos >= n {
		return nil
	}
	return s.refill()
}
