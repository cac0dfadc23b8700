package notify

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

// compose makes a mail of one text part (RFC 5322), marked as made by a program
// (RFC 3834 section 5).
func (n *Notifier) compose(t text, to []string) ([]byte, error) {
	h := n.header(t.subject, to)
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "quoted-printable")
	var b bytes.Buffer
	w, err := mail.CreateSingleInlineWriter(&b, h)
	if err != nil {
		return nil, fmt.Errorf("composing: %w", err)
	}
	if _, err := io.WriteString(w, crlf(t.body)); err != nil {
		return nil, fmt.Errorf("composing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("composing: %w", err)
	}
	return b.Bytes(), nil
}

// header makes the header that all mails of ours have.
func (n *Notifier) header(subject string, to []string) mail.Header {
	var h mail.Header
	h.SetDate(n.cfg.Now())
	h.SetAddressList("From", []*mail.Address{{Name: "Bulkhead", Address: n.cfg.From}})
	var list []*mail.Address
	for _, address := range to {
		list = append(list, &mail.Address{Address: address})
	}
	h.SetAddressList("To", list)
	h.SetSubject(subject)
	var unique [12]byte
	rand.Read(unique[:]) // never fails since Go 1.24
	h.SetMessageID(hex.EncodeToString(unique[:]) + "@" + n.cfg.Host)
	h.Set("Auto-Submitted", "auto-generated")
	h.Set("X-Auto-Response-Suppress", "All") // what Exchange looks at
	h.Set("MIME-Version", "1.0")
	return h
}

// crlf ends lines as mail does.
func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// part adds a part to a multipart.
func part(w *message.Writer, h message.Header, content []byte) error {
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	if _, err := p.Write(content); err != nil {
		return err
	}
	return p.Close()
}
