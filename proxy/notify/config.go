package notify

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Config is what a Notifier is made of. Channels without a target are off.
type Config struct {
	// Host is the relay's name, in Message-IDs and non-delivery notices.
	Host string
	// From is the address that notices come from.
	From string
	// Link is the address of the console, without a slash at its end; "" for
	// none.
	Link string
	// Templates is a folder whose files take the place of the built-in ones of
	// the same name; "" for none.
	Templates string
	// Zone is the time zone of times in texts; nil is the machine's.
	Zone *time.Location
	// Digest is the time between two digests; 0 for none.
	Digest time.Duration

	Mail     Mail
	Webhooks []Webhook
	Senders  Senders

	Outbox Outbox
	Mailer Mailer
	// Summary reads what became of incidents since a time.
	Summary func(ctx context.Context, since time.Time) (Digest, error)
	// Undelivered reads who is to hear that these messages will not be delivered,
	// where the process that decided so could not read it. It is called with the
	// private key only.
	Undelivered func(ctx context.Context, messages []string) (Sender, Original, error)
	// HTTP calls webhooks; nil is a client of its own, which follows no
	// redirection.
	HTTP *http.Client
	// Count counts what became of a notice: mail, webhook, slack or sender; ok,
	// failed or dropped.
	Count func(channel, result string)
	Log   *slog.Logger
	Now   func() time.Time
}

// Mail is the channel to reviewers by mail.
type Mail struct {
	To       []string
	Language string   // of the templates
	On       []string // kinds of event; a digest comes besides
}

// Webhook is the channel to a program.
type Webhook struct {
	// URL is called with POST. It may be a secret by itself.
	URL string
	// Form is json or slack.
	Form     string
	Language string
	// Secret keys the signature of the body; "" for none.
	Secret string
	On     []string
}

// Senders says which senders are told what.
type Senders struct {
	// Held tells of held mail, Returned of mail that will not be delivered.
	Held, Returned bool
	// Policies are those whose holds are told; none: all.
	Policies []string
	// Listed are addresses and domains that are told without a login.
	Listed []string
	// Languages are those of the notice, one below the other.
	Languages []string
}

// Outbox keeps notices until they are sent, and that they were.
type Outbox interface {
	// Post keeps a notice, unless one with its key was posted before.
	Post(ctx context.Context, key, channel string, payload []byte) (fresh bool, err error)
	// Take gives notices that are due, and to nobody else within the lease. Where
	// it cannot open them it leaves them to others, but for those that own says
	// yes to.
	Take(ctx context.Context, lease time.Duration, own func(key string, posted time.Time) bool) ([]Posted, error)
	// Again says when a notice is due again.
	Again(ctx context.Context, id int64, at time.Time) error
	// Done says that a notice has gone, or never will.
	Done(ctx context.Context, id int64, result string) error
}

// Posted is a notice that is due.
type Posted struct {
	ID      int64
	Key     string
	Channel string
	// Payload is what was posted; nil where it is sealed to a key that is not
	// here.
	Payload  []byte
	Attempts int // before this one
	Posted   time.Time
	// Damaged is true where nobody can open what was posted.
	Damaged bool
}

// Mailer sends a message to the upstream.
type Mailer interface {
	// Mail sends content, lines ended by CRLF, in one transaction. The error is
	// ErrRefused where it is of no use to try again.
	Mail(ctx context.Context, from, to string, content []byte) error
}

// eligible reports whether a sender may be told of held mail.
func (s Senders) eligible(who Sender) bool {
	return who.Accepted && who.Address != "" && (who.Authenticated || s.listed(who.Address))
}

func (s Senders) listed(address string) bool {
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	for _, l := range s.Listed {
		if l = strings.ToLower(strings.TrimPrefix(l, "@")); l == address || l == domain {
			return true
		}
	}
	return false
}
