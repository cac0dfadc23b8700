package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// header is one header block as the most lenient reader takes it (RFC 5322
// section 2.2, and what mail programs forgive): lines that are no field are
// skipped, a space before the colon is allowed, every duplicate is kept.
type header struct {
	fields []field
	size   int64 // bytes before the body, with the empty line
	junk   int64 // where the first line stands that is no field, or -1
	over   bool  // longer than the bound; fields holds the beginning
}

// field is one header field, unfolded.
type field struct {
	name, value string
	folds       []int // where in value the lines begin that were folded
}

// lines returns the value with the lines of one that was folded many times, as
// only a table is.
func (f field) lines() string {
	if len(f.folds) < minFolds {
		return f.value
	}
	b := []byte(f.value)
	for _, at := range f.folds {
		b[at-1] = '\n'
	}
	return string(b)
}

// minFolds is how many lines of a folded field are lines of their own. Long
// lists of references are folded too, and are not text.
const minFolds = 4

// all returns the values of every field of that name, in order. The name is
// in lower case.
func (h *header) all(name string) []string {
	var v []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			v = append(v, f.value)
		}
	}
	return v
}

// readHeader reads the header block at off and finds where the body begins.
// Of a block longer than limit it keeps the beginning.
func readHeader(br *bufio.Reader, limit int64) (h header) {
	h.junk = -1
	var open bool     // the last line was a field and may be folded
	var folded []byte // its value so far, where it is
	var line []byte
	end := func() {
		if len(folded) > 0 {
			h.fields[len(h.fields)-1].value = string(folded)
			folded = folded[:0]
		}
	}
	defer end()
	for {
		var n int64
		var err error
		line, n, err = headerLine(br, line[:0], limit-h.size)
		at := h.size
		h.size += n
		if n > int64(len(line))+2 || h.size > limit {
			h.over = true
		}
		switch text := bytes.TrimRight(line, "\r\n"); {
		case len(text) == 0 && n > 0:
			return h
		case h.over:
		case len(bytes.TrimSpace(text)) == 0 && n > 0:
			// A line of blanks is folding to some and the end to others.
			h.mark(at)
		case n > 0 && (text[0] == ' ' || text[0] == '\t'):
			if open {
				last := &h.fields[len(h.fields)-1]
				if len(folded) == 0 {
					folded = append(folded, last.value...)
				}
				folded = append(folded, ' ')
				last.folds = append(last.folds, len(folded))
				folded = append(folded, bytes.TrimSpace(text)...)
			} else {
				h.mark(at)
			}
		case n > 0:
			f, ok := parseField(text)
			if open = ok; ok {
				end()
				h.fields = append(h.fields, f)
			} else if at > 0 || !mboxLine(text) {
				h.mark(at)
			}
		}
		if err != nil {
			return h
		}
	}
}

func (h *header) mark(at int64) {
	if h.junk < 0 {
		h.junk = at
	}
}

// headerLine returns one line behind room, cut at limit, and its full length.
func headerLine(br *bufio.Reader, room []byte, limit int64) (line []byte, n int64, err error) {
	line = room
	for {
		part, err := br.ReadSlice('\n')
		n += int64(len(part))
		if int64(len(line)+len(part)) <= limit {
			line = append(line, part...)
		} else if len(line) == 0 && len(part) > 0 {
			line = append(line, part[0])
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && n > 0 && bytes.HasSuffix(part, []byte("\n")) {
				err = nil
			}
			return line, n, err
		}
	}
}

// parseField splits "Name : value".
func parseField(line []byte) (field, bool) {
	name, value, ok := cutField(line)
	return field{name: string(name), value: string(value)}, ok
}

// cutField is parseField without a copy. A name has only printable ASCII.
func cutField(line []byte) (name, value []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return nil, nil, false
	}
	name = bytes.TrimRight(line[:colon], " \t")
	for _, b := range name {
		if b <= ' ' || b >= 0x7f {
			return nil, nil, false
		}
	}
	return name, bytes.TrimSpace(line[colon+1:]), len(name) > 0
}

// mboxLine tells the "From " line that begins a message in an mbox file.
func mboxLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

// IsMessage tells whether a file that begins with head is an RFC 5322
// message: its first lines are header fields, and among them are two that
// mail has, or the first tells a MIME type. An mbox file is not one message.
func IsMessage(head []byte) bool {
	known, seen := 0, make(map[string]bool)
	for i := 0; len(head) > 0 && i < 200; i++ {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		head = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if i == 0 {
				return false
			}
			continue
		}
		written, value, ok := cutField(line)
		if !ok {
			if i == 0 || !whole {
				return i > 0 && known >= 2
			}
			continue
		}
		var room [64]byte // longer than the name of any field that is looked for
		name := lowered(room[:0], written)
		if i == 0 && string(name) == "content-type" && mimeValue(string(value)) {
			known++ // a MIME entity without the fields of mail
		}
		if mailField(string(name)) && !seen[string(name)] {
			seen[string(name)] = true
			known++
		} else if i == 0 && bytes.ContainsAny(written, "\"{}<>[](),;=") {
			return false
		}
	}
	return known >= 2
}

func mimeValue(v string) bool {
	media, _ := parseMedia(v)
	kind, _, ok := strings.Cut(media, "/")
	return ok && (kind == "multipart" || kind == "text" || kind == "message" || kind == "application" || kind == "image")
}

// mailField tells the field names by which a message is known.
func mailField(name string) bool {
	switch name {
	case "from", "to", "cc", "subject", "date", "message-id", "received", "return-path", "reply-to",
		"sender", "mime-version", "content-type", "content-transfer-encoding", "delivered-to",
		"x-mailer", "user-agent", "in-reply-to", "references", "dkim-signature", "list-id",
		"authentication-results", "arc-seal", "x-original-to", "x-received":
		return true
	}
	return false
}
