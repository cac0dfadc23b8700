package notify

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-message"
)

// Original is a message that will not be delivered, or a run of them.
type Original struct {
	// EnvelopeID is the client's, from the MAIL parameter ENVID, in xtext (RFC
	// 3461 section 4.4); "" if there was none.
	EnvelopeID string
	Received   time.Time
	Recipients []Recipient
	// Header is the header of the message, or of the run's first, as it was
	// received.
	Header []byte
}

// Recipient is one whom a message will not reach.
type Recipient struct {
	Address string
	// Original is the RCPT parameter ORCPT, such as "rfc822;ana@example.org"
	// (RFC 3461 section 4.2); "" if there was none.
	Original string
	// Never is true where the client asked for no notice (NOTIFY without
	// FAILURE, RFC 3461 section 4.1).
	Never bool
}

const (
	// maxReturned is how many recipients a notice names one by one.
	maxReturned = 5000
	// maxHeader bounds the returned header, in bytes.
	maxHeader = 64 << 10
)

// Return posts a non-delivery notice (RFC 3464) for mail that was answered 250
// and was then refused, by e.By, or has expired. It has the header only, and is
// one for all the recipients of the original.
func (n *Notifier) Return(ctx context.Context, e Event, who Sender, o Original) error {
	content, err := n.composeReturn(&e, who, o)
	if err != nil {
		return fmt.Errorf("non-delivery notice: %w", err)
	}
	if content == nil {
		return nil
	}
	return n.postReturn(ctx, &e, payload{Letter: &letter{To: who.Address, Content: content}})
}

func (n *Notifier) postReturn(ctx context.Context, e *Event, p payload) error {
	notice, err := newNotice(returnedKey(e), channelSender, p)
	if err == nil {
		_, err = n.post(ctx, notice)
	}
	if err != nil {
		return fmt.Errorf("non-delivery notice: posting: %w", err)
	}
	n.poke()
	return nil
}

// laterReturns asks who has the private key for a non-delivery notice.
type laterReturns struct {
	Event    Event    `json:"event"`
	Messages []string `json:"messages"` // ids
}

// ReturnLater is Return where it cannot be read whose the messages are: it is
// done by the next process that has the private key.
func (n *Notifier) ReturnLater(ctx context.Context, e Event, messages []string) error {
	if !n.cfg.Senders.Returned {
		return nil
	}
	return n.postReturn(ctx, &e, payload{Return: &laterReturns{e, messages}})
}

// returnedKey names the non-delivery notice of an event.
func returnedKey(e *Event) string { return "returned/" + e.key() }

func (n *Notifier) sendReturn(ctx context.Context, r *laterReturns) error {
	who, o, err := n.cfg.Undelivered(ctx, r.Messages)
	if err != nil {
		return err
	}
	content, err := n.composeReturn(&r.Event, who, o)
	if err != nil || content == nil {
		return err
	}
	return n.cfg.Mailer.Mail(ctx, "", who.Address, content)
}

// composeReturn writes the notice, nil where nobody is to have one.
func (n *Notifier) composeReturn(e *Event, who Sender, o Original) ([]byte, error) {
	if !n.cfg.Senders.Returned || !n.cfg.Senders.eligible(who) {
		return nil, nil
	}
	o.Recipients = slices.DeleteFunc(slices.Clone(o.Recipients), func(r Recipient) bool { return r.Never })
	if len(o.Recipients) == 0 {
		return nil, nil
	}
	to := who.Address
	v := n.senderView(e)
	v.Reason = string(e.Kind)
	text, err := n.words.renderAll("returned", n.cfg.Senders.Languages, v)
	if err != nil {
		return nil, err
	}
	h := n.header(text.subject, []string{to})
	// It answers a message (RFC 3834 section 5).
	h.Set("Auto-Submitted", "auto-replied")
	h.SetContentType("multipart/report", map[string]string{"report-type": "delivery-status"})
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, h.Header)
	if err != nil {
		return nil, err
	}
	for _, p := range []struct {
		kind, charset, encoding string
		content                 []byte
	}{
		{"text/plain", "utf-8", "quoted-printable", []byte(crlf(text.body))},
		{"message/delivery-status", "", "7bit", n.status(o)},
		{"text/rfc822-headers", "utf-8", "quoted-printable", headerOnly(o.Header)},
	} {
		if len(p.content) == 0 {
			continue // the header is optional, and may be gone
		}
		var ph message.Header
		params := map[string]string{}
		if p.charset != "" {
			params["charset"] = p.charset
		}
		ph.SetContentType(p.kind, params)
		ph.Set("Content-Transfer-Encoding", p.encoding)
		if err := part(w, ph, p.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// status writes the fields of message/delivery-status (RFC 3464 section 2): one
// group for the message, one for each recipient.
func (n *Notifier) status(o Original) []byte {
	var b bytes.Buffer
	if o.EnvelopeID != "" {
		fmt.Fprintf(&b, "Original-Envelope-Id: %s\r\n", sevenBits(unxtext(o.EnvelopeID)))
	}
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\r\n", oneLine(n.cfg.Host))
	if !o.Received.IsZero() {
		fmt.Fprintf(&b, "Arrival-Date: %s\r\n", o.Received.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	for i, r := range o.Recipients {
		if i == maxReturned {
			break
		}
		b.WriteString("\r\n")
		if r.Original != "" {
			kind, address, _ := strings.Cut(sevenBits(unxtext(r.Original)), ";")
			fmt.Fprintf(&b, "Original-Recipient: %s; %s\r\n", kind, address)
		}
		kind := "rfc822"
		if !ascii(r.Address) {
			kind = "utf-8" // RFC 6533 section 3
		}
		fmt.Fprintf(&b, "Final-Recipient: %s; %s\r\n", kind, sevenBits(r.Address))
		b.WriteString("Action: failed\r\nStatus: 5.7.1\r\n")
		b.WriteString("Diagnostic-Code: smtp; 550 5.7.1 Not delivered: refused in review\r\n")
	}
	return b.Bytes()
}

// unxtext decodes xtext (RFC 3461 section 4): "+3D" is "=". What is none stays.
func unxtext(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "+")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if code, err := hex.DecodeString(after[:min(2, len(after))]); err == nil && len(code) == 1 {
			b.Write(code)
			s = after[2:]
			continue
		}
		b.WriteByte('+')
		s = after
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// sevenBits writes a value on one line in 7 bits: other characters as \x{HEX},
// as in an address (RFC 6533 section 3).
func sevenBits(value string) string {
	var b strings.Builder
	for _, r := range oneLine(value) {
		if r > unicode.MaxASCII {
			fmt.Fprintf(&b, `\x{%X}`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// oneLine keeps a value from ending its line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// headerOnly gives a header as it is returned: whole fields, up to a bound.
func headerOnly(header []byte) []byte {
	if end := bytes.Index(header, []byte("\r\n\r\n")); end >= 0 {
		header = header[:end+2]
	}
	if len(header) <= maxHeader {
		return header
	}
	header = header[:maxHeader]
	for end := len(header); end > 0; {
		end = bytes.LastIndex(header[:end], []byte("\r\n"))
		if end < 0 {
			return nil
		}
		if next := end + 2; next < len(header) && header[next] != ' ' && header[next] != '\t' {
			return header[:next]
		}
	}
	return nil
}
