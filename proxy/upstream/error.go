package upstream

import (
	"errors"
	"fmt"
)

// Stage is the step of a transaction in which it failed.
type Stage string

// The stages, in the order in which a connection passes them.
const (
	StageDial     Stage = "dial"
	StageGreeting Stage = "greeting"
	StageHello    Stage = "ehlo"
	StageStartTLS Stage = "starttls"
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"  // DATA or BDAT up to, not including, the end of the content
	StageFinal    Stage = "final" // the end of the content was sent
	StageReset    Stage = "reset"
)

var (
	// ErrClosed says that the Server or the Conn has been closed.
	ErrClosed = errors.New("closed")
	// ErrArgument says that a path, a parameter or a mechanism could not be
	// put into one command line; nothing was written.
	ErrArgument = errors.New("not one command argument")
	// ErrContent says that the content cannot be sent as it is: a lone CR or
	// LF under DATA, another length than announced, or a failing reader. The
	// connection was dropped before the content was complete.
	ErrContent = errors.New("content cannot be sent")
	// ErrMalformed says that the upstream's answer is not an SMTP reply, or
	// not one that is possible at this point.
	ErrMalformed = errors.New("malformed reply")
	// ErrTLS says that a required encrypted connection could not be had.
	ErrTLS = errors.New("no secure connection")

	errGone = errors.New("the connection is gone")
)

// Error is a transaction that ended without an answer to pass on.
type Error struct {
	Stage Stage
	// Unknown is true if the end of the content was sent and its answer is
	// missing: the message may have been delivered, and sending it again may
	// make two of it.
	Unknown bool
	// Unsent is true if the connection was lost before anything of the content
	// was sent: the whole transaction can be begun again on another one.
	Unsent bool
	// Reply is the upstream's answer if the failure is a refusal before any
	// transaction (greeting, EHLO, STARTTLS, own credentials), else zero.
	Reply Reply
	// Err is the cause. It holds no address, credential or reply text.
	Err error
}

// Error names the stage and the cause.
func (e *Error) Error() string {
	if e.Unknown {
		return fmt.Sprintf("upstream: %s: delivery unknown: %v", e.Stage, e.Err)
	}
	return fmt.Sprintf("upstream: %s: %v", e.Stage, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// failed wraps err as a failure in the stage, or gives nil for nil. An *Error
// from deeper (a new connection made in the middle) keeps its own stage.
func failed(stage Stage, err error) error {
	var inner *Error
	if err == nil || errors.As(err, &inner) {
		return err
	}
	return &Error{Stage: stage, Err: err}
}

// refused makes the error for an answer that ends the connection's set-up.
func refused(stage Stage, r Reply) error {
	return &Error{Stage: stage, Reply: r, Err: fmt.Errorf("refused with %s", r.status())}
}
