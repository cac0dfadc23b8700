package main

import (
	"fmt"
	"runtime/debug"
)

// version is the release; it is set when a release is linked.
var version = "0.1.0-dev"

type versionCommand struct{}

// Run prints the version and the source revision.
func (versionCommand) Run(p program) error {
	_, err := fmt.Fprintf(p.stdout, "bulkhead %s (%s)\n", version, revision())
	return err
}

// revision returns the source revision that the program was built from.
func revision() string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}
