package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of one reply. RFC 5321 section 4.5.3.1.5 asks for 512 octets a line;
// EHLO answers and policy texts in the wild are longer.
const (
	maxReplyLine  = 2048
	maxReplyLines = 512
	maxReplySize  = 64 << 10
)

// Reply is an answer of the upstream (RFC 5321 section 4.2).
type Reply struct {
	// Code is the three-digit code, 200 to 599; 0 in the zero Reply.
	Code int
	// Lines are the texts after "NNN " or "NNN-", as sent, without line ends.
	// There is at least one. Control characters, which could end a line or
	// move a terminal's cursor, are replaced by spaces. They are shared, and not to
	// be changed.
	Lines []string
}

// OK reports a positive answer, 2xx.
func (r Reply) OK() bool { return r.Code/100 == 2 }

// Temporary reports a refusal for now, 4xx.
func (r Reply) Temporary() bool { return r.Code/100 == 4 }

// Enhanced gives the enhanced status code (RFC 3463), such as "5.1.1", from
// the first line that has one of the reply's own class, or "". Some servers
// put it on each line, some on the last one only.
func (r Reply) Enhanced() string {
	for _, line := range r.Lines {
		word, _, _ := strings.Cut(line, " ")
		if isEnhanced(word, r.Code/100) {
			return word
		}
	}
	return ""
}

// String gives the wire form, each line ended by CRLF, for passing it on word
// for word.
func (r Reply) String() string {
	if r.Code == 0 {
		return ""
	}
	code, size := strconv.Itoa(r.Code), 0
	for _, line := range r.Lines {
		size += len(code) + len(" ") + len(line) + len("\r\n")
	}
	var b strings.Builder
	b.Grow(size)
	for i, line := range r.Lines {
		separator := byte('-')
		if i == len(r.Lines)-1 {
			separator = ' '
		}
		b.WriteString(code)
		b.WriteByte(separator)
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	return b.String()
}

// status is what may be logged of a reply: its codes, never its text, which
// often repeats an address.
func (r Reply) status() string {
	return strings.TrimSpace(strconv.Itoa(r.Code) + " " + r.Enhanced())
}

// isEnhanced checks for class "." 1*3digit "." 1*3digit (RFC 2034 section 4).
func isEnhanced(word string, class int) bool {
	parts := strings.Split(word, ".")
	if len(parts) != 3 || parts[0] != strconv.Itoa(class) {
		return false
	}
	for _, part := range parts[1:] {
		if len(part) == 0 || len(part) > 3 || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}

// readReply reads one whole reply. It takes lines ended by LF alone and lines
// without text. Everything else that RFC 5321 does not know, or is past the
// bounds, is ErrMalformed, after which nothing on the connection can be
// trusted. io.EOF means that not one byte came.
func readReply(r *bufio.Reader, same *texts) (Reply, error) {
	var reply Reply
	for size := 0; ; {
		line, err := readLine(r)
		if err != nil {
			if errors.Is(err, io.EOF) && (len(line) > 0 || len(reply.Lines) > 0) {
				err = io.ErrUnexpectedEOF
			}
			return Reply{}, err
		}
		code, text, more, err := parseLine(line, same)
		if err != nil {
			return Reply{}, err
		}
		if len(reply.Lines) > 0 && code != reply.Code {
			return Reply{}, fmt.Errorf("%w: codes differ between its lines", ErrMalformed)
		}
		if reply.Code = code; !more && len(reply.Lines) == 0 {
			reply.Lines = text
			return reply, nil
		}
		reply.Lines = append(reply.Lines, text[0])
		if !more {
			return reply, nil
		}
		if size += len(line); size > maxReplySize || len(reply.Lines) >= maxReplyLines {
			return Reply{}, fmt.Errorf("%w: over %d lines or %d octets", ErrMalformed, maxReplyLines, maxReplySize)
		}
	}
}

// readLine gives the next line without its LF or CRLF; it is valid until the
// next read. With an error it gives what came before it.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxReplyLine:
		return nil, fmt.Errorf("%w: line over %d octets", ErrMalformed, maxReplyLine)
	case err != nil:
		return line, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// parseLine splits a line into its code, its text and whether more follow.
func parseLine(line []byte, same *texts) (code int, text []string, more bool, err error) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, nil, false, fmt.Errorf("%w: no code", ErrMalformed)
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, same.of(nil), false, nil
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, nil, false, fmt.Errorf("%w: no space or hyphen after the code", ErrMalformed)
	}
	return code, same.of(line[4:]), line[3] == '-', nil
}

// texts are those that a server has said last, each as the lines of a reply: to the
// same command it mostly says the same.
type texts struct {
	last [4][]string
	next int
}

// of gives a text as it may be passed on.
func (t *texts) of(text []byte) []string {
	for _, known := range t.last {
		if known != nil && known[0] == string(text) {
			return known
		}
	}
	lines := []string{printable(text)}
	t.last[t.next], t.next = lines, (t.next+1)%len(t.last)
	return lines
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// printable copies text with control characters, tab aside, made spaces.
func printable(text []byte) string {
	control := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
	if bytes.IndexFunc(text, control) < 0 {
		return string(text)
	}
	clean := make([]byte, len(text))
	for i, c := range text {
		if c < ' ' && c != '\t' || c == 0x7f {
			c = ' '
		}
		clean[i] = c
	}
	return string(clean)
}
