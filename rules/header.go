package rules

import (
	"bufio"
	"bytes"
	"io"
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
	eachField(src, func(name, value string) {
		if !isAddressField(name) {
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
// each field of a message's header.
func eachField(src extract.Source, visit func(name, value string)) {
	r := bufio.NewReader(io.NewSectionReader(src, 0, min(src.Size, maxVisibleHeader)))
	var field []byte
	end := func() {
		name, value, found := strings.Cut(string(field), ":")
		if name = strings.ToLower(strings.TrimSpace(name)); found {
			visit(name, value)
		}
		field = field[:0]
	}
	for {
		line, err := r.ReadBytes('\n')
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
			end()
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return
		}
		field = append(field, line...)
		if err != nil {
			end()
			return
		}
	}
}

// addressList parses the value of an address field (RFC 5322 section 3.4),
// with display names decoded (RFC 2047).
func addressList(value string) ([]*mail.Address, error) {
	const field = "To"
	header := mail.HeaderFromMap(map[string][]string{field: {value}})
	return header.AddressList(field)
}

// isReplyField tells the fields that name the message that one answers.
func isReplyField(name string) bool { return name == "in-reply-to" || name == "references" }

// isAddressField tells the fields that name a message's own readers and writers
// (RFC 5322 sections 3.6.2 and 3.6.3).
func isAddressField(name string) bool {
	switch name {
	case "from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc":
		return true
	}
	return false
}
