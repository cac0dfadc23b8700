package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ErrRefused is wrapped by an error after which it is of no use to try again.
var ErrRefused = errors.New("refused for good")

// Notifier tells people. Its methods may be called at once.
type Notifier struct {
	cfg   Config
	words *texts
	wake  chan struct{}

	mu sync.Mutex
	// plain are the payloads that this process has posted and not yet sent: in
	// the outbox they are sealed, maybe to a key that is not here.
	plain      map[string][]byte
	plainBytes int // of all of them
	// opened counts the incidents told one by one since the last digest.
	opened map[string]int
	// lastDigest is the end of the interval that was looked at last.
	lastDigest time.Time
}

// New makes a notifier. The error names the template that cannot be used.
func New(cfg Config) (*Notifier, error) {
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	words, err := loadTexts(cfg.Templates, cfg.Zone)
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	languages := append(slices.Clone(cfg.Senders.Languages), cfg.Mail.Language)
	for _, w := range cfg.Webhooks {
		languages = append(languages, w.Language)
	}
	for _, language := range languages {
		if !words.has(language) {
			return nil, fmt.Errorf("notices: no templates for the language %q: want one of %v", language, words.languages())
		}
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{
			Timeout:       webhookTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Notifier{cfg: cfg, words: words, wake: make(chan struct{}, 1), plain: map[string][]byte{}, opened: map[string]int{}}, nil
}

// maxPlain bounds the payloads kept in memory, in bytes.
const maxPlain = 16 << 20

// maxOpened is how many incidents a channel is told one by one between two
// digests: past it there is a flood, and the digest tells the rest.
const maxOpened = 20

// The channels of notices in the outbox and the metric.
const (
	channelMail    = "mail"
	channelWebhook = "webhook"
	channelSlack   = "slack"
	channelSender  = "sender"
)

// Channels lists the channels, for the metric.
func Channels() []string {
	return []string{channelMail, channelWebhook, channelSlack, channelSender}
}

// Tell posts what reviewers are to be told of an event, and the sender, if one
// is given. Without an error it will be sent, even after a restart.
func (n *Notifier) Tell(ctx context.Context, e Event, who *Sender) error {
	var errs []error
	for _, c := range n.channels(&e, who) {
		errs = append(errs, n.within(c, &e, func() (fresh bool, err error) {
			notices, err := c.notices()
			if err != nil {
				return false, err
			}
			return n.post(ctx, notices...)
		}))
	}
	n.poke()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("notices: posting: %w", err)
	}
	return nil
}

// channel is where an event is told.
type channel struct {
	name    string
	notices func() ([]Notice, error)
}

// channels gives those that are told of an event.
func (n *Notifier) channels(e *Event, who *Sender) (all []channel) {
	if len(n.cfg.Mail.To) > 0 && tells(n.cfg.Mail.On, e.Kind) {
		all = append(all, channel{channelMail, func() ([]Notice, error) { return n.toReviewers(e) }})
	}
	for _, hook := range n.cfg.Webhooks {
		if tells(hook.On, e.Kind) {
			all = append(all, channel{hook.name(), func() ([]Notice, error) { return n.toWebhook(hook, e.key(), n.view(e)) }})
		}
	}
	if who != nil && n.tellsSender(e, *who) {
		all = append(all, channel{channelSender, func() ([]Notice, error) { return n.toSender(e, *who) }})
	}
	return all
}

// tellsSender reports whether a sender is told of an event: of a hold, and of
// its good end. Of a refusal a non-delivery notice tells.
func (n *Notifier) tellsSender(e *Event, who Sender) bool {
	s := n.cfg.Senders
	if e.Kind != Opened && e.Kind != Released || !s.Held || !s.eligible(who) {
		return false
	}
	return len(s.Policies) == 0 || slices.Contains(s.Policies, e.Policy)
}

// within tells a channel of an event, unless it is of a further incident than
// reviewers are told one by one. What had been told before does not count.
func (n *Notifier) within(c channel, e *Event, tell func() (fresh bool, err error)) error {
	limited := e.Kind == Opened && n.cfg.Digest != 0 && c.name != channelSender
	n.mu.Lock()
	full := limited && n.opened[c.name] >= maxOpened
	n.mu.Unlock()
	if full {
		return nil
	}
	fresh, err := tell()
	if limited && fresh {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.opened[c.name]++
	}
	return err
}

func (n *Notifier) toReviewers(e *Event) ([]Notice, error) {
	return n.mail("reviewer", e.key(), n.view(e))
}

// mail writes to the reviewers, to each for itself, so that one mailbox that is
// full keeps it from nobody else.
func (n *Notifier) mail(template, key string, v view) ([]Notice, error) {
	text, err := n.words.render(template, n.cfg.Mail.Language, v)
	if err != nil {
		return nil, err
	}
	content, err := n.compose(text, n.cfg.Mail.To)
	if err != nil {
		return nil, err
	}
	all := make([]Notice, len(n.cfg.Mail.To))
	for i, to := range n.cfg.Mail.To {
		all[i], err = newNotice(fmt.Sprintf("%s#%d", key, i), channelMail, payload{Letter: &letter{From: n.cfg.From, To: to, Content: content}})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// toSender writes to the sender in every configured language, one below the
// other: nobody knows which one they read.
func (n *Notifier) toSender(e *Event, who Sender) ([]Notice, error) {
	text, err := n.words.renderAll("sender", n.cfg.Senders.Languages, n.senderView(e))
	if err != nil {
		return nil, err
	}
	content, err := n.compose(text, []string{who.Address})
	if err != nil {
		return nil, err
	}
	notice, err := newNotice(e.key(), channelSender, payload{Letter: &letter{To: who.Address, Content: content}})
	return []Notice{notice}, err
}

func (n *Notifier) toWebhook(w Webhook, key string, v view) ([]Notice, error) {
	body, err := n.body(w, v)
	if err != nil {
		return nil, err
	}
	notice, err := newNotice(key+"#"+w.name(), w.channel(), payload{Call: &call{Hook: w.name(), Kind: v.Kind, Body: body}})
	return []Notice{notice}, err
}

// name tells webhooks apart, whatever their order in the configuration. The URL
// may be a secret, and is not stored.
func (w Webhook) name() string {
	sum := sha256.Sum256([]byte(w.Form + " " + w.URL))
	return hex.EncodeToString(sum[:6])
}

func (w Webhook) channel() string {
	if w.Form == channelSlack {
		return channelSlack
	}
	return channelWebhook
}

// poke makes Run look at the outbox now.
func (n *Notifier) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// lookEvery is how often the outbox is looked at for what other processes have
// posted, and what is to be tried again.
const lookEvery = 10 * time.Second

// Run sends what is posted until the context ends.
func (n *Notifier) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := n.Flush(ctx); err != nil && ctx.Err() == nil {
			n.cfg.Log.Error("sending notices", "error", err)
		}
		if err := n.digests(ctx); err != nil && ctx.Err() == nil {
			n.cfg.Log.Error("making a digest", "error", err)
		}
		select {
		case <-tick.C:
		case <-n.wake:
		case <-ctx.Done():
			return
		}
	}
}
