package main

import (
	"net"
	"os"
	"syscall"
	"time"
)

// keepAlive is Go's own: after so long without a word, so often.
const (
	keepAliveIdle  = 15 * time.Second
	keepAliveProbe = 15 * time.Second
	keepAliveTries = 9
)

// listenConfig has connections probed that say nothing. In Linux they have it of the
// socket that they are accepted from (tcp(7), socket(7)); Go would set it on each, by
// four system calls, and many clients make a connection for each message. The socket
// is one of TCP: before Linux 6.10 those of Multipath TCP, which Go would open, take
// none of it (EOPNOTSUPP).
func listenConfig() net.ListenConfig {
	config := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = probe(int(fd)) })
		if err == nil {
			err = failed
		}
		return err
	}}
	config.SetMultipathTCP(false)
	return config
}

// probe sets on a socket that connections are probed.
func probe(fd int) error {
	for _, o := range []struct{ level, option, value int }{
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, int(keepAliveIdle.Seconds())},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, int(keepAliveProbe.Seconds())},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, keepAliveTries},
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
	} {
		if err := syscall.SetsockoptInt(fd, o.level, o.option, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
