package extract

import (
	"io"
	"slices"
	"strings"
)

// transfer is a Content-Transfer-Encoding (RFC 2045 section 6).
type transfer uint8

const (
	identity transfer = iota
	base64Encoded
	quotedPrintable
)

// parseTransfer reads the field's value: comments and quotes are dropped. An
// encoding nobody knows is taken as identity, since the text reader finds
// base64 and uuencode by their look.
func parseTransfer(v string) transfer {
	v = strings.ToLower(strings.Trim(dropComments(v), "\"'; \t"))
	v, _, _ = strings.Cut(v, ";")
	switch strings.TrimSpace(v) {
	case "base64", "x-base64", "b":
		return base64Encoded
	case "quoted-printable", "quotedprintable", "quoted_printable", "qp", "q":
		return quotedPrintable
	}
	return identity
}

// transfers returns the distinct encodings that a header declares: more than
// one where a field is repeated, for mail programs differ in which they take.
func transfers(h *header) []transfer {
	var ts []transfer
	for _, v := range h.all("content-transfer-encoding") {
		if t := parseTransfer(v); !slices.Contains(ts, t) {
			ts = append(ts, t)
		}
	}
	if len(ts) == 0 {
		ts = append(ts, identity)
	}
	return ts
}

// decoded is a part's content under a transfer encoding.
func (w *walk) decoded(n node, c content, t transfer) content {
	switch t {
	case base64Encoded:
		return stream(w.metered(n, newBase64(c.Reader)))
	case quotedPrintable:
		return stream(w.metered(n, newQuoted(c.Reader)))
	}
	c.Reader = w.metered(n, c.Reader)
	return c
}

// openDecoded opens a part under a transfer encoding.
func (w *walk) openDecoded(n node, c content, t transfer) error {
	if t != base64Encoded {
		return w.open(n, w.decoded(n, c, t))
	}
	d, spare := w.walker.decoders.Get().(*unbase64)
	if !spare {
		d = newBase64(nil)
	}
	d.reset(c.Reader)
	defer func() {
		d.reset(nil)
		w.walker.decoders.Put(d)
	}()
	return w.open(n, stream(w.metered(n, d)))
}

// rest reads r to its end for nothing.
func rest(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
