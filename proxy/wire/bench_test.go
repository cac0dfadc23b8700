package wire_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// BenchmarkSession sends whole messages through go-smtp over loopback, each in
// one write, as a pipelining client does.
func BenchmarkSession(b *testing.B) {
	line := strings.Repeat("c2FtcGxl", 9)[:72] + "\r\n"
	for _, size := range []int{4 << 10, 100 << 10, 5 << 20} {
		body := strings.Repeat(line, size/len(line))
		for name, transfer := range map[string]string{
			"DATA": "DATA\r\n" + body + ".\r\n",
			"BDAT": fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body),
		} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				benchmarkTransfer(b, name, transfer)
			})
		}
	}
}

func benchmarkTransfer(b *testing.B, name, transfer string) {
	s := serve(b, wire.Config{}, &backend{onData: func(w *wire.Conn, r io.Reader) error {
		body := w.Body(r)
		defer body.Close()
		_, err := io.Copy(io.Discard, body)
		return err
	}})
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	replies := 3
	if name == "DATA" {
		replies++
	}
	read := func(n int) {
		for range n {
			if _, err := r.ReadString('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
	_, _ = io.WriteString(conn, "HELO x\r\nEHLO x\r\n")
	read(2 + len(allExts()) + 1)
	whole := []byte("MAIL FROM:<a@corp.test>\r\nRCPT TO:<b@rcpt.test>\r\n" + transfer)
	b.SetBytes(int64(len(transfer)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(whole); err != nil {
			b.Fatal(err)
		}
		read(replies)
	}
}
