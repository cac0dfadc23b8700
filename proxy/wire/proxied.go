package wire

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pires/go-proxyproto"
)

// headerBuffer holds all of a header of version 1 (107 octets), and one of version
// 2 with a few fields.
const headerBuffer = 256

// Why a connection to a listener that is behind proxies is closed.
var (
	errNotProxy = errors.New("PROXY protocol: not from the address of a proxy")
	errNotTCP   = errors.New("PROXY protocol: the client does not come over TCP")
)

// proxied is a socket whose first octets are a header of the PROXY protocol,
// and not the client's. Reading them is left to [proxied.header]: the library's own
// connection reads them whenever anything is asked of it, tells the proxy's
// address for the client's where there is no header, and cannot end its writing
// side alone.
type proxied struct {
	net.Conn
	in *bufio.Reader // nil once nothing is left in it
}

func newProxied(raw net.Conn) *proxied {
	return &proxied{Conn: raw, in: bufio.NewReaderSize(raw, headerBuffer)}
}

// Read gives what came with the header first.
func (p *proxied) Read(b []byte) (int, error) {
	if p.in != nil && p.in.Buffered() > 0 {
		return p.in.Read(b)
	}
	p.in = nil
	return p.Conn.Read(b)
}

// CloseWrite ends our side, so that the client has the last reply.
func (p *proxied) CloseWrite() error {
	half, ok := p.Conn.(interface{ CloseWrite() error })
	if !ok {
		return net.ErrClosed
	}
	return half.CloseWrite()
}

// header reads the header, and returns whom the proxy speaks for. A connection of
// the proxy's own, such as a health check (LOCAL, or UNKNOWN in version 1), is the
// proxy's.
func (p *proxied) header() (netip.AddrPort, error) {
	h, err := proxyproto.Read(p.in)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("PROXY protocol: %w", err)
	}
	if h.Command.IsLocal() {
		return addrPort(p.RemoteAddr()), nil
	}
	client := addrPort(h.SourceAddr)
	if !client.IsValid() {
		return client, errNotTCP
	}
	return client, nil
}

// announced waits for the header of a link that is registered, and returns whom it
// is for. It does not outlast Timeouts.Header, however slowly octets come, nor
// Timeouts.Farewell once Shutdown is called.
func (k *link) announced(p *proxied) (netip.AddrPort, error) {
	k.mu.Lock()
	k.by = time.Now().Add(k.l.cfg.Timeouts.Header)
	if k.ending {
		k.hurry()
	}
	k.waiting = hurries
	k.setReadBy(k.by)
	k.mu.Unlock()

	client, err := p.header()

	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = stays
	if err != nil && k.ending {
		return client, errGoingDown
	}
	return client, err
}

// addrPort returns the address and port of a TCP address without zone, the zero
// AddrPort of any other.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	// No prefix contains an address with a zone.
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// within reports whether one of the networks holds an address.
func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}
