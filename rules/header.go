package rules

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/emersion/go-message/mail"
)

// maxVisibleHeader bounds how much of a header is read for addresses, in bytes.
const maxVisibleHeader = 256 << 10

// HeaderEnvelope returns the envelope that a message's header suggests: the
// first address of From, and those of To, Cc and Bcc. It is for messages that
// are looked at without an envelope, as in a file.
func HeaderEnvelope(src extract.Source) (from string, to []string) {
	eachField(bufio.NewReader(nil), src, func(name, value string) {
		if isReplyField(name) {
			return
		}
		list, err := addressList(value)
		if err != nil {
			return
		}
		switch name {
		case "from":
			if from == "" && len(list) > 0 {
				from = list[0].Address
			}
		case "to", "cc", "bcc":
			for _, a := range list {
				to = append(to, a.Address)
			}
		}
	})
	return from, to
}

// eachField calls visit with the name, in lower case, and the unfolded value of
// each field of a message's header that names people or messages. It is read by r.
func eachField(r *bufio.Reader, src extract.Source, visit func(name, value string)) {
	r.Reset(io.NewSectionReader(src, 0, min(src.Size, maxVisibleHeader)))
	var field []byte
	end := func() {
		name, value, found := bytes.Cut(field, []byte(":"))
		if name := visibleField(bytes.TrimSpace(name)); found && name != "" {
			visit(name, string(value))
		}
		field = field[:0]
	}
	begins := true // a line of the header
	for {
		line, err := r.ReadSlice('\n')
		if begins && (len(line) == 0 || line[0] != ' ' && line[0] != '\t') {
			end()
		}
		field = append(field, line...)
		if begins = err != bufio.ErrBufferFull; !begins {
			continue
		}
		field = bytes.TrimRight(field, "\r\n")
		if len(field) == 0 { // a blank line, or the end
			return
		}
		if err != nil {
			end()
			return
		}
	}
}

// visibleField returns a field's name in lower case, "" if it is none of those
// that are looked at.
func visibleField(name []byte) string {
	for _, fields := range [][]string{addressFields, replyFields} {
		for _, field := range fields {
			if len(name) == len(field) && bytes.EqualFold(name, []byte(field)) {
				return field
			}
		}
	}
	return ""
}

// addressList parses the value of an address field (RFC 5322 section 3.4),
// with display names decoded (RFC 2047).
func addressList(value string) ([]*mail.Address, error) {
	if value == "" {
		return nil, nil
	}
	if a, plain := plainAddress(value); plain {
		return []*mail.Address{&a}, nil
	}
	return mail.ParseAddressList(value)
}

// plainAddress parses what most address fields have: one address of plain
// letters, by itself or in angle brackets with a name before it. The parser of
// all that may stand there makes twice as many allocations as the rest of the
// header's reading.
func plainAddress(value string) (a mail.Address, plain bool) {
	a.Address = strings.Trim(value, " ")
	if name, rest, angled := strings.Cut(a.Address, "<"); angled {
		a.Name = strings.TrimSuffix(name, " ")
		if a.Address, angled = strings.CutSuffix(rest, ">"); !angled {
			return a, false
		}
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	return a, (a.Name == "" || allPlain(a.Name, ' ')) && allPlain(local, '.') && allPlain(domain, '.')
}

// allPlain reports whether s is words of ASCII letters, digits, "-" and "_", with
// one separator between them.
func allPlain(s string, separator byte) bool {
	begins := true // a word
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			begins = false
		case c == separator && !begins:
			begins = true
		default:
			return false
		}
	}
	return !begins
}

// replyFields name the message that one answers, and addressFields a message's
// own readers and writers (RFC 5322 sections 3.6.2 and 3.6.3).
var (
	replyFields   = []string{"in-reply-to", "references"}
	addressFields = []string{"from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc"}
)

func isReplyField(name string) bool { return slices.Contains(replyFields, name) }
