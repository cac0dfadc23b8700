package extract

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
)

// The packets of OpenPGP that matter here (RFC 9580 section 5).
const (
	pgpKeyToPublic   = 1
	pgpSignature     = 2
	pgpKeyToPassword = 3
	pgpOnePass       = 4
	pgpCompressed    = 8
	pgpEncryptedOld  = 9
	pgpLiteral       = 11
	pgpEncrypted     = 18
	pgpEncryptedAEAD = 20
)

// isPGP tells a binary OpenPGP message by its first packet.
func isPGP(h []byte) bool {
	if len(h) < 8 || h[0]&0x80 == 0 {
		return false
	}
	tag, body := h[0]&0x3f, 2
	if h[0]&0x40 == 0 {
		tag, body = h[0]>>2&0xf, 1+[]int{1, 2, 4, 0}[h[0]&3]
	} else if h[1] >= 192 {
		body = 3
	}
	switch tag {
	case pgpKeyToPublic:
		return h[body] == 3 || h[body] == 6
	case pgpKeyToPassword:
		return (h[body] == 4 || h[body] == 5 || h[body] == 6) && h[body+1] <= 13 && h[body+1] > 0
	case pgpOnePass:
		return h[body] == 3 && body == 2 && h[1] == 13
	case pgpCompressed:
		return h[0] == 0xa3 && h[1] >= 1 && h[1] <= 3
	}
	return false
}

// pgpMessage reads an OpenPGP message: what is only signed or compressed is
// readable by anyone.
func (w *walk) pgpMessage(n node, r io.Reader) error {
	child := n.child("pgp")
	child.format, child.sealed = FormatPGP, n.sealed
	child.whole = n.whole || n.place == Body
	if !w.enter(&child) {
		return nil
	}
	return w.guard(child, func() error { return w.fault(child, w.pgp(child, r, 0)) })
}

// pgp reads the packets of a message.
func (w *walk) pgp(n node, r io.Reader, depth int) error {
	if depth > maxPGPDepth {
		return document.ErrTooDeep
	}
	br := bufio.NewReader(r)
	for first := true; ; first = false {
		tag, body, err := pgpPacket(br)
		if err != nil {
			if first || err != io.EOF {
				return err
			}
			return nil
		}
		switch tag {
		case pgpKeyToPublic, pgpKeyToPassword, pgpEncryptedOld, pgpEncrypted, pgpEncryptedAEAD:
			return w.endToEnd(n)
		case pgpCompressed:
			inner, err := w.pgpInflated(n, body)
			if err != nil {
				return err
			}
			if err := w.pgp(n, inner, depth+1); err != nil {
				return err
			}
		case pgpLiteral:
			if err := w.pgpLiteral(n, body); err != nil {
				return err
			}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
	}
}

const maxPGPDepth = 4

func (w *walk) pgpInflated(n node, body io.Reader) (io.Reader, error) {
	var method [1]byte
	if _, err := io.ReadFull(body, method[:]); err != nil {
		return nil, err
	}
	return w.expanding(n, body, func(r io.Reader) (io.Reader, error) {
		switch method[0] {
		case 0:
			return r, nil
		case 1:
			return flate.NewReader(r), nil
		case 2:
			return zlib.NewReader(r)
		case 3:
			return bzip2.NewReader(r), nil
		}
		return nil, fmt.Errorf("pgp compression: %w", document.ErrUnsupported)
	})
}

// pgpLiteral opens the file in a literal data packet.
func (w *walk) pgpLiteral(n node, body io.Reader) error {
	var h [2]byte
	if _, err := io.ReadFull(body, h[:]); err != nil {
		return err
	}
	name := make([]byte, int(h[1])+4) // and a date
	if _, err := io.ReadFull(body, name); err != nil {
		return err
	}
	return w.entityOrFile(n.child(decodeBytes("", name[:h[1]])), body)
}

// pgpPacket reads a packet's header and returns its body.
func pgpPacket(br *bufio.Reader) (tag byte, body io.Reader, err error) {
	h, err := br.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	if h&0x80 == 0 {
		return 0, nil, fmt.Errorf("pgp packet: %w", document.ErrDamaged)
	}
	if h&0x40 != 0 {
		p := &pgpParts{br: br}
		return h & 0x3f, p, p.length()
	}
	if k := []int{1, 2, 4, 0}[h&3]; k > 0 {
		var b [8]byte
		if _, err := io.ReadFull(br, b[8-k:]); err != nil {
			return 0, nil, cutShort(err)
		}
		size := int64(binary.BigEndian.Uint64(b[:]))
		return h >> 2 & 0xf, &pgpParts{br: br, left: size}, nil
	}
	return h >> 2 & 0xf, br, nil
}

// pgpParts is the body of a packet, whose length may come in parts (section 4.2.1.4).
type pgpParts struct {
	br   *bufio.Reader
	left int64
	more bool
}

func (p *pgpParts) length() error {
	b, err := p.br.ReadByte()
	if err != nil {
		return cutShort(err)
	}
	p.more = false
	switch {
	case b < 192:
		p.left = int64(b)
	case b < 224:
		c, err := p.br.ReadByte()
		p.left = int64(b-192)<<8 + int64(c) + 192
		return cutShort(err)
	case b < 255:
		p.left, p.more = 1<<(b&0x1f), true
	default:
		var four [4]byte
		_, err := io.ReadFull(p.br, four[:])
		p.left = int64(binary.BigEndian.Uint32(four[:]))
		return cutShort(err)
	}
	return nil
}

func (p *pgpParts) Read(b []byte) (int, error) {
	for p.left == 0 {
		if !p.more {
			return 0, io.EOF
		}
		if err := p.length(); err != nil {
			return 0, err
		}
	}
	n, err := p.br.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	return n, cutShort(err)
}

// cutShort makes the end of the content inside a structure an error.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
