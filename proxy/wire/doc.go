// Package wire owns what happens between a client's socket and go-smtp.
//
// A [Listener] is given to smtp.Server.Serve, and there is a [Conn] for each
// client. go-smtp reads from it one whole command line at a time and writes
// its replies to it, so that the two are in lockstep: wire always knows which
// command is being answered. Each known defect of go-smtp's server has its
// remedy here, and nowhere else. [Prepare] sets the server up for it.
//
// What is always true:
//
//   - No byte of a message is ever run as a command. A message ends at
//     CRLF.CRLF, or at the last octet of its last chunk, and nowhere else;
//     when its reading fails for any reason the connection is dead, and what
//     follows is not looked at.
//   - DATA and BDAT LAST are answered with a 2xx only when [Body] gave the
//     session the whole message, without an error.
//   - go-smtp sees commands that are in order, of bounded length, without
//     control characters, with known parameters and a valid path.
//   - go-smtp never sees TLS. After STARTTLS it gets a new connection and the
//     session a new life; nothing said in the clear is remembered.
//   - Who the client is does not change within a session. Who may say it, by the
//     PROXY protocol before the first octet or by XCLIENT, begins a new one; and
//     what had come before XCLIENT was answered is not run for the client it names.
//   - A connection of go-smtp serves another client only after one that left it as
//     it was new: with QUIT, between messages, without login, BDAT or an error.
//   - Every wait has an end, and every connection a bounded number of errors.
//   - No reply, error or hook carries an address or any content.
package wire
