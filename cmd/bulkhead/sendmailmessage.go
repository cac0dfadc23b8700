package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-message/charset"
)

// piped is a message from standard input, in a file, with the line ends and the
// fields that SMTP wants.
type piped struct {
	file   *os.File
	size   int64
	fields []pipedField // as they came
	eight  bool         // it has octets beyond ASCII
}

// pipedField is a field of a header with the lines that it was folded into,
// each with CRLF.
type pipedField struct{ name, text string }

type pipedOptions struct {
	host, from, name string
	dots             bool // a single dot does not end the message
	now              time.Time
}

// maxPipedHeader bounds the header, which is read into memory.
const maxPipedHeader = 1 << 20

// readPiped reads a message. The error has its status.
func readPiped(in io.Reader, o pipedOptions) (*piped, error) {
	file, err := os.CreateTemp("", "bulkhead-sendmail-")
	if err != nil {
		return nil, errStatus{exIOErr, err}
	}
	m := &piped{file: file}
	if err := m.read(&pipedLines{r: bufio.NewReaderSize(in, 64<<10), dots: o.dots}, o); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *piped) close() {
	m.file.Close()           //nolint:errcheck // it is removed
	os.Remove(m.file.Name()) //nolint:errcheck // as above
}

func (m *piped) content() io.Reader { return io.NewSectionReader(m.file, 0, m.size) }

// pipedLines gives lines, or pieces of long ones.
type pipedLines struct {
	r     *bufio.Reader
	dots  bool
	inner bool // the last piece did not end its line
}

// next returns a piece with CRLF in place of its line end, and io.EOF at the
// message's end: that of the input or, unless dots are ignored, a single dot.
func (l *pipedLines) next() ([]byte, error) {
	piece, err := l.r.ReadSlice('\n')
	first := !l.inner
	l.inner = false
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		l.inner = true
		if piece[len(piece)-1] == '\r' { // perhaps half of a line end
			piece = piece[:len(piece)-1]
			if err := l.r.UnreadByte(); err != nil {
				return nil, errStatus{exIOErr, err}
			}
		}
		return bytes.Clone(piece), nil
	case err == io.EOF && len(piece) == 0:
		return nil, io.EOF
	case err != nil && err != io.EOF:
		return nil, failed(exIOErr, "standard input: %w", err)
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(piece, []byte("\n")), []byte("\r"))
	if first && !l.dots && string(line) == "." {
		return nil, io.EOF
	}
	return append(bytes.Clone(line), "\r\n"...), nil
}

// read splits the header from the body, and writes both to the file.
func (m *piped) read(lines *pipedLines, o pipedOptions) error {
	body, ended, err := m.header(lines)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(m.file, 64<<10)
	write := func(b []byte) {
		m.size += int64(len(b))
		m.eight = m.eight || !isASCII(string(b))
		w.Write(b) //nolint:errcheck // Flush tells
	}
	for _, f := range m.fields {
		if f.name != "bcc" && f.name != "resent-bcc" {
			write([]byte(f.text))
		}
	}
	write([]byte(m.missing(o) + "\r\n"))
	write(body)
	for !ended {
		piece, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		write(piece)
	}
	if err := w.Flush(); err != nil {
		return errStatus{exIOErr, err}
	}
	return nil
}

// header reads the fields, up to the empty line or to a line that is no field,
// with which the body begins then.
func (m *piped) header(lines *pipedLines) (body []byte, ended bool, err error) {
	size := 0
	for first := true; ; first = false {
		line, err := lines.next()
		if err == io.EOF {
			return nil, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		if size += len(line); size > maxPipedHeader || lines.inner {
			return nil, false, failed(exDataErr, "the header is larger than %d bytes, or one of its lines is than 64 KiB", maxPipedHeader)
		}
		name, _, is := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		switch {
		case string(line) == "\r\n":
			return nil, false, nil
		case first && bytes.HasPrefix(line, []byte("From ")):
			// The line that an mbox puts above each message (RFC 4155).
		case (line[0] == ' ' || line[0] == '\t') && len(m.fields) > 0:
			m.fields[len(m.fields)-1].text += string(line)
		case is && isFieldName(name):
			m.fields = append(m.fields, pipedField{strings.ToLower(string(name)), string(line)})
		default:
			return line, false, nil
		}
	}
}

// isFieldName reports whether a name is one of RFC 5322 section 2.2.
func isFieldName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

func (m *piped) has(name string) bool {
	for _, f := range m.fields {
		if f.name == name {
			return true
		}
	}
	return false
}

// missing are the fields that a message needs and does not have (RFC 5322
// section 3.6; RFC 6409 section 8).
func (m *piped) missing(o pipedOptions) string {
	var b strings.Builder
	if !m.has("from") && o.from != "" {
		fmt.Fprintf(&b, "From: %s\r\n", (&mail.Address{Name: o.name, Address: o.from}).String())
	}
	if !m.has("date") {
		fmt.Fprintf(&b, "Date: %s\r\n", o.now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	if !m.has("message-id") {
		fmt.Fprintf(&b, "Message-ID: <%s@%s>\r\n", rand.Text(), o.host)
	}
	return b.String()
}

// recipients are the addresses of To, Cc and Bcc; of their Resent forms alone,
// where there are any (RFC 5322 section 3.6.6). Errors name the field, not what
// it holds.
func (m *piped) recipients(host string) ([]string, error) {
	prefix := ""
	if m.has("resent-to") || m.has("resent-cc") || m.has("resent-bcc") {
		prefix = "resent-"
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charset.Reader}}
	var all []string
	for _, f := range m.fields {
		short, is := strings.CutPrefix(f.name, prefix)
		if !is || short != "to" && short != "cc" && short != "bcc" {
			continue
		}
		_, value, _ := strings.Cut(f.text, ":")
		value = strings.TrimSpace(strings.NewReplacer("\r\n", "").Replace(value))
		if value == "" {
			continue
		}
		list, err := parser.ParseList(value)
		if err != nil {
			if list, err = bare(value, host); err != nil {
				return nil, failed(exDataErr, "the field %s is not a list of addresses", f.name)
			}
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all, nil
}

// bare reads a list in which addresses may lack their domain, as local mail
// does: root, ana@office.example.
func bare(value, host string) ([]*mail.Address, error) {
	var list []*mail.Address
	for part := range strings.SplitSeq(value, ",") {
		path, err := pathOf(strings.TrimSpace(part), host)
		if err != nil {
			return nil, err
		}
		list = append(list, &mail.Address{Address: path})
	}
	return list, nil
}

// params are those of MAIL that the message needs.
func (m *piped) params(from string, to []string) []string {
	var params []string
	if m.eight {
		params = append(params, "BODY=8BITMIME")
	}
	if !isASCII(from + strings.Join(to, "")) {
		params = append(params, "SMTPUTF8")
	}
	return params
}
