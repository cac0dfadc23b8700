package main

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/emersion/go-smtp"
)

// sendmail runs the command with a message.
func sendmail(t *testing.T, relay, message string, args ...string) (stderr string, status int) {
	t.Helper()
	program, err := exec.LookPath("bulkhead")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Args = append([]string{"bulkhead", "sendmail"}, args...)
	cmd.Env = append(os.Environ(), "BULKHEAD_LISTEN="+relay, "BULKHEAD_HOSTNAME=web.example")
	cmd.Stdin = strings.NewReader(message)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return said.String(), cmd.ProcessState.ExitCode()
}

// What programs pipe arrives, with the line ends and fields of SMTP, for whom it
// names, and without the names of those in Bcc.
func TestSendmailTakesWhatProgramsPipe(t *testing.T) {
	const body = "Dear Ben,\n\nthe works are done.\n.\nwith a dot\n"
	for _, c := range []struct {
		name, message string
		args          []string
		from          string
		to            []string
		has, hasNot   []string
	}{
		{"read from the header", "To: Ben <ben@client.example>,\n dora@client.example\nCc: eve@client.example\nBcc: fay@client.example,\n gus@client.example\nSubject: x\n\n" + body,
			[]string{"-t", "-i", "-f", "www@web.example"}, "www@web.example",
			[]string{"ben@client.example", "dora@client.example", "eve@client.example", "fay@client.example", "gus@client.example"},
			[]string{"From: <www@web.example>\r\n", "\r\nDate: ", "\r\nMessage-ID: <", "\r\n\r\nDear Ben,\r\n\r\nthe works are done.\r\n.\r\nwith a dot\r\n"},
			[]string{"Bcc", "fay", "gus"}},
		{"a dot ends it", "Subject: x\n\n" + body, []string{"-fwww@web.example", "ben@client.example"}, "www@web.example", []string{"ben@client.example"},
			[]string{"the works are done.\r\n"}, []string{"with a dot"}},
		{"-oi is -i, and -F names", "Subject: x\n\n" + body, []string{"-oi", "-oem", "-F", "Web Shop", "-r", "www@web.example", "--", "ben@client.example"}, "www@web.example",
			[]string{"ben@client.example"}, []string{"From: \"Web Shop\" <www@web.example>\r\n", "with a dot"}, nil},
		{"what is there is left alone", "From: Ana <ana@web.example>\r\nDate: Tue, 11 Jul 2006 10:42:00 +0000\r\nMessage-ID: <1@web.example>\r\nTo: a\r\n\r\nhello\r\n",
			[]string{"-t", "-f", "<>", "ben@client.example"}, "", []string{"ben@client.example", "a@web.example"},
			[]string{"From: Ana <ana@web.example>\r\nDate: Tue, 11 Jul 2006 10:42:00 +0000\r\nMessage-ID: <1@web.example>\r\nTo: a\r\n\r\nhello\r\n"}, nil},
		{"of an mbox, and each once", "From ana Tue Jul 11 10:42:00 2006\nTo: ben@client.example, undisclosed:;\nCc: ben@client.example\n\nhello\n",
			[]string{"-t", "-i", "-f", "ana@web.example"}, "ana@web.example", []string{"ben@client.example"}, []string{"\r\n\r\nhello\r\n"}, []string{"From ana"}},
		{"sent on: Resent alone", "To: first@client.example\nResent-To: ben@client.example\nResent-Bcc: dora@client.example\n\nhello\n",
			[]string{"-t", "-i", "-f", "ana@web.example"}, "ana@web.example", []string{"ben@client.example", "dora@client.example"}, []string{"To: first@client.example\r\n"}, []string{"dora"}},
		{"no header at all", "hello there\nsecond\n", []string{"-f", "ana@web.example", "ben@client.example"}, "ana@web.example", []string{"ben@client.example"}, []string{"\r\n\r\nhello there\r\nsecond\r\n"}, nil},
		{"no line end at the end, and letters beyond ASCII", "Subject: x\n\nGrüße", []string{"-f", "ana@web.example", "ben@client.example"}, "ana@web.example", []string{"ben@client.example"}, []string{"\r\n\r\nGrüße\r\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := newMailbox(t)
			p := startRelay(t, t.TempDir(), box.url(), nil)
			said, status := sendmail(t, p.listeners[0].Addr().String(), c.message, c.args...)
			if status != exitOK || said != "" {
				t.Fatalf("exits with %d: %s", status, said)
			}
			got := box.got()
			if len(got) != 1 || got[0].from != c.from || !slices.Equal(got[0].to, c.to) {
				t.Fatalf("arrived: %+v", got)
			}
			content, err := belowTrace(got[0].content)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.has {
				if !bytes.Contains(content, []byte(want)) {
					t.Errorf("%q is missing from\n%.600q", want, content)
				}
			}
			for _, not := range c.hasNot {
				if bytes.Contains(content, []byte(not)) {
					t.Errorf("%q is in\n%.600q", not, content)
				}
			}
		})
	}
}

// A program that pipes knows by the status of sysexits.h what to do, and hears
// no address.
func TestSendmailTellsByItsStatus(t *testing.T) {
	box := newMailbox(t)
	box.refusing(func(to string) error {
		switch name, _, _ := strings.Cut(to, "@"); name {
		case "nobody":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no " + to}
		case "later":
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "not now, " + to}
		case "never":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not you"}
		}
		return nil
	})
	p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) { cfg.Run.Answer = "refuse" })
	open := p.listeners[0].Addr().String()
	closed := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) {
		cfg.Listeners[0].Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	}).listeners[0].Addr().String()
	leak := func(salutation string) string {
		return "Subject: x\n\n" + salutation + "\n" + strings.ReplaceAll(string(bulletin(40)), "\r", "")
	}
	const hello = "Subject: x\n\nhello\n"
	for _, c := range []struct {
		name, relay, message string
		args                 []string
		status               int
		says                 string
	}{
		{"held, and taken", open, leak(""), []string{"-f", "tool@web.example", "ben@client.example"}, exitOK, ""},
		{"stopped with its run", open, leak(""), []string{"-f", "tool@web.example", "dora@client.example"}, exUnavailable, "recipient 1: 550 5.7.1, IN-"},
		{"no such recipient", open, hello, []string{"nobody@client.example"}, exNoUser, "recipient 1: 550 5.1.1"},
		{"one of two", open, hello, []string{"ben@client.example", "nobody@client.example"}, exNoUser, "recipient 2: 550 5.1.1"},
		{"not now", open, hello, []string{"later@client.example"}, exTempFail, "recipient 1: 451 4.2.1"},
		{"refused", open, hello, []string{"never@client.example"}, exUnavailable, "recipient 1: 550 5.7.1"},
		{"not allowed", closed, hello, []string{"ben@client.example"}, exNoPerm, "listeners.allow"},
		{"no relay", freePort(t), hello, []string{"ben@client.example"}, exTempFail, "does not take it now"},
		{"a lone CR", open, "Subject: x\n\na\rb\n", []string{"ben@client.example"}, exDataErr, "554 5.6.0"},
		{"no recipient", open, hello, []string{"-t"}, exUsage, "no recipient"},
		{"no list of addresses", open, "To: <ben secret\n\nhello\n", []string{"-t"}, exDataErr, "the field to is not a list"},
		{"a header without end", open, strings.Repeat("X: "+strings.Repeat("y", 1000)+"\n", 1100), []string{"ben@client.example"}, exDataErr, "header is larger"},
		{"-bs", open, hello, []string{"-bs"}, exUsage, "-bs is not supported"},
		{"no such flag", open, hello, []string{"--no-such"}, exUsage, "unknown flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			said, status := sendmail(t, c.relay, c.message, c.args...)
			if status != c.status || !strings.Contains(said, c.says) || (c.says == "") != (said == "") {
				t.Errorf("exits with %d and says %q, want %d and %q", status, said, c.status, c.says)
			}
			if strings.Contains(said, "client.example") || strings.Contains(said, "secret") {
				t.Errorf("says %q", said)
			}
		})
	}
}

// Where the relay takes one recipient at a time, as before an LMTP server, each
// has its turn.
func TestSendmailOneRecipientAtATime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{address: l.Addr().String()}
	box.server = smtp.NewServer(box)
	box.server.LMTP = true
	serveSMTP(t, box.server, l)
	p := startRelay(t, t.TempDir(), "lmtp://"+box.address, nil)
	said, status := sendmail(t, p.listeners[0].Addr().String(), "Subject: x\n\nhello\n", "-f", "ana@web.example", "ben@client.example", "dora@client.example", "eve@client.example")
	if got := box.got(); status != exitOK || len(got) != 3 || got[2].to[0] != "eve@client.example" {
		t.Errorf("exits with %d, %s: arrived %+v", status, said, got)
	}
}

// Lines may be longer than what is read at once, and a line end may lie across
// two reads: nothing is added to either, and nothing lost.
func TestPipedLinesOfAnyLength(t *testing.T) {
	for n := 64<<10 - 3; n <= 64<<10+3; n++ {
		for _, end := range []string{"\n", "\r\n"} {
			line := strings.Repeat("x", n)
			m, err := readPiped(strings.NewReader("A: b"+end+end+line+end+"."+end+"no"+end), pipedOptions{host: "web.example"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(m.content())
			m.close()
			if want := "\r\n\r\n" + line + "\r\n"; err != nil || !strings.HasSuffix(string(got), want) {
				t.Errorf("a line of %d with %q: %.40q … %.40q", n, end, got, got[len(got)-40:])
			}
		}
	}
	// A dot within a long line, at the beginning of a read, ends nothing.
	m, err := readPiped(strings.NewReader("A: b\n\n"+strings.Repeat("x", 64<<10)+".\nmore\n"), pipedOptions{host: "web.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if got, err := io.ReadAll(m.content()); err != nil || !strings.HasSuffix(string(got), "x.\r\nmore\r\n") {
		t.Errorf("%v, the end is %q", err, got[len(got)-20:])
	}
}

func TestSendmailByTheNameOfSendmail(t *testing.T) {
	for _, c := range []struct{ called, want string }{
		{"/usr/sbin/sendmail", "sendmail -t -i"}, {"sendmail", "sendmail -t -i"}, {"/usr/bin/bulkhead", "-t -i"},
	} {
		if got := strings.Join(commandLine([]string{c.called, "-t", "-i"}), " "); got != c.want {
			t.Errorf("%s is called as %q, want %q", c.called, got, c.want)
		}
	}
}
