package events_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/events"
	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// events of several kinds, one with letters beyond ASCII, for the receivers.
func told(t *testing.T) []events.Told {
	t.Helper()
	w := writer(events.Plain)
	verdict, err := w.Verdict(held())
	if err != nil {
		t.Fatal(err)
	}
	decision, err := w.Decision(&events.Decision{At: at, Seq: 7, Act: "refused", By: "Zoë", Message: "BH-7K2M-Q9XD"})
	if err != nil {
		t.Fatal(err)
	}
	return []events.Told{verdict, decision}
}

// check holds a parsed message to the event that it was.
func check(t *testing.T, m syslog.Message, want events.Told) {
	t.Helper()
	got, is := m.(*rfc5424.SyslogMessage)
	if !is || got == nil {
		t.Fatalf("no message of RFC 5424: %v", m)
	}
	if *got.Facility != 2 || *got.Severity != uint8(want.Severity) || got.Version != 1 || !got.Timestamp.Equal(at) ||
		*got.Hostname != "relay.example" || *got.Appname != "bulkhead" || *got.MsgID != want.ID || *got.Message != string(want.JSON) {
		t.Errorf("the message is %+v, its text %s", got, *got.Message)
	}
}

func newSyslog(t *testing.T, url string, roots *tls.Config) *events.Syslog {
	t.Helper()
	s, err := events.NewSyslog(url, "relay.example", roots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // nothing is sent any more
	return s
}

func sendAll(t *testing.T, s *events.Syslog, batch []events.Told) {
	t.Helper()
	if n, err := s.Send(t.Context(), batch); n != len(batch) || err != nil {
		t.Fatal(n, err)
	}
}

// Over datagrams each message is one, in the form of RFC 5424 to the letter.
func TestDatagrams(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "log")
	unix, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	for url, l := range map[string]net.PacketConn{"udp://" + udp.LocalAddr().String(): udp, "unix://" + socket: unix} {
		defer l.Close()
		batch := told(t)
		sendAll(t, newSyslog(t, url, nil), batch)
		for i := range batch {
			buf := make([]byte, 64<<10)
			l.SetReadDeadline(time.Now().Add(30 * time.Second))
			n, _, err := l.ReadFrom(buf)
			if err != nil {
				t.Fatal(url, err)
			}
			m, err := rfc5424.NewParser().Parse(buf[:n])
			if err != nil {
				t.Fatalf("%s: %v: %s", url, err, buf[:n])
			}
			check(t, m, batch[i])
		}
	}
}

// receive parses what comes on connections, behind its length.
func receive(l net.Listener) <-chan *syslog.Result {
	got := make(chan *syslog.Result, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				p := octetcounting.NewParser(syslog.WithListener(func(r *syslog.Result) { got <- r }), syslog.WithMaxMessageLength(64<<10))
				p.Parse(conn)
				conn.Close()
			}()
		}
	}()
	return got
}

func next(t *testing.T, got <-chan *syslog.Result) syslog.Message {
	t.Helper()
	select {
	case r := <-got:
		if r.Error != nil {
			t.Fatal(r.Error)
		}
		return r.Message
	case <-time.After(30 * time.Second):
		t.Fatal("nothing comes")
		return nil
	}
}

// Over TCP and TLS each message stands behind its length in octets, and a server
// is believed only with a certificate of the given roots.
func TestStreams(t *testing.T) {
	cert, roots := selfSigned(t)
	for _, scheme := range []string{"tcp", "tls"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		address := scheme + "://" + l.Addr().String()
		if scheme == "tls" {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
		got := receive(l)
		batch := told(t)
		sendAll(t, newSyslog(t, address, &tls.Config{RootCAs: roots}), batch)
		for i := range batch {
			check(t, next(t, got), batch[i])
		}
		if scheme != "tls" {
			continue
		}
		if n, err := newSyslog(t, address, nil).Send(t.Context(), batch); n != 0 || err == nil {
			t.Errorf("%d events go to a server that nobody vouches for: %v", n, err)
		}
	}
}

// A server that was away for a while gets what waited, and what comes after it
// has closed its connection is not written into the void.
func TestAServerComesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	var counts tally
	s := events.New(events.Config{Targets: []events.Target{newSyslog(t, "tcp://"+address, nil)}, Queue: 10, Count: counts.count, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	batch := told(t)
	s.Send(batch[0])
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	l.Close()
	eventually(t, "the first is sent", func() bool { return counts.of("syslog ok") == 1 })
	time.Sleep(300 * time.Millisecond) // for the close to arrive
	s.Send(batch[1])
	time.Sleep(100 * time.Millisecond)
	if n := counts.of("syslog ok"); n != 1 {
		t.Fatalf("%d events count as sent to a server that is away", n)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check(t, next(t, receive(l)), batch[1])
	cancel()
	<-done
	if ok, dropped := counts.of("syslog ok"), counts.of("syslog dropped"); ok != 2 || dropped != 0 {
		t.Errorf("%d are sent and %d dropped", ok, dropped)
	}
}

func TestSyslogAddresses(t *testing.T) {
	for _, bad := range []string{"", "siem:514", "http://siem:514", "udp://siem", "tcp://"} {
		if _, err := events.NewSyslog(bad, "relay.example", nil); err == nil || !strings.HasPrefix(err.Error(), "syslog: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
