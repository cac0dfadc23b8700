package extract

import (
	"bytes"
	"io"
	"strings"
)

// message reads an RFC 5322 message that stands at off to end of src.
func (w *walk) message(n node, src io.ReaderAt, off, end int64) error {
	n.inParts = false
	e := w.entity(src, off, end)
	if err := w.headerText(n, e); err != nil {
		return err
	}
	body := n.numbered(1)
	body.whole = true
	if len(e.head.fields) == 0 { // no header at all
		return w.open(body, section(src, off, end-off))
	}
	return w.body(body, n, e, "text/plain")
}

// nestedMessage reads content that proved to be a message.
func (w *walk) nestedMessage(n node, c content) error {
	at, size, free, err := w.random(c)
	defer free()
	if w.fatal != nil {
		return err
	}
	n.place = Attachment
	if fatal := w.message(n, at, 0, size); fatal != nil {
		return fatal
	}
	return err
}

// entity is a header and the stretch of the source that is its body (RFC 2045
// section 2.4).
type entity struct {
	head     header
	src      io.ReaderAt
	start    int64 // of the header
	off, end int64 // of the body
}

// plainBody tells a body that is no base64, whatever its header says: one character
// in twelve is of those that part words and fields, or it begins with a line of
// words. Programs show it as it is, and the text reader finds base64 below.
func (w *walk) plainBody(e entity) bool {
	br := w.buffer(io.NewSectionReader(e.src, e.off, e.end-e.off))
	defer w.release(br)
	head, _ := br.Peek(sniffSize)
	if line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n")); len(bytes.Fields(line)) > 2 && groupSize(line) == 0 {
		return true
	}
	foreign := 0
	for _, b := range []byte(" ,;@.:\t|") {
		foreign += bytes.Count(head, []byte{b})
	}
	switch n := len(head); {
	case foreign*12 > n:
		return true
	case foreign*40 <= n:
		return false
	}
	// Fewer of them are junk between base64, or text with long words.
	d := newBase64(nil)
	return !isContent(d.out[:d.decode(head)]) && isContent(head)
}

func (w *walk) entity(src io.ReaderAt, off, end int64) entity {
	br := w.buffer(io.NewSectionReader(src, off, end-off))
	defer w.release(br)
	h := readHeader(br, w.lim.HeaderSize)
	return entity{head: h, src: src, start: off, off: min(off+h.size, end), end: end}
}

// headerText gives the sink the header fields that carry text of the writer's
// own, and whatever stands in the header that is no field. Addresses and
// traces of the transport, which every message has, are left out.
func (w *walk) headerText(n node, e entity) error {
	if w.outline != nil {
		w.outline.header(&e.head)
		return nil
	}
	var b strings.Builder
	for _, f := range e.head.fields {
		if transportField(strings.ToLower(f.name)) && !strings.EqualFold(f.name, "content-description") {
			continue
		}
		value := decodeWordsBy(w.guesses.short, f.value)
		if rows := f.lines(); rows != f.value {
			value = decodeLines(w.guesses.short, rows)
		}
		if joined := joinedBase64(f.value); joined != "" {
			if err := w.plain(n.spot("header"), strings.NewReader(joined)); err != nil {
				return err
			}
			continue
		}
		if !strings.Contains(value, "\t") && !numberedField(f.name) {
			b.WriteString(f.name)
			b.WriteString(": ")
		}
		b.WriteString(value)
		b.WriteByte('\n')
	}
	h := n.spot("header")
	h.format, h.place, h.id = FormatText, Header, -1
	if b.Len() > 0 {
		if err := w.give(h, newFolded(strings.NewReader(b.String()))); err != nil {
			return err
		}
	}
	from := e.head.junk
	if e.head.over {
		w.unread(h, TooBig, "header longer than the bound; searched as text", true)
		from = 0
	}
	if from < 0 || e.start+from >= e.off || len(e.head.fields) == 0 && !e.head.over {
		return nil
	}
	h.place = n.place
	h.media, h.header = "text/plain", true
	return w.open(h, section(e.src, e.start+from, e.off-e.start-from))
}

// decodeLines decodes the encoded words of each line for itself.
func decodeLines(guess guesser, rows string) string {
	lines := strings.Split(rows, "\n")
	for i, l := range lines {
		lines[i] = decodeWordsBy(guess, l)
	}
	return strings.Join(lines, "\n")
}

// numberedField tells fields that carry the rows of something, one each:
// "X-Row-12". Their names say nothing and would hide that the rows are alike.
func numberedField(name string) bool {
	last := name[len(name)-1]
	return '0' <= last && last <= '9' && hasFold([]byte(name), "x-")
}

// joinedBase64 joins a value that is base64 folded over several lines, ""
// where it is not.
func joinedBase64(value string) string {
	words := strings.Fields(value)
	if len(words) < 3 {
		return ""
	}
	for i, word := range words {
		if base64End([]byte(word)) != len(word) || i < len(words)-1 && len(word) != len(words[0]) || len(words[0]) < minLine {
			return ""
		}
	}
	return strings.Join(words, "")
}

// transportField tells the fields that mail programs and relays write, and
// those of addresses. What they hold is no export of data.
func transportField(name string) bool {
	for _, prefix := range []string{"content-", "list-", "arc-", "resent-", "received", "dkim-", "x-ms-", "x-google-",
		"x-microsoft-", "x-forefront-", "x-exchange-", "x-spam", "x-virus", "x-mimecast", "x-proofpoint", "x-sg-", "x-ses-",
		"x-mailgun-", "x-report-", "x-barracuda-", "x-amavis", "x-gm-", "x-ironport-", "x-antiabuse", "x-authent", "x-originat",
		"x-original", "x-forwarded", "x-delivered", "x-envelope", "x-rcpt", "x-feedback", "x-mailman", "x-beenthere", "x-auto-",
		"authentication", "disposition-", "autocrypt", "x-sender", "x-source", "x-get-message", "x-yahoo", "x-ymail", "x-zoho",
		"x-hmailserver", "x-cmae", "x-gmail", "x-tm-", "x-sonic", "x-eopattributed", "x-mailer", "x-priority", "x-msmail",
		"x-mimeole", "x-uid", "x-mozilla", "x-evolution", "x-account", "x-identity", "x-received", "x-return", "x-attachment-id", "x-loop", "x-php"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "from", "to", "cc", "bcc", "reply-to", "sender", "date", "message-id", "in-reply-to", "references",
		"return-path", "mime-version", "delivered-to", "user-agent", "importance", "priority", "precedence",
		"errors-to", "mail-followup-to", "mailing-list", "thread-index", "feedback-id", "domainkey-signature",
		"auto-submitted", "bounces-to", "envelope-to", "envelope-from", "apparently-to", "status", "x-status", "lines",
		"received-spf", "accept-language", "sensitivity", "require-recipient-valid-since", "x-apparently-to",
		"newsgroups", "path", "xref", "nntp-posting-host", "organization", "face", "x-face", "original-recipient", "final-recipient":
		return true
	}
	return false
}
