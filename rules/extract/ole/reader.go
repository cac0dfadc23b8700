// Package ole reads what comes in compound files ([MS-CFB]): XLS, DOC, PPT and
// MSG, with what is embedded in them, and worksheets of Excel before 97 that
// stand in a file alone.
//
// What is always true: hidden sheets and cells are read like any other; a
// chain of sectors never runs in a circle; nothing is executed; memory does not
// grow with the number of rows, and shared strings have a bound of their own.
// What could not be read is in Read's error: a table or text that ends early
// because of it ends with io.EOF.
package ole

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Kind tells what a file is. The zero value is none.
type Kind uint8

// The kinds of files.
const (
	None           Kind = iota // not a file that is read here
	XLS                        // a workbook of Excel 2 to 2003
	DOC                        // a text of Word 6 to 2003
	PPT                        // a presentation of PowerPoint 97 to 2003
	MSG                        // a message or other item of Outlook
	EncryptedOOXML             // an Office Open XML document with a password
	Other                      // another compound file
)

// KindOf tells what r is.
func KindOf(r io.ReaderAt, size int64) Kind {
	if isBareSheet(r) {
		return XLS
	}
	c, err := openCompound(r, size)
	if err != nil {
		return None
	}
	return kindOf(c.root)
}

// kindOf tells what a storage holds, by the stream that each program writes.
func kindOf(storage *entry) Kind {
	if storage.find("EncryptedPackage") != nil {
		return EncryptedOOXML
	}
	for _, child := range storage.children {
		switch strings.ToLower(child.name) {
		case "workbook", "book":
			return XLS
		case "worddocument":
			return DOC
		case "powerpoint document", "pp40":
			return PPT
		case "__properties_version1.0":
			return MSG
		}
	}
	return Other
}

// reader is the state of one Read.
type reader struct {
	ctx   context.Context // of the one call that the reader lives for
	lim   document.Limits
	out   document.Output
	file  *compound
	spent int64 // bytes of streams so far
	cells int64
	pages int
	// foreign: the file is of a program that is not known here, so that each
	// stream is given out for others to look at.
	foreign bool

	problem error
}

// Read gives all texts, tables and embedded files to out. The error is out's
// or the context's as it is, or joins those of package document that tell what
// was not read.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	rd := &reader{ctx: ctx, lim: lim, out: out}
	err := rd.read(r, size)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if rd.file != nil && rd.file.damaged {
		rd.note(fmt.Errorf("compound file: %w", document.ErrDamaged))
	}
	return rd.problem
}

func (rd *reader) read(r io.ReaderAt, size int64) error {
	if isBareSheet(r) {
		return rd.workbook(r, size)
	}
	c, err := openCompound(r, size)
	if err != nil {
		return fmt.Errorf("ole: %w", err)
	}
	rd.file = c
	return rd.storage(c.root, "", 0)
}

// storage gives out what is in a storage, and in those below it.
func (rd *reader) storage(s *entry, name string, depth int) error {
	if depth > rd.lim.Depth {
		rd.note(fmt.Errorf("storages: %w", document.ErrTooDeep))
		return nil
	}
	if err := rd.ctx.Err(); err != nil {
		return err
	}
	own := true // whether the format says what the streams are
	var err error
	switch kindOf(s) {
	case XLS:
		err = rd.workbooks(s)
	case DOC:
		err = rd.document(s, name)
	case PPT:
		err = rd.presentation(s, name)
	case MSG:
		return rd.message(s, name, depth)
	case EncryptedOOXML:
		rd.note(fmt.Errorf("document with a password: %w", document.ErrEncrypted))
		return nil
	default:
		own = s.find("VBA") != nil // a project of macros on its own
	}
	rd.foreign = rd.foreign || !own && depth == 0
	for _, child := range s.children {
		if err != nil || rd.overspent() {
			return err
		}
		switch {
		case child.kind == isStorage:
			err = rd.storage(child, child.name, depth+1)
		case embedded[child.name] != nil:
			err = embedded[child.name](rd, child)
		case s.name == "VBA":
			err = rd.module(child)
		case rd.foreign && child.name != "" && child.name[0] >= ' ':
			err = rd.streamFile(child)
		}
	}
	return err
}

// embedded tells how streams with these names hold a file of another program.
var embedded = map[string]func(*reader, *entry) error{
	"\x01Ole10Native": (*reader).nativeFile,
	"Package":         (*reader).streamFile,
	"CONTENTS":        (*reader).streamFile,
	"EmbeddedOdf":     (*reader).streamFile,
}

// open returns a stream and its size, within the bound on all streams
// together. What cannot be opened is empty.
func (rd *reader) open(e *entry) (io.ReaderAt, int64) {
	if e == nil {
		return bytes.NewReader(nil), 0
	}
	size := min(e.size, rd.file.size) // sectors that say more are not there
	if rd.spent+size > rd.lim.Bytes {
		rd.note(fmt.Errorf("streams: %w", document.ErrTooBig))
		return bytes.NewReader(nil), 0
	}
	rd.spent += size
	return rd.file.open(e)
}

// bytes returns the first maxBytes of a stream; more are document.ErrTooBig.
func (rd *reader) bytes(e *entry, maxBytes int64) []byte {
	if e == nil {
		return nil
	}
	src, size := rd.open(e)
	if size > maxBytes {
		rd.note(fmt.Errorf("stream to be held in memory: %w", document.ErrTooBig))
		size = maxBytes
	}
	b := make([]byte, size)
	if size == 0 {
		return b
	}
	n, err := src.ReadAt(b, 0)
	if n < len(b) {
		rd.note(fmt.Errorf("stream: %w: %w", document.ErrDamaged, err))
	}
	return b[:n]
}

// note keeps what was not read. Of each kind one is enough.
func (rd *reader) note(err error) {
	if err == nil || err == io.EOF {
		return
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) && errors.Is(rd.problem, kind) {
			return
		}
	}
	rd.problem = errors.Join(rd.problem, fmt.Errorf("ole: %w", err))
}

var kinds = []error{
	document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig,
	document.ErrTooMany, document.ErrTooDeep, document.ErrRatio, context.Canceled, context.DeadlineExceeded,
}

// overspent tells that a bound over the whole document is reached.
func (rd *reader) overspent() bool {
	return errors.Is(rd.problem, document.ErrTooBig) || errors.Is(rd.problem, document.ErrTooMany) || errors.Is(rd.problem, document.ErrRatio)
}

// count adds cells to the total and tells whether it is still within the bound.
func (rd *reader) count(cells int) bool {
	rd.cells += int64(cells)
	if rd.cells > rd.lim.Cells {
		rd.note(fmt.Errorf("cells: %w", document.ErrTooMany))
	}
	return !rd.overspent()
}
