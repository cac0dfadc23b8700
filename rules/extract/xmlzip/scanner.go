package xmlzip

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Kind tells what Scanner.Next found.
type Kind uint8

// What a part is made of. A tag that closes itself is a Start and an End.
const (
	End     Kind = iota // an end tag
	Start               // a start tag
	Text                // a piece of text, entities decoded; long text comes in several
	Comment             // a comment or a processing instruction, if KeepComments was called
)

const (
	window = 64 << 10 // bytes read at once
	maxTag = 4 << 20  // bytes of one tag, comment or CDATA section
)

// Scanner cuts an XML part into tags and text, in one pass and without
// allocating. It is lenient: unbalanced tags and stray ampersands are the
// caller's to bear. Names come without their namespace prefix. Slices that it
// returns are valid until the next call of Next.
type Scanner struct {
	r    io.Reader
	buf  []byte
	pos  int
	end  int
	err  error // of the reader
	name []byte
	attr []byte // the rest of the tag, eaten by Attr
	text []byte
	// depth counts the tags that are open.
	depth int
	// closing: the last start tag closed itself, and its End is due.
	closing  bool
	started  bool
	doctypes bool
	comments bool // they are given
	unclosed bool
}

// NewScanner returns a Scanner over r in the encoding that its first bytes
// tell: UTF-8 unless they say otherwise.
func NewScanner(r io.Reader) *Scanner {
	return &Scanner{r: r, buf: make([]byte, window)}
}

// AllowDoctype makes the scanner skip a document type declaration that
// declares nothing itself, as files of OpenOffice.org 1 have one. Any other is
// an error.
func (s *Scanner) AllowDoctype() { s.doctypes = true }

// AllowUnclosed makes the scanner bear tags that are still open at the end,
// such as the <br> that Office writes into VML.
func (s *Scanner) AllowUnclosed() { s.unclosed = true }

// KeepComments makes the scanner give comments and processing instructions, as
// Text.
func (s *Scanner) KeepComments() { s.comments = true }

// Name is the name of the tag without its prefix.
func (s *Scanner) Name() []byte { return s.name }

// Text is the piece of text.
func (s *Scanner) Text() []byte { return s.text }

// Next moves to the next tag or piece of text. The error is io.EOF at the end
// of the part, document.ErrDamaged (wrapped) where it is no XML, ErrDoctype where
// it declares a document type, or the reader's.
func (s *Scanner) Next() (Kind, error) {
	if s.closing {
		s.closing = false
		s.depth--
		return End, nil
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err == io.EOF && s.depth > 0 && !s.unclosed {
				return 0, fmt.Errorf("part ends before its last tag: %w", document.ErrDamaged)
			} else if err != nil {
				return 0, err
			}
		}
		if s.buf[s.pos] != '<' {
			return s.nextText()
		}
		kind, ok, err := s.nextTag()
		if err != nil || ok {
			return kind, err
		}
	}
}

// fill reads more, keeping what is not consumed yet. It makes room by moving
// that to the front or, if it fills the buffer, by growing the buffer.
func (s *Scanner) fill() error {
	if s.err != nil {
		return s.err
	}
	if !s.started {
		s.started = true
		s.sniff()
	}
	if s.pos > 0 {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxTag {
			return fmt.Errorf("tag of more than %d bytes: %w", maxTag, document.ErrDamaged)
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	s.err = io.ErrNoProgress
	return s.err
}

// sniff looks at the first bytes for a byte order mark or a declared encoding.
func (s *Scanner) sniff() {
	head := make([]byte, 256)
	n, err := io.ReadFull(s.r, head)
	head = head[:n]
	rest := io.MultiReader(bytes.NewReader(head), s.r)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		rest = io.MultiReader(bytes.NewReader(head), errReader{err})
	}
	s.r = rest
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = io.CopyN(io.Discard, s.r, 3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")):
		s.r = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(rest)
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		s.r = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(rest)
	default:
		if enc, err := htmlindex.Get(declared(head)); err == nil {
			s.r = enc.NewDecoder().Reader(rest)
		}
	}
}

// declared returns the encoding that an XML declaration names, "" for UTF-8 or none.
func declared(head []byte) string {
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return ""
	}
	i := bytes.IndexByte(head, '>')
	if i < 0 {
		return ""
	}
	_, after, found := bytes.Cut(head[:i], []byte("encoding="))
	if !found || len(after) == 0 {
		return ""
	}
	name, _, _ := bytes.Cut(after[1:], after[:1])
	if bytes.EqualFold(name, []byte("utf-8")) || bytes.HasPrefix(bytes.ToLower(name), []byte("utf-16")) {
		return ""
	}
	return string(name)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// nextText takes the text up to the next tag or to the end of the window,
// without cutting an entity in two.
func (s *Scanner) nextText() (Kind, error) {
	for {
		b := s.buf[s.pos:s.end]
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			i = len(b)
			if amp := bytes.LastIndexByte(b, '&'); amp >= 0 && len(b)-amp < 16 && bytes.IndexByte(b[amp:], ';') < 0 {
				i = amp
			}
		}
		if i > 0 || s.err != nil {
			if i == 0 { // a stray ampersand at the very end
				i = len(b)
			}
			s.text = Unescape(b[:i])
			s.pos += i
			return Text, nil
		}
		if err := s.fill(); err != nil && s.end == s.pos {
			return 0, err
		}
	}
}
