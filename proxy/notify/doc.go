// Package notify owns what people are told of held mail: reviewers by mail and
// webhook, senders by mail.
//
// What is always true:
//
//   - No personal value: kinds, counts, policies and ids only. The one
//     exception is a non-delivery notice, which returns to a sender the header
//     and the recipients of the sender's own message (RFC 3464).
//   - One notice for an incident, then a digest; never one for each message. A
//     sender gets at most one for a run, and one when it is decided.
//   - No backscatter. A sender is told only where the client had authenticated
//     or the address is listed, never at the null path, and only of mail that
//     was answered 250: any other client knows already.
//   - A notice is posted before it is sent, under a key that is used once, so
//     that neither a restart nor another process sends it twice, and what
//     cannot be sent now is tried again.
//   - Mail goes out with the null reverse path where it answers mail, marked
//     Auto-Submitted (RFC 3834), straight to the upstream: it is not inspected.
package notify
