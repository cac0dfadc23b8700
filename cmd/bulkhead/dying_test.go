package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// step is where in a session an upstream dies.
type step int32

const (
	never       step = iota
	onConnect        // before its greeting
	inGreeting       // after half of it
	onHello          // instead of an answer to EHLO
	onMail           // to MAIL
	onRcpt           // to RCPT
	onData           // to DATA or BDAT
	inContent        // in the middle of the content
	afterDot         // when it has all of the content, and has not answered
	afterAnswer      // when it has taken the message, and its answer is on the way
	between          // when the answer is there
)

var stepNames = [...]string{"never", "on connecting", "in its greeting", "at EHLO", "at MAIL", "at RCPT", "at DATA", "in the content",
	"after the dot", "after taking it", "between two messages"}

// dying stands before an upstream, and cuts the line at the step that is set.
type dying struct {
	address, behind string
	at              atomic.Int32
}

func newDying(t *testing.T, behind string) *dying {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // the test's own
	d := &dying{address: l.Addr().String(), behind: behind}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go d.serve(conn)
		}
	}()
	return d
}

func (d *dying) is(s step) bool { return step(d.at.Load()) == s }

// serve passes a session on, command by command.
func (d *dying) serve(client net.Conn) {
	defer client.Close() // cut, or at its end
	if d.is(onConnect) {
		return
	}
	server, err := net.Dial("tcp", d.behind)
	if err != nil {
		return
	}
	defer server.Close() // as above
	commands, replies := bufio.NewReaderSize(client, 1<<20), bufio.NewReader(server)
	greeting, err := replies.ReadString('\n')
	if err != nil {
		return
	}
	if d.is(inGreeting) {
		greeting = greeting[:len(greeting)/2]
	}
	if _, err := io.WriteString(client, greeting); err != nil || d.is(inGreeting) {
		return
	}
	for {
		line, err := commands.ReadString('\n')
		verb, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		dies, known := map[string]step{"EHLO": onHello, "MAIL": onMail, "RCPT": onRcpt, "DATA": onData, "BDAT": onData}[verb]
		if err != nil || known && d.is(dies) {
			return
		}
		if !d.pass(client, server, commands, replies, line, verb, arg) {
			return
		}
	}
}

// pass sends one command and its answer on, and after DATA or BDAT the content.
// It reports whether the session goes on.
func (d *dying) pass(client, server net.Conn, commands, replies *bufio.Reader, line, verb, arg string) bool {
	if verb != "BDAT" {
		if !forward(server, []byte(line)) || !answer(client, replies) {
			return false
		}
		if verb != "DATA" {
			return true
		}
	}
	var content []byte
	var err error
	if verb == "DATA" {
		content, err = untilDot(commands)
	} else {
		size, _, _ := strings.Cut(arg, " ")
		content, err = chunk(commands, size)
		content = append([]byte(line), content...)
	}
	if err != nil {
		return false
	}
	if d.is(inContent) {
		if verb == "DATA" { // go-smtp's server takes half a chunk for the whole message
			forward(server, content[:len(content)/2])
		}
		return false
	}
	if d.is(afterDot) {
		return false // whether the server ever gets it is not known to anybody
	}
	if !forward(server, content) {
		return false
	}
	if d.is(afterAnswer) {
		answer(io.Discard, replies)
		return false
	}
	return answer(client, replies) && !d.is(between)
}

func forward(to io.Writer, b []byte) bool {
	_, err := to.Write(b)
	return err == nil
}

// answer passes a whole reply on.
func answer(to io.Writer, replies *bufio.Reader) bool {
	for {
		line, err := replies.ReadString('\n')
		if err != nil || !forward(to, []byte(line)) {
			return false
		}
		if len(line) < 4 || line[3] != '-' {
			return true
		}
	}
}

// untilDot reads content with its final dot.
func untilDot(r *bufio.Reader) (all []byte, err error) {
	for !bytes.HasSuffix(all, []byte("\r\n.\r\n")) {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		all = append(all, line...)
	}
	return all, nil
}

// chunk reads the octets of a BDAT.
func chunk(r *bufio.Reader, size string) ([]byte, error) {
	n := 0
	for _, digit := range size {
		n = 10*n + int(digit-'0')
	}
	all := make([]byte, n)
	_, err := io.ReadFull(r, all)
	return all, err
}
