package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// holdingFrom is a configuration that holds from so many people on.
func holdingFrom(people int, more string) []byte {
	return fmt.Appendf(nil, `listeners: [{address: "127.0.0.1:0", allow: [127.0.0.0/8]}]
run: {quiet: 1s, window: 1s} # a copy of a held run is held, too
policies:
  - name: from-%d
    when: exposure.direct >= %d
    action: hold
%s`, people, people, more)
}

// What is changed in the file is judged by within seconds; what is wrong there
// leaves what was, and is told.
func TestConfigurationIsTakenWhileRunning(t *testing.T) {
	t.Parallel() // it mostly waits
	box := newMailbox(t)
	config := writeFile(t, "bulkhead.yaml", string(holdingFrom(10, "")))
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	message := attached("", "list@isp.example", "ben@client.example", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(40)))).content
	held := func() bool {
		t.Helper()
		_, text := dial(t, p.smtp[0]).send("list@isp.example", []string{"ben@client.example"}, message)
		return strings.Contains(text, "Held for review")
	}
	const taken, refused = `bulkhead_reloads_total{result="taken",what="configuration"}`, `bulkhead_reloads_total{result="refused",what="configuration"}`
	if !held() {
		t.Fatal("40 people are not held from 10 on")
	}
	before := p.ruleSet(t)
	replace(t, config, holdingFrom(500, ""))
	p.until(t, taken, 1)
	if held() {
		t.Error("40 people are held from 500 on")
	}
	if p.ruleSet(t) == before {
		t.Errorf("other policies are in force by the same version %s", before)
	}
	if strings.Contains(p.logged(), "restart to apply") {
		t.Error("a restart is asked for though only policies have changed")
	}

	t.Run("a broken file is not taken", func(t *testing.T) {
		in := p.ruleSet(t)
		replace(t, config, bytes.Replace(holdingFrom(10, ""), []byte(">= 10"), []byte(">>= 10"), 1))
		p.until(t, refused, 1)
		p.until(t, "bulkhead_config_last_reload_successful", 0)
		if held() || p.ruleSet(t) != in {
			t.Error("the policies before are not in force")
		}
		p.tells(t, "configuration not taken", filepath.Base(config)+":4")
		if status, text := get(t, p.metrics+"/readyz"); status != 200 {
			t.Errorf("not ready: %s", text)
		}
	})
	t.Run("what needs a restart is named", func(t *testing.T) {
		replace(t, config, holdingFrom(20, "smtp: {max_hops: 7}\nown_domains: [office.example]\nupstream: {password: new-one}\n"))
		p.until(t, taken, 2)
		p.until(t, "bulkhead_config_last_reload_successful", 1)
		if !held() {
			t.Error("40 people are not held from 20 on")
		}
		p.tells(t, `["smtp.max_hops","upstream.password"]`)
		if log := p.logged(); strings.Contains(log, "new-one") {
			t.Errorf("the log shows a secret that needs a restart:\n%s", log)
		}
		_, settings := getWith(t, p.admin+"/api/v1/settings", tokenFor(t, p.dataDir, "admin"))
		if !strings.Contains(settings, "from-20") || !strings.Contains(settings, "office.example") || strings.Contains(settings, `"value":"7"`) {
			t.Errorf("the settings are not those in force: %s", settings)
		}
		if n := p.metric(t, `bulkhead_policy_matches_total{action="hold",policy="from-20"}`); n != 1 {
			t.Errorf("the new policy counts %v matches, want 1", n)
		}
	})
	t.Run("a lexicon is taken on a hang-up signal", func(t *testing.T) {
		in := p.ruleSet(t)
		replace(t, config, holdingFrom(20, "lexicon: {id.customer: {certain: [dossier]}}\n"))
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.until(t, taken, 3)
		if p.ruleSet(t) == in {
			t.Errorf("another lexicon is in force by the same version %s", in)
		}
	})
	p.stop(t)
}

// ruleSet is the version in force.
func (p *process) ruleSet(t testing.TB) string {
	t.Helper()
	_, text := get(t, p.metrics+"/metrics")
	_, version, _ := strings.Cut(text, `bulkhead_ruleset_info{version="`)
	version, _, found := strings.Cut(version, `"`)
	if !found {
		t.Fatal("no version is in force")
	}
	return version
}

// A renewed certificate is shown from the next handshake on, to mail clients
// and to browsers; one that does not fit its key is not.
func TestCertificatesAreRenewedWhileRunning(t *testing.T) {
	t.Parallel() // it mostly waits
	cert, key := certificate(t)
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(`listeners:
  - {address: "127.0.0.1:0", allow: [127.0.0.0/8], tls: {cert: %q, key: %q, implicit: true}}
admin: {cert: %q, key: %q}
`, cert, key, cert, key))
	p := serve(t, t.TempDir(), newMailbox(t).url(), "--config", config)
	shown := func(address string) string {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) // it is compared
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // only looked at
		return string(conn.ConnectionState().PeerCertificates[0].Raw)
	}
	want := func(file string) {
		t.Helper()
		pair, err := tls.LoadX509KeyPair(file, strings.Replace(file, "cert.pem", "key.pem", 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{p.smtp[0], strings.TrimPrefix(p.admin, "https://")} {
			if shown(address) != string(pair.Leaf.Raw) {
				t.Errorf("%s shows another certificate than that of %s", address, filepath.Base(file))
			}
		}
		for _, label := range []string{"0", "console"} {
			if ends := p.metric(t, fmt.Sprintf("bulkhead_certificate_not_after_timestamp_seconds{listener=%q}", label)); ends != float64(pair.Leaf.NotAfter.Unix()) {
				t.Errorf("the certificate of %s ends at %v, want %v", label, ends, pair.Leaf.NotAfter.Unix())
			}
		}
	}
	want(cert)
	time.Sleep(1100 * time.Millisecond) // so that the new one's end is another
	newCert, newKey := certificate(t)
	for from, to := range map[string]string{newCert: cert, newKey: key} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		replace(t, to, data)
	}
	const taken, refused = `bulkhead_reloads_total{result="taken",what="certificate"}`, `bulkhead_reloads_total{result="refused",what="certificate"}`
	p.until(t, taken, 2)
	want(newCert)

	_, foreign := certificate(t)
	data, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, key, data)
	p.until(t, refused, 2)
	want(newCert)
	p.tells(t, "certificate not taken", `"setting":"listeners[0].tls"`, key)
	p.stop(t)
}

// While policies are swapped, each verdict is whole: its action, its policy and
// its version are of one configuration.
func TestAMessageInFlightIsJudgedByOneConfiguration(t *testing.T) {
	load := func(people int) (*configs.Config, []configs.Setting, error) {
		cfg, src, err := configs.Load(writeFile(t, "bulkhead.yaml", string(holdingFrom(people, ""))), nil)
		if err != nil {
			return nil, nil, err
		}
		cfg.DataDir = t.TempDir()
		return &cfg, cfg.Settings(src, nil), nil
	}
	const low, high = 10, 500
	versions := map[int]string{}
	byPeople := map[int]*configs.Config{}
	for _, people := range []int{low, high} {
		cfg, _, err := load(people)
		if err != nil {
			t.Fatal(err)
		}
		policies, err := cfg.CompilePolicies()
		if err != nil {
			t.Fatal(err)
		}
		byPeople[people], versions[people] = cfg, policies.Version()
	}
	l, err := newLive(byPeople[low], slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	next := low
	l.rereads(watch("bulkhead.yaml"), func() (*configs.Config, []configs.Setting, error) {
		next = low + high - next
		return byPeople[next], nil, nil
	}, func(*configs.Config, *rules.Policies, []configs.Setting, []string) {})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if err := l.reload(true); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	list := csvOf(makeCustomers(40))
	actions := map[rules.Action]int{}
	for range 200 {
		now := l.rules()
		evidence, err := now.Inspector.Inspect(t.Context(), extract.Source{ReaderAt: strings.NewReader(list), Size: int64(len(list))}, extract.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		v, err := now.Policies.Decide(rules.Envelope{From: "list@isp.example", Recipients: []string{"ben@client.example"}}, evidence, rules.Recent{})
		if err != nil {
			t.Fatal(err)
		}
		want := rules.Pass
		if v.PolicyVersion == versions[low] {
			want = rules.Hold
		} else if v.PolicyVersion != versions[high] {
			t.Fatalf("judged by %s, which nobody wrote", v.PolicyVersion)
		}
		if v.Action != want {
			t.Fatalf("%v by %s, want %v", v.Action, v.PolicyVersion, want)
		}
		actions[v.Action]++
	}
	close(stop)
	<-done
	if len(actions) != 2 {
		t.Errorf("verdicts are %v: want some by each configuration", actions)
	}
}

// Indexes may take long to load at the start: a configuration that is changed
// meanwhile is taken after it.
func TestAConfigurationThatChangesDuringTheStartIsTaken(t *testing.T) {
	path := writeFile(t, "bulkhead.yaml", string(holdingFrom(10, "")))
	load := func() (*configs.Config, []configs.Setting, error) {
		cfg, _, err := configs.Load(path, nil)
		return &cfg, nil, err
	}
	file := watch(path)
	cfg, _, err := load()
	if err != nil {
		t.Fatal(err)
	}
	cfg.DataDir = t.TempDir()
	replace(t, path, holdingFrom(500, ""))
	l, err := newLive(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l.rereads(file, load, func(*configs.Config, *rules.Policies, []configs.Setting, []string) {})
	for range 2 { // one look finds it, the next that it rests
		if err := l.reload(false); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.policies().Names(); len(got) != 1 || got[0] != "from-500" {
		t.Errorf("in force are %v, want from-500", got)
	}
}

// Who may, has everything read again by the API and is told what came of it: the
// version in force, or file, line and field of what is not valid. It is in the
// audit trail.
func TestReloadByTheAPI(t *testing.T) {
	config := writeFile(t, "bulkhead.yaml", string(holdingFrom(10, "")))
	p := serve(t, t.TempDir(), newMailbox(t).url(), "--config", config)
	ask := func(right string) (out, errOut string, status int) {
		t.Helper()
		t.Setenv("BULKHEAD_TOKEN", tokenFor(t, p.dataDir, right))
		return runBulkhead(t, "reload", "--server", p.admin)
	}
	before := p.ruleSet(t)
	if err := os.WriteFile(config, holdingFrom(500, "own_domains: [office.example]\nsmtp: {max_hops: 7}\nlog: {level: error}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errOut, status := ask("policy.read"); status != exitError || !strings.Contains(errOut, "403") {
		t.Errorf("without the right: %d %s", status, errOut)
	}
	out, errOut, status := ask("admin")
	now := p.ruleSet(t)
	if status != exitOK || now == before || !strings.Contains(out, "In force: "+now+"\n") || !strings.Contains(out, "restart: smtp.max_hops\n") {
		t.Errorf("%d %q %s; in force %s, before %s", status, out, errOut, now, before)
	}
	if err := os.WriteFile(config, []byte("smtp:\n  max_hops: many\npolicies: [{name: x, when: exposure.direct >>= 3, action: hold}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errOut, status = ask("admin")
	if status != exitError || !strings.Contains(errOut, "422") || !strings.Contains(errOut, now) || !strings.Contains(errOut, config+":2: smtp.max_hops") ||
		!strings.Contains(errOut, "want a whole number") || p.ruleSet(t) != now {
		t.Errorf("a broken file: %d %s; in force %s, want %s", status, errOut, p.ruleSet(t), now)
	}
	if err := os.WriteFile(config, holdingFrom(500, "policies_: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errOut, status = ask("admin"); status != exitError || !strings.Contains(errOut, config+":7: policies_ no such setting") {
		t.Errorf("an unknown setting: %d %s", status, errOut)
	}
	if n := strings.Count(p.logged(), "reloading: by the API"); n > 1 { // none where the file was found changed before
		t.Errorf("%d of three reloads are in the log, though its level is error from the first on", n)
	}
	trail, _, _ := runBulkhead(t, "audit", "list", "--format", "json", "--data-dir", p.dataDir)
	if strings.Count(trail, `"reloaded"`) != 3 || strings.Count(trail, `"action":"refused"`) != 2 || !strings.Contains(trail, `"by":"tester"`) || !strings.Contains(trail, now) {
		t.Errorf("the audit trail has not who had what read again:\n%s", trail)
	}
	if _, errOut, status := runBulkhead(t, "audit", "verify", "--data-dir", p.dataDir); status != exitOK {
		t.Errorf("audit verify: %s", errOut)
	}
	p.stop(t)
}

// Who asked for it and has gone meanwhile is in the audit trail all the same.
func TestReloadIsRecordedThoughItsClientHasGone(t *testing.T) {
	r := startRelay(t, t.TempDir(), newMailbox(t).url(), nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.reload(gone, "tester"); err != nil {
		t.Error(err)
	}
	trail, _, err := r.store.Audit(t.Context(), quarantine.AuditQuery{})
	if err != nil || !slices.ContainsFunc(trail, func(e quarantine.Entry) bool { return e.Act == quarantine.ActReloaded && e.By == "tester" }) {
		t.Errorf("%v; the audit trail has no reload by tester: %+v", err, trail)
	}
}
