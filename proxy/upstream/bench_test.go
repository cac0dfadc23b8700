package upstream

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// contents are a letter, a typical large message (base64), and one whose
// every line begins with a dot.
func contents() map[string][]byte {
	line := strings.Repeat("a", 76) + "\r\n"
	return map[string][]byte{
		"4KiB":     []byte(strings.Repeat(line, 4<<10/len(line))),
		"5MiB":     []byte(strings.Repeat(line, 5<<20/len(line))),
		"5MiBDots": []byte(strings.Repeat(".\r\n", 5<<20/3)),
	}
}

// BenchmarkFraming is the cost of making content into its wire form.
func BenchmarkFraming(b *testing.B) {
	for name, content := range contents() {
		b.Run(name, func(b *testing.B) {
			buffers := newBlocks()
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				body := body{content: bytes.NewReader(content), left: int64(len(content)), framing: newDots()}
				for !body.done {
					if _, err := body.next(buffers); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkTransaction is a whole transaction over loopback on a connection
// that is used again, with a server that only looks for the final dot.
func BenchmarkTransaction(b *testing.B) {
	for name, content := range contents() {
		b.Run(name, func(b *testing.B) {
			address := listenFast(b)
			server, err := New(Config{URL: "smtp://" + address, PoolSize: 1})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = server.Close() })
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				c, err := server.Dial(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				_, err = c.Mail(b.Context(), "ann@a.example", nil)
				if err == nil {
					_, err = c.Rcpt(b.Context(), "bob@b.example", nil)
				}
				if err == nil {
					_, err = c.Data(b.Context(), bytes.NewReader(content), int64(len(content)))
				}
				if err != nil {
					b.Fatal(err)
				}
				_ = c.Close()
			}
		})
	}
}

// listenFast answers each connection with little work of its own.
func listenFast(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { answerFast(nc) })
		}
	})
	b.Cleanup(running.Wait)
	b.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// answerFast says 250 to each read, which is one command here, and swallows
// content up to the final dot.
func answerFast(nc net.Conn) {
	defer func() { _ = nc.Close() }()
	buffer := make([]byte, 256<<10)
	_, _ = io.WriteString(nc, "220 x\r\n")
	for {
		n, err := nc.Read(buffer)
		if err != nil {
			return
		}
		if string(buffer[:n]) != "DATA\r\n" {
			_, _ = io.WriteString(nc, "250 Ok\r\n")
			continue
		}
		_, _ = io.WriteString(nc, "354 go\r\n")
		tail := 0 // octets kept of the read before
		for {
			n, err := nc.Read(buffer[tail:])
			if err != nil {
				return
			}
			got := buffer[:tail+n]
			if bytes.HasSuffix(got, []byte("\r\n.\r\n")) {
				break
			}
			tail = copy(buffer, got[max(0, len(got)-4):])
		}
		_, _ = io.WriteString(nc, "250 Ok\r\n")
	}
}
