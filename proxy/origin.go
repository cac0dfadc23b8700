package proxy

import (
	"net/netip"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// Two things may be known of where a message comes from. The client, by its socket,
// the PROXY protocol or XCLIENT, is who may relay, and who stands in the trace line.
// What a mail server in front says by XFORWARD gives no rights, but is what the
// message is counted, logged and kept by: a mailing that comes through it is that of
// its own client.

// from returns whom the transaction's message is counted, logged and kept by.
func (ss *session) from() netip.Addr {
	if f := ss.tx.forwarded; f != nil && f.Addr.IsValid() {
		return f.Addr
	}
	return ss.client()
}

// forward tells the upstream where the next message comes from, if it asks.
func (ss *session) forward(conn upstream.Conn, forwarded *wire.Origin) {
	if conn.Extensions().Has("XFORWARD") {
		conn.Forward(ss.origin(forwarded))
	}
}

// origin returns what the upstream is told of where a message comes from, so that its
// log names the same: what a mail server in front has said, or else what is known of
// the client. The two are never mixed.
func (ss *session) origin(forwarded *wire.Origin) []upstream.Attribute {
	o, extra := ss.wire.Client(), []upstream.Attribute(nil)
	if o.Helo, o.Proto = ss.helo, "ESMTP"; forwarded != nil {
		o = *forwarded
		// Only who has queued the message knows these; Postfix rewrites what is LOCAL.
		for _, a := range []upstream.Attribute{{Name: "IDENT", Value: o.Ident}, {Name: "SOURCE", Value: o.Source}} {
			if a.Value != "" {
				extra = append(extra, a)
			}
		}
	}
	addr, port := "", ""
	if o.Addr.IsValid() {
		if addr = o.Addr.String(); o.Addr.Is6() {
			addr = "IPV6:" + addr
		}
		if o.Port != 0 {
			port = strconv.Itoa(int(o.Port))
		}
	}
	return append([]upstream.Attribute{
		{Name: "NAME", Value: o.Name}, {Name: "ADDR", Value: addr}, {Name: "PORT", Value: port},
		{Name: "PROTO", Value: o.Proto}, {Name: "HELO", Value: o.Helo},
	}, extra...)
}
