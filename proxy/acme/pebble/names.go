package pebble

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// serveNames answers the DNS (RFC 1035) over TCP, as pebble asks: these names are
// at 127.0.0.1, and there are no others.
func serveNames(t testing.TB, hosts []string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go answerAll(conn, hosts)
		}
	}()
	return l.Addr().String()
}

// answerAll answers what comes over a connection, each with its length before it
// (RFC 1035 section 4.2.2).
func answerAll(conn net.Conn, hosts []string) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		asked := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, asked); err != nil {
			return
		}
		reply := answer(asked, hosts)
		if reply == nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

// answer is the reply to a question, nil to what is none.
func answer(asked []byte, hosts []string) []byte {
	var m dnsmessage.Message
	if m.Unpack(asked) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}
	m.Answers, m.Authorities, m.Additionals = nil, nil, nil
	switch {
	case !slices.Contains(hosts, strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))):
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}
