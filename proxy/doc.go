// Package proxy is the relay: SMTP sessions, the spool of a message as it was
// received, and the one path from the final dot to a verdict and its outcome.
//
// What is always true:
//   - No silent loss: a client is told 250 only after the upstream has said
//     so, or after the held copy is on stable storage.
//   - Fail closed: an error, a timeout, a panic or an exhausted limit never
//     means "deliver". Content that was not read is a value for the policy.
//   - Same bytes: what was inspected is what is delivered or stored, below one
//     Received line (and, for a tagged message, one header line) of ours. A
//     mail server that asks by the milter protocol delivers what it has shown.
//   - No leak: no value from a message or an envelope stands in a log, a
//     metric label, an error or a reply; only kinds, counts and places.
//
// The way of a message is the function deliver. A front is where a message
// comes in and its outcome is carried out: session turns SMTP commands into it,
// milterFront what a mail server asks by the milter protocol. reply is the one
// place where outcomes become SMTP codes.
package proxy
