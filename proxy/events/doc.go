// Package events tells other programs, such as a SIEM, of every verdict and
// every decision: as JSON with the field names of the Elastic Common Schema, to
// a file, to a syslog server (RFC 5424) or to a webhook.
//
// What is always true: no event holds a value of a message's content, and none
// an address in the clear unless [Plain] was chosen. Sending never blocks and
// never delays who sends: each target has a queue with a bound, and an event
// that finds it full is dropped for that target, and counted. Every event is in
// the end counted once for each target, as sent or as dropped.
package events
