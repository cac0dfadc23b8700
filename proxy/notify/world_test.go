package notify_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
)

// memory is an outbox in memory, as a store behaves.
type memory struct {
	mu    sync.Mutex
	keys  map[string]bool
	items []*item
	now   func() time.Time
	// sealed makes payloads unreadable, as on a relay without the private key.
	sealed bool
	fail   error
}

type item struct {
	notify.Posted
	next time.Time
	done string
}

func (m *memory) Post(_ context.Context, key, channel string, payload []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return false, m.fail
	}
	if m.keys[key] {
		return false, nil
	}
	m.keys[key] = true
	p := notify.Posted{ID: int64(len(m.items)), Key: key, Channel: channel, Payload: payload, Posted: m.now()}
	m.items = append(m.items, &item{Posted: p, next: m.now()})
	return true, nil
}

func (m *memory) Take(_ context.Context, lease time.Duration, own func(string, time.Time) bool) (due []notify.Posted, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range m.items {
		if i.done == "" && !i.next.After(m.now()) && (!m.sealed || own(i.Key, i.Posted.Posted)) {
			p := i.Posted
			if m.sealed {
				p.Payload = nil
			}
			due = append(due, p)
			i.next = m.now().Add(lease)
			i.Attempts++
		}
	}
	return due, nil
}

func (m *memory) Again(_ context.Context, id int64, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[id].next = at
	return nil
}

func (m *memory) Done(_ context.Context, id int64, result string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[id].done = result
	return nil
}

// box takes what is mailed.
type box struct {
	letters []letter
	fail    error
}

type letter struct{ from, to, content string }

func (b *box) Mail(_ context.Context, from, to string, content []byte) error {
	if b.fail != nil {
		return b.fail
	}
	b.letters = append(b.letters, letter{from, to, string(content)})
	return nil
}

// world is a notifier and what is around it.
type world struct {
	*notify.Notifier
	cfg    notify.Config
	now    time.Time
	outbox *memory
	box    *box
	counts map[string]int
	digest notify.Digest
}

func newWorld(t *testing.T, change func(*notify.Config)) *world {
	t.Helper()
	w := &world{now: time.Date(2031, 3, 5, 9, 30, 0, 0, time.UTC), box: &box{}, counts: map[string]int{}}
	w.outbox = &memory{keys: map[string]bool{}, now: func() time.Time { return w.now }}
	w.cfg = notify.Config{
		Zone: time.UTC, Host: "relay.office.test", From: "bulkhead@office.test", Link: "https://bulkhead.office.test", Digest: time.Hour,
		Mail:    notify.Mail{To: []string{"ana@office.test", "ben@office.test"}, Language: "en", On: notify.Kinds()},
		Senders: notify.Senders{Held: true, Returned: true, Listed: []string{"listed.test", "one@other.test"}, Languages: []string{"en", "de"}},
		Outbox:  w.outbox, Mailer: w.box, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
		Count:   func(channel, result string) { w.counts[channel+" "+result]++ },
		Summary: func(context.Context, time.Time) (notify.Digest, error) { return w.digest, nil },
	}
	if change != nil {
		change(&w.cfg)
	}
	var err error
	if w.Notifier, err = notify.New(w.cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) flush(t *testing.T) {
	t.Helper()
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func opened() notify.Event {
	return notify.Event{
		Kind: notify.Opened, At: time.Date(2031, 3, 5, 9, 29, 0, 0, time.UTC), Incident: "IN-7K2M-Q9XD", Message: "BH-7K2M-Q9XD",
		Policy: "bulk-customer-records", Subjects: 19997, Copies: 1, Left: 12, InText: true,
		Fields: []string{"contact.email", "context.code", "id.customer", "person.given_name", "person.name"}, Expires: time.Date(2031, 4, 4, 9, 29, 0, 0, time.UTC),
	}
}

var sender = notify.Sender{Address: "tool@office.test", Authenticated: true, Accepted: true}
