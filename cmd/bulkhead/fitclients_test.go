package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// handIn is one message on its way from a person's program.
type handIn struct {
	host, port string
	tls        string // starttls, implicit or none
	cert       string // of the server, in a file
	mechanism  string // PLAIN or LOGIN
	password   string // of ana
	message    string // a file with LF ends
}

func (s handIn) address() string { return net.JoinHostPort(s.host, s.port) }

// mailPrograms are the programs that scripts and people send with, and how each
// is told to.
var mailPrograms = []struct {
	name    string
	command func(handIn) []string
	wrong   int    // exit status after a wrong password
	clear   int    // where no login is offered, since the line is open
	ends    string // what the program puts below a message itself
}{
	{"msmtp", msmtpCommand, 77, 69, ""},
	{"swaks", swaksCommand, 28, 28, "\r\n"},
	{"curl", curlCommand, 67, 55, ""}, // it goes on without a login, and is refused
}

func msmtpCommand(s handIn) []string {
	args := []string{"--file=/dev/null", "--host=" + s.host, "--port=" + s.port, "--auth=" + strings.ToLower(s.mechanism), "--user=ana",
		"--passwordeval=echo " + s.password, "--from=ana@office.example", "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off"}
	switch s.tls {
	case "starttls":
		args = append(args, "--tls=on", "--tls-starttls=on", "--tls-trust-file="+s.cert)
	case "implicit":
		args = append(args, "--tls=on", "--tls-starttls=off", "--tls-trust-file="+s.cert)
	case "none":
		args = append(args, "--tls=off")
	}
	return append(args, "ben@client.example")
}

func swaksCommand(s handIn) []string {
	args := []string{"--server", s.address(), "--auth", s.mechanism, "--auth-user", "ana", "--auth-password", s.password,
		"--from", "ana@office.example", "--to", "ben@client.example", "--data", "@" + s.message}
	switch s.tls {
	case "starttls":
		args = append(args, "--tls", "--tls-verify", "--tls-ca-path", s.cert)
	case "implicit":
		args = append(args, "--tls-on-connect", "--tls-verify", "--tls-ca-path", s.cert)
	}
	return args
}

func curlCommand(s handIn) []string {
	args := []string{"--silent", "--show-error", "--crlf", "--cacert", s.cert, "--user", "ana:" + s.password, "--login-options", "AUTH=" + s.mechanism,
		"--mail-from", "ana@office.example", "--mail-rcpt", "ben@client.example", "--upload-file", s.message}
	switch s.tls {
	case "starttls":
		args = append(args, "--ssl-reqd", "smtp://"+s.address())
	case "implicit":
		args = append(args, "smtps://"+s.address())
	case "none":
		args = append(args, "smtp://"+s.address())
	}
	return args
}

// submissionRelay has port 587 (STARTTLS) and port 465 (implicit TLS), as a
// server of submissions has. Nobody may relay without a login.
func submissionRelay(t testing.TB, box *mailbox) (p *process, starttls, implicit, cert string) {
	t.Helper()
	cert, key := certificate(t)
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf("listeners:\n"+
		"  - {address: \"127.0.0.1:0\", allow: [192.0.2.0/24], tls: {cert: %[1]q, key: %[2]q}}\n"+
		"  - {address: \"127.0.0.1:0\", allow: [192.0.2.0/24], tls: {cert: %[1]q, key: %[2]q, implicit: true}}\n", cert, key))
	p = serve(t, t.TempDir(), box.url(), "--config", config)
	return p, p.smtp[0], p.smtp[1], cert
}

// TestMailProgramsLogIn with PLAIN and LOGIN, over STARTTLS and implicit TLS, each
// with a TLS library of its own. A wrong password sends nothing, and over an
// open line none is ever sent.
func TestMailProgramsLogIn(t *testing.T) {
	box := newMailbox(t)
	box.password = "open-sesame"
	for _, program := range mailPrograms {
		needProgram(t, program.name, program.name)
	}
	p, starttls, implicit, cert := submissionRelay(t, box)
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	file := writeFile(t, "message.eml", strings.ReplaceAll(string(message), "\r\n", "\n"))
	send := func(t *testing.T, command func(handIn) []string, name, address string, s handIn) (output string, status int) {
		t.Helper()
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		s.host, s.port, s.cert, s.message = "localhost", port, cert, file
		cmd := exec.Command(name, command(s)...)
		cmd.Stdin = strings.NewReader(strings.ReplaceAll(string(message), "\r\n", "\n"))
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, program := range mailPrograms {
		t.Run(program.name, func(t *testing.T) {
			for _, mechanism := range []string{"PLAIN", "LOGIN"} {
				for how, address := range map[string]string{"starttls": starttls, "implicit": implicit} {
					before := len(box.got())
					s := handIn{tls: how, mechanism: mechanism, password: "open-sesame"}
					out, status := send(t, program.command, program.name, address, s)
					got := box.got()[before:]
					if status != 0 || len(got) != 1 {
						t.Fatalf("%s over %s: exit status %d, %d messages arrived\n%s", mechanism, how, status, len(got), out)
					}
					below, err := belowTrace(got[0].content)
					if err != nil || !bytes.Equal(below, append(message, program.ends...)) {
						t.Errorf("%s over %s: the message has changed (%v):\n%q", mechanism, how, err, below)
					}
					if got[0].user != "ana" || !bytes.Contains(got[0].content, []byte("with ESMTPSA")) {
						t.Errorf("%s over %s: it came as %q\n%.300s", mechanism, how, got[0].user, got[0].content)
					}

					s.password = "wrong-sesame"
					if out, status := send(t, program.command, program.name, address, s); status != program.wrong {
						t.Errorf("%s over %s, a wrong password: exit status %d, want %d\n%s", mechanism, how, status, program.wrong, out)
					}
				}
				line := newTap(t, starttls)
				out, status := send(t, program.command, program.name, line.address, handIn{tls: "none", mechanism: mechanism, password: "open-sesame"})
				if status != program.clear {
					t.Errorf("%s over an open line: exit status %d, want %d\n%s", mechanism, status, program.clear, out)
				}
				for _, secret := range []string{"AUTH " + mechanism, "sesame", base64Of("open-sesame"), authPlain("ana", "open-sesame")} {
					if strings.Contains(line.heard(), secret) {
						t.Errorf("%s over an open line has %q:\n%s", mechanism, secret, line.heard())
					}
				}
			}
		})
	}
	if n, want := len(box.got()), 4*len(mailPrograms); n != want {
		t.Errorf("%d messages arrived, want %d: those with the right password", n, want)
	}
	if strings.Contains(p.logged(), "sesame") {
		t.Errorf("a password is logged:\n%s", p.logged())
	}
	p.stop(t)
}

// tap is a line to a server that is listened to.
type tap struct {
	address string

	mu   sync.Mutex
	text bytes.Buffer // both ways
}

func newTap(t testing.TB, server string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // the test is over
	line := &tap{address: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go line.join(client, server)
		}
	}()
	return line
}

func (l *tap) join(client net.Conn, address string) {
	defer client.Close() // either side has ended it
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close() // as above
	go func() {
		io.Copy(io.MultiWriter(client, l), server) // until either side ends it
		client.Close()                             // as above
	}()
	io.Copy(io.MultiWriter(server, l), client) // as above
}

// Write notes what is said.
func (l *tap) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *tap) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
