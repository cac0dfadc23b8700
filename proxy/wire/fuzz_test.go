package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// reference reads a session in the plainest way: what the client sent, against
// the replies it got. It returns the messages that were accepted, and how many
// lines were MAIL or RCPT commands. Each line has one reply; where the bytes
// and the replies do not go together, it is an error.
type reference struct {
	in       string
	replies  []string
	messages []string
	paths    int
	chunks   string
}

// reply takes the next reply; "" if the relay has said its last.
func (r *reference) reply() string {
	if len(r.replies) == 0 || strings.HasPrefix(r.replies[0], "421") {
		return ""
	}
	head := r.replies[0]
	r.replies = r.replies[1:]
	return head
}

func (r *reference) run() error {
	if r.reply()[:4] != "220 " {
		return fmt.Errorf("no greeting")
	}
	auth := false
	for {
		i := strings.IndexByte(r.in, '\n')
		if i < 0 {
			return r.over("a line without an end was answered")
		}
		line := r.in[:i+1]
		r.in = r.in[i+1:]
		verb, arg, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), " ")
		verb = strings.ToUpper(verb)
		if !auth && strings.HasSuffix(line, "\r\n") && !strings.ContainsAny(line[:i-1], "\r\x00") {
			switch verb {
			case "BDAT":
				if done, err := r.bdat(arg); done || err != nil {
					return err
				}
				continue
			case "MAIL", "RCPT":
				r.paths++
			}
		}
		reply := r.reply()
		if reply == "" {
			return r.over("more replies than lines")
		}
		auth = reply[:3] == "334"
		switch {
		case !strings.HasSuffix(line, "\r\n"), reply[:3] == "221":
			return r.over("a reply after the last")
		case reply[:3] == "354" && verb == "DATA":
			if done, err := r.data(); done || err != nil {
				return err
			}
		case verb == "RSET" || verb == "EHLO" || verb == "HELO":
			r.chunks = ""
		}
	}
}

// over checks that the relay says nothing more than why it hangs up.
func (r *reference) over(what string) error {
	if r.reply() != "" {
		return fmt.Errorf("%s", what)
	}
	return nil
}

func (r *reference) data() (done bool, err error) {
	body := "\r\n" + r.in
	end := strings.Index(body, "\r\n.\r\n")
	if end < 0 {
		return true, r.over("a message without an end was answered")
	}
	content := strings.ReplaceAll(body[:end+2], "\r\n.", "\r\n")[2:]
	r.in = body[end+5:]
	return r.verdict(content)
}

// verdict takes the reply to a whole message, and checks it.
func (r *reference) verdict(content string) (done bool, err error) {
	reply := r.reply()
	if reply == "" {
		return true, nil
	}
	bad := strings.ContainsAny(strings.ReplaceAll(content, "\r\n", ""), "\r\n\x00")
	if bad != (reply[:3] == "554") || !bad && reply[:3] != "250" {
		return true, fmt.Errorf("%q was answered %q", content, reply)
	}
	if !bad {
		r.messages = append(r.messages, content)
	}
	return false, nil
}

func (r *reference) bdat(arg string) (done bool, err error) {
	fields := strings.Fields(arg)
	if len(fields) == 0 {
		return true, r.lastWord()
	}
	n, err := strconv.ParseUint(fields[0], 10, 63)
	last := len(fields) == 2 && strings.EqualFold(fields[1], "LAST")
	if err != nil || len(fields) > 1 && !last {
		return true, r.lastWord()
	}
	if n > uint64(len(r.in)) {
		// Cut off, or not offered, or too large: one reply at most.
		return true, r.lastWord()
	}
	chunk := r.in[:n]
	reply := r.reply()
	switch {
	case reply == "":
		return true, r.over("a reply after the last")
	case reply[:3] == "502":
		return true, r.over("a reply after the last")
	case reply[:3] != "250":
		r.chunks = ""
	case last:
		r.messages = append(r.messages, r.chunks+chunk)
		r.chunks = ""
	default:
		r.chunks += chunk
	}
	r.in = r.in[n:]
	return false, nil
}

func (r *reference) lastWord() error {
	r.reply()
	return r.over("a chunk was read as commands")
}

// FuzzSessionIsReadAsTheReferenceDoes sends any bytes to the relay: the
// messages it takes are those that a plain reader finds, and no line of a body
// is answered or reaches the session.
func FuzzSessionIsReadAsTheReferenceDoes(f *testing.F) {
	const begin = "EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"
	for _, seed := range []string{
		begin + "DATA\r\nSubject: x\r\n\r\n..\r\n.\r\nQUIT\r\n",
		begin + "DATA\r\n.\r\n" + begin + "DATA\r\nx\r\n.\r\nNOOP\r\n",
		begin + "DATA\r\nx\n.\nMAIL FROM:<e@f.test>\r\n.\r\nNOOP\r\n",
		begin + "DATA\r\nx\r\n.\nRSET\r\n.\r\r\n.\r\nNOOP\r\n",
		begin + "DATA\r\nRSET\r\nMAIL FROM:<e@f.test>\r\n",
		begin + "BDAT 6\r\nRSET\r\nBDAT 0 LAST\r\nNOOP\r\n",
		begin + "BDAT 3\r\nabcRSET\r\n" + begin[8:] + "BDAT 2 LAST\r\n\r\nQUIT\r\n",
		begin + "BDAT 6 LAST\r\nRSET",
		begin + "BDAT x\r\nRSET\r\n",
		"EHLO x\r\nBDAT 6 LAST\r\nRSET\r\nNOOP\r\n",
		"EHLO x\r\nAUTH PLAIN\r\nMAIL FROM:<a@b.test>\r\nNOOP\r\n",
		"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<\"a b\"@b.test> SIZE=1\nRCPT TO:<c@d.test>\r\n",
		"EHLO x\r\nXFORWARD ADDR=192.0.2.7\r\n" + begin[8:] + "DATA\r\nXCLIENT ADDR=192.0.2.7\r\n.\r\nXCLIENT ADDR=192.0.2.8\r\n",
		begin + "XCLIENT ADDR=192.0.2.7\r\nRSET\r\nXCLIENT LOGIN=x\r\n" + begin + "DATA\r\nx\r\n.\r\n",
		begin + "BDAT 24 LAST\r\nXCLIENT ADDR=192.0.2.7\r\nXFORWARD HELO=+0A\r\nNOOP\r\n",
		"HELO x\r\nMAIL FROM:<a@b>\r\nFOO\r\nRCPT TO:<\"a>b\"@d.test>\r\nNOOP\x00\r\n\r\nVRFY x\r\n",
	} {
		f.Add([]byte(seed))
	}
	s := serve(f, wire.Config{XClient: loopback, XForward: loopback}, nil)
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 4000 { // no line is too long
			return
		}
		s.mu.Lock()
		s.messages, s.mails = nil, nil
		s.mu.Unlock()
		replies := converse(t, s.addr, in)
		r := &reference{in: string(in), replies: replies}
		if err := r.run(); err != nil {
			t.Fatalf("%v\nreplies %q", err, replies)
		}
		taken := s.taken()
		if len(taken) != len(r.messages) {
			t.Fatalf("%d messages taken, the reference finds %d; replies %q", len(taken), len(r.messages), replies)
		}
		for i, m := range taken {
			if string(m.data) != r.messages[i] {
				t.Errorf("message %d is %q, the reference finds %q", i, m.data, r.messages[i])
			}
		}
		if n := len(s.paths()); n > r.paths {
			t.Errorf("%d paths reached the session, from %d commands", n, r.paths)
		}
	})
}

// converse sends all of in and returns the replies.
func converse(t *testing.T, addr string, in []byte) []string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(in); err == nil {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	all, err := io.ReadAll(conn)
	if err != nil && !bytes.HasSuffix(all, []byte("\r\n")) {
		t.Fatalf("replies %q: %v", all, err)
	}
	var replies []string
	for _, line := range strings.SplitAfter(string(all), "\r\n") {
		if len(line) > 3 && line[3] == ' ' {
			replies = append(replies, line)
		}
	}
	return replies
}
