package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// prometheusServer is a running Prometheus that scrapes one relay each second.
type prometheusServer struct{ base string }

// startPrometheus starts Debian's, with our rules.
func startPrometheus(t *testing.T, target string) *prometheusServer {
	t.Helper()
	program := needProgram(t, "prometheus", "prometheus")
	rules, err := filepath.Abs(filepath.Join("..", "..", "configs", "prometheus", "bulkhead.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	config := writeFile(t, "prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: bulkhead
    static_configs: [{targets: [%q]}]
`, rules, target))
	address := freePort(t)
	cmd := exec.Command(program, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=warn")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // its data is the test's own
		cmd.Wait()         // killed, as it says
	})
	p := &prometheusServer{"http://" + address}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(p.base + "/-/ready"); err == nil {
			resp.Body.Close() // its status is enough
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(end) {
			t.Fatal("Prometheus is not ready")
		}
	}
}

// ask calls the HTTP API and reads the answer's data.
func (p *prometheusServer) ask(t *testing.T, path string, into any) {
	t.Helper()
	code, text := get(t, p.base+path)
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || code != http.StatusOK || answer.Status != "success" {
		t.Fatalf("%s: %d %s %v", path, code, answer.Error, err)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatal(err)
	}
}

// series evaluates an expression now, and returns how many series it gives.
func (p *prometheusServer) series(t *testing.T, expr string) int {
	t.Helper()
	var data struct{ Result []json.RawMessage }
	p.ask(t, "/api/v1/query?query="+url.QueryEscape(expr), &data)
	return len(data.Result)
}

// alertRule is a rule as Prometheus has loaded and evaluated it.
type alertRule struct {
	Name, Query, Type, Health, LastError, State string
}

func (p *prometheusServer) rules(t *testing.T) []alertRule {
	t.Helper()
	var data struct{ Groups []struct{ Rules []alertRule } }
	p.ask(t, "/api/v1/rules", &data)
	var all []alertRule
	for _, g := range data.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// dashboardQueries reads the expressions of the committed dashboard as Grafana
// would send them, with its variables filled in.
func dashboardQueries(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "configs", "grafana", "bulkhead.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("$job", "bulkhead", "$instance", ".*", "$__rate_interval", "1m", "$__range_s", "300", "$__range", "5m")
	queries := map[string]string{}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries[p.Title+" "+q.RefID] = filled.Replace(q.Expr)
		}
	}
	return queries
}

// everyAction is a configuration by which mail can come to each action.
const everyAction = `
listeners:
  - {address: "127.0.0.1:0", allow: [127.0.0.0/8], tls: {cert: %q, key: %q}}
policies:
  - {name: whole, when: exposure.direct >= 100, action: reject}
  - {name: bulk, when: exposure.direct >= 10, action: hold}
  - {name: few, when: exposure.direct >= 2, action: tag}
  - {name: unread, when: exposure.completeness != "complete", action: hold}
notify: {mail: {to: [review@office.example]}}
`

// TestPrometheusHasAnAnswerToEveryQuestion: Debian's Prometheus scrapes a relay
// through which mail of every action goes, and each query of the dashboard
// returns data, and each rule is evaluated.
func TestPrometheusHasAnAnswerToEveryQuestion(t *testing.T) {
	testbed.SkipShort(t, "a rate takes seconds of scrapes")
	needProgram(t, "prometheus", "prometheus")
	box := newMailbox(t)
	cert, key := certificate(t)
	dir := t.TempDir()
	if _, text, status := runBulkhead(t, "allow", "add", "--data-dir", dir, "recipient", "printer@client.example", "--reason", "tried", "--expires", "5d"); status != exitOK {
		t.Fatal(text)
	}
	p := serve(t, dir, box.url(), "--config", writeFile(t, "bulkhead.yaml", fmt.Sprintf(everyAction, cert, key)))
	prom := startPrometheus(t, strings.TrimPrefix(p.metrics, "http://"))
	for end := time.Now().Add(patience); prom.series(t, `count_over_time(bulkhead_messages_total[1m]) > 1`) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("Prometheus does not scrape the relay")
		}
	}
	sendEveryAction(t, p)

	missing := dashboardQueries(t)
	if len(missing) < 40 {
		t.Fatalf("the dashboard has only %d queries", len(missing))
	}
	for end := time.Now().Add(patience); len(missing) > 0 && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		for panel, expr := range missing {
			if prom.series(t, expr) > 0 {
				delete(missing, panel)
			}
		}
	}
	for panel, expr := range missing {
		t.Errorf("%s: no data from %s", panel, expr)
	}
	checkRules(t, prom)
	p.stop(t)
}

// checkRules waits until each rule was evaluated, and asks itself what each
// alert asks. One message was held: that alert fires.
func checkRules(t *testing.T, prom *prometheusServer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "configs", "prometheus", "bulkhead.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	want := len(regexp.MustCompile(`(?m)^ +- (alert|record): `).FindAll(text, -1))
	var rules []alertRule
	settled := func() bool {
		rules = prom.rules(t)
		held := false
		for _, r := range rules {
			if r.Health == "unknown" {
				return false
			}
			held = held || r.Name == "BulkheadRunHeld" && r.State == "firing"
		}
		return held
	}
	for end := time.Now().Add(patience); !settled(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("BulkheadRunHeld does not fire, or rules are not evaluated: %+v", rules)
			break
		}
	}
	if len(rules) != want || want < 20 {
		t.Errorf("%d rules are loaded, want %d", len(rules), want)
	}
	for _, r := range rules {
		if r.Health != "ok" || r.LastError != "" {
			t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
		}
		prom.series(t, r.Query) // fails the test on an error
	}
}

// sendEveryAction sends mail that passes, is tagged, held, stopped with its run,
// rejected, let pass by the allow list, not wholly read, and refused as a loop,
// and decides on what is held.
func sendEveryAction(t *testing.T, p *process) {
	t.Helper()
	to := "ben@client.example"
	csv := func(n int) []byte { return []byte(csvOf(makeCustomers(n))) }
	sheet, err := xlsxOf(makeCustomers(40))
	if err != nil {
		t.Fatal(err)
	}
	loop := strings.Repeat("Received: from a.example by b.example; Tue, 11 Jul 2006 10:42:00 +0000\r\n", 60)
	for _, m := range []struct {
		scene
		want string
	}{
		{letter("", "ana@office.example", to, ordinaryLetter), "250 2.0.0 kept"},
		{attached("", "few@office.example", to, "c.csv", "text/csv", csv(4)), "250 2.0.0 kept"},
		{attached("", "list@isp.example", to, "c.csv", "text/csv", csv(50)), "250 2.0.0 Held"},
		{attached("", "list@isp.example", "dora@client.example", "c.csv", "text/csv", csv(50)), "250 2.0.0 Held"},
		{attached("", "shop@office.example", to, "c.csv", "text/csv", csv(200)), "550 5.7.1"},
		{attached("", "tool@office.example", "printer@client.example", "c.csv", "text/csv", csv(30)), "250 2.0.0 kept"},
		{attached("", "cut@office.example", to, "c.xlsx", "application/octet-stream", sheet[:len(sheet)/2]), "250 2.0.0 Held"},
		{scene{from: "loop@office.example", to: to, content: append([]byte(loop), letter("", "loop@office.example", to, ordinaryLetter).content...)}, "554 5.4.6"},
	} {
		code, text := dial(t, p.smtp[0]).send(m.from, []string{m.to}, m.content)
		if got := fmt.Sprint(code, " ", text); !strings.HasPrefix(got, m.want) {
			t.Fatalf("mail from %s is answered %q, want %q", m.from, got, m.want)
		}
	}
	out, text, status := runBulkhead(t, "quarantine", "list", "--data-dir", p.dataDir, "--format", "json")
	if status != exitOK {
		t.Fatal(text)
	}
	var held struct{ ID string }
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &held); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, text, status := runBulkhead(t, "quarantine", "refuse", held.ID, "--data-dir", p.dataDir, "--reason", "tried"); status != exitOK {
		t.Fatal(text)
	}
}
