// Package upstream owns one mail transaction with the server behind the
// relay: over SMTP (RFC 5321), LMTP (RFC 2033), or into a Maildir for trials.
//
// What is always true:
//
//   - A transaction ends accepted, deferred, refused or unknown. Unknown means
//     that the end of the content was sent and no answer came, so the message
//     may have been delivered; it is never reported as anything else.
//   - Nothing the upstream did not say is reported as its answer: a [Reply] has
//     the upstream's own codes and lines, every other ending is an [*Error]
//     that names the stage it happened in.
//   - Content goes out byte for byte. What DATA cannot carry (a lone CR or LF)
//     and content of another length than announced is never finished: the
//     connection is dropped before the final dot.
//   - No argument can become a second command: CR, LF, NUL, angle brackets and
//     unquoted spaces are refused before anything is written.
//   - A connection that carried a client's credentials, or whose last exchange
//     did not end cleanly, is never used for another session.
//   - A cancelled context interrupts I/O at once and never sends the dot.
//
// Addresses, credentials and reply texts appear in no error of this package.
package upstream
