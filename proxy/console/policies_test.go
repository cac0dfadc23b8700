package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/chromedp/chromedp"
)

// builtIn are the default policies, as a console asks for them.
type builtIn struct{ now *rules.Policies }

func (b builtIn) InForce() *rules.Policies { return b.now }

func (b builtIn) Compile(specs []rules.PolicySpec) (*rules.Policies, error) {
	return rules.CompilePolicies(specs, nil)
}

func newBuiltIn(t testing.TB) builtIn {
	t.Helper()
	specs, err := rules.ParsePolicies("default", policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	now, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return builtIn{now}
}

// newPast starts a console that knows of messages with 5, 15, 25 and 400 people,
// of which the last three were held, and the one with 15 wrongly so; and of one
// of long ago.
func newPast(t testing.TB) (server *httptest.Server, wrong, right quarantine.Message) {
	t.Helper()
	store, _, _ := newStore(t)
	now := time.Now()
	l := &quarantine.Ledger{}
	exposed := func(run, action, policy string, people int64, age time.Duration) {
		numbers, err := json.Marshal(rules.Exposure{Subjects: people, Direct: people, Fields: []string{"person.name"}})
		if err != nil {
			t.Fatal(err)
		}
		l.Exposures = append(l.Exposures, quarantine.Exposure{At: now.Add(-age), Sender: "s", Run: run, Action: action, Policy: policy, Exposure: numbers, Bytes: 100})
	}
	const day = 24 * time.Hour
	exposed("few", "pass", "", 5, time.Minute)
	exposed("wrong", "hold", "bulk-customer-records", 15, time.Hour)
	exposed("right", "hold", "bulk-customer-records", 25, 2*day)
	exposed("many", "hold", "bulk-customer-records", 400, 20*day)
	exposed("old", "pass", "", 0, 60*day)
	if err := store.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	held := func(run string, people int, mark quarantine.IncidentMark) quarantine.Message {
		m := holdMessage(t, store, quarantine.Message{From: run + "@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}}, Policy: "bulk-customer-records",
			Subjects: people, Completeness: "complete", Action: "hold", IncidentKey: run}, "1", "name", "A***")
		if err := store.MarkIncident(t.Context(), m.Incident, mark, "ana", "looked at it"); err != nil {
			t.Fatal(err)
		}
		return m
	}
	wrong, right = held("wrong", 15, quarantine.MarkedWrong), held("right", 25, quarantine.MarkedRight)
	server, _ = newConsoleOf(t, console.Config{Store: store, Policies: newBuiltIn(t), Past: store})
	return server, wrong, right
}

func TestPoliciesInForceTellHowOftenTheyDecided(t *testing.T) {
	server, _, _ := newPast(t)
	_, body := page(t, server.URL+"/policies", "")
	for _, want := range []string{newBuiltIn(t).now.Version(), "exposure.direct &gt;= 10", "contact-list", "trial", "Three or more different valid payment cards.",
		`<td class="num">2</td><td class="num wide">3</td>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the policies lack %q:\n%s", want, body)
		}
	}
	if resp, body := page(t, server.URL+"/policies/none", ""); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "no such policy") {
		t.Errorf("a policy that there is not: %s\n%s", resp.Status, body)
	}
}

func TestThresholdTellsWhatWouldHaveChanged(t *testing.T) {
	server, wrong, right := newPast(t)
	address := server.URL + "/policies/bulk-customer-records?exposure.direct="
	_, body := page(t, address+"20", "")
	for _, want := range []string{"<em>1 message</em> would not have been held.", "all 5 messages that are kept", wrong.Incident, "15 people", "let pass, and rightly so",
		"when: exposure.direct &gt;= 20", "name: end-to-end-encrypted", `value="20"`, "now 10"} {
		if !strings.Contains(body, want) {
			t.Errorf("a threshold of 20 lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, right.Incident) || strings.Contains(body, "drip turns on") {
		t.Errorf("a threshold of 20 tells what does not change:\n%s", body)
	}
	_, body = page(t, address+"5", "")
	for _, want := range []string{"<em>1 message</em> more would have been held.", "5 people", "name · 1 copy"} {
		if !strings.Contains(body, want) {
			t.Errorf("a threshold of 5 lacks %q:\n%s", want, body)
		}
	}
	_, body = page(t, address+"30", "")
	if !strings.Contains(body, `<td class="num left">1</td>`) || !strings.Contains(body, right.Incident) {
		t.Errorf("a threshold of 30 does not warn of the right hold that is lost:\n%s", body)
	}
	for _, same := range []string{"10", "", "x", "9999999999999999999999"} {
		if _, body := page(t, address+same, ""); strings.Contains(body, "would have") && !strings.Contains(body, "See what would have changed") || strings.Contains(body, "To have it so") {
			t.Errorf("a threshold of %q changes something:\n%s", same, body)
		}
	}
	if _, body := page(t, address+"-5", ""); !strings.Contains(body, "exposure.direct &gt;= 0") {
		t.Errorf("a threshold below nothing:\n%s", body)
	}
	// Of two thresholds only one is kept of messages.
	if _, body := page(t, server.URL+"/policies/drip", ""); strings.Count(body, `type="number"`) != 1 || !strings.Contains(body, "cannot be tried: sender.subjects") {
		t.Errorf("the policy with what is not kept:\n%s", body)
	}
}

func TestPastedPoliciesAreTried(t *testing.T) {
	server, wrong, _ := newPast(t)
	for name, c := range map[string]struct {
		text  string
		whole bool
		code  int
		want  []string
	}{
		"one of the same name": {"- name: bulk-customer-records\r\n  when: exposure.direct >= 20\r\n  action: hold\r\n", false, 200,
			[]string{"<em>1 message</em> would not have been held.", wrong.Incident, "Changed policies: bulk-customer-records.", "name: payment-cards"}},
		"one more": {"policies:\n- name: few\n  when: exposure.subjects >= 1 && sender.unusual\n  action: hold\n", false, 200, []string{"New policies: few.", "Of 1 it cannot be told", "few turns on sender.unusual"}},
		"all":      {"policies: [{name: few, when: 'exposure.subjects >= 1', action: hold}]", true, 200, []string{"<em>1 message</em> more", "No more in force: bulk-customer-records, contact-list"}},
		"nothing":  {"  ", false, 400, []string{"no policy in it"}},
		"no YAML":  {"policies: {", false, 400, []string{`role="alert"`}},
		"no condition": {"- name: x\n  when: exposure.direct >= \"<script>alert(1)</script>\"\n  action: hold", false, 400,
			[]string{`role="alert"`, "no matching overload", "&lt;script&gt;"}},
		"unknown":  {"- name: x\n  wen: 1\n", false, 400, []string{`role="alert"`, "wen"}},
		"too long": {"- name: x\n  when: " + strings.Repeat("a", 70_000), false, 400, []string{"longer than policies are"}},
		"far more": {strings.Repeat("é", 500_000), false, 400, []string{"too long"}},
		"too many": {"policies: [" + strings.Repeat("{name: a},", 201) + "]", false, 400, []string{"more policies than"}},
		// Each alias would be ten of the one before.
		"a bomb": {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\npolicies: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]", false, 400, []string{`role="alert"`}},
	} {
		values := url.Values{"policies": {c.text}}
		if c.whole {
			values.Set("whole", "yes")
		}
		began := time.Now()
		code, text := post(t, server.URL+"/policies", "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
		if code != c.code {
			t.Errorf("%s: %d, want %d", name, code, c.code)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: lacks %q:\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "<script>alert") {
			t.Errorf("%s: what is pasted is markup", name)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s takes %v", name, took)
		}
	}
}

// The slider shows at once what would have changed, and the address says where it
// stands.
func TestSliderShowsAtOnceWhatWouldHaveChanged(t *testing.T) {
	script := loadAxe(t)
	server, wrong, _ := newPast(t)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/policies/bulk-customer-records"))
	b.waitFor("!document.querySelector('[type=range]').hidden")
	slide := func(to int) {
		eval[bool](b, fmt.Sprintf(`(slider => { slider.value = %d; return slider.dispatchEvent(new Event('input', { bubbles: true })) })(document.querySelector('[type=range]'))`, to))
	}
	slide(20)
	b.waitFor("document.body.innerText.includes('" + wrong.Incident + "') && location.search == '?exposure.direct=20'")
	if got := eval[string](b, "document.querySelector('[type=number]').value"); got != "20" {
		t.Errorf("the field says %q", got)
	}
	eval[bool](b, script+"; true")
	for _, v := range b.axe() {
		t.Errorf("%s: %s: %+v", v.ID, v.Help, v.Nodes)
	}
	slide(5)
	b.waitFor("document.body.innerText.includes('more would have been held')")
	b.checkQuiet()
}
