package wire_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// smuggled is what an attacker would have the relay, or the next server, take
// for a second message.
const smuggled = "MAIL FROM:<smuggled@evil.test>\r\nRCPT TO:<victim@rcpt.test>\r\nDATA\r\nevil\r\n"

func TestSmuggling_item6(t *testing.T) {
	for _, tc := range []struct {
		name, seq  string
		normalised string // how the sequence reads under Normalise; "" if refused
	}{
		{"LF.LF", "\n.\n", "\r\n.\r\n"},
		{"LF.CRLF", "\n.\r\n", "\r\n.\r\n"},
		// The dot is the first of its line, so it is transparency's.
		{"CRLF.LF", "\r\n.\n", "\r\n\r\n"},
		{"CR.CR", "\r.\r", "\r\n.\r\n"},
		{"CR.LF", "\r.\n", "\r\n.\r\n"},
		{"CR.CRLF", "\r.\r\n", "\r\n.\r\n"},
		{"LF.CR", "\n.\r", "\r\n.\r\n"},
		{"CRLF.CR", "\r\n.\r", "\r\n\r\n"},
		{"CRLF.CRCRLF", "\r\n.\r\r\n", "\r\n\r\n\r\n"},
		{"CRCRLF..CRCRLF", "\r\r\n..\r\r\n", "\r\n\r\n.\r\n\r\n"},
		{"CRLF NUL.CRLF", "\r\n\x00.\r\n", ""},
		{"CRLF.NUL CRLF", "\r\n.\x00\r\n", ""},
		{"CR NUL LF.CR NUL LF", "\r\x00\n.\r\x00\n", ""},
		{"LFLF.LFLF", "\n\n.\n\n", "\r\n\r\n.\r\n\r\n"},
	} {
		for _, policy := range []wire.LineEnds{wire.Refuse, wire.Normalise} {
			t.Run(fmt.Sprintf("%s/%d", tc.name, policy), func(t *testing.T) {
				s := serve(t, wire.Config{LineEnds: policy}, nil)
				c := hello(t, s)
				c.envelope()
				c.cmd("DATA", "354")
				c.send("first" + tc.seq + smuggled + ".\r\n")
				if policy == wire.Refuse || tc.normalised == "" {
					c.want("554 5.6.0")
					wantMessages(t, s)
				} else {
					c.want("250")
					wantMessages(t, s, "first"+tc.normalised+smuggled)
				}
				c.cmd("NOOP", "250 2.0.0")
				if got := s.paths(); len(got) != 2 {
					t.Errorf("paths %q", got)
				}
			})
		}
	}
}

func TestLineEndsOfChunks_item6(t *testing.T) {
	for _, tc := range []struct {
		body, normalised string
		param            string
		code             string
	}{
		{"a\nb\r\n", "a\r\nb\r\n", "", "554 5.6.0"},
		{"a\r\nb\r", "a\r\nb\r\n", "", "554 5.6.0"},
		{"a\r\nb", "a\r\nb", "", "250"},
		{".\r\n..\r\n", ".\r\n..\r\n", "", "250"},
		{"a\x00\r\n", "", "", "554 5.6.0"},
		{"a\x00\n\r.\n", "a\x00\n\r.\n", " BODY=BINARYMIME", "250"},
	} {
		for _, policy := range []wire.LineEnds{wire.Refuse, wire.Normalise} {
			s := serve(t, wire.Config{LineEnds: policy}, nil)
			c := hello(t, s)
			c.cmd("MAIL FROM:<a@corp.test>"+tc.param, "250")
			c.cmd("RCPT TO:<b@rcpt.test>", "250")
			// Each octet a chunk: no pair may be missed between two.
			for i := range tc.body {
				c.send("BDAT 1\r\n" + tc.body[i:i+1])
			}
			c.send("BDAT 0 LAST\r\n")
			want := tc.code
			if policy == wire.Normalise && tc.normalised != "" {
				want = "250"
			}
			var got string
			for range len(tc.body) + 1 {
				if got = c.reply(); !strings.HasPrefix(got, "250") {
					break
				}
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("%q, policy %d: %q, want %q", tc.body, policy, got, want)
			}
			if want == "250" {
				wantMessages(t, s, tc.normalised)
			} else {
				wantMessages(t, s)
			}
		}
	}
}

func TestEndOfDataCutOverManyWritesIsOneEnd(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	for _, part := range []string{"x", "\r", "\n", ".", ".\r", "\n", ".", "\r", "\nNO", "OP\r", "\n"} {
		c.send(part)
		time.Sleep(5 * time.Millisecond)
	}
	c.want("250")
	c.want("250 2.0.0 I have")
	wantMessages(t, s, "x\r\n.\r\n")
}

func TestDotStuffingIsExact(t *testing.T) {
	lines := []string{".", "..", "...", ".x", "x.", "", " .", ".\t", ". "}
	var body strings.Builder
	for i := range 3000 {
		body.WriteString(lines[i*i%len(lines)] + "\r\n")
		body.WriteString(strings.Repeat(".", i%97) + "\r\n")
	}
	want := body.String()
	stuffed := strings.ReplaceAll("\r\n"+want, "\r\n.", "\r\n..")[2:] + ".\r\n"
	s := serve(t, wire.Config{}, nil)
	for _, size := range []int{1 << 20, 7001, 61} {
		c := hello(t, s)
		c.envelope()
		c.cmd("DATA", "354")
		for rest := stuffed; rest != ""; {
			n := min(size, len(rest))
			c.send(rest[:n])
			rest = rest[n:]
		}
		c.want("250")
	}
	wantMessages(t, s, want, want, want)
}

func TestLoneLFInCommandIsNeverRun(t *testing.T) {
	for _, line := range []string{
		"MAIL FROM:<a@corp.test>\nRCPT TO:<evil@rcpt.test>\r\n",
		"RCPT TO:<x@rcpt.test>\nRCPT TO:<evil@rcpt.test>\r\n",
		"\nRCPT TO:<evil@rcpt.test>\r\n",
		strings.Repeat("x", 5000) + "\nRCPT TO:<evil@rcpt.test>\r\n",
	} {
		s := serve(t, wire.Config{}, nil)
		c := hello(t, s)
		c.envelope()
		c.send(line)
		c.want("500 5.5.2")
		c.wantClosed()
		if got := s.paths(); len(got) != 2 {
			t.Errorf("%q: paths %q", clip(line), got)
		}
	}
}

func TestLoneCRAndNULInCommandAreRefused(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("MAIL FROM:<a\x00b@corp.test>", "500 5.5.2")
	c.cmd("MAIL FROM:<a@corp.test>\rRCPT TO:<evil@rcpt.test>", "500 5.5.2")
	c.cmd("NOOP\r", "500 5.5.2")
	c.cmd("NOOP", "250 2.0.0")
}

func TestWebFormIsNotMail(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := dial(t, s)
	c.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nEHLO x\r\nMAIL FROM:<a@corp.test>\r\n")
	c.want("500 5.5.1")
	c.wantClosed()
}
