package milter

import (
	"context"
	"errors"
	"io"
	"net/netip"
)

// Handler is who judges messages.
type Handler interface {
	// Judge reads m.Content to its end and says what becomes of the message. It
	// may be called for many messages at once.
	Judge(m *Message) Answer
}

// Message is one message as a mail server shows it.
type Message struct {
	From string // the reverse-path, without its brackets
	// MailParams are the parameters of MAIL that a release has to repeat: BODY,
	// SMTPUTF8, REQUIRETLS, RET and ENVID, as the client gave them.
	MailParams []string
	To         []string
	RcptParams [][]string // NOTIFY and ORCPT; one list for each recipient

	Client netip.Addr // the zero Addr where it is not known
	Helo   string     // the client's name for itself
	User   string     // who authenticated, "" if nobody
	TLS    bool
	// Queue is the mail server's own name for the message, "" where it gives none.
	// It is there once Content has ended.
	Queue string

	// Content gives the message with CRLF line ends, and io.EOF only when all of
	// it was shown. Another error is, or wraps, ErrGone, ErrTooLarge or
	// ErrLineEnds.
	Content io.Reader
	// Watch returns a context that ends, with the cause ErrGone, when the mail
	// server closes its connection. It is for the time after Content has ended;
	// call stop before the answer.
	Watch func() (ctx context.Context, stop func())
}

// What a Message's content ends with before its end, or the cause of a watched
// context's.
var (
	// ErrGone: the mail server has closed the connection, or gave the message up.
	ErrGone = errors.New("mail server has gone, or gave the message up")
	// ErrTooLarge: the message has more octets than Config.MaxSize.
	ErrTooLarge = errors.New("message is too large")
	// ErrLineEnds: the message has a lone CR, a lone LF or a NUL.
	ErrLineEnds = errors.New("message has a lone CR, a lone LF or a NUL")
)

// Action is what becomes of a message.
type Action int

// The actions.
const (
	// TempFail: the client is told to try again later. It is the zero value.
	TempFail Action = iota
	// Accept: the mail server delivers the message.
	Accept
	// Discard: the mail server tells its client that it has the message, and
	// forgets it. Only for what is kept elsewhere.
	Discard
	// Refuse: the client is given Reply.
	Refuse
)

// Actions are the names of the actions, as a metric has them.
func Actions() []string { return []string{"tempfail", "accept", "discard", "refuse"} }

// String returns the action's name.
func (a Action) String() string { return Actions()[a] }

// Answer is what becomes of a message.
type Answer struct {
	Action Action
	// Reply is a whole SMTP reply with code 4yz or 5yz, its lines with CRLF. For
	// Refuse.
	Reply string
	// Tag, if it is not empty, is the value of an X-Bulkhead-Tag field that the
	// mail server adds. For Accept.
	Tag string
}
