package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// scripted is an upstream on raw sockets whose answers a test decides.
type scripted struct {
	addr  string
	offer []string
	// answer gives the reply to a command line of the nth connection, counted
	// from 1: "" for the usual one, "close" to hang up instead.
	answer func(n int, line string) string

	mu    sync.Mutex
	lines []string // "n: line", content left out
}

func newScripted(t *testing.T, answer func(n int, line string) string, offer ...string) *scripted {
	t.Helper()
	s := &scripted{offer: offer, answer: answer}
	l := listen(t)
	s.addr = l.Addr().String()
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, n)
		}
	}()
	return s
}

func (s *scripted) serve(conn net.Conn, n int) {
	defer conn.Close()
	fmt.Fprint(conn, "220 upstream.example ESMTP\r\n")
	in := bufio.NewScanner(conn)
	content := false
	for in.Scan() {
		line := strings.TrimSuffix(in.Text(), "\r")
		if content && line != "." {
			continue
		}
		s.mu.Lock()
		s.lines = append(s.lines, fmt.Sprintf("%d: %s", n, line))
		s.mu.Unlock()
		reply := s.answer(n, line)
		if reply == "close" {
			return
		}
		if reply == "" {
			reply = s.usual(line)
		}
		content = strings.HasPrefix(reply, "354")
		fmt.Fprintf(conn, "%s\r\n", reply)
	}
}

func (s *scripted) usual(line string) string {
	verb, _, _ := strings.Cut(line, " ")
	switch verb {
	case "EHLO":
		lines := append([]string{"upstream.example"}, s.offer...)
		for i := range lines[:len(lines)-1] {
			lines[i] = "250-" + lines[i]
		}
		lines[len(lines)-1] = "250 " + lines[len(lines)-1]
		return strings.Join(lines, "\r\n")
	case "AUTH":
		return "235 2.7.0 Welcome"
	case "DATA":
		return "354 Go on"
	case "QUIT":
		return "221 2.0.0 Bye"
	}
	return "250 2.0.0 Ok"
}

// saw returns the lines that have the prefix.
func (s *scripted) saw(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, line := range s.lines {
		if _, command, _ := strings.Cut(line, ": "); strings.HasPrefix(command, prefix) {
			list = append(list, line)
		}
	}
	return list
}
