package main

import (
	"context"
	"net"
	"syscall"
	"testing"
)

// TestAcceptedConnectionsAreProbed: a client whose machine is gone must not hold its
// connection for ever.
func TestAcceptedConnectionsAreProbed(t *testing.T) {
	if config := listenConfig(); config.MultipathTCP() {
		t.Error("the socket is one of Multipath TCP, of which Linux before 6.10 sets no times: nothing would listen")
	}
	of := func(config net.ListenConfig) (set [4]int) {
		listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = raw.Control(func(fd uintptr) {
			for i, o := range [4][2]int{
				{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE}, {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
				{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL}, {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
			} {
				if set[i], err = syscall.GetsockoptInt(int(fd), o[0], o[1]); err != nil {
					t.Error(err)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	if got, want := of(listenConfig()), of(net.ListenConfig{}); got != want || got[0] != 1 {
		t.Errorf("keepalive, idle, interval, tries: %v, want Go's own %v", got, want)
	}
}
