package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// posted is an upstream that keeps what notices say.
type posted []string

func (p *posted) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	text, err := io.ReadAll(content)
	*p = append(*p, string(text))
	return []upstream.Result{{Path: e.Recipients[0].Path, Outcome: upstream.Accepted, Reply: upstream.Reply{Code: 250}}}, err
}

// holdFor holds a message for each reader, as one run of a listed sender.
func holdFor(t *testing.T, store *quarantine.Store, expires time.Time, readers ...string) {
	t.Helper()
	for _, reader := range readers {
		_, err := store.Hold(t.Context(), quarantine.Message{
			IncidentKey: "run", From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: reader}},
			Policy: "bulk-customer-records", Action: "hold", Subjects: 50, Answered: 250, Expires: expires,
		}, strings.NewReader("Subject: the list\r\n\r\nx\r\n"))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// returns gives the non-delivery notices among what was sent.
func returns(all []string) (list []string) {
	for _, text := range all {
		if strings.Contains(text, "report-type=delivery-status") {
			list = append(list, text)
		}
	}
	return list
}

// A deletion that is broken off and carried on is one decision: its sender hears
// of all the readers, and once, though another process deleted some.
func TestADeletionCarriedOnNamesAllItsReaders(t *testing.T) {
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	readers := []string{"dora@reader.example", "emil@reader.example", "fay@reader.example", "gus@reader.example"}
	holdFor(t, store, time.Now().Add(time.Hour), readers...)
	all, _, err := store.Incidents(t.Context(), quarantine.IncidentQuery{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d incidents, %v", len(all), err)
	}
	cfg := configs.Default()
	cfg.Notify.Sender.Returned, cfg.Notify.Sender.Listed = true, []string{"isp.example"}
	box := newMailbox(t)
	cfg.Upstream.URL = box.url()
	desk, p := newDesk(&cfg, store, noUpstream{}), program{stdout: io.Discard, stderr: io.Discard}
	told := 0
	tell := func(ctx context.Context, o *review.Outcome) error {
		told++
		return tellIncident(ctx, p, &cfg, store, o)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err = desk.Decide(ctx, review.Request{Incident: all[0].ID, Action: quarantine.ActionDelete, By: "ana", Reason: "wrong file"},
		review.Hooks{Tell: tell, Progress: func(done, _ int) {
			if done == 2 {
				stop()
			}
		}})
	if !errors.Is(err, context.Canceled) || told != 0 {
		t.Fatalf("broken off: %v, told %d times", err, told)
	}
	// The one that carries it on dies when it has told, before the decision ends.
	died := errors.New("died")
	_, err = desk.Resume(t.Context(), all[0].ID, "ana", review.Hooks{Tell: func(ctx context.Context, o *review.Outcome) error {
		return errors.Join(tell(ctx, o), died)
	}})
	if !errors.Is(err, died) {
		t.Fatal(err)
	}
	if _, err = desk.Resume(t.Context(), all[0].ID, "ana", review.Hooks{Tell: tell}); err != nil || told != 2 {
		t.Fatalf("%v, told %d times", err, told)
	}
	var sent []string
	for _, m := range box.got() {
		sent = append(sent, string(m.content))
	}
	got := returns(sent)
	if len(got) != 1 {
		t.Fatalf("%d non-delivery notices, want one", len(got))
	}
	for _, reader := range readers {
		if strings.Count(got[0], "Final-Recipient: rfc822; "+reader) != 1 {
			t.Errorf("the notice does not name %s:\n%s", reader, got[0])
		}
	}
}

// A message that is refused by a process which dies before it has told anybody is
// returned all the same, and once, and reviewers hear of it.
func TestARefusalAndItsReturnAreOne(t *testing.T) {
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	holdFor(t, store, time.Now().Add(time.Hour), "dora@reader.example")
	held, _, err := store.List(t.Context(), quarantine.Query{})
	if err != nil || len(held) != 1 {
		t.Fatalf("%d held, %v", len(held), err)
	}
	cfg := configs.Default()
	cfg.Notify.Sender.Returned, cfg.Notify.Sender.Listed = true, []string{"isp.example"}
	cfg.Notify.Mail.To, cfg.Notify.Mail.Events = []string{"review@office.example"}, notify.Kinds()
	n, err := newNotifier(&cfg, store, &posted{}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	on := decisionOn{kind: notify.Refused, message: held[0], by: "ana"}
	postings, err := on.postings(teller{store: store, notices: n})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Refuse(t.Context(), held[0].ID, "ana", "wrong file", postings...); err != nil {
		t.Fatal(err)
	}
	var box posted
	after, err := newNotifier(&cfg, store, &box, nil, slog.New(slog.DiscardHandler)) // the process that comes after
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := after.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := returns(box)
	if len(got) != 1 || !strings.Contains(got[0], "dora@reader.example") {
		t.Errorf("%d non-delivery notices, want one:\n%s", len(got), got)
	}
	if toReviewers := len(box) - len(got); toReviewers != 1 {
		t.Errorf("%d mails to reviewers, want one:\n%s", toReviewers, box)
	}
	// Nobody is promised what they are not to have.
	cfg.Notify.Sender.Listed, cfg.Notify.Mail.To = nil, nil
	if n, err = newNotifier(&cfg, store, &box, nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if postings, err := on.postings(teller{store: store, notices: n}); len(postings) != 0 || err != nil {
		t.Errorf("a stranger is promised %v, %v", postings, err)
	}
}

// Mail that expires on a relay without the private key is returned all the same,
// by whoever has the key.
func TestExpiryWithoutThePrivateKeyReturnsMail(t *testing.T) {
	now := time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC)
	dir, away := t.TempDir(), filepath.Join(t.TempDir(), "review.key")
	cfg := configs.Default()
	cfg.Notify.Sender.Returned, cfg.Notify.Sender.Listed = true, []string{"isp.example"}
	cfg.Notify.Mail.To = []string{"review@office.example"}
	open := func(identity string) (*quarantine.Store, *notify.Notifier, *posted) {
		t.Helper()
		store, err := quarantine.Open(t.Context(), dir, quarantine.Options{Clock: func() time.Time { return now }, Identity: identity})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		box := &posted{}
		n, err := newNotifier(&cfg, store, box, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return store, n, box
	}
	store, _, _ := open("")
	holdFor(t, store, now.Add(5*24*time.Hour), "dora@reader.example", "emil@reader.example")
	if err := os.Rename(filepath.Join(dir, "quarantine.key"), away); err != nil {
		t.Fatal(err)
	}
	relay, notices, box := open("")
	for _, days := range []int{2, 2, 1} {
		now = now.Add(time.Duration(days)*24*time.Hour + time.Minute)
		if _, err := relay.Expire(t.Context(), teller{store: relay, notices: notices, log: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
		if err := notices.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := relay.Stats(t.Context()); err != nil || st.ByState[quarantine.Expired] != 2 || len(returns(*box)) != 0 || len(*box) == 0 {
		t.Fatalf("on the relay %+v, %v; %d notices, %d of them returns", st, err, len(*box), len(returns(*box)))
	}
	_, notices, box = open(away)
	if err := notices.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := returns(*box)
	if len(got) != 1 || !strings.Contains(got[0], "dora@reader.example") || !strings.Contains(got[0], "emil@reader.example") {
		t.Errorf("with the key are returned %d:\n%s", len(got), got)
	}
}

// A copy that expires later can still be released: its sender is not told that
// it was not delivered when an earlier one of its run expires.
func TestWhatExpiresLaterIsNotReturnedBefore(t *testing.T) {
	now := time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC)
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i, reader := range []string{"first@reader.example", "second@reader.example"} {
		_, err := store.Hold(t.Context(), quarantine.Message{
			IncidentKey: "run", From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: reader}},
			Policy: "bulk-customer-records", Action: "hold", Subjects: 50, Answered: 250,
			Expires: now.Add(5*24*time.Hour + time.Duration(i)*6*time.Hour),
		}, strings.NewReader("Subject: the list\r\n\r\nx\r\n"))
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := configs.Default()
	cfg.Notify.Sender.Returned, cfg.Notify.Sender.Listed = true, []string{"isp.example"}
	var box posted
	log := slog.New(slog.DiscardHandler)
	n, err := newNotifier(&cfg, store, &box, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	sweep := func(at time.Duration) (returned []string) {
		t.Helper()
		now = time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC).Add(at)
		box = nil
		if _, err := store.Expire(t.Context(), teller{store: store, notices: n, log: log}); err != nil {
			t.Fatal(err)
		}
		if err := n.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, text := range box {
			if strings.Contains(text, "report-type=delivery-status") {
				returned = append(returned, text)
			}
		}
		return returned
	}
	day := 24 * time.Hour
	for _, at := range []time.Duration{2 * day, 2*day + 6*time.Hour, 4 * day, 4*day + 6*time.Hour} {
		if got := sweep(at); len(got) != 0 {
			t.Fatalf("after %v, before anything expired, was returned:\n%s", at, got)
		}
	}
	for i, c := range []struct{ at, in, out string }{{"120h1m", "first@", "second@"}, {"126h1m", "second@", "first@"}} {
		at, err := time.ParseDuration(c.at)
		if err != nil {
			t.Fatal(err)
		}
		got := sweep(at)
		if len(got) != 1 || !strings.Contains(got[0], c.in) || strings.Contains(got[0], c.out) {
			t.Errorf("%d. after %s was returned, want what was for %s alone:\n%s", i+1, c.at, c.in, got)
		}
	}
}
