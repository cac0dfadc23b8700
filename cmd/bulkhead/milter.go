package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
)

// listenMilter opens the address that mail servers ask at, nil if there is none.
func listenMilter(m *configs.Milter, passedOn *sockets) (net.Listener, error) {
	if !m.On() {
		return nil, nil
	}
	network, address := m.Network()
	if network != "unix" {
		l, err := passedOn.listen(socketMilter, address)
		if err != nil {
			return nil, fmt.Errorf("milter.listen: %w", err)
		}
		return l, nil
	}
	l, err := listenSocket(address)
	if err != nil {
		return nil, fmt.Errorf("milter.listen: %w", err)
	}
	// For the mail server, which is of the socket's group then.
	if err := os.Chmod(address, 0o660); err != nil {
		return nil, errors.Join(fmt.Errorf("milter.listen: %w", err), l.Close())
	}
	return l, nil
}

// listenSocket opens a Unix socket, in place of one that a process which is no
// more has left.
func listenSocket(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	conn, refused := net.DialTimeout("unix", path, time.Second)
	if refused == nil {
		conn.Close() //nolint:errcheck // it was only tried
		return nil, err
	}
	if !errors.Is(refused, syscall.ECONNREFUSED) {
		return nil, err
	}
	if err := os.Remove(path); err != nil {
		return nil, err
	}
	return net.Listen("unix", path)
}

// serveMilter answers mail servers, if they may ask.
func (r *relay) serveMilter(failed chan<- error) {
	if r.milter == nil {
		return
	}
	m := &r.cfg.Milter
	door := proxy.MilterDoor{Networks: m.Allow, Connections: m.MaxConnections, Idle: m.IdleTimeout}
	go func() { failed <- r.smtp.ServeMilter(r.milter, door) }()
	r.log.Info("answering mail servers", "address", r.milter.Addr().String(), "releases_to", r.upstream.String())
}
