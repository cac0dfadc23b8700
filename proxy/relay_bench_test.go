package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// BenchmarkRelay measures whole messages over loopback, inspection included:
// client, relay and upstream share the processors.
func BenchmarkRelay(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"4k", 4 << 10}, {"100k", 100 << 10}, {"5m", 5 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, nil)
			r.sink.forget = true
			content := message(strings.Repeat(strings.Repeat("X", 79)+"\r\n", c.size/81))
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			b.SetParallelism(10)
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", r.addr)
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				in := bufio.NewReader(conn)
				fmt.Fprint(conn, "EHLO client.example\r\n")
				for pb.Next() {
					fmt.Fprintf(conn, "MAIL FROM:<ana@sender.example>\r\nRCPT TO:<ben@reader.example>\r\nDATA\r\n")
					awaitLine(b, in, "354")
					fmt.Fprintf(conn, "%s.\r\n", content)
					awaitLine(b, in, "250")
				}
			})
		})
	}
}

// awaitLine reads lines up to one with the given code.
func awaitLine(b *testing.B, in *bufio.Reader, code string) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			b.Error(err)
			return
		}
		if strings.HasPrefix(line, code+" ") {
			return
		}
		if line[0] == '4' || line[0] == '5' {
			b.Errorf("reply %q", line)
			return
		}
	}
}
