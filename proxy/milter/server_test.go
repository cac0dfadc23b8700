package milter_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/milter"
)

var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// judge is a Handler made of a function.
type judge func(*milter.Message) milter.Answer

func (j judge) Judge(m *milter.Message) milter.Answer { return j(m) }

// accepts reads a message and accepts it, if it had all of it.
func accepts(m *milter.Message) milter.Answer {
	if _, err := io.Copy(io.Discard, m.Content); err != nil {
		return milter.Answer{}
	}
	return milter.Answer{Action: milter.Accept}
}

// start serves and returns the address.
func start(t testing.TB, network string, cfg milter.Config) net.Addr {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "milter.sock")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxSize == 0 {
		cfg.MaxSize = 1 << 20
	}
	s, done := milter.New(cfg), make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr()
}

// packet is one packet of the protocol.
func packet(command byte, data string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(data)+1))) + string(command) + data
}

// negotiation offers version 6, all actions and options but those of the sizes.
var negotiation = packet('O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff")

// conversation is a whole one, in one write.
var conversation = negotiation +
	packet('D', "Cj\x00mx.example\x00") + packet('C', "client.example\x004\x9c\x40192.0.2.7\x00") + packet('H', "client.example\x00") +
	packet('M', "<ana@sender.example>\x00BODY=8BITMIME\x00") + packet('R', "<ben@reader.example>\x00") + packet('T', "") +
	packet('L', "Subject\x00 words\x00") + packet('N', "") + packet('B', "some\r\n") + packet('E', "")

func dial(t testing.TB, at net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// answers reads the commands of the packets until the end of the connection, or n.
func answers(conn net.Conn, n int) string {
	var all strings.Builder
	for all.Len() < n {
		var length uint32
		if binary.Read(conn, binary.BigEndian, &length) != nil {
			break
		}
		data := make([]byte, length)
		if _, err := io.ReadFull(conn, data); err != nil {
			break
		}
		all.WriteByte(data[0])
	}
	return all.String()
}

// By TCP and by a Unix socket, with a message's whole conversation in one write:
// the negotiation, MAIL, RCPT and a body are answered, and the message is.
func TestConversation(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			conn := dial(t, start(t, network, milter.Config{Handler: judge(accepts), Networks: local}))
			io.WriteString(conn, conversation)
			if got := answers(conn, 5); got != "Occca" {
				t.Errorf("answers %q, want the negotiation, 3 to continue, accept", got)
			}
		})
	}
}

// Recipients are bounded in octets, too: a packet has room for a very long one.
func TestRecipientsAreBounded(t *testing.T) {
	conn := dial(t, start(t, "tcp", milter.Config{Handler: judge(accepts), Networks: local}))
	go io.WriteString(conn, negotiation+packet('M', "<ana@sender.example>\x00")+strings.Repeat(packet('R', "<"+strings.Repeat("x", 1<<20-100)+">\x00"), 17)+
		packet('M', "<ana@sender.example>\x00")+packet('R', "<ben@reader.example>\x00"))
	if got, want := answers(conn, 21), "Oc"+strings.Repeat("c", 16)+"y"+"cc"; got != want {
		t.Errorf("answers %q, want %q: the last is refused, and the next message has room again", got, want)
	}
}

// A mail server that waits is told that the answer is on its way, since its own
// patience may end before ours.
func TestWhoWaitsIsTold(t *testing.T) {
	slow := func(m *milter.Message) milter.Answer {
		a := accepts(m)
		time.Sleep(200 * time.Millisecond)
		return a
	}
	conn := dial(t, start(t, "tcp", milter.Config{Handler: judge(slow), Networks: local, Progress: 20 * time.Millisecond}))
	io.WriteString(conn, conversation)
	if got := answers(conn, 6); got != "Occcpp" {
		t.Errorf("answers %q, want two of progress before the last", got)
	}
}

// What a Handler does wrong is a temporary failure of its message: it panics, or
// gives no answer, or one that cannot be given.
func TestNothingIsAcceptedByMistake(t *testing.T) {
	for _, c := range []struct {
		name  string
		judge judge
	}{
		{"panic before reading", func(*milter.Message) milter.Answer { panic("a value") }},
		{"panic after reading", func(m *milter.Message) milter.Answer { accepts(m); panic("a value") }},
		{"no answer", func(m *milter.Message) milter.Answer { accepts(m); return milter.Answer{} }},
		{"an answer before the content", func(*milter.Message) milter.Answer { return milter.Answer{} }},
		{"a reply that is none", func(m *milter.Message) milter.Answer {
			accepts(m)
			return milter.Answer{Action: milter.Refuse, Reply: "no\r\n"}
		}},
		{"a reply of success to refuse with", func(m *milter.Message) milter.Answer {
			accepts(m)
			return milter.Answer{Action: milter.Refuse, Reply: "250 2.0.0 fine\r\n"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			var mu sync.Mutex
			conn := dial(t, start(t, "tcp", milter.Config{Handler: c.judge, Networks: local, Log: slog.New(slog.NewTextHandler(locked{&mu, &log}, nil))}))
			io.WriteString(conn, conversation)
			// A message may be answered at its body already.
			if got := answers(conn, 5); got != "Occct" && got != "Occt" {
				t.Errorf("answers %q, want a temporary failure at the end", got)
			}
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(log.String(), "a value") {
				t.Errorf("the log has what broke off: %s", log.String())
			}
		})
	}
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// Who may not connect, and who is one too many, is closed and counted.
func TestConnectionsAreBounded(t *testing.T) {
	results := make(chan string, 8)
	hooks := milter.Hooks{Connected: func(r string) { results <- r }}
	at := start(t, "tcp", milter.Config{Handler: judge(accepts), Networks: local, Connections: 1, Hooks: hooks})
	first := dial(t, at)
	io.WriteString(first, negotiation)
	if got := answers(first, 1); got != "O" {
		t.Fatalf("the first is answered %q", got)
	}
	if got := answers(dial(t, at), 1); got != "" {
		t.Errorf("one too many is answered %q", got)
	}
	stranger := start(t, "tcp", milter.Config{Handler: judge(accepts), Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Hooks: hooks})
	if got := answers(dial(t, stranger), 1); got != "" {
		t.Errorf("a stranger is answered %q", got)
	}
	for _, want := range []string{milter.Accepted, milter.OverLimit, milter.NotAllowed} {
		if got := <-results; got != want {
			t.Errorf("counted as %s, want %s", got, want)
		}
	}
}

// A mail server that is silent for too long is closed.
func TestSilenceEnds(t *testing.T) {
	conn := dial(t, start(t, "tcp", milter.Config{Handler: judge(accepts), Networks: local, Idle: 50 * time.Millisecond}))
	io.WriteString(conn, conversation[:len(conversation)-10])
	if got := answers(conn, 9); strings.ContainsAny(got, "ad") {
		t.Errorf("answers %q to a part of a message", got)
	}
}

// When the time to go down is over, what is not answered is not accepted.
func TestShutdownCutsWhatGoesOn(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := milter.New(milter.Config{Networks: local, MaxSize: 1 << 20, Log: slog.New(slog.DiscardHandler), Handler: judge(func(m *milter.Message) milter.Answer {
		a := accepts(m)
		close(asked)
		<-answer
		return a
	})})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn := dial(t, l.Addr())
	io.WriteString(conn, conversation)
	<-asked
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err == nil {
		t.Error("the message in progress is said to have ended")
	}
	if got := answers(conn, 100); got != "Occc" {
		t.Errorf("answers %q, want none to the message", got)
	}
	close(answer)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil { // waits for the connection
		t.Error(err)
	}
}

// What does not keep to the protocol ends the connection, and nothing else.
func TestPacketsThatAreNone(t *testing.T) {
	at := start(t, "tcp", milter.Config{Handler: judge(accepts), Networks: local})
	for _, c := range []struct{ name, bytes string }{
		{"an HTTP request", "GET / HTTP/1.1\r\nHost: example\r\n\r\n"},
		{"no length", "\x00\x00\x00\x00"},
		{"too long", "\x7f\xff\xff\xffO"},
		{"no negotiation", packet('M', "<a@b.example>\x00")},
		{"a short negotiation", packet('O', "\x00\x00\x00\x06")},
		{"version 1", packet('O', "\x00\x00\x00\x01\x00\x00\x01\xff\x00\x1f\xff\xff")},
		{"no action to add a header", packet('O', "\x00\x00\x00\x06\x00\x00\x00\x00\x00\x1f\xff\xff")},
		{"two negotiations", negotiation + negotiation},
		{"a connection without NUL", negotiation + packet('C', "name")},
		{"a connection without family", negotiation + packet('C', "name\x00")},
		{"a connection from no address", negotiation + packet('C', "name\x004\x00\x19nowhere\x00")},
		{"a connection from an IPv6 address as IPv4", negotiation + packet('C', "name\x004\x00\x19::1\x00")},
		{"a connection of no family", negotiation + packet('C', "name\x00X\x00\x19127.0.0.1\x00")},
		{"a connection without port", negotiation + packet('C', "name\x004")},
		{"a sender without NUL", negotiation + packet('M', "<a@b.example>")},
		{"a recipient without sender", negotiation + packet('R', "<a@b.example>\x00")},
		{"a field without value", negotiation + packet('M', "<>\x00") + packet('R', "<a@b>\x00") + packet('L', "Subject\x00")},
		{"a body without recipients", negotiation + packet('M', "<>\x00") + packet('B', "x") + packet('E', "")},
		{"an unknown command", negotiation + packet('?', "")},
		{"macros of nothing", negotiation + packet('D', "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, at)
			io.WriteString(conn, c.bytes)
			if got := answers(conn, 100); strings.ContainsAny(got, "adyrt") {
				t.Errorf("answers %q", got)
			}
		})
	}
	conn := dial(t, at)
	io.WriteString(conn, conversation)
	if got := answers(conn, 5); got != "Occca" {
		t.Errorf("after all that: %q", got)
	}
}

// FuzzPackets: nothing that a peer sends ends the process, and a message is
// judged only with a recipient, and accepted only when all of it was shown.
func FuzzPackets(f *testing.F) {
	for _, sent := range []string{
		conversation, conversation[:90], conversation + conversation[len(negotiation):],
		negotiation + packet('C', ""), negotiation + packet('A', ""), negotiation + packet('K', ""),
	} {
		f.Add(sent)
	}
	var mu sync.Mutex
	whole := 0
	at := start(f, "tcp", milter.Config{Networks: local, Handler: judge(func(m *milter.Message) milter.Answer {
		if len(m.To) == 0 || len(m.To) != len(m.RcptParams) {
			panic("a message to nobody")
		}
		a := accepts(m)
		if a.Action == milter.Accept {
			mu.Lock()
			whole++
			mu.Unlock()
		}
		return a
	})})
	f.Fuzz(func(t *testing.T, sent string) {
		mu.Lock()
		before := whole
		mu.Unlock()
		conn := dial(t, at)
		go func() {
			io.WriteString(conn, sent)
			conn.(*net.TCPConn).CloseWrite()
		}()
		accepted := strings.Count(answers(conn, 1<<20), "a")
		conn.Close()
		mu.Lock()
		defer mu.Unlock()
		if accepted > whole-before {
			t.Errorf("%d messages are accepted, %d were shown whole", accepted, whole-before)
		}
	})
}
