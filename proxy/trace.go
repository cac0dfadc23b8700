package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net/netip"
	"strings"
	"time"
)

// maxTraceHeader bounds how much of a header is read to count its hops.
const maxTraceHeader = 1 << 20

// hops returns the number of Received fields in a message's header.
func (s *Server) hops(m *message) int {
	r, pooled := s.lines.Get().(*bufio.Reader)
	if !pooled {
		r = bufio.NewReader(nil)
	}
	defer s.lines.Put(r)
	r.Reset(io.NewSectionReader(m.spool, 0, min(m.spool.size, maxTraceHeader)))
	defer r.Reset(nil)
	return countHops(r)
}

// countHops returns the number of Received fields in a message's header
// (RFC 5321 section 6.3).
func countHops(r *bufio.Reader) int {
	hops := 0
	for {
		line, err := r.ReadSlice('\n')
		if len(bytes.TrimRight(line, "\r\n")) == 0 && err == nil {
			return hops
		}
		if len(line) >= 9 && bytes.EqualFold(line[:9], []byte("Received:")) {
			hops++
		}
		for err == bufio.ErrBufferFull {
			_, err = r.ReadSlice('\n')
		}
		if err != nil {
			return hops
		}
	}
}

// trace is what a Received line tells (RFC 5321 section 4.4).
type trace struct {
	helo, host, id string
	name           string // of the client's host, "" if it is not known
	client         netip.Addr
	tls, auth      bool
	utf8           bool
	now            time.Time
}

// line returns the Received line, folded, with its CRLF. The client's own name
// for itself is reduced to what a domain or an address literal may hold.
func (t trace) line() string {
	with := "ESMTP"
	if t.utf8 {
		with = "UTF8SMTP"
	}
	if t.tls {
		with += "S"
	}
	if t.auth {
		with += "A"
	}
	literal := t.client.String()
	if t.client.Is6() && !t.client.Is4In6() {
		literal = "IPv6:" + literal
	}
	if !t.client.IsValid() {
		literal = "unknown"
	}
	name := ""
	if t.name != "" {
		name = cleanHelo(t.name) + " "
	}
	return "Received: from " + cleanHelo(t.helo) + " (" + name + "[" + literal + "])\r\n\tby " + t.host + " (Bulkhead) with " + with +
		" id " + t.id + ";\r\n\t" + t.now.Format("Mon, 02 Jan 2006 15:04:05 -0700") + "\r\n"
}

func cleanHelo(helo string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-.:[]_", r):
			return r
		}
		return '?'
	}, helo)
	if len(clean) > 255 {
		clean = clean[:255]
	}
	if clean == "" {
		return "unknown"
	}
	return clean
}
