package milter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// maxPacket bounds a packet: Postfix puts up to 64 KiB of a body in one, and a
// header field whole.
const maxPacket = 1 << 20

// keptRoom is the room for packets that is kept from one to the next: a chunk of a
// body with its head.
const keptRoom = 64<<10 + 16

// link is a mail server's connection. It hands on whole packets only, and of
// those only what go-milter can read without a fault: that has no bound of ours,
// and a panic in its goroutine would end the process.
type link struct {
	net.Conn
	in     *bufio.Reader
	idle   time.Duration
	closed chan struct{}
	once   sync.Once
	forget func() // called once, when it is closed

	packet []byte // what is not read of the packet yet, a part of room
	room   []byte
	first  bool  // no packet was read yet
	fault  error // what the connection ended with, nil if in order

	mu    sync.Mutex
	busy  bool // in a transaction
	drain bool // to be closed when it is not
}

func newLink(conn net.Conn, idle time.Duration, forget func()) *link {
	return &link{
		Conn: conn, in: bufio.NewReaderSize(conn, 4<<10), idle: idle, first: true,
		closed: make(chan struct{}), forget: forget,
	}
}

// Read gives the octets of whole packets. The end of the connection, and all
// that is wrong with it, is io.EOF to go-milter, which logs other errors itself.
func (k *link) Read(p []byte) (int, error) {
	if len(k.packet) == 0 {
		if err := k.next(); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				k.fault = err
			}
			return 0, io.EOF
		}
	}
	n := copy(p, k.packet)
	k.packet = k.packet[n:]
	return n, nil
}

// next reads the next packet: four octets with its length, a command, data.
func (k *link) next() error {
	if !k.await() {
		return io.EOF
	}
	var head [4]byte
	if _, err := io.ReadFull(k.in, head[:]); err != nil {
		return err
	}
	length := int(binary.BigEndian.Uint32(head[:]))
	if length < 1 || length > maxPacket {
		return fmt.Errorf("packet of %d octets: want 1 to %d", length, maxPacket)
	}
	if need := len(head) + length; cap(k.room) < need || cap(k.room) > keptRoom && need <= keptRoom {
		k.room = make([]byte, max(need, 4<<10))
	}
	k.room = k.room[:len(head)+length]
	copy(k.room, head[:])
	if _, err := io.ReadFull(k.in, k.room[len(head):]); err != nil {
		return err
	}
	if err := check(k.room[len(head)], k.room[len(head)+1:], k.first); err != nil {
		return err
	}
	k.packet, k.first = k.room, false
	return nil
}

// check reports a packet that does not have what its command needs.
func check(command byte, data []byte, first bool) error {
	if (command == 'O') != first {
		return fmt.Errorf("command %q: want the negotiation first, and once", command)
	}
	end := bytes.IndexByte(data, 0)
	switch command {
	case 'O':
		if len(data) < 12 {
			return fmt.Errorf("negotiation of %d octets: want 12", len(data))
		}
	case 'C': // name NUL family [port address NUL]
		if end < 0 || len(data) < end+2 {
			return errors.New("connection without a name and a family")
		}
		return checkPeer(data[end+1], data[end+2:])
	case 'M', 'R', 'H', 'U':
		if end < 0 {
			return fmt.Errorf("command %q without the NUL after its argument", command)
		}
	case 'L':
		if bytes.Count(data, []byte{0}) != 2 || data[len(data)-1] != 0 {
			return errors.New("header field that is not two strings")
		}
	case 'D':
		if len(data) == 0 {
			return errors.New("macros of no command")
		}
	case 'T', 'N', 'B', 'E', 'A', 'K', 'Q':
	default:
		return fmt.Errorf("command %q is not known", command)
	}
	return nil
}

// checkPeer reports a client's address that is not one of its family: a port in
// two octets and, in text, an IPv4 or IPv6 address. Sendmail puts "IPv6:" before
// the latter.
func checkPeer(family byte, rest []byte) error {
	switch family {
	case 'U':
		return nil
	case 'L', '4', '6':
		if len(rest) < 2 {
			return errors.New("connection without a port")
		}
	default:
		return fmt.Errorf("connection of the family %q", family)
	}
	text, _, _ := bytes.Cut(rest[2:], []byte{0})
	addr, err := netip.ParseAddr(strings.TrimPrefix(string(text), "IPv6:"))
	if family == '4' && (err != nil || !addr.Is4()) || family == '6' && (err != nil || addr.Zone() != "") {
		return errors.New("connection from an address that is none of its family")
	}
	return nil
}

// await makes ready to wait for a packet. It returns false if the connection is
// to end instead.
func (k *link) await() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.drain && !k.busy {
		return false
	}
	return k.Conn.SetReadDeadline(time.Now().Add(k.idle)) == nil
}

// setBusy says whether a transaction is under way.
func (k *link) setBusy(busy bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy = busy
}

// endSoon ends the connection: at once, or after the transaction under way.
func (k *link) endSoon() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drain = true
	if !k.busy {
		_ = k.Conn.SetReadDeadline(time.Unix(1, 0)) // ends the Read that waits
	}
}

// Write implements net.Conn. A mail server that has gone is no news for the log.
func (k *link) Write(p []byte) (int, error) {
	n, err := k.Conn.Write(p)
	if err != nil {
		err = net.ErrClosed
	}
	return n, err
}

// SetReadDeadline does nothing: the link has its own, and go-milter would allow
// one second for the first packet.
func (k *link) SetReadDeadline(time.Time) error { return nil }

// Close implements net.Conn.
func (k *link) Close() error {
	err := k.Conn.Close()
	k.once.Do(func() {
		close(k.closed)
		k.forget()
	})
	return err
}

// watch returns a context that ends, with the cause ErrGone, when the peer
// closes. It reads ahead, so that nobody else may read before stop.
func (k *link) watch() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	if k.in.Buffered() > 0 {
		return ctx, func() { cancel(nil) }
	}
	_ = k.Conn.SetReadDeadline(time.Time{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := k.in.Peek(1); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			cancel(ErrGone)
		}
	}()
	return ctx, sync.OnceFunc(func() {
		// A deadline in the past makes the read return; an octet that it got
		// stays in the buffer.
		_ = k.Conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		cancel(nil)
	})
}
