package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// newNotifier makes what tells people of held mail. count may be nil.
func newNotifier(cfg *configs.Config, store *quarantine.Store, to review.Sender, count func(channel, result string), log *slog.Logger) (*notify.Notifier, error) {
	c := cfg.Notify
	if c.From == "" {
		c.From = "bulkhead@" + hostname(cfg)
	}
	if count == nil {
		count = func(string, string) {}
	}
	n := notify.Config{
		Host: hostname(cfg), From: c.From, Link: strings.TrimSuffix(c.Link, "/"), Templates: c.Templates, Digest: c.Digest,
		Mail: notify.Mail{To: c.Mail.To, Language: c.Mail.Language, On: c.Mail.Events},
		Senders: notify.Senders{Held: c.Sender.Held, Returned: c.Sender.Returned, Policies: c.Sender.Policies,
			Listed: c.Sender.Listed, Languages: c.Sender.Languages},
		Outbox: outbox{store}, Mailer: mailer{to}, Count: count, Log: log, Now: store.Now,
		Undelivered: func(ctx context.Context, ids []string) (notify.Sender, notify.Original, error) {
			return undelivered(ctx, store, ids)
		},
		Summary: func(ctx context.Context, since time.Time) (notify.Digest, error) { return summarise(ctx, store, since) },
	}
	for _, w := range c.Webhooks {
		hook := notify.Webhook{URL: string(w.URL), Form: w.Form, Language: w.Language, Secret: string(w.Secret), On: w.Events}
		if len(hook.On) == 0 {
			hook.On = configs.UsualEvents()
		}
		if hook.Language == "" {
			hook.Language = "en"
		}
		n.Webhooks = append(n.Webhooks, hook)
	}
	return notify.New(n)
}

// outbox lets notices be kept in a quarantine.
type outbox struct{ store *quarantine.Store }

func (o outbox) Post(ctx context.Context, key, channel string, payload []byte) (bool, error) {
	return o.store.PostNotice(ctx, key, channel, payload)
}

func (o outbox) Take(ctx context.Context, lease time.Duration, own func(string, time.Time) bool) ([]notify.Posted, error) {
	due, err := o.store.TakeNotices(ctx, lease, own)
	if err != nil {
		return nil, err
	}
	posted := make([]notify.Posted, len(due))
	for i, d := range due {
		posted[i] = notify.Posted(d)
	}
	return posted, nil
}

func (o outbox) Again(ctx context.Context, id int64, at time.Time) error {
	return o.store.DelayNotice(ctx, id, at)
}

func (o outbox) Done(ctx context.Context, id int64, result string) error {
	return o.store.EndNotice(ctx, id, result)
}

// mailer sends notices straight to the upstream: they are not inspected.
type mailer struct{ to review.Sender }

// Mail implements notify.Mailer.
func (m mailer) Mail(ctx context.Context, from, to string, content []byte) error {
	envelope := upstream.Envelope{From: from, Recipients: []upstream.Recipient{{Path: to}}}
	if !isASCII(from + to) {
		envelope.MailParams = []string{"SMTPUTF8"}
	}
	results, err := m.to.Send(ctx, envelope, bytes.NewReader(content), int64(len(content)))
	if err == nil && len(results) == 1 {
		// The reply's text may repeat the address: only its codes are told.
		reply := results[0].Reply
		switch results[0].Outcome {
		case upstream.Accepted:
			return nil
		case upstream.Refused:
			return fmt.Errorf("%w: the upstream answered %d %s", notify.ErrRefused, reply.Code, reply.Enhanced())
		}
		return fmt.Errorf("the upstream answered %d %s", reply.Code, reply.Enhanced())
	}
	return err
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// maxDigest is how many incidents a digest names.
const maxDigest = 50

// summarise tells what became of incidents since a time.
func summarise(ctx context.Context, store *quarantine.Store, since time.Time) (notify.Digest, error) {
	stats, err := store.Stats(ctx)
	if err != nil {
		return notify.Digest{}, err
	}
	d := notify.Digest{Open: int(stats.Incidents)}
	q := quarantine.IncidentQuery{ChangedSince: since, Limit: maxDigest}
	page, next, err := store.Incidents(ctx, q)
	if err != nil {
		return d, err
	}
	for _, i := range page {
		d.Incidents = append(d.Incidents, notify.Line{Incident: i.ID, State: string(i.State), Policy: i.Policy,
			Subjects: int64(i.Subjects), Copies: i.Copies, Last: i.Last})
	}
	for next != "" {
		q.After = next
		if page, next, err = store.Incidents(ctx, q); err != nil {
			return d, err
		}
		d.More += len(page)
	}
	return d, nil
}

// event describes held messages of one incident for a notice.
func event(kind notify.Kind, messages []quarantine.Message) notify.Event {
	m := &messages[0]
	e := notify.Event{Kind: kind, At: time.Now(), Incident: m.Incident, Policy: m.Policy, Subjects: int64(m.Subjects),
		Copies: len(messages), Fields: m.Fields, Expires: m.Expires, LeftUnknown: true}
	if len(messages) == 1 {
		e.Message = m.ID
	}
	for i := range messages {
		e.Subjects = max(e.Subjects, int64(messages[i].Subjects))
	}
	return e
}

// senderOf tells who is to hear of a message, nil where the private key is not
// here.
func senderOf(m *quarantine.Message) *notify.Sender {
	if m.Sealed {
		return nil
	}
	return &notify.Sender{Address: m.From, Authenticated: m.Auth != "", Accepted: m.Answered/100 == 2}
}

// returned posts a non-delivery notice for messages that will not be delivered.
// They are of one incident and so of one sender. Without the private key it is
// left to who has it.
func returned(ctx context.Context, n *notify.Notifier, store *quarantine.Store, e notify.Event, messages []quarantine.Message) error {
	who := senderOf(&messages[0])
	if who == nil {
		ids := make([]string, len(messages))
		for i := range messages {
			ids[i] = messages[i].ID
		}
		return n.ReturnLater(ctx, e, ids)
	}
	o, err := originalOf(ctx, store, messages)
	if err != nil {
		return err
	}
	return n.Return(ctx, e, *who, o)
}

// undelivered reads whose messages they are that another process has ended.
func undelivered(ctx context.Context, store *quarantine.Store, ids []string) (notify.Sender, notify.Original, error) {
	messages := make([]quarantine.Message, len(ids))
	for i, id := range ids {
		m, err := store.Get(ctx, id)
		if err != nil {
			return notify.Sender{}, notify.Original{}, err
		}
		if m.Sealed {
			return notify.Sender{}, notify.Original{}, fmt.Errorf("message %s: %w", id, quarantine.ErrSealed)
		}
		m.Evidence = nil
		messages[i] = m
	}
	o, err := originalOf(ctx, store, messages)
	return *senderOf(&messages[0]), o, err
}

// originalOf describes messages for a non-delivery notice: those of their
// recipients who do not have them.
func originalOf(ctx context.Context, store *quarantine.Store, messages []quarantine.Message) (notify.Original, error) {
	o := notify.Original{Received: messages[0].Received, EnvelopeID: param(messages[0].MailParams, "ENVID")}
	for i := range messages {
		for _, r := range messages[i].Recipients {
			if r.State == quarantine.RecipientReleased {
				continue
			}
			asked := param(r.Params, "NOTIFY")
			o.Recipients = append(o.Recipients, notify.Recipient{Address: r.Address, Original: param(r.Params, "ORCPT"),
				Never: asked != "" && !strings.Contains(strings.ToUpper(asked), "FAILURE")})
		}
	}
	var err error
	o.Header, err = readHeader(ctx, store, messages[0].ID)
	return o, err
}

// param returns the value of an SMTP parameter, "" if it is not there.
func param(params []string, name string) string {
	for _, p := range params {
		if key, value, found := strings.Cut(p, "="); found && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// maxReturnedHeader bounds how much of a message is read for its header.
const maxReturnedHeader = 128 << 10

// readHeader reads the header of a held message, nothing where its content is
// gone.
func readHeader(ctx context.Context, store *quarantine.Store, id string) ([]byte, error) {
	content, err := store.Content(ctx, id)
	if errors.Is(err, quarantine.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer content.Close() //nolint:errcheck // read only
	header := make([]byte, maxReturnedHeader)
	n, err := io.ReadFull(content, header)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return nil, err
	}
	if end := bytes.Index(header[:n], []byte("\r\n\r\n")); end >= 0 {
		n = end + 4
	}
	return header[:n], nil
}
