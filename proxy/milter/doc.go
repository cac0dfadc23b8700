// Package milter is how a mail server asks about its mail: the milter protocol
// of Sendmail 8 (versions 2 to 6, SMFIC_* and SMFIR_* in libmilter's mfdef.h),
// which Postfix has too.
//
// The mail server shows a message as it has taken it, and keeps the delivery. A
// [Handler] reads the message and gives the [Answer]; what it reads is made from
// the fields and chunks of the protocol so that it has the octets that the mail
// server is going to deliver, below its own Received line.
//
// What is always true:
//   - Fail closed: an error, a panic, a limit or a mail server that breaks off
//     never means "accept". The zero [Answer] is a temporary failure.
//   - One answer: a message is accepted, discarded or refused once, after all of
//     it was shown.
//   - Bounded: connections, octets of a packet and of a message, and the time of
//     silence. Nothing that a peer sends ends the process.
package milter
