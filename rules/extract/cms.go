package extract

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/zlib"
)

// cmsKind is what a Cryptographic Message Syntax object holds (RFC 5652).
type cmsKind string

const (
	cmsSigned     cmsKind = "signed"
	cmsEnveloped  cmsKind = "enveloped"
	cmsCompressed cmsKind = "compressed"
)

// cmsType tells the kind by the content type that the object begins with, ""
// if it is none.
func cmsType(head []byte) cmsKind {
	b := ber{bytes.NewReader(head), int64(len(head))}
	outer, err := b.element(0)
	if err != nil || outer.tag != berSequence {
		return ""
	}
	oid, err := b.element(outer.body)
	if err != nil || oid.tag != berOID || oid.size < 8 || oid.size > 16 || oid.body+oid.size > b.size {
		return ""
	}
	switch string(head[oid.body : oid.body+oid.size]) {
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02":
		return cmsSigned
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06",
		"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17":
		return cmsEnveloped
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09":
		return cmsCompressed
	}
	return ""
}

// cms reads an S/MIME object: what is signed or compressed is readable by
// anyone, what is enveloped only by its recipients.
func (w *walk) cms(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	head := make([]byte, min(size, 64))
	_, _ = at.ReadAt(head, 0)
	kind := cmsType(head)
	if kind == cmsEnveloped {
		return w.endToEnd(n)
	}
	octets, err := cmsContent(ber{at, size})
	if err != nil || octets == nil { // a signature alone has no content
		return firstError(err, cut)
	}
	inner := n.child("")
	inner.path, inner.place = n.path, n.place
	if n.whole {
		inner.place = Body
	}
	r := w.metered(inner, octets)
	if kind == cmsCompressed {
		r, err = w.expanding(inner, octets, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })
		if err != nil {
			return fmt.Errorf("compressed data: %w", document.ErrDamaged)
		}
	}
	return firstError(w.entityOrFile(inner, r), cut)
}

// endToEnd records content that only its recipients can read.
func (w *walk) endToEnd(n node) error {
	if n.whole || n.sealed {
		w.unread(n, EndToEnd, "encrypted to its recipients", false)
		return nil
	}
	return document.ErrEncrypted
}

// entityOrFile opens what a signature covers: a MIME part in mail, a file
// elsewhere.
func (w *walk) entityOrFile(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	head, _ := br.Peek(512)
	if !hasFold(head, "content-") && !hasFold(head, "mime-version") {
		return w.open(n, stream(br))
	}
	at, size, free, err := w.random(stream(br))
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	return firstError(w.partBody(n, at, 0, size, "text/plain"), err)
}

// cmsContent finds the octets of encapContentInfo, nil if they are elsewhere.
func cmsContent(b ber) (io.Reader, error) {
	at := int64(0)
	var e berElement
	var err error
	into := func(tag byte) {
		if err == nil {
			if e, err = b.element(at); err == nil && e.tag != tag {
				err = fmt.Errorf("signed data: %w", document.ErrDamaged)
			}
			at = e.body
		}
	}
	over := func() {
		if err == nil {
			at, err = b.after(at, 0)
		}
	}
	into(berSequence) // ContentInfo
	over()            // its type
	into(berContext0)
	into(berSequence) // SignedData or CompressedData
	over()            // version
	over()            // algorithms
	into(berSequence) // EncapsulatedContentInfo
	info := e
	over() // its type
	if err != nil {
		return nil, err
	}
	if e, elementErr := b.element(at); info.size >= 0 && at >= info.body+info.size || elementErr != nil || e.tag != berContext0 {
		return nil, nil
	}
	into(berContext0)
	if err != nil {
		return nil, err
	}
	return &berOctets{b: b, at: at, ends: []int64{-1}, single: true}, nil
}
