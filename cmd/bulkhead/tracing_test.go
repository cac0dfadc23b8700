package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/tracing/collector"
)

// Each message is one tree, joined with its line in the log by the trace's id,
// and nothing of what a message says is told.
func TestMessagesAreTraced(t *testing.T) {
	to := collector.Start(t)
	box := newMailbox(t)
	config := writeFile(t, "bulkhead.yaml", `listeners: [{address: "127.0.0.1:0", allow: [127.0.0.0/8]}]
policies:
  - {name: many, when: exposure.direct >= 200, action: reject}
  - {name: some, when: exposure.direct >= 10, action: hold}
`)
	p := serve(t, t.TempDir(), box.url(), "--config", config, "BULKHEAD_TRACING_ENDPOINT="+to.URL)
	leak := func(people int) []byte {
		return attached("", "list@isp.example", "ben@client.example", "salaries of april.csv", "text/csv", []byte(csvOf(makeCustomers(people)))).content
	}
	send := func(want int, from string, content []byte) {
		t.Helper()
		if code, text := dial(t, p.smtp[0]).send(from, []string{"ben@client.example"}, content); code != want {
			t.Errorf("answered %d %s, want %d", code, text, want)
		}
	}
	send(250, "ana@office.example", letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content)
	send(250, "list@isp.example", leak(40))
	send(550, "other@isp.example", leak(300))
	c := dial(t, p.smtp[0])
	c.cmd(250, "MAIL FROM:<ana@office.example>")
	c.cmd(250, "RCPT TO:<ben@client.example>")
	c.cmd(354, "DATA")
	if _, err := c.conn.Write([]byte("Subject: a lone line end\r\n\r\nhere\nis one\r\n.\r\n")); err != nil {
		t.Fatal(err)
	}
	c.expect(554)
	p.stop(t)

	trees, err := to.Trees()
	if err != nil || len(trees) != 4 {
		t.Fatalf("%d trees, want 4: %v\n%s", len(trees), err, p.logged())
	}
	for i, want := range []struct {
		action, policy, subjects, fault string
		stages                          []string
	}{
		{"pass", "", "0", "", []string{"spool", "inspect", "run", "decide", "upstream"}},
		{"hold", "some", "40", "", []string{"spool", "inspect", "run", "decide", "store"}},
		{"reject", "many", "300", "", []string{"spool", "inspect", "run", "decide"}},
		{"fault", "", "", "receive", []string{"spool"}},
	} {
		got := trees[i]
		if got.Name != "message" || !slices.Equal(got.Names(), want.stages) {
			t.Errorf("message %d is %s over %v, want %v", i, got.Name, got.Names(), want.stages)
		}
		for key, value := range map[string]string{"bulkhead.action": want.action, "bulkhead.policy": want.policy, "bulkhead.subjects": want.subjects, "bulkhead.fault.stage": want.fault} {
			if v := got.Value(key); v != value {
				t.Errorf("message %d: %s is %q, want %q", i, key, v, value)
			}
		}
		line := fmt.Sprintf(`"trace_id":%q`, hex.EncodeToString(got.TraceId))
		ref := got.Value("bulkhead.message.ref")
		if ref == "" {
			t.Errorf("message %d has no ref", i)
		}
		p.tells(t, line, ref)
		for _, stage := range got.Below {
			if stage.StartTimeUnixNano < got.StartTimeUnixNano || stage.EndTimeUnixNano > got.EndTimeUnixNano {
				t.Errorf("message %d: %s is not within it", i, stage.Name)
			}
		}
	}
	if up := trees[0].Under("upstream"); up.Value("bulkhead.upstream.result") != "accepted" || up.Value("bulkhead.upstream.code") != "250" {
		t.Errorf("the upstream: %v", up)
	}
	if in := trees[1].Under("inspect"); in.Value("bulkhead.parts") == "" || len(in.Events) == 0 || !strings.Contains(fmt.Sprint(in.Events), "csv") {
		t.Errorf("the inspection: %v", in)
	}
	checkNothingTold(t, to, leak(40))
}

// checkNothingTold checks that nothing of a message's words and addresses was
// exported.
func checkNothingTold(t *testing.T, to *collector.Collector, content []byte) {
	t.Helper()
	raw, headers := to.Raw()
	all := append(raw, fmt.Sprint(headers)...)
	values := []string{"isp.example", "office.example", "client.example", "ana", "ben@", "list@", "salaries", "april", "lone line", "Subject: ", "127.0.0.1:25"}
	for _, row := range makeCustomers(40)[1:] {
		for _, cell := range row {
			if len(cell) >= 5 {
				values = append(values, cell)
			}
		}
	}
	for line := range bytes.Lines(content) {
		if line = bytes.TrimSpace(line); len(line) >= 12 {
			values = append(values, string(line))
		}
	}
	if len(values) < 100 || len(raw) < 1000 {
		t.Fatalf("%d values are looked for in %d bytes", len(values), len(raw))
	}
	for _, v := range values {
		if bytes.Contains(bytes.ToLower(all), []byte(strings.ToLower(v))) {
			t.Errorf("%q is told", v)
		}
	}
}

// Doctor looks whether the collector is there.
func TestDoctorLooksAtTheCollector(t *testing.T) {
	for endpoint, want := range map[string]level{collector.Start(t).URL: levelOK, "http://" + freePort(t): levelWarn} {
		found, _ := doctor(t, writeFile(t, "bulkhead.yaml", fmt.Sprintf("upstream: {url: \"maildir:m\"}\ntracing: {endpoint: %q}\n", endpoint)))
		if got, said := worst(found, "tracing"); got != want {
			t.Errorf("of %s doctor says %q, want %q: %s", endpoint, got, want, said)
		}
	}
}
