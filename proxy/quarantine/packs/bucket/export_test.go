package bucket

import (
	"context"
	"net"
)

// DialTo has requests go to an address, whatever the endpoint's name leads to.
func (o *Options) DialTo(address string) {
	o.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}
