package proxy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/emersion/go-smtp"
)

// TestUpstreamRepliesWordForWord: each RCPT has the upstream's own answer.
func TestUpstreamRepliesWordForWord(t *testing.T) {
	r := newRig(t, nil)
	r.sink.rcpt = func(to string) error {
		switch {
		case strings.HasPrefix(to, "later"):
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted, 5 minutes"}
		case strings.HasPrefix(to, "never"):
			return &smtp.SMTPError{Code: 551, EnhancedCode: smtp.EnhancedCode{5, 1, 6}, Message: "moved\nfar away"}
		}
		return nil
	}
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example>", "250 2.0.0 Roger, accepting mail from <ana@sender.example>")
	p.cmd("RCPT TO:<later@reader.example>", "450 4.2.0 greylisted, 5 minutes\r\n")
	if got := p.cmd("RCPT TO:<never@reader.example>", "551"); got != "551-moved\r\n551 5.1.6 far away\r\n" {
		t.Errorf("multi-line reply changed: %q", got)
	}
	p.cmd("RCPT TO:<ben@reader.example>", "250 2.0.0 I'll make sure")
	p.data(message("words\r\n"))
	if got := r.sink.got(); len(got) != 1 || len(got[0].to) != 1 {
		t.Errorf("the upstream has %+v", got)
	}
}

// TestOnlyUpstreamExtensionsAreOffered: nothing has to be downgraded.
func TestOnlyUpstreamExtensionsAreOffered(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	ehlo := p.cmd("EHLO client.example", "250")
	for _, keyword := range []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES", "SIZE 16777216"} {
		if !strings.Contains(ehlo, keyword+"\r\n") {
			t.Errorf("%s is not offered: %q", keyword, ehlo)
		}
	}
	for _, keyword := range []string{"AUTH", "STARTTLS", "REQUIRETLS", "DELIVERBY", "MT-PRIORITY"} {
		if strings.Contains(ehlo, keyword) {
			t.Errorf("%s is offered, and the upstream does not: %q", keyword, ehlo)
		}
	}
}

// TestOutsidersMayNotRelay: without authentication only the configured
// networks may send.
func TestOutsidersMayNotRelay(t *testing.T) {
	r := newRig(t, nil)
	l := listen(t)
	go r.server.Serve(l, proxy.Door{}) // no network is allowed at this door
	r.addr = l.Addr().String()
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example>", "530 5.7.0")
	p.cmd("RCPT TO:<ben@reader.example>", "503")
}

// TestLoopsAreCut: a message with too many Received lines is refused.
func TestLoopsAreCut(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	p.envelope()
	if reply := p.data(strings.Repeat("Received: from a by b;\r\n", 21) + message("words\r\n")); !strings.HasPrefix(reply, "554 5.4.6") {
		t.Errorf("reply %q, want 554 5.4.6", reply)
	}
	p.envelope()
	if reply := p.data(strings.Repeat("Received: from a by b;\r\n", 20) + message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Errorf("20 hops: reply %q, want 250", reply)
	}
}

// TestTooBigIsRefused by what is declared, and by what comes.
func TestTooBigIsRefused(t *testing.T) {
	r := newRig(t, func(cfg *proxy.Config) { cfg.MaxSize = 100_000 })
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example> SIZE=100001", "552 5.3.4")
	p.envelope()
	if reply := p.data(message(strings.Repeat("0123456789\r\n", 10_000))); !strings.HasPrefix(reply, "552 5.3.4") {
		t.Errorf("reply %q, want 552 5.3.4", reply)
	}
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Errorf("after it: reply %q, want 250", reply)
	}
}

// TestLoneLineEndsAreRefused: what a lenient next hop could take for the end.
func TestLoneLineEndsAreRefused(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	for _, odd := range []string{"a\nb\r\n", "a\rb\r\n", "a\x00b\r\n", "a\n.\nb\r\n"} {
		p.envelope()
		if reply := p.data(message(odd)); !strings.HasPrefix(reply, "554 5.6.0") {
			t.Errorf("%q: reply %q, want 554 5.6.0", odd, reply)
		}
	}
	if len(r.sink.got()) != 0 {
		t.Error("one was sent on")
	}
}

// TestChunksArriveWhole: BDAT content goes on byte for byte (RFC 3030).
func TestChunksArriveWhole(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	p.envelope()
	content := message(".\r\n..\r\nlone dots above\r\n")
	fmt.Fprintf(p.conn, "BDAT 30\r\n%sBDAT %d LAST\r\n%s", content[:30], len(content)-30, content[30:])
	p.want("250")
	p.want("250")
	if got := r.sink.got(); len(got) != 1 || !strings.HasSuffix(string(got[0].content), content) {
		t.Error("the chunks did not arrive whole")
	}
}

// TestCutOffChunkIsNoMessage: a client that goes inside its last chunk has
// sent nothing.
func TestCutOffChunkIsNoMessage(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	p.envelope()
	fmt.Fprintf(p.conn, "BDAT 1000 LAST\r\n%s", message("half"))
	p.conn.Close()
	time.Sleep(200 * time.Millisecond)
	if len(r.sink.got()) != 0 || r.store.count() != 0 {
		t.Error("a truncated message was taken for whole")
	}
}

// TestParametersTravelOn: what the client asked of the envelope reaches the
// upstream, in its own form.
func TestParametersTravelOn(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=q+2B1", "250")
	p.cmd("RCPT TO:<ben@reader.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ben+2Bx@reader.example", "250")
	p.cmd("RCPT TO:<\"odd local\"@reader.example>", "250")
	p.data(message("words\r\n"))
	got := r.sink.got()
	if len(got) != 1 || len(got[0].to) != 2 || got[0].to[1] != "odd local@reader.example" {
		t.Fatalf("the upstream has %+v", got)
	}
	if m := got[0].mail; m.Body != smtp.Body8BitMIME || m.Return != smtp.DSNReturnHeaders || m.EnvelopeID != "q+1" {
		t.Errorf("MAIL parameters %+v", m)
	}
	first := got[0].rcpt[0]
	if !slices.Equal(first.Notify, []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyFailure}) ||
		first.OriginalRecipientType != smtp.DSNAddressTypeRFC822 || first.OriginalRecipient != "ben+x@reader.example" {
		t.Errorf("RCPT parameters %+v", first)
	}
}

// TestUpstreamDown: clients are told to come again, and nothing is lost.
func TestUpstreamDown(t *testing.T) {
	l := listen(t)
	gone := l.Addr().String()
	l.Close()
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, gone) })
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example>", "451 4.4.1")
	if got := count(r.metrics.Upstream, "unreachable"); got < 1 {
		t.Errorf("unreachable counted %v times", got)
	}
}

// TestShutdownLetsTransactionsFinish, and tells idle clients.
func TestShutdownLetsTransactionsFinish(t *testing.T) {
	r := newRig(t, nil)
	busy, idle := r.dial(t), r.dial(t)
	busy.envelope()
	busy.cmd("DATA", "354")
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- r.server.Shutdown(ctx)
	}()
	idle.want("421 4.3.2")
	fmt.Fprintf(busy.conn, "%s.\r\n", message("words\r\n"))
	busy.want("250")
	if err := <-done; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if len(r.sink.got()) != 1 {
		t.Error("the message under way was lost")
	}
}

// TestOneRecipientAtATime: an LMTP upstream answers for each recipient, which
// one SMTP reply cannot, so clients are made to split.
func TestOneRecipientAtATime(t *testing.T) {
	r := newRig(t, func(cfg *proxy.Config) { cfg.OneRecipient = true })
	p := r.dial(t)
	p.envelope()
	p.cmd("RCPT TO:<second@reader.example>", "452 4.5.3")
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Errorf("reply %q, want 250", reply)
	}
	if got := r.sink.got(); len(got) != 1 || len(got[0].to) != 1 {
		t.Errorf("the upstream has %+v", got)
	}
}
