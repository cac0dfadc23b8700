//go:build !unix

package main

import "context"

// hangUps never tells: there is no such signal.
func hangUps(context.Context) <-chan struct{} { return nil }
