package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
)

// sockets are the listening sockets that a service manager has opened for this
// process and keeps open when it ends (sd_listen_fds(3)): clients that come while
// the program is replaced wait in their queues, where they are neither refused
// nor reset. nil is none.
type sockets struct{ left []socket }

type socket struct {
	name     string // FileDescriptorName= in the manager's unit
	listener net.Listener
}

// The names of sockets. One by another name is taken by its address alone.
const (
	socketSMTP    = "smtp"
	socketMilter  = "milter"
	socketAdmin   = "admin"
	socketMetrics = "metrics"
)

// inheritedSockets takes over what the service manager has passed on.
func inheritedSockets() (*sockets, error) {
	s := &sockets{}
	for _, file := range activation.Files(true) {
		listener, err := net.FileListener(file)
		file.Close() //nolint:errcheck // the listener has a descriptor of its own
		if err != nil {
			s.close()
			return nil, fmt.Errorf("the socket %q that was passed on is no listening stream socket; have the unit say ListenStream=: %w", file.Name(), err)
		}
		s.left = append(s.left, socket{file.Name(), listener})
	}
	return s, nil
}

// listen takes the socket that was passed on for an address of the
// configuration, or else opens the address. A socket is taken by its name and
// its address, so that none gets the TLS and the networks of another.
func (s *sockets) listen(name, address string) (net.Listener, error) {
	if s != nil {
		for i, have := range s.left {
			if have.isFor(name) && agrees(address, have.listener.Addr()) {
				s.left = slices.Delete(s.left, i, i+1)
				return have.listener, nil
			}
		}
	}
	config := listenConfig()
	return config.Listen(context.Background(), "tcp", address)
}

// unclaimed reports an error if no setting has the address of a socket: clients
// would wait in its queue for ever.
func (s *sockets) unclaimed() error {
	if s == nil || len(s.left) == 0 {
		return nil
	}
	var all []string
	for _, have := range s.left {
		all = append(all, fmt.Sprintf("%s (%s)", have.listener.Addr(), have.name))
	}
	return fmt.Errorf("sockets were passed on that no setting has the address of: %s; make ListenStream= of the socket units, and listeners, milter.listen, admin.address and metrics.address of the configuration, the same",
		strings.Join(all, ", "))
}

// close gives up what was not taken.
func (s *sockets) close() {
	if s == nil {
		return
	}
	for _, have := range s.left {
		have.listener.Close() //nolint:errcheck // nothing came by it
	}
	s.left = nil
}

func (s socket) isFor(name string) bool {
	return s.name == name || !slices.Contains([]string{socketSMTP, socketMilter, socketAdmin, socketMetrics}, s.name)
}

// agrees reports whether a socket is one that would be opened for an address.
// Port 0 is any, and so any address of the machine is another's.
func agrees(address string, have net.Addr) bool {
	is, tcp := have.(*net.TCPAddr)
	want, err := net.ResolveTCPAddr("tcp", address)
	if !tcp || err != nil {
		return false
	}
	everywhere := want.IP == nil || want.IP.IsUnspecified()
	return (want.Port == 0 || want.Port == is.Port) && (everywhere && is.IP.IsUnspecified() || want.IP.Equal(is.IP))
}
