// Package grafana makes the dashboard of bulkhead.json: the questions of who
// runs mail, a row for each.
//
// What is always true: the file is what this package makes, which a test holds
// it to, and every query asks only for what a relay tells, for the jobs and
// instances that are picked above it. Nothing in it depends on recording rules.
package grafana

//go:generate go test . -run TestTheFileIsWhatTheCodeMakes -update
