package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// inProcess is a relay in this process.
type inProcess struct {
	*relay
	stop func()
}

// startRelay starts a relay over a data folder.
func startRelay(t *testing.T, dir, upstream string, change func(*configs.Config)) *inProcess {
	t.Helper()
	cfg := configs.Default()
	cfg.DataDir, cfg.Upstream.URL = dir, upstream
	cfg.Listeners[0].Address, cfg.Admin.Address, cfg.Metrics.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	r, err := newRelay(t.Context(), &cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &inProcess{r, stop}
}

// posting is one message of a mailing: a header of its own over a body that may be
// the same for all.
type posting struct {
	from, to string
	body     []byte // dot-stuffed, with its line end
}

// mailing sends mails over a few connections, each in order, and counts the
// replies by their first words.
func (p *inProcess) mailing(t *testing.T, n int, of func(int) posting) map[string]int {
	t.Helper()
	const connections = 4
	var next atomic.Int64
	var mu sync.Mutex
	replies := map[string]int{}
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			c := dialQuiet(p.listeners[0].Addr().String())
			if c == nil {
				t.Error("the relay takes no client")
				return
			}
			defer c.conn.Close() // every reply has been read
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				reply := c.deliver(of(i))
				words := strings.Fields(reply)
				mu.Lock()
				replies[strings.Join(words[:min(3, len(words))], " ")]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return replies
}

// bulkClient sends messages without looking at anything but the last reply.
type bulkClient struct {
	conn net.Conn
	in   *lineReader
}

type lineReader struct {
	r   io.Reader
	buf []byte
}

func (l *lineReader) line() string {
	for {
		if i := bytes.IndexByte(l.buf, '\n'); i >= 0 {
			line := string(l.buf[:i])
			l.buf = l.buf[i+1:]
			if len(line) < 4 || line[3] != '-' {
				return strings.TrimSpace(line)
			}
			continue
		}
		var b [4096]byte
		n, err := l.r.Read(b[:])
		if err != nil {
			return "lost: " + err.Error()
		}
		l.buf = append(l.buf, b[:n]...)
	}
}

func dialQuiet(address string) *bulkClient {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil
	}
	c := &bulkClient{conn, &lineReader{r: conn}}
	c.in.line()
	fmt.Fprint(conn, "EHLO tool.example\r\n")
	c.in.line()
	return c
}

func (c *bulkClient) deliver(m posting) string {
	fmt.Fprintf(c.conn, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", m.from, m.to)
	for range 3 {
		if reply := c.in.line(); reply[0] != '2' && reply[0] != '3' {
			return reply
		}
	}
	head := fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: News of your account\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", m.from, m.to)
	bufs := net.Buffers{[]byte(head), m.body, []byte(".\r\n")}
	if _, err := bufs.WriteTo(c.conn); err != nil {
		return "lost: " + err.Error()
	}
	return c.in.line()
}

func crlf(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }

// incidents lists what is held.
func (p *inProcess) incidents(t *testing.T) []quarantine.Incident {
	t.Helper()
	all, _, err := p.store.Incidents(t.Context(), quarantine.IncidentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// value returns a counter or gauge of the relay's registry, summed over labels.
func (p *inProcess) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != "bulkhead_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			text := fmt.Sprint(m.GetLabel())
			all := true
			for _, l := range labels {
				all = all && strings.Contains(text, `"`+l+`"`)
			}
			if all {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// TestTheAccident: 3,500 customers are to get the account data of 20,000. It is
// one run and one incident, none leaves, and the content is read once. The
// control: as many statements with one record each, and a newsletter, arrive.
func TestTheAccident(t *testing.T) {
	copies := 3500
	if testing.Short() {
		copies = 60
	}
	box := newMailbox(t)
	data := t.TempDir()
	const reviewer = "review@office.example"
	p := startRelay(t, data, box.url(), func(cfg *configs.Config) {
		cfg.Notify.Mail.To, cfg.Notify.Digest = []string{reviewer}, 0
	})
	arrived := func() int { return len(box.got()) - len(box.mailTo(reviewer)) }
	customers := makeCustomers(customerCount)
	list := crlf(csvOf(customers))
	reader := func(i int) string { return customers[i*5][6] }
	took := func(what string, n int, began time.Time) {
		t.Logf("%d %s in %v: %v each", n, what, time.Since(began).Round(time.Millisecond), (time.Since(began) / time.Duration(n)).Round(10*time.Microsecond))
	}

	began := time.Now()
	replies := p.mailing(t, copies, func(i int) posting { return posting{"bulletins@isp.example", reader(i), list} })
	took(fmt.Sprintf("copies of the accident, %d bytes each,", len(list)), copies, began)
	if replies["250 2.0.0 Held"] != copies {
		t.Errorf("the client was told %v, want %d held", replies, copies)
	}
	all := p.incidents(t)
	if len(all) != 1 || all[0].Copies != copies || all[0].Delivered != 0 || all[0].Subjects != customerCount {
		t.Fatalf("incidents %+v; want one of %d copies, none delivered, %d people", all, copies, customerCount)
	}
	if n := arrived(); n != 0 {
		t.Errorf("%d copies of the accident left", n)
	}
	// No copy has all of the people: each leaves out its own reader.
	record, err := gatherIncident(t.Context(), p.store, all[0].ID)
	if err != nil || record.ByCategory["direct"] != customerCount || !record.ByCategoryEstimated {
		t.Errorf("the record has people by category %v, %v", record.ByCategory, err)
	}
	for _, format := range []string{"html", "pdf", "json"} {
		file := filepath.Join(t.TempDir(), "record."+format)
		_, errOut, status := runBulkhead(t, "incidents", "report", all[0].ID, "--data-dir", data, "--format", format, "-o", file)
		if written, err := os.Stat(file); status != exitOK || err != nil || written.Size() < 1000 {
			t.Errorf("the breach record as %s: exit status %d, %v: %s", format, status, err, errOut)
		}
	}
	stats, err := p.store.Stats(t.Context())
	if most := int64(len(list))*11/10 + int64(copies)*4096; err != nil || stats.Stored > most {
		t.Errorf("%d copies take %d bytes on disk, want at most %d; %v", copies, stats.Stored, most, err)
	}
	for _, want := range []struct {
		value  float64
		name   string
		labels []string
	}{
		{1, "runs_total", []string{"held"}}, {1, "runs_active", nil}, {float64(copies - 1), "run_messages_stopped_total", nil},
		{0, "run_messages_delivered_before_hold_total", nil}, {1, "part_lookups_total", []string{"read"}},
		{float64(copies - 1), "part_lookups_total", []string{"known"}}, {0, "ledger_dropped_total", nil},
	} {
		got := p.value(t, want.name, want.labels...)
		if want.name == "run_messages_stopped_total" {
			// Copies that were judged while the first was on its way to the
			// store are held by their own verdict.
			if got < want.value-8 || got > want.value {
				t.Errorf("%s is %v, want about %v", want.name, got, want.value)
			}
		} else if got != want.value {
			t.Errorf("%s%v is %v, want %v", want.name, want.labels, got, want.value)
		}
	}

	began = time.Now()
	replies = p.mailing(t, copies, func(i int) posting {
		c := customers[i*5]
		return posting{"billing@isp.example", reader(i), crlf(fmt.Sprintf("Dear %s,\n\nthis is the statement of your account %s.\n\nname: %s\nmail: %s\nproduct: %s\nto pay: %s\n\nThe sum is taken from your bank account in ten days.\nKind regards\nThe billing team\n",
			c[2], c[1], c[2], c[6], c[3], c[4]))}
	})
	took("statements", copies, began)
	if replies["250 2.0.0 Held"] != 0 || arrived() != copies {
		t.Errorf("statements: the client was told %v, %d arrived", replies, arrived())
	}
	news := crlf("Dear customer,\n\n" + strings.Repeat("our engineers have made the service quicker, and the help pages have moved to a new place.\n", 20) +
		"\nQuestions? Write to info@isp.example.\n")
	began = time.Now()
	p.mailing(t, copies, func(i int) posting { return posting{"news@isp.example", reader(i), news} })
	took("newsletters", copies, began)
	if arrived() != 2*copies || len(p.incidents(t)) != 1 {
		t.Errorf("after the newsletter %d arrived, %d incidents; want %d and 1", arrived(), len(p.incidents(t)), 2*copies)
	}
	if n := len(box.mailTo(reviewer)); n != 1 {
		t.Errorf("the reviewer has %d notices, want 1", n)
	}
}

// TestTwoSendersAreKeptApart, though they send the same at the same time.
func TestTwoSendersAreKeptApart(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), nil)
	list := crlf(csvOf(makeCustomers(100)))
	letter := crlf("Dear reader,\n\n" + strings.Repeat("the meeting of the council has moved to the large room on the second floor.\n", 5))
	p.mailing(t, 20, func(i int) posting {
		return posting{[]string{"a@one.example", "b@two.example"}[i%2], fmt.Sprintf("reader%d@client.example", i), list}
	})
	all := p.incidents(t)
	if len(all) != 2 || all[0].Copies != 10 || all[1].Copies != 10 || all[0].Run == all[1].Run {
		t.Errorf("incidents %+v; want two of ten copies", all)
	}
	// Other mail of a sender whose run is held goes on.
	replies := p.mailing(t, 3, func(i int) posting { return posting{"a@one.example", fmt.Sprintf("x%d@client.example", i), letter} })
	if len(box.got()) != 3 {
		t.Errorf("other mail of the sender was told %v", replies)
	}
}

// bulletin is a mailing whose copies have a table of people or not: with few
// of them it passes by its own verdict.
func bulletin(people int) []byte {
	return crlf("Dear reader,\n\n" + strings.Repeat("the works on the northern bridge are done, and the road is open for all vehicles again.\nthe council thanks everybody for their patience and for the many helpful letters.\n", 8) +
		"\n" + csvOf(makeCustomers(people)))
}

// TestABrakeOutlivesARestart, and a decision of a person ends or confirms it.
func TestABrakeOutlivesARestart(t *testing.T) {
	for _, c := range []struct {
		decide func(*testing.T, *inProcess, string)
		want   string
		same   bool // the copy joins the incident
	}{
		{func(*testing.T, *inProcess, string) {}, "250 2.0.0 Held", true},
		{func(t *testing.T, p *inProcess, id string) {
			if err := p.store.Refuse(t.Context(), id, "anna", "no"); err != nil {
				t.Fatal(err)
			}
		}, "250 2.0.0 Held", true},
		{func(t *testing.T, p *inProcess, id string) {
			r, err := p.store.BeginRelease(t.Context(), id, nil, "anna", "fine")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Settle(t.Context(), []quarantine.RecipientResult{{Address: "first@client.example", State: quarantine.RecipientReleased}}); err != nil {
				t.Fatal(err)
			}
		}, "250 2.0.0 OK", false},
	} {
		box := newMailbox(t)
		dir := t.TempDir()
		p := startRelay(t, dir, box.url(), nil)
		one := func(to string, body []byte) string {
			for reply := range p.mailing(t, 1, func(int) posting { return posting{"tool@isp.example", to, body} }) {
				return reply
			}
			return ""
		}
		if reply := one("before@client.example", bulletin(2)); reply != "250 2.0.0 OK:" && !strings.HasPrefix(reply, "250") {
			t.Fatalf("the copy that passes by its own verdict was told %q", reply)
		}
		if reply := one("first@client.example", bulletin(40)); reply != "250 2.0.0 Held" {
			t.Fatalf("the copy with the table was told %q", reply)
		}
		before := p.incidents(t)
		copies, _, err := p.store.List(t.Context(), quarantine.Query{Incident: before[0].ID})
		if err != nil || len(copies) != 1 {
			t.Fatal(err)
		}
		p.stop()
		p = startRelay(t, dir, box.url(), nil)
		if i := p.incidents(t)[0]; i.Delivered != 1 || i.Copies != 1 {
			t.Errorf("after the restart the incident is %+v; want one held, one delivered", i)
		}
		c.decide(t, p, copies[0].ID)
		reply := one("second@client.example", bulletin(2))
		if !strings.HasPrefix(reply, c.want[:3]) || strings.Contains(reply, "Held") != strings.Contains(c.want, "Held") {
			t.Errorf("after the restart a copy was told %q, want %q", reply, c.want)
		}
		after := p.incidents(t)
		if len(after) != 1 || (after[0].Copies == 2) != c.same {
			t.Errorf("incidents %+v; joined: want %v", after, c.same)
		}
		if c.same {
			continue
		}
		// What was reviewed passes, and more than that does not.
		if reply := one("third@client.example", bulletin(40)); strings.Contains(reply, "Held") {
			t.Errorf("a copy like the released one was told %q", reply)
		}
		// Nor does another kind of data about fewer people, though the policy
		// that is named first was seen.
		cards := append(bulletin(30), crlf("\n4111 1111 1111 1111\n5500 0055 5555 5559\n4012 8888 8888 1881\n3400 0000 0000 009\n")...)
		if reply := one("cards@client.example", cards); !strings.Contains(reply, "Held") || len(p.incidents(t)) != 2 {
			t.Errorf("a copy with cards, which nobody has reviewed, was told %q", reply)
		}
		if reply := one("fourth@client.example", bulletin(60)); !strings.Contains(reply, "Held") || len(p.incidents(t)) != 2 {
			t.Errorf("a copy with more people than were reviewed was told %q", reply)
		}
	}
}

// TestRunAnswers: what the client of later copies is told, and what is kept.
func TestRunAnswers(t *testing.T) {
	for answer, c := range map[string]struct {
		want, refused string
		copies        int
	}{
		"accept": {"250 2.0.0 Held", "250 2.0.0 Held", 3},
		"refuse": {"550 5.7.1", "550 5.7.1", 3},
		"defer":  {"451 4.3.0 Run", "550 5.7.1 Not", 1},
	} {
		p := startRelay(t, t.TempDir(), "maildir:"+filepath.Join(t.TempDir(), "m"), func(cfg *configs.Config) { cfg.Run.Answer = answer })
		one := func(to string, body []byte) string {
			for reply := range p.mailing(t, 1, func(int) posting { return posting{"tool@isp.example", to, body} }) {
				return reply
			}
			return ""
		}
		one("first@client.example", bulletin(40))
		if reply := one("second@client.example", bulletin(2)); !strings.HasPrefix(reply, c.want) {
			t.Errorf("%s: the second copy was told %q, want %q", answer, reply, c.want)
		}
		copies, _, err := p.store.List(t.Context(), quarantine.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range copies {
			if err := p.store.Refuse(t.Context(), m.ID, "anna", "no"); err != nil {
				t.Fatal(err)
			}
		}
		if reply := one("third@client.example", bulletin(2)); !strings.HasPrefix(reply, c.refused) {
			t.Errorf("%s: after a refusal the third copy was told %q, want %q", answer, reply, c.refused)
		}
		if all := p.incidents(t); len(all) != 1 || all[0].Copies != c.copies {
			t.Errorf("%s: incidents %+v, want one of %d copies", answer, all, c.copies)
		}
	}
}

// TestEcho: the list of recipients went out as the text, too short a list for
// any other policy. It is seen once three of them have been written to.
func TestEcho(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), nil)
	customers := makeCustomers(8)
	var list strings.Builder
	list.WriteString("Dear member,\n\n" + strings.Repeat("our yearly meeting takes place in the hall beside the station at seven.\n", 4) + "\n")
	for _, c := range customers {
		fmt.Fprintf(&list, "%s\n", c[6])
	}
	body := crlf(list.String())
	c := dialQuiet(p.listeners[0].Addr().String())
	for i, customer := range customers {
		reply := c.deliver(posting{"club@isp.example", customer[6], body})
		if held := strings.Contains(reply, "Held"); held != (i >= 3) {
			t.Errorf("copy %d was told %q", i+1, reply)
		}
	}
	if all := p.incidents(t); len(all) != 1 || all[0].Policy != "echo" || all[0].Copies != 5 {
		t.Errorf("incidents %+v; want one by echo of 5 copies", all)
	}
	var served []string
	for deadline := time.Now().Add(patience); len(served) < 3 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		served = nil
		err := p.store.Served(t.Context(), p.incidents(t)[0].Run, func(s quarantine.Served) error {
			served = append(served, s.Address)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{customers[0][6], customers[1][6], customers[2][6]}; !slices.Equal(served, want) || p.incidents(t)[0].Delivered != 3 {
		t.Errorf("served by the ledger %v, want %v; incident %+v", served, want, p.incidents(t)[0])
	}
	if got := p.value(t, "run_messages_delivered_before_hold_total"); got != 3 {
		t.Errorf("%v copies are counted as delivered before the hold, want 3", got)
	}
}

// A listener whose certificate cannot be read ends the start before another takes
// mail: clients would have its greeting, and then lose it.
func TestNoListenerTakesMailBeforeEachIsReady(t *testing.T) {
	cfg := configs.Default()
	cfg.DataDir, cfg.Upstream.URL = t.TempDir(), newMailbox(t).url()
	cfg.Admin.Address, cfg.Metrics.Address = "127.0.0.1:0", "127.0.0.1:0"
	second := configs.Listener{Address: "127.0.0.1:0", TLS: configs.TLS{Cert: "no/such.pem", Key: "no/such.key"}}
	cfg.Listeners = []configs.Listener{{Address: "127.0.0.1:0"}, second}
	var log bytes.Buffer
	r, err := newRelay(t.Context(), &cfg, slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.run(t.Context()); err == nil || !strings.Contains(err.Error(), "no/such.pem") {
		t.Errorf("it ends with %v, want the file that is not there", err)
	}
	if strings.Contains(log.String(), "taking mail") {
		t.Errorf("it took mail:\n%s", log.String())
	}
}
