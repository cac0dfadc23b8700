package main

import (
	"fmt"
	"runtime/debug"
	"strings"
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
	if r := buildSetting("vcs.revision"); r != "" {
		return r
	}
	return "unknown"
}

// revisionDate is the day of that revision, as 2006-01-02, or empty.
func revisionDate() string {
	day, _, _ := strings.Cut(buildSetting("vcs.time"), "T")
	return day
}

func buildSetting(key string) string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}
