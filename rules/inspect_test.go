package rules_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
)

// inspector is loaded once: it is immutable.
var inspector = sync.OnceValues(func() (*rules.Inspector, error) { return rules.NewInspector(nil) })

func inspect(t testing.TB, message string) *rules.Evidence {
	t.Helper()
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
	ev, err := in.Inspect(context.Background(), src, extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func defaultPolicies(t testing.TB, own ...string) *rules.Policies {
	t.Helper()
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies(specs, own)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func decide(t testing.TB, p *rules.Policies, env rules.Envelope, ev *rules.Evidence) rules.Verdict {
	t.Helper()
	v, err := p.Decide(env, ev, rules.Recent{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// plain makes a message of plain text.
func plain(body string) string {
	return "From: Ana Lopez <ana@sender.example>\r\nTo: ben@reader.example\r\nSubject: hello\r\n\r\n" +
		strings.ReplaceAll(body, "\n", "\r\n")
}

// table makes n customers with their names, addresses and numbers.
func table(n int) string {
	given := strings.Fields("Alice Carlos Daniel Elena Hannah Jack Karim Lucy Maria Peter")
	family := strings.Fields("Baker Carter Fisher Harper Johnston Knight Mitchell Palmer Turner Walsh")
	var b strings.Builder
	b.WriteString("customer_id,full_name,email,phone\n")
	for i := range n {
		g, f := given[i%10], family[i/10%10]
		fmt.Fprintf(&b, "%d,%s %s,%s.%s%d@post.example,+44 20 7946 %04d\n", 50_000+i, g, f, strings.ToLower(g), strings.ToLower(f), i, i)
	}
	return b.String()
}

var envelope = rules.Envelope{From: "ana@sender.example", Recipients: []string{"ben@reader.example"}}

// TestThresholdCountsPeople: a table is held from ten people on, whatever the
// number of its cells.
func TestThresholdCountsPeople(t *testing.T) {
	p := defaultPolicies(t)
	for _, c := range []struct {
		people int
		want   rules.Action
	}{{3, rules.Pass}, {9, rules.Pass}, {10, rules.Hold}, {500, rules.Hold}} {
		v := decide(t, p, envelope, inspect(t, plain(table(c.people))))
		if v.Action != c.want || v.Exposure.Subjects != int64(c.people) {
			t.Errorf("%d people: %v with %d subjects, want %v", c.people, v.Action, v.Exposure.Subjects, c.want)
		}
	}
}

// TestRepeatedRowsAreOnePerson: what counts is people, not hits.
func TestRepeatedRowsAreOnePerson(t *testing.T) {
	row := strings.SplitAfter(table(1), "\n")
	v := decide(t, defaultPolicies(t), envelope, inspect(t, plain(row[0]+strings.Repeat(row[1], 200))))
	if v.Exposure.Subjects != 1 || v.Action != rules.Pass {
		t.Errorf("200 rows of one person: %v with %d subjects, want a pass with 1", v.Action, v.Exposure.Subjects)
	}
}

// TestReaderIsNoThirdParty: a message about its own recipient passes however
// long it is, in every spelling of the address.
func TestReaderIsNoThirdParty(t *testing.T) {
	var b strings.Builder
	b.WriteString("date,email,customer_id,amount\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "2024-01-%02d,Ben@Reader.example,77123,%d.50\n", 1+i%28, i)
	}
	for _, to := range []string{"ben@reader.example", "BEN+bills@reader.example"} {
		env := rules.Envelope{From: "billing@sender.example", Recipients: []string{to}}
		v := decide(t, defaultPolicies(t), env, inspect(t, plain(b.String())))
		if v.Action != rules.Pass || v.Exposure.Subjects != 0 || !v.Exposure.OwnRecord {
			t.Errorf("statement to %s: %v with %d subjects, own record %v", to, v.Action, v.Exposure.Subjects, v.Exposure.OwnRecord)
		}
	}
}

// TestOwnDomainsAreNoThirdParties: people with an address in a configured own
// domain do not count, and nobody else is left out by that.
func TestOwnDomainsAreNoThirdParties(t *testing.T) {
	ev := inspect(t, plain(table(30)))
	if v := decide(t, defaultPolicies(t, "post.example"), envelope, ev); v.Exposure.Subjects != 0 {
		t.Errorf("own domain: %d subjects, want 0", v.Exposure.Subjects)
	}
	if v := decide(t, defaultPolicies(t, "other.example"), envelope, ev); v.Exposure.Subjects != 30 {
		t.Errorf("another domain: %d subjects, want 30", v.Exposure.Subjects)
	}
}

// TestSamePersonInTwoPartsIsOne: a table as text and again as attachment is
// the same people.
func TestSamePersonInTwoPartsIsOne(t *testing.T) {
	body := strings.ReplaceAll(table(20), "\n", "\r\n")
	message := "From: a@sender.example\r\nTo: ben@reader.example\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + body +
		"--x\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n" + body + "--x--\r\n"
	v := decide(t, defaultPolicies(t), envelope, inspect(t, message))
	if v.Exposure.Subjects != 20 || v.Exposure.Records != 40 {
		t.Errorf("%d subjects in %d records, want 20 in 40", v.Exposure.Subjects, v.Exposure.Records)
	}
}

// TestSharedAddressIsNobodysOwn: one account manager's address beside every
// customer does not make one person of them, nor the manager's own record.
func TestSharedAddressIsNobodysOwn(t *testing.T) {
	var b strings.Builder
	b.WriteString("customer_name,account_manager_email,birth_date\n")
	for i, line := range strings.Split(strings.TrimSpace(table(40)), "\n")[1:] {
		name := strings.Split(line, ",")[1]
		fmt.Fprintf(&b, "%s,ben@reader.example,19%02d-03-%02d\n", name, 50+i%40, 1+i%28)
	}
	v := decide(t, defaultPolicies(t), envelope, inspect(t, plain(b.String())))
	if v.Action != rules.Hold || v.Exposure.Direct < 35 {
		t.Errorf("%v with %d people, want a hold with about 40", v.Action, v.Exposure.Direct)
	}
}

// TestHarmlessTablesPass: tables without people are no exposure.
func TestHarmlessTablesPass(t *testing.T) {
	bodies := map[string]string{"prices": "sku,product,stock,price\n", "sensors": "time;sensor;value\n", "scores": "team\tgames\tpoints\n"}
	for i := range 200 {
		bodies["prices"] += fmt.Sprintf("A-%04d,steel bolt M%d,%d,%d.20\n", i, i%12, i*3%70, i%40)
		bodies["sensors"] += fmt.Sprintf("2024-05-01 10:%02d:00;s%d;%d.%d\n", i%60, i%7, 20+i%5, i%10)
		bodies["scores"] += fmt.Sprintf("United %d\t%d\t%d\n", i, 38, i)
	}
	for name, body := range bodies {
		if v := decide(t, defaultPolicies(t), envelope, inspect(t, plain(body))); v.Action != rules.Pass || v.Exposure.Subjects != 0 {
			t.Errorf("%s: %v with %d subjects", name, v.Action, v.Exposure.Subjects)
		}
	}
}

// TestStable: the same message and envelope give the same evidence and verdict
// in the same order.
func TestStable(t *testing.T) {
	message := plain("Some words.\n\n" + table(50) + "\nMore words, and reach us at jo.webb@post.example.\n")
	p := defaultPolicies(t)
	first := decide(t, p, envelope, inspect(t, message))
	firstEvidence := inspect(t, message)
	for range 5 {
		ev := inspect(t, message)
		if !reflect.DeepEqual(ev.Findings, firstEvidence.Findings) || ev.Fingerprint() != firstEvidence.Fingerprint() {
			t.Fatal("the same message gave other evidence")
		}
		if v := decide(t, p, envelope, ev); !reflect.DeepEqual(v, first) {
			t.Fatalf("the same message gave another verdict:\n%+v\n%+v", v, first)
		}
	}
}

// TestNoLeakInEvidence: nothing that people are shown of the evidence holds a
// value of the message.
func TestNoLeakInEvidence(t *testing.T) {
	body := table(15)
	ev := inspect(t, plain(body))
	v := decide(t, defaultPolicies(t), envelope, ev)
	shown := fmt.Sprintf("%+v %+v %+v", v, ev.Findings, ev.Unread)
	for _, line := range strings.Split(strings.TrimSpace(body), "\n")[1:] {
		for _, value := range strings.Split(line, ",") {
			if strings.Contains(shown, value) {
				t.Errorf("a value of the message is shown: %q", value)
			}
		}
	}
}

// TestBrokenMessagesHaveAVerdict: whatever the content, Inspect says what it
// read, and never fails.
func TestBrokenMessagesHaveAVerdict(t *testing.T) {
	for name, message := range map[string]string{
		"empty": "", "no header": "just words\r\n", "only a header": "Subject: x\r\n",
		"binary":     "\x00\xff\xfe\x01" + strings.Repeat("\x80", 500),
		"no end":     "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/csv\r\n\r\na,b",
		"charset":    "Content-Type: text/plain; charset=klingon\r\n\r\nwords\r\n",
		"truncated":  "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQ=\r\n",
		"one line":   plain(strings.Repeat("x", 3<<20)),
		"odd base64": "Content-Transfer-Encoding: base64\r\n\r\n*&!====\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			decide(t, defaultPolicies(t), envelope, inspect(t, message))
		})
	}
}

// TestSignatureContactsDoNotCount: whoever writes in a thread signs with an
// address; a list is not made of signatures.
func TestSignatureContactsDoNotCount(t *testing.T) {
	var thread, list strings.Builder
	thread.WriteString("Dear all,\nthe plan is good.\n-- \n")
	for i := range 40 {
		entry := fmt.Sprintf("reach person%d.webb@post.provider.org today\n", i)
		if i < 8 {
			thread.WriteString(entry)
		}
		list.WriteString("-- \n" + entry + "\n")
	}
	p := defaultPolicies(t)
	if v := decide(t, p, envelope, inspect(t, plain(thread.String()))); v.Exposure.Contacts != 0 {
		t.Errorf("a signature: %d contacts, want 0", v.Exposure.Contacts)
	}
	if v := decide(t, p, envelope, inspect(t, plain(list.String()))); v.Action != rules.Hold {
		t.Errorf("a list with delimiters: %v with %d contacts, want a hold", v.Action, v.Exposure.Contacts)
	}
}
