//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangUps tells of hang-up signals, by which programs are asked to read their
// files again, until the context ends.
func hangUps(ctx context.Context) <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	told := make(chan struct{})
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
			select {
			case told <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return told
}
