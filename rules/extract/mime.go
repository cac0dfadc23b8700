package extract

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// reading is one way to understand an entity.
type reading struct {
	media  string
	params []param
	raw    string // the Content-Type as written
}

// readings returns every distinct Content-Type of a header, in order. Mail
// programs differ in which of several they take.
func readings(h *header, byDefault string) []reading {
	var rs []reading
	for _, v := range h.all("content-type") {
		if len(rs) > maxReadings+1 { // the last is one too many
			break
		}
		if !slices.ContainsFunc(rs, func(o reading) bool { return o.raw == v }) {
			media, ps := parseMedia(v)
			rs = append(rs, reading{media, ps, v})
		}
	}
	if len(rs) == 0 {
		rs = append(rs, reading{media: byDefault})
	}
	return rs
}

// maxReadings bounds the second readings of ambiguous structure in one message.
const maxReadings = 64

// body reads the body of an entity under every reading of its header that
// differs. in is where its parts are numbered from, n what it is itself.
func (w *walk) body(n, in node, e entity, byDefault string) error {
	type leafKey struct {
		t       transfer
		charset string
		html    bool
	}
	leaves := make(map[leafKey]bool)
	rs := readings(&e.head, byDefault)
	ts := transfers(&e.head)
	for i, r := range rs {
		if i > 0 && !w.another(n) {
			return nil
		}
		leaf := n.declared(&e.head, r)
		structured, err := w.structured(leaf, in, e, r, ts)
		if err != nil {
			return err
		}
		if structured {
			continue
		}
		for k, t := range ts {
			if t == base64Encoded && w.plainBody(e) {
				t = identity
			}
			key := leafKey{t, leaf.charset, leaf.media == "text/html"}
			if leaves[key] || (i > 0 || k > 0) && !w.another(n) {
				continue
			}
			leaves[key] = true
			if err := w.openLeaf(leaf, e, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// another takes one of the second readings that are left.
func (w *walk) another(n node) bool {
	if w.readings++; w.readings <= maxReadings {
		return true
	}
	w.tooManyReadings(n)
	return false
}

func (w *walk) tooManyReadings(n node) {
	n.format = FormatMultipart
	w.unread(n, TooMany, "more ways to read the structure than the bound allows", true)
}

// declared is n with what its header says about it.
func (n node) declared(h *header, r reading) node {
	n.media = r.media
	n.charset = last(r.params, "charset")
	n.flowed = r.media == "text/plain" && strings.EqualFold(last(r.params, "format"), "flowed")
	n.delSp = strings.EqualFold(last(r.params, "delsp"), "yes")
	name, attached := "", false
	for _, v := range h.all("content-disposition") {
		kind, ps := parseMedia(v)
		attached = attached || kind == "attachment"
		if f := last(ps, "filename"); f != "" && name == "" {
			name = f
		}
	}
	if name == "" {
		name = last(r.params, "name")
	}
	if name = cleanName(decodeWords(name)); name != "" {
		n.path = join(n.path, name)
	}
	if attached || name != "" || r.media != "" && !strings.HasPrefix(r.media, "text/") && !strings.HasPrefix(r.media, "multipart/") {
		n.place = Attachment
	}
	return n
}

// structured reads the media types that have parts of their own or that stand
// for content elsewhere. It reports false if the body must be read as a leaf.
func (w *walk) structured(n, in node, e entity, r reading, ts []transfer) (bool, error) {
	switch {
	case strings.HasPrefix(r.media, "multipart") || r.media == "" && namesBoundary(r.raw):
		in.sealed = in.sealed || r.media == "multipart/encrypted"
		return w.multipart(in, e, r, ts)
	case r.media == "message/partial" && last(r.params, "total") == "1": // the whole of it
		return w.messageBody(n, e, ts)
	case r.media == "message/partial", r.media == "message/external-body":
		n.format = FormatMessage
		w.unread(n, External, "the content is in other messages or elsewhere", true)
		return false, nil
	case r.media == "message/rfc822", r.media == "message/global", r.media == "message/news":
		return w.messageBody(n, e, ts)
	}
	return false, nil
}

func namesBoundary(raw string) bool {
	found, _ := boundaries(raw)
	return len(found) > 0
}

// messageBody reads the body of a message/rfc822 part: as it stands, or, where
// it is no message so, under its transfer encoding, which RFC 2045 forbids and
// mail programs undo.
func (w *walk) messageBody(n node, e entity, ts []transfer) (bool, error) {
	head := make([]byte, sniffSize)
	k, _ := e.src.ReadAt(head[:min(int64(sniffSize), e.end-e.off)], e.off)
	if encoded := slices.ContainsFunc(ts, func(t transfer) bool { return t != identity }); encoded && (!IsMessage(head[:k]) || quotedBody(head[:k], ts)) {
		return false, nil
	}
	n.format, n.place = FormatMessage, Attachment
	if n.depth > w.lim.Depth {
		return true, w.deep(n, section(e.src, e.off, e.end-e.off))
	}
	if !w.enter(&n) {
		return true, nil
	}
	return true, w.guard(n, func() error { return w.message(n, e.src, e.off, e.end) })
}

// quotedBody tells a message under quoted-printable, whose header fields look
// the same but for their signs.
func quotedBody(head []byte, ts []transfer) bool {
	return slices.Contains(ts, quotedPrintable) && (countEscapes(head, "=", 2) > 0 || bytes.Contains(head, []byte("=\r\n")))
}

// multipart reads a body under each boundary that its header names and its
// body has. It reports false if there is none, not even one to guess.
func (w *walk) multipart(in node, e entity, r reading, ts []transfer) (bool, error) {
	byDefault := "text/plain"
	if r.media == "multipart/digest" {
		byDefault = "message/rfc822"
	}
	if in.depth > w.lim.Depth {
		return true, w.deep(in, section(e.src, e.off, e.end-e.off))
	}
	found := false
	named, more := boundaries(r.raw)
	if more {
		w.tooManyReadings(in)
	}
	for _, b := range named {
		if found && (!hasBoundary(w, e, b) || !w.another(in)) {
			continue
		}
		ok, err := w.parts(in, e, b, byDefault, !found)
		if err != nil {
			return true, err
		}
		found = found || ok
	}
	if found {
		return true, nil
	}
	for _, t := range ts { // RFC 2045 section 6.4 forbids this, some programs do it
		if t != identity {
			return true, w.encodedMultipart(in, e, r, t)
		}
	}
	guess := guessBoundary(w, e)
	if guess == "" {
		return false, nil
	}
	in.format = FormatMultipart
	_, err := w.parts(in, e, guess, byDefault, true)
	return false, err // the body as a whole is searched too
}

// encodedMultipart undoes a transfer encoding over a whole multipart body.
func (w *walk) encodedMultipart(in node, e entity, r reading, t transfer) error {
	c := w.decoded(in, section(e.src, e.off, e.end-e.off), t)
	at, size, free, err := w.random(c)
	defer free()
	if w.fatal != nil {
		return err
	}
	if err := w.fault(in, err); err != nil {
		return err
	}
	inner := entity{head: e.head, src: at, end: size}
	in.depth++
	if ok, err := w.multipart(in, inner, r, nil); ok || err != nil {
		return err
	}
	leaf := in.numbered(1)
	return w.open(leaf, section(at, 0, size))
}

// parts reads the parts between the delimiter lines of one boundary. The
// preamble and the epilogue are parts without a header. outer is false for a
// second reading, whose preamble and epilogue have been seen as parts.
func (w *walk) parts(in node, e entity, boundary, byDefault string, outer bool) (bool, error) {
	br := w.buffer(io.NewSectionReader(e.src, e.off, e.end-e.off))
	defer w.release(br)
	s := &delimiters{br: br, boundary: []byte("--" + boundary), prev: '\n'}
	start, closed := int64(-1), false
	for i := 0; ; i++ {
		d, ok := s.next()
		if !ok && i == 0 {
			return false, nil
		}
		end := e.end
		if ok {
			end = e.off + d.start
		}
		n := in.numbered(i)
		var err error
		switch {
		case start < 0 || closed:
			if from := max(start, e.off); outer && !blank(e.src, from, end) {
				err = w.open(n, section(e.src, from, end-from))
			}
		default:
			err = w.partBody(n, e.src, start, end, byDefault)
		}
		if err != nil || !ok {
			return true, err
		}
		if len(w.sum.Parts) >= w.lim.Parts {
			w.enter(&n)
			return true, nil
		}
		start, closed = e.off+d.end, d.closing
	}
}

// partBody reads one part of a multipart.
func (w *walk) partBody(n node, src io.ReaderAt, off, end int64, byDefault string) error {
	e := w.entity(src, off, end)
	if err := w.headerText(n, e); err != nil {
		return err
	}
	if len(e.head.fields) == 0 && e.head.junk >= 0 { // no header: all of it is content
		e.off = off
	}
	return w.body(n, n, e, byDefault)
}
