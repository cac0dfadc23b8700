package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever keeps the relay from starting is told in one sentence, with 2.
func TestBadStartIsToldInOneSentence(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() // the test's own
	file := writeFile(t, "file", "no folder")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"SMTP port taken", []string{"--listen", taken.Addr().String()}, "address already in use"},
		{"console port taken", []string{"--admin", taken.Addr().String()}, "admin: listen tcp .*address already in use"},
		{"metrics port taken", []string{"--metrics", taken.Addr().String()}, "metrics: listen tcp .*address already in use"},
		{"data folder is a file", []string{"--data-dir", file}, "data_dir: .*file is not a folder"},
		{"data folder below a file", []string{"--data-dir", filepath.Join(file, "data")}, "data_dir: .*file is not a folder"},
		{"no upstream", []string{"--upstream", ""}, "upstream.url: empty: want the server"},
		{"upstream of no known kind", []string{"--upstream", "gopher://mail.example"}, "want smtp://"},
		{"no such configuration", []string{"--config", file + ".yaml"}, "file.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0",
				"--data-dir", t.TempDir(), "--upstream", "maildir:" + t.TempDir()}, c.args...)
			_, text, status := runBulkhead(t, args...)
			if status != exitError {
				t.Errorf("exits with %d, want %d", status, exitError)
			}
			if !regexp.MustCompile("^bulkhead: .*"+c.want).MatchString(text) || strings.Contains(text, "goroutine") {
				t.Errorf("says %q, want %q", text, c.want)
			}
		})
	}
}

// The console answers to the names that people were given, and a start where
// passwords go over a line as they are says so.
func TestConsoleBehindAProxy(t *testing.T) {
	open := serve(t, t.TempDir(), "maildir:"+t.TempDir(), "--admin", "0.0.0.0:0",
		"BULKHEAD_ADMIN_HOSTS=[review.example]", "BULKHEAD_NOTIFY_LINK=https://bulkhead.example/")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(open.admin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"review.example": 200, "bulkhead.example": 200, "evil.example": 421} {
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+port+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() // its status is enough
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", host, resp.Status, want)
		}
	}
	open.stop(t)
	closed := serve(t, t.TempDir(), "maildir:"+t.TempDir())
	closed.stop(t)
	const warning = `speaks plain HTTP, so passwords can be read on the way`
	if !strings.Contains(open.logged(), warning) || strings.Contains(closed.logged(), warning) {
		t.Errorf("on every address the log says:\n%s\non loopback:\n%s", open.logged(), closed.logged())
	}
}

// A client in the middle of its message gets its answer; then nobody is taken.
func TestShutdownLetsTheTransactionFinish(t *testing.T) {
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	c, idle := dial(t, p.smtp[0]), dial(t, p.smtp[0])
	c.cmd(250, "MAIL FROM:<ana@office.example>")
	c.cmd(250, "RCPT TO:<ben@client.example>")
	c.cmd(354, "DATA")
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	if _, err := c.conn.Write(message[:200]); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if text := idle.expect(421); !strings.HasPrefix(text, "4.3.2") {
		t.Errorf("an idle client is told %s, want 421 4.3.2", text)
	}
	if conn, err := net.Dial("tcp", p.smtp[0]); err == nil {
		conn.Close() // it was only tried
		t.Error("a new client is still taken")
	}
	if _, err := c.conn.Write(append(message[200:], ".\r\n"...)); err != nil {
		t.Fatal(err)
	}
	c.expect(250)
	p.wait(t)
	checkArrived(t, box, message)
}

// BDAT: binary content in chunks, byte for byte, and held like any other.
func TestChunkedContentArrivesUnchanged(t *testing.T) {
	maildir := t.TempDir()
	p := serve(t, t.TempDir(), "maildir:"+maildir)
	c := dial(t, p.smtp[0])
	if !hasLine(c.ehlo, "CHUNKING") {
		t.Fatalf("CHUNKING is not offered:\n%s", c.ehlo)
	}
	content := []byte("From: <ana@office.example>\r\nTo: <ben@client.example>\r\nSubject: dots\r\n\r\n.\r\n..\r\n.leading\r\nno end of line")
	c.cmd(250, "MAIL FROM:<ana@office.example>")
	c.cmd(250, "RCPT TO:<ben@client.example>")
	for i, chunk := range [][]byte{content[:50], content[50:51], content[51:], nil} {
		last := ""
		if i == 3 {
			last = " LAST"
		}
		if _, err := fmt.Fprintf(c.conn, "BDAT %d%s\r\n%s", len(chunk), last, chunk); err != nil {
			t.Fatal(err)
		}
		c.expect(250)
	}
	files, err := filepath.Glob(filepath.Join(maildir, "new", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d messages arrived, want 1: %v", len(files), err)
	}
	got, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if below, err := belowTrace(got); err != nil || !bytes.Equal(below, content) {
		t.Errorf("%v: the content has changed:\n%q\nwant\n%q", err, got, content)
	}

	leak := attached("", "list@isp.example", "ben@client.example", "c.csv", "text/csv", []byte(csvOf(makeCustomers(50)))).content
	c.cmd(250, "MAIL FROM:<list@isp.example>")
	c.cmd(250, "RCPT TO:<ben@client.example>")
	if _, err := fmt.Fprintf(c.conn, "BDAT %d LAST\r\n%s", len(leak), leak); err != nil {
		t.Fatal(err)
	}
	if text := c.expect(250); !strings.HasPrefix(text, "2.0.0 Held for review as BH-") {
		t.Errorf("the leak is answered %s", text)
	}
	p.stop(t)
}

func TestReadinessFollowsTheUpstream(t *testing.T) {
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	for _, base := range []string{p.metrics, p.admin} {
		if code, text := get(t, base+"/healthz"); code != http.StatusOK || text != "ok\n" {
			t.Errorf("%s/healthz: %d %s", base, code, text)
		}
		if code, text := get(t, base+"/readyz"); code != http.StatusOK {
			t.Errorf("%s/readyz: %d %s", base, code, text)
		}
	}
	metrics := strings.TrimPrefix(p.metrics, "http://")
	if out, _, status := runBulkhead(t, "health", "--metrics", metrics); status != exitOK || out != "ready\n" {
		t.Errorf("health exits with %d: %s", status, out)
	}
	box.server.Close() // it is to be gone
	if code, text := get(t, p.metrics+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "upstream") {
		t.Errorf("readyz without an upstream: %d %s", code, text)
	}
	if code, _ := get(t, p.metrics+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz without an upstream: %d, want 200: a restart would not help", code)
	}
	if _, text, status := runBulkhead(t, "health", "--metrics", metrics); status != exitError || !strings.Contains(text, "upstream") {
		t.Errorf("health without an upstream exits with %d: %s", status, text)
	}
	if _, _, status := runBulkhead(t, "health", "--live", "--metrics", metrics); status != exitOK {
		t.Errorf("health --live exits with %d", status)
	}
	c := dial(t, p.smtp[0])
	if code, text := c.reply("MAIL FROM:<ana@office.example>"); code != 451 || !strings.HasPrefix(text, "4.4.1") {
		t.Errorf("mail without an upstream is answered %d %s, want 451 4.4.1", code, text)
	}
	p.stop(t)
}

// sample is one line of the exposition format.
var sample = regexp.MustCompile(`(?m)^(bulkhead_[a-z_]+)(?:\{(.*)\})? \S+$`)

func TestMetricsAreCleanAndSayNothingOfContent(t *testing.T) {
	promtool := needProgram(t, "promtool", "prometheus")
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	c := dial(t, p.smtp[0])
	c.send("ana@office.example", []string{"ben@client.example"}, letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content)
	leak := attached("", "list@isp.example", "dora@client.example", "customers-secret.csv", "text/csv", []byte(csvOf(makeCustomers(50))))
	c.send(leak.from, []string{leak.to}, leak.content)
	get(t, p.admin+"/")
	get(t, p.admin+"/no/such/page/customers-secret")

	_, text := get(t, p.metrics+"/metrics")
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	for series, want := range map[string]float64{
		`bulkhead_messages_total{action="pass",completeness="complete"}`:              1,
		`bulkhead_messages_total{action="hold",completeness="complete"}`:              1,
		`bulkhead_policy_matches_total{action="hold",policy="bulk-customer-records"}`: 1,
		`bulkhead_quarantine_messages{state="held"}`:                                  1,
		`bulkhead_quarantine_held_subjects_total`:                                     50,
		`bulkhead_upstream_transactions_total{result="accepted"}`:                     1,
		`bulkhead_smtp_connections_total{result="accepted"}`:                          1,
		`bulkhead_message_faults_total{reason="panic",stage="inspect"}`:               0,
		`bulkhead_parts_total{format="csv",outcome="read"}`:                           1,
	} {
		if got := p.metric(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if oldest := p.metric(t, "bulkhead_quarantine_oldest_open_timestamp_seconds"); time.Since(time.Unix(int64(oldest), 0)) > time.Hour {
		t.Errorf("the oldest held message is of %v", oldest)
	}
	if logical, stored := p.metric(t, `bulkhead_quarantine_bytes{kind="logical"}`), p.metric(t, `bulkhead_quarantine_bytes{kind="stored"}`); stored <= 0 || stored >= logical {
		t.Errorf("%v bytes are held in %v, want them compressed", logical, stored)
	}
	if next := time.Unix(int64(p.metric(t, "bulkhead_quarantine_next_expiry_timestamp_seconds")), 0); time.Until(next).Round(time.Hour) != 30*24*time.Hour {
		t.Errorf("the next message expires at %v, want in 30 days", next)
	}
	if records, failures := p.metric(t, "bulkhead_audit_records_total"), p.metric(t, "bulkhead_audit_write_failures_total"); records != 1 || failures != 0 {
		t.Errorf("%v audit records, %v failures; want 1 and none", records, failures)
	}
	if p.metric(t, "bulkhead_audit_chain_intact") != 1 {
		t.Error("the audit trail was not looked at, or is said to be changed")
	}
	if strings.Contains(text, "\nbulkhead_data_free_bytes 0\n") {
		t.Error("a volume that is not full is said to have 0 bytes left")
	}
	if len(sample.FindAllString(text, -1)) < 100 {
		t.Errorf("too few series:\n%s", text)
	}
	for _, foreign := range []string{"customers-secret", "isp.example", "office.example", "client.example", "127.0.0.1", "client.example"} {
		if strings.Contains(text, foreign) {
			t.Errorf("/metrics names %s", foreign)
		}
	}
	checkLabels(t, text)
	checkNative(t, p)
	p.stop(t)
}

// closedSets are the labels that may appear, each with the form of its values.
var closedSets = map[string]*regexp.Regexp{
	"answer": regexp.MustCompile(`^(accept|discard|refuse|tempfail)$`),
	"what":   regexp.MustCompile(`^(configuration|index|allow|certificate)$`),
	"action": regexp.MustCompile(`^(pass|tag|hold|reject|fault)$`), "completeness": regexp.MustCompile(`^(complete|partial|unscanned)$`),
	"policy": regexp.MustCompile(`^[a-z-]+$`), "stage": regexp.MustCompile(`^[a-z]+$`), "reason": regexp.MustCompile(`^[a-z_]+$`),
	"result": regexp.MustCompile(`^[a-z_]+$`), "command": regexp.MustCompile(`^[a-z]+$`), "class": regexp.MustCompile(`^[2-5]xx$`),
	"format": regexp.MustCompile(`^[a-z0-9_.+-]+$`), "outcome": regexp.MustCompile(`^(read|partial|unread|passed|held)$`),
	"state": regexp.MustCompile(`^[a-z_]+$`), "decision": regexp.MustCompile(`^[a-z]+$`), "scope": regexp.MustCompile(`^[a-z]+$`),
	"target": regexp.MustCompile(`^(file|syslog|webhook)$`),
	"le":     regexp.MustCompile(`^[0-9.e+Inf]+$`), "route": regexp.MustCompile(`^((GET|POST) /[a-z/{}$]*|/api/v1/|other)$`),
	"method":  regexp.MustCompile(`^(password|oidc|token|proxy)$`),
	"channel": regexp.MustCompile(`^(mail|webhook|slack|sender)$`),
	"kind":    regexp.MustCompile(`^[a-z0-9-]+$`), "field": regexp.MustCompile(`^[a-z]+\.[a-z_]+$`), "listener": regexp.MustCompile(`^([0-7]|other|console)$`),
	"version": regexp.MustCompile(`^[0-9A-Za-z.-]*$`), "revision": regexp.MustCompile(`^[0-9a-z]*$`),
}

var label = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)

func checkLabels(t *testing.T, text string) {
	t.Helper()
	for _, m := range sample.FindAllStringSubmatch(text, -1) {
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			if set, known := closedSets[l[1]]; !known || !set.MatchString(l[2]) {
				t.Errorf("%s has the label %s=%q, which is of no closed set", m[1], l[1], l[2])
			}
		}
	}
}

// checkNative asks as Prometheus does that wants native histograms.
func checkNative(t *testing.T, p *process) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.metrics+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte("positive_span")) {
		t.Error("no native histogram is offered")
	}
}
