package proxy_test

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/d--j/go-milter"
)

// mta is a mail server that asks by the milter protocol, as far as a milter sees
// it.
type mta struct {
	t       *testing.T
	session *milter.ClientSession
	macros  *milter.MacroBag
}

// newMilterRig is a relay that answers mail servers, too.
func newMilterRig(t *testing.T, change func(*proxy.Config)) (r *rig, ask func(...milter.Option) *mta) {
	r = newRig(t, change)
	l := listen(t)
	door := proxy.MilterDoor{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Connections: 8, Idle: time.Minute}
	go r.server.ServeMilter(l, door)
	return r, func(options ...milter.Option) *mta { return newMTA(t, l.Addr(), options...) }
}

func newMTA(t *testing.T, at net.Addr, options ...milter.Option) *mta {
	t.Helper()
	m := &mta{t: t, macros: milter.NewMacroBag()}
	m.macros.Set(milter.MacroQueueId, "4dJ7xQ1zYz")
	m.macros.Set(milter.MacroAuthAuthen, "ana")
	m.macros.Set(milter.MacroTlsVersion, "TLSv1.3")
	client := milter.NewClient(at.Network(), at.String(), append([]milter.Option{milter.WithReadTimeout(20 * time.Second)}, options...)...)
	var err error
	m.session, err = client.Session(m.macros)
	m.must(nil, err)
	t.Cleanup(func() { m.session.Close() })
	m.must(m.session.Conn("client.example", milter.FamilyInet, 40000, "192.0.2.7"))
	m.must(m.session.Helo("client.example"))
	return m
}

// must wants a step to go on.
func (m *mta) must(a *milter.Action, err error) {
	m.t.Helper()
	if err != nil || a != nil && a.Type != milter.ActionContinue {
		m.t.Fatalf("%v, %v", a, err)
	}
}

func (m *mta) envelope(to ...string) {
	m.t.Helper()
	m.must(m.session.Mail("ana@sender.example", "SIZE=1000 BODY=8BITMIME RET=HDRS XVERP"))
	for _, to := range to {
		m.must(m.session.Rcpt(to, "NOTIFY=NEVER"))
	}
	m.must(m.session.DataStart())
}

// header shows the header as Postfix does: without CR, with its leading space.
func (m *mta) header(message string) (body string) {
	m.t.Helper()
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	for field := range strings.SplitSeq(strings.ReplaceAll(head, "\r\n ", "\n "), "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		m.must(m.session.HeaderField(name, value, nil))
	}
	m.must(m.session.HeaderEnd())
	return body
}

// send shows a whole message and returns what is done with it.
func (m *mta) send(message string) (does string, changes []milter.ModifyAction) {
	m.t.Helper()
	body := m.header(message)
	if body == "" {
		m.must(m.session.BodyChunk(nil))
	}
	changes, a, err := m.session.BodyReadFrom(strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	return did(a), changes
}

// did is an action in words, a reply with its text.
func did(a *milter.Action) string {
	switch a.Type {
	case milter.ActionAccept:
		return "accept"
	case milter.ActionDiscard:
		return "discard"
	}
	return a.SMTPReply
}

const folded = "From: ana@sender.example\r\nTo: ben@reader.example\r\nSubject:  two spaces,\r\n and a fold\r\nX-Empty:\r\n\r\n"

// TestMilterAnswers: each outcome of the way of a message in a mail server's
// terms; what is not accepted is told so, and only what is kept is discarded.
func TestMilterAnswers(t *testing.T) {
	boom := inspectFunc(func(context.Context, extract.Source) (*rules.Evidence, error) { return nil, errBoom })
	panics := inspectFunc(func(context.Context, extract.Source) (*rules.Evidence, error) { panic("a value of the message") })
	late := inspectFunc(func(ctx context.Context, _ extract.Source) (*rules.Evidence, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for _, c := range []struct {
		name    string
		change  func(*proxy.Config)
		setup   func(*rig)
		message string
		want    string
		held    int
	}{
		{"clean", nil, nil, message("words\r\n"), "accept", 0},
		{"clean, folded header", nil, nil, folded + "words\r\n", "accept", 0},
		{"no body", nil, nil, "From: ana@sender.example\r\n\r\n", "accept", 0},
		{"tagged", acting(t, "tag", "accept"), nil, message(leak(20)), "accept", 0},
		{"held", nil, nil, message(leak(20)), "discard", 1},
		{"held, refused to the client", acting(t, "hold", "refuse"), nil, message(leak(20)),
			"550-5.7.1 Not sent: carries records of about 20 other people (BH-TEST-0001)\r\n550-5.7.1 A copy is kept for review. Do not resend.\r\n550 5.7.1 Data-loss policy \"leaks\" (BH-TEST-0001)", 1},
		{"rejected", acting(t, "reject", "accept"), nil, message(leak(20)),
			"550-5.7.1 Not sent, no copy kept: carries records of about 20 other people\r\n550 5.7.1 Data-loss policy \"leaks\": remove the list, or send it only to its own people", 0},
		{"store broken", nil, func(r *rig) { r.store.err = errBoom }, message(leak(20)), "451 4.3.0 Could not be inspected", 0},
		{"store full", nil, func(r *rig) { r.store.err = fmt.Errorf("%w: no room", proxy.ErrFull) }, message(leak(20)), "452 4.3.1", 0},
		{"disk full", nil, func(r *rig) { r.store.err = &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }, message(leak(20)), "452 4.3.1", 0},
		{"inspection fails", func(c *proxy.Config) { inspectedBy(c, boom) }, nil, message("words\r\n"), "451 4.3.0", 0},
		{"inspection panics", func(c *proxy.Config) { inspectedBy(c, panics) }, nil, message("words\r\n"), "451 4.3.0", 0},
		{"inspection too slow", func(c *proxy.Config) { inspectedBy(c, late); c.Deadline = 100 * time.Millisecond }, nil, message("words\r\n"), "451 4.3.0 Could not be inspected in time", 0},
		{"too large", func(c *proxy.Config) { c.MaxSize = 100_000 }, nil, message(strings.Repeat("0123456789\r\n", 30_000)), "552 5.3.4", 0},
		{"too large by its header", func(c *proxy.Config) { c.MaxSize = 1000 }, nil, "Subject: " + strings.Repeat("x", 2000) + "\r\n\r\nwords\r\n", "552 5.3.4", 0},
		{"a mail loop", nil, nil, strings.Repeat("Received: from a by b;\r\n", 21) + message("words\r\n"), "554 5.4.6", 0},
		{"a lone CR", nil, nil, message("one\rtwo\r\n"), "554 5.6.0", 0},
		{"a lone LF", nil, nil, message("one\ntwo\r\n"), "554 5.6.0", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ask := newMilterRig(t, c.change)
			if c.setup != nil {
				c.setup(r)
			}
			m := ask()
			m.envelope("ben@reader.example")
			got, _ := m.send(c.message)
			if got != c.want && (len(c.want) > 20 || !strings.HasPrefix(got, c.want)) && !strings.HasPrefix(got, c.want+";") {
				t.Errorf("the mail server is told %q, want %q", got, c.want)
			}
			if r.store.count() != c.held {
				t.Errorf("%d messages are held, want %d", r.store.count(), c.held)
			}
			if len(r.sink.got()) != 0 {
				t.Error("the upstream has a message that the mail server delivers itself")
			}
			// The connection goes on.
			m.must(nil, m.session.Abort(nil))
			m.envelope("ben@reader.example")
			m.must(nil, m.session.Abort(nil))
		})
	}
}

// acting makes one policy of the proxy: what exposes ten people is treated so.
func acting(t *testing.T, action, answer string) func(*proxy.Config) {
	t.Helper()
	specs, err := rules.ParsePolicies(policies.Name, fmt.Appendf(nil,
		"policies: [{name: leaks, when: 'exposure.subjects >= 10', action: %s, answer: %s}]", action, answer))
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *proxy.Config) {
		with := c.InForce()
		with.Policies = p
		c.InForce = func() proxy.Rules { return with }
	}
}

// A tagged message has its header field added by the mail server.
func TestMilterTags(t *testing.T) {
	_, ask := newMilterRig(t, acting(t, "tag", "accept"))
	m := ask()
	m.envelope("ben@reader.example")
	does, changes := m.send(message(leak(20)))
	if does != "accept" || len(changes) != 1 {
		t.Fatalf("%s with %v", does, changes)
	}
	if c := changes[0]; c.Type != milter.ActionInsertHeader || c.HeaderName != "X-Bulkhead-Tag" || c.HeaderValue != " policy=leaks; people=20" {
		t.Errorf("the change is %+v", c)
	}
}

// What is held has the octets of the message, the envelope with what a release
// has to repeat of it, and who sent it.
func TestMilterKeepsWhatWasShown(t *testing.T) {
	var judged proxy.Judged
	r, ask := newMilterRig(t, func(c *proxy.Config) { c.Tell = func(j *proxy.Judged) { judged = *j } })
	m := ask()
	m.envelope("ben@reader.example", "eva@reader.example")
	want := folded + "\r\n" + leak(2000) // some chunks
	if does, _ := m.send(want); does != "discard" {
		t.Fatal(does)
	}
	got := string(r.store.held[0])
	trace, below, _ := strings.Cut(got, "From: ")
	if "From: "+below != want {
		t.Errorf("kept is %.400q, want %.400q", "From: "+below, want)
	}
	if !strings.HasPrefix(trace, "Received: from client.example ([192.0.2.7])\r\n\tby relay.example (Bulkhead) with ESMTPSA id ") {
		t.Errorf("the trace line is %q", trace)
	}
	h := r.store.last
	if h.Envelope.From != "ana@sender.example" || !slices.Equal(h.Envelope.Recipients, []string{"ben@reader.example", "eva@reader.example"}) || h.Envelope.Authenticated != "ana" {
		t.Errorf("the envelope is %+v", h.Envelope)
	}
	if !slices.Equal(h.MailParams, []string{"BODY=8BITMIME", "RET=HDRS"}) || len(h.RcptParams) != 2 || !slices.Equal(h.RcptParams[1], []string{"NOTIFY=NEVER"}) {
		t.Errorf("the parameters are %v and %v", h.MailParams, h.RcptParams)
	}
	if h.Client != netip.MustParseAddr("192.0.2.7") || h.Size != int64(len(got)) {
		t.Errorf("client %v, %d octets of %d", h.Client, h.Size, len(got))
	}
	if judged.Action != "hold" || judged.Upstream != "" || judged.Queue != "4dJ7xQ1zYz" || judged.Kept.ID == "" || judged.Bytes != int64(len(want)) {
		t.Errorf("others are told %+v", judged)
	}
	if log := r.logged(); !strings.Contains(log, "queue=4dJ7xQ1zYz") || strings.Contains(log, "example") || strings.Contains(log, "ana") {
		t.Errorf("the log is to name the mail server's queue, and nobody: %s", log)
	}
}

// An address by which another command could be given when it is sent on is
// refused before it is held.
func TestMilterAddressesThatAreNone(t *testing.T) {
	for _, to := range []string{"v@evil.example> ORCPT=x", "a b@reader.example", "a\r\nDATA\r\n@reader.example", `"open@reader.example`} {
		r, ask := newMilterRig(t, nil)
		m := ask()
		m.envelope("ben@reader.example", to)
		if does, _ := m.send(message(leak(20))); !strings.HasPrefix(does, "553 5.1.3") || r.store.count() != 0 {
			t.Errorf("%q: %s, %d held; want 553, none", to, does, r.store.count())
		}
	}
}

// A mail server that cannot give the leading space has it stripped; one that
// speaks the protocol's version 2 is understood, too.
func TestMilterOfOldMailServers(t *testing.T) {
	r, ask := newMilterRig(t, nil)
	m := ask(milter.WithMaximumVersion(2), milter.WithActions(milter.OptAddHeader), milter.WithProtocols(milter.OptNoConnect|milter.OptNoHelo))
	m.envelope("ben@reader.example")
	if does, _ := m.send("Subject:one\r\n\r\n" + leak(20)); does != "discard" {
		t.Fatal(does)
	}
	if kept := string(r.store.held[0]); !strings.Contains(kept, "\r\nSubject: one\r\n\r\n"+leak(20)) {
		t.Errorf("kept is %q", kept)
	}
}

// A message that is given up half-way is nobody's: the next one on the same
// connection is another, whoever sent it.
func TestMilterMessagesOnOneConnection(t *testing.T) {
	r, ask := newMilterRig(t, nil)
	m := ask()
	m.envelope("zoe@reader.example")
	m.must(m.session.BodyChunk([]byte(m.header(message(leak(20)))[:500])))
	m.must(nil, m.session.Abort(nil))
	for range 2 {
		m.envelope("ben@reader.example")
		if does, _ := m.send(message("words\r\n")); does != "accept" {
			t.Fatal(does)
		}
		m.envelope("eva@reader.example")
		if does, _ := m.send(message(leak(20))); does != "discard" {
			t.Fatal(does)
		}
		if to := r.store.last.Envelope.Recipients; !slices.Equal(to, []string{"eva@reader.example"}) || r.store.last.Client.String() != "192.0.2.7" {
			t.Errorf("held for %v of %v", to, r.store.last.Client)
		}
	}
	if got := count(r.metrics.Faults, "receive", "client_gone"); got != 1 {
		t.Errorf("%v messages are counted as given up, want 1", got)
	}
	if got := count(r.metrics.MilterAnswers, "discard"); got != 2 {
		t.Errorf("%v answers to discard, want 2", got)
	}
}

// The brake of a held run reaches copies that come by the other front.
func TestMilterAndSMTPShareRuns(t *testing.T) {
	r, ask := newMilterRig(t, func(c *proxy.Config) { c.RunAnswer = proxy.RunDefer })
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message(leak(20))); !strings.HasPrefix(reply, "250 2.0.0 Held") {
		t.Fatal(reply)
	}
	m := ask()
	m.must(nil, m.session.Reset(milter.NewMacroBag())) // another client now, of whom less is known
	m.must(m.session.Conn("localhost", milter.FamilyInet, 40001, "127.0.0.1"))
	m.must(m.session.Helo("localhost"))
	m.envelope("eva@reader.example")
	if does, _ := m.send(message(leak(20))); !strings.HasPrefix(does, "451 4.3.0 Run paused, incident IN-TEST-0001") {
		t.Errorf("the copy is told %q", does)
	}
	if r.store.count() != 1 {
		t.Errorf("%d copies are kept, want 1", r.store.count())
	}
}

// Nothing is told before the copy is kept; a mail server that goes away while
// it waits is no longer worked for.
func TestMilterDiscardsOnlyWhatIsKept(t *testing.T) {
	r, ask := newMilterRig(t, nil)
	r.store.wait = make(chan struct{})
	m := ask(milter.WithReadTimeout(300 * time.Millisecond))
	m.envelope("ben@reader.example")
	if _, a, err := m.session.BodyReadFrom(strings.NewReader(m.header(message(leak(20))))); err == nil {
		t.Fatalf("told %v before the copy was kept", a)
	}
	close(r.store.wait)
}

func TestMilterThatIsLeftStopsTheWork(t *testing.T) {
	began, stopped := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	_, ask := newMilterRig(t, func(c *proxy.Config) {
		inspectedBy(c, inspectFunc(func(ctx context.Context, _ extract.Source) (*rules.Evidence, error) {
			once.Do(func() { close(began) })
			<-ctx.Done()
			stopped <- context.Cause(ctx)
			return nil, ctx.Err()
		}))
	})
	m := ask(milter.WithReadTimeout(200 * time.Millisecond)) // it closes then
	m.envelope("ben@reader.example")
	m.session.BodyReadFrom(strings.NewReader(m.header(message("words\r\n"))))
	<-began
	select {
	case err := <-stopped:
		if !strings.Contains(fmt.Sprint(err), "has gone") {
			t.Errorf("the work stopped for %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the work goes on for a mail server that has gone")
	}
}

// Going down lets a message in progress end, and takes no other.
func TestMilterShutdown(t *testing.T) {
	r, ask := newMilterRig(t, nil)
	idle, busy := ask(), ask()
	busy.envelope("ben@reader.example")
	down := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		down <- r.server.Shutdown(ctx)
	}()
	for r.server.Ready() == nil {
		time.Sleep(time.Millisecond)
	}
	if does, _ := busy.send(message("words\r\n")); does != "accept" {
		t.Errorf("the message in progress is told %q", does)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	if a, err := idle.session.Mail("ana@sender.example", ""); err == nil {
		t.Errorf("a connection that waited goes on: %v", a)
	}
}
