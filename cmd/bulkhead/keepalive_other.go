//go:build !linux

package main

import "net"

// listenConfig has connections probed that say nothing, as Go does.
func listenConfig() net.ListenConfig { return net.ListenConfig{} }
