package main

import (
	"fmt"
	"net"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
)

// openDoor makes the door of the listener at a place, and has its certificate
// renewed.
func (r *relay) openDoor(i int, at net.Addr) (proxy.Door, error) {
	door, shown, err := newDoor(r.cfg.Listeners[i])
	switch {
	case err != nil:
	case shown != nil:
		shown.where = fmt.Sprintf("listeners[%d].tls", i)
		r.show(shown, at, strconv.Itoa(i))
	case r.cfg.Listeners[i].TLS.Cert == configs.ByACME:
		r.showACME(at, strconv.Itoa(i))
		door.TLS, door.TLSReady = r.acme.TLS(), r.acme.Ready
	}
	return door, err
}

// newDoor makes a listener's door, and loads its certificate from files, nil
// without any.
func newDoor(l configs.Listener) (proxy.Door, *shownCertificate, error) {
	door := proxy.Door{
		Networks: l.Allow, Proxies: l.ProxyProtocol.From, XClient: l.XClient.From, XForward: l.XForward.From,
		InsecureAuth: l.InsecureAuth, Implicit: l.TLS.Implicit,
	}
	if l.TLS.Cert == "" || l.TLS.Cert == configs.ByACME {
		return door, nil, nil
	}
	shown, err := openCertificate("listeners.tls", l.TLS.Cert, l.TLS.Key)
	if err != nil {
		return door, nil, err
	}
	door.TLS = shown.config()
	return door, shown, nil
}
