package wire_test

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// short is a listener that is out of descriptors for its first tries.
type short struct {
	net.Listener
	left atomic.Int32
}

func (s *short) Accept() (net.Conn, error) {
	if s.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return s.Listener.Accept()
}

func TestWantOfDescriptorsIsToldAndWaitedOut(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var told atomic.Int32
	s := &short{Listener: inner}
	s.left.Store(3)
	l := wire.NewListener(s, wire.Config{Hooks: wire.Hooks{AcceptFailed: func(error) { told.Add(1) }}})
	defer l.Close()
	client, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n := told.Load(); n != 3 {
		t.Errorf("told of %d failures, want 3", n)
	}
}
