package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// ledgerSink is a mail server that takes everything, and knows of each message how
// often it has come and whether it was whole. Postfix's smtp-sink only counts, or
// writes each message to a file that has no name of its reader: a message that comes
// twice beside one that never comes would not be seen.
type ledgerSink struct {
	address string
	known   map[string]*fleetMailing // by name

	mu    sync.Mutex
	got   map[string]int // by reader
	wrong []string
}

func newLedgerSink(t testing.TB, known ...*shipment) *ledgerSink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &ledgerSink{address: l.Addr().String(), known: map[string]*fleetMailing{}, got: map[string]int{}}
	for _, m := range known {
		k.known[m.name] = m.fleetMailing
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &ledgerSession{ledgerSink: k}, nil }))
	server.EnableSMTPUTF8, server.EnableDSN = true, true
	server.ErrorLog = log.New(io.Discard, "", 0) // relays that are killed are part of it
	serveSMTP(t, server, l)
	return k
}

func (k *ledgerSink) url() string { return "smtp://" + k.address }

// times is how often a message has come.
func (k *ledgerSink) times(reader string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.got[reader]
}

// checkCopy says what is wrong with a message as it came to a reader.
func checkCopy(known map[string]*fleetMailing, reader string, content []byte) error {
	name, n, err := readerOf(reader)
	m := known[name]
	if err != nil || m == nil {
		return fmt.Errorf("nobody has sent anything to %q", reader)
	}
	below, err := belowTrace(content)
	if err != nil {
		return fmt.Errorf("to %s: %w", reader, err)
	}
	if !bytes.Equal(below, m.content(n)) {
		return fmt.Errorf("to %s: %d bytes, which are not what was sent", reader, len(below))
	}
	return nil
}

type ledgerSession struct {
	*ledgerSink
	readers []string
}

func (s *ledgerSession) Reset()                               { s.readers = nil }
func (s *ledgerSession) Logout() error                        { return nil }
func (s *ledgerSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *ledgerSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.readers = append(s.readers, to)
	return nil
}

// Data takes a message: it is in the ledger before it is answered.
func (s *ledgerSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, reader := range s.readers {
		fault := checkCopy(s.known, reader, content)
		s.mu.Lock()
		s.got[reader]++
		if fault != nil {
			s.wrong = append(s.wrong, fault.Error())
		}
		s.mu.Unlock()
	}
	return nil
}
