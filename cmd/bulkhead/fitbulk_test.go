package main

import (
	"errors"
	"fmt"
	"maps"
	"net/smtp"
	"net/textproto"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	gosmtp "github.com/emersion/go-smtp"
)

// bulkPool sends as listmonk does with its pool of connections
// (knadh/smtppool: pool.go), which is over net/smtp, too: an answer of the server
// is the end of a message, and never tried again; the connection goes on after
// RSET. A connection that is lost is replaced by the next message that wants it.
type bulkPool struct {
	address string
	conns   chan *smtp.Client // nil: to be made
	dialed  atomic.Int64
}

func newBulkPool(t testing.TB, address string, connections int) *bulkPool {
	p := &bulkPool{address: address, conns: make(chan *smtp.Client, connections)}
	for range connections {
		p.conns <- nil
	}
	t.Cleanup(func() {
		for range connections {
			if c := <-p.conns; c != nil {
				c.Close() // every reply has been read
			}
		}
	})
	return p
}

func (p *bulkPool) send(m posting) error {
	c := <-p.conns
	var err error
	if c == nil {
		p.dialed.Add(1)
		if c, err = smtp.Dial(p.address); err != nil {
			p.conns <- nil
			return err
		}
	}
	err = handOver(c, m)
	var answer *textproto.Error
	if err != nil && !errors.As(err, &answer) || c.Reset() != nil {
		c.Close() // it is lost
		c = nil
	}
	p.conns <- c
	return err
}

func handOver(c *smtp.Client, m posting) error {
	if err := c.Mail(m.from); err != nil {
		return err
	}
	if err := c.Rcpt(m.to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "From: <%s>\r\nTo: <%s>\r\nSubject: News of your account\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", m.from, m.to) // Close tells
	w.Write(m.body)                                                                                                                                                 // as above
	return w.Close()
}

// campaign sends to readers over the pool, each of them at most so many times,
// and returns the reply code of the last try: 250, or 0 for a lost connection.
func (p *bulkPool) campaign(readers []string, tries int, body []byte) map[string]int {
	var mu sync.Mutex
	last := map[string]int{}
	var wg sync.WaitGroup
	for _, to := range readers {
		wg.Go(func() {
			code := 0
			for try := 0; try < tries && code != 250; try++ {
				if try > 0 {
					time.Sleep(50 * time.Millisecond)
				}
				err := p.send(posting{"news@isp.example", to, body})
				var answer *textproto.Error
				switch {
				case err == nil:
					code = 250
				case errors.As(err, &answer):
					code = answer.Code
				default:
					code = 0
				}
			}
			mu.Lock()
			defer mu.Unlock()
			last[to] = code
		})
	}
	wg.Wait()
	return last
}

func readersOfCampaign(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("reader%03d@client.example", i))
	}
	return list
}

// count tells how many readers were answered so.
func countCodes(last map[string]int) map[int]int {
	counts := map[int]int{}
	for _, code := range last {
		counts[code]++
	}
	return counts
}

func newsBody() []byte {
	return crlf("Dear customer,\n\nour engineers have made the service quicker, and the help pages have moved to a new place.\n\nQuestions? Write to info@isp.example.\n")
}

// TestPooledBulkSenderWithAnUpstreamThatIsSometimesAway: it does not listen yet,
// says 421, refuses for now at every step, and cuts the connection within a
// message. A sender that tries again has each message delivered exactly once.
func TestPooledBulkSenderWithAnUpstreamThatIsSometimesAway(t *testing.T) {
	up := &moody{mailbox: &mailbox{address: freePort(t)}}
	p := startRelay(t, t.TempDir(), up.url(), nil)
	later := time.AfterFunc(300*time.Millisecond, func() { up.listen(t) })
	defer later.Stop()
	pool := newBulkPool(t, p.listeners[0].Addr().String(), 10)
	readers := readersOfCampaign(200)
	last := pool.campaign(readers, 200, newsBody())
	if got := countCodes(last); got[250] != len(readers) {
		t.Errorf("the sender was told %v", got)
	}
	if reached := readersOf(up.got()); !slices.Equal(reached, readers) {
		t.Errorf("%d messages arrived, want each of %d readers' once:\n%v", len(reached), len(readers), reached)
	}
	for trouble := range up.had {
		if up.had[trouble].Load() == 0 {
			t.Errorf("trouble %d of the upstream was never had", trouble)
		}
	}
	if n := pool.dialed.Load(); n != 10 {
		t.Errorf("the pool has connected %d times, want 10: what the upstream does costs no client its connection", n)
	}
}

// TestPooledBulkSenderHasTheAccident: 200 copies over 10 connections are one run.
// What listmonk makes of each answer, whether it asks again or not, and what a
// release does to those that were told to wait.
func TestPooledBulkSenderHasTheAccident(t *testing.T) {
	readers, answers := readersOfCampaign(200), map[string]int{"accept": 0, "defer": 451, "refuse": 550}
	if testing.Short() {
		readers, answers = readers[:60], map[string]int{"defer": 451}
	}
	for answer, refusal := range answers {
		t.Run(answer, func(t *testing.T) {
			box := newMailbox(t)
			p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) { cfg.Run.Answer, cfg.Review.TwoPeopleFrom = answer, 0 })
			pool := newBulkPool(t, p.listeners[0].Addr().String(), 10)
			last := pool.campaign(readers, 1, bulletin(40))
			told := countCodes(last)
			// The first copy, and those that were judged before it was on disk.
			if told[250]+told[refusal] != len(readers) || refusal != 0 && (told[250] < 1 || told[250] > 10) {
				t.Errorf("the sender was told %v", told)
			}
			kept := len(readers)
			if answer == "defer" {
				kept = told[250]
			}
			if all := p.incidents(t); len(all) != 1 || all[0].Copies != kept || all[0].Delivered != 0 {
				t.Fatalf("incidents %+v, want one of %d copies", all, kept)
			}
			if n := pool.dialed.Load(); n != 10 {
				t.Errorf("the pool has connected %d times, want 10", n)
			}

			// A tool that asks again gets no other answer, and adds nothing.
			var waiting []string
			for _, to := range slices.Sorted(maps.Keys(last)) {
				if answer == "defer" && last[to] == refusal {
					waiting = append(waiting, to)
				}
			}
			if told := countCodes(pool.campaign(waiting, 2, bulletin(40))); told[refusal] != len(waiting) || p.incidents(t)[0].Copies != kept {
				t.Errorf("asked again the sender was told %v, incidents %+v", told, p.incidents(t))
			}
			if len(box.got()) != 0 {
				t.Fatalf("%d copies have left", len(box.got()))
			}

			p.decide(t, quarantine.ActionRelease)
			if told := countCodes(pool.campaign(waiting, 1, bulletin(40))); told[250] != len(waiting) {
				t.Errorf("after the release the sender was told %v", told)
			}
			if reached := readersOf(box.got()); !slices.Equal(reached, readers) {
				t.Errorf("after the release %d copies arrived, want one for each of %d readers", len(reached), len(readers))
			}
		})
	}
}

// TestPooledBulkSenderHearsTheUpstream: its answers to single readers go back as
// they are, concern nobody else, and are not tried again.
func TestPooledBulkSenderHearsTheUpstream(t *testing.T) {
	box := newMailbox(t)
	readers := readersOfCampaign(60)
	var asked [3]atomic.Int64
	answers := []*gosmtp.SMTPError{
		{Code: 422, EnhancedCode: gosmtp.EnhancedCode{4, 2, 2}, Message: "The mailbox is full"},
		{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 7, 1}, Message: "Try again in five minutes"},
		{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "There is no such reader"},
	}
	box.refusing(func(to string) error {
		if at := slices.Index(readers[:len(answers)], to); at >= 0 {
			asked[at].Add(1)
			return answers[at]
		}
		return nil
	})
	p := startRelay(t, t.TempDir(), box.url(), nil)
	pool := newBulkPool(t, p.listeners[0].Addr().String(), 10)
	last := pool.campaign(readers, 1, newsBody())
	for i, want := range answers {
		if got := last[readers[i]]; got != want.Code || asked[i].Load() != 1 {
			t.Errorf("%q was told as %d, asked for %d times", want.Message, got, asked[i].Load())
		}
	}
	if told := countCodes(last); told[250] != len(readers)-len(answers) || len(box.got()) != told[250] || pool.dialed.Load() != 10 {
		t.Errorf("the sender was told %v over %d connections, %d messages arrived", told, pool.dialed.Load(), len(box.got()))
	}
}
