package rules_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	grid "github.com/bulkhead-dlp/bulkhead/rules/table"
)

var allowHash = keyed.Secret(bytes.Repeat([]byte{3}, keyed.SecretSize)).For(allow.Purpose)

// allowing makes a list in force of entries that hold for an hour.
func allowing(t testing.TB, entries ...allow.Entry) *allow.Set {
	t.Helper()
	now := time.Unix(1_000_000, 0)
	l := allow.List{Key: allowHash.Check()}
	for i, e := range entries {
		e.ID, e.Reason, e.Owner, e.Added, e.Expires = fmt.Sprint("AL-", i), "agreed", "ana", now, now.Add(time.Hour)
		var err error
		if l, err = l.With(e); err != nil {
			t.Fatal(err)
		}
	}
	return l.InForce(allowHash, now)
}

// allowPerson allows a person by a value.
func allowPerson(kind detect.Type, value string) allow.Entry {
	return allow.Entry{Kind: allow.Person, Type: kind.String(), Hash: allow.HashPerson(allowHash, uint64(rules.ValueKey(kind, value)))}
}

func TestAllowedPeopleAreNoThirdParties(t *testing.T) {
	message := plain(table10("customer_id,full_name,email,phone"))
	ev := inspect(t, message)
	p := defaultPolicies(t)
	before := decide(t, p, envelope, ev)
	if before.Exposure.Direct != 10 || before.Action != rules.Hold {
		t.Fatalf("%d people, %v", before.Exposure.Direct, before.Action)
	}
	set := allowing(t, allowPerson(detect.ContactEmail, "ALICE.BAKER0@post.example"), allowPerson(detect.IDCustomer, "50 003"))
	after := decide(t, p.WithAllowed(set), envelope, ev)
	if after.Exposure.Subjects != 8 || after.Exposure.Direct != 8 || after.Action != rules.Pass {
		t.Errorf("%d people, %d direct, %v; want 8 and pass", after.Exposure.Subjects, after.Exposure.Direct, after.Action)
	}
	if after.Exposure.Contacts != before.Exposure.Contacts-1 {
		t.Errorf("%d addresses and telephones, want one less than %d: that by which a person is allowed", after.Exposure.Contacts, before.Exposure.Contacts)
	}
	if after.Exposure.OwnRecord != before.Exposure.OwnRecord {
		t.Error("an allowed person is taken for a reader")
	}
	if after.PolicyVersion == before.PolicyVersion || !strings.Contains(after.PolicyVersion, "+allow@"+set.Version()) {
		t.Errorf("policy version %q does not name the list", after.PolicyVersion)
	}
	// The list of before is still what it was.
	if again := decide(t, p, envelope, ev); again.Exposure.Direct != 10 || again.PolicyVersion != before.PolicyVersion {
		t.Error("the policies without a list have changed")
	}
}

// A name is of many: it speaks only for who has no address of their own.
func TestANameAllowsNobodyWithAnAddress(t *testing.T) {
	ev := inspect(t, plain(table10("customer_id,full_name,email,phone")))
	set := allowing(t, allowPerson(detect.PersonName, "Alice Baker"))
	if n := decide(t, defaultPolicies(t).WithAllowed(set), envelope, ev).Exposure.Subjects; n != 10 {
		t.Errorf("%d people, want all 10", n)
	}
}

// table10 is a table of ten customers under a header of one's own.
func table10(header string) string {
	_, rows, _ := strings.Cut(table(10), "\n")
	return header + "\n" + rows
}

func templateOf(t testing.TB, text string) (template string) {
	t.Helper()
	det, err := detect.New()
	if err != nil {
		t.Fatal(err)
	}
	lexicon, err := grid.LoadLexicon(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = grid.Split(context.Background(), strings.NewReader(text), grid.Limits{}, grids(func(g grid.Grid) error {
		return grid.NewTyper(det, lexicon).Read(context.Background(), g, grid.Limits{}, func(seg *grid.Segment) error {
			template = seg.Template()
			return nil
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	return template
}

type grids func(grid.Grid) error

func (f grids) Grid(_ grid.Kind, g grid.Grid) error { return f(g) }
func (grids) Prose([]byte) error                    { return nil }
func (grids) Repeated(*grid.Repeat) (bool, error)   { return false, nil }

func TestRowsOfAnAllowedTableAreNotCounted(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	set := allowing(t, allow.Entry{Kind: allow.Table, Hash: allow.HashTable(allowHash, templateOf(t, table10("customer_id,full_name,email,phone")))})
	in = in.WithAllowed(set)
	for _, c := range []struct {
		what, body string
		people     int64
	}{
		{"the table", table10("customer_id,full_name,email,phone"), 0},
		{"another dialect and case", strings.ReplaceAll(table10("Customer ID,Full Name,E-Mail,Phone"), ",", ";"), 10},
		{"the words in another case", strings.ReplaceAll(table10("Customer ID,FULL NAME,Email,phone "), ",", ";"), 0},
		{"another order", table10("full_name,customer_id,email,phone"), 10},
		{"one column more", strings.ReplaceAll(table10("customer_id,full_name,email,phone"), "\n", ",x\n"), 10},
		{"no header", table10("customer_id,full_name,email,phone")[len("customer_id,full_name,email,phone\n"):], 10},
		{"beside another table", table10("customer_id,full_name,email,phone") + "\nAnd the others:\n\n" + strings.ReplaceAll(table10("no,who,mail,tel"), "post.", "mail."), 10},
	} {
		message := plain(c.body)
		src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
		ev, err := in.Inspect(context.Background(), src, extract.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		v := decide(t, defaultPolicies(t).WithAllowed(set), envelope, ev)
		if v.Exposure.Subjects != c.people {
			t.Errorf("%s: %d people, want %d", c.what, v.Exposure.Subjects, c.people)
		}
		told := strings.Contains(strings.Join(v.Reasons, "\n"), "the rows of a table are not counted: allow list, AL-0")
		if used := c.people == 0 || strings.HasPrefix(c.what, "beside"); told != used {
			t.Errorf("%s: reasons %q", c.what, v.Reasons)
		}
		if !strings.Contains(v.RuleSet, "+tables@") {
			t.Errorf("rule set %q does not name the allowed tables", v.RuleSet)
		}
	}
}

func TestAnAllowedRecipientWaivesPolicies(t *testing.T) {
	ev := inspect(t, plain(table(40)))
	domain := allow.Entry{Kind: allow.RecipientDomain, Hash: allow.HashDomain(allowHash, allow.RecipientDomain, "reader.example")}
	p := defaultPolicies(t).WithAllowed(allowing(t, domain))
	v := decide(t, p, envelope, ev)
	if v.Action != rules.Pass || v.Exposure.Direct != 40 {
		t.Errorf("%v with %d people, want pass with all 40 told", v.Action, v.Exposure.Direct)
	}
	if len(v.Waived) != 2 || v.Waived[0].Policy != "bulk-customer-records" || v.Waived[0].Action != rules.Hold || v.Waived[0].Entries[0] != "AL-0" {
		t.Errorf("waived %+v", v.Waived)
	}
	if first := v.Reasons[0]; first != "policy bulk-customer-records (hold) does not apply: allow list, AL-0" {
		t.Errorf("first reason %q", first)
	}
	other := envelope
	other.Recipients = append([]string{"eve@elsewhere.example"}, other.Recipients...)
	if v := decide(t, p, other, ev); v.Action != rules.Hold || len(v.Waived) != 0 {
		t.Errorf("%v, waived %v: one of two recipients is not allowed", v.Action, v.Waived)
	}
	domain.Policies = []string{"contact-list"}
	v = decide(t, defaultPolicies(t).WithAllowed(allowing(t, domain)), envelope, ev)
	if v.Action != rules.Hold || v.Policy != "bulk-customer-records" || len(v.Waived) != 1 {
		t.Errorf("%v by %s, waived %v: the entry is for contact-list only", v.Action, v.Policy, v.Waived)
	}
}

// Nobody allows what nobody has seen, unless they say so.
func TestUnreadIsWaivedOnlyByName(t *testing.T) {
	message := strings.Replace(plain("x"), "Subject:", "MIME-Version: 1.0\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\nSubject:", 1)
	message = message[:len(message)-1] + "UEsDBBQAAQAIAAAAIQAAAAAAAAAAAAAAAAAIAAAAbGlzdC5jc3Y=\r\n" + strings.Repeat("AAAA", 1000) + "\r\n"
	ev := inspect(t, message)
	if v := decide(t, defaultPolicies(t), envelope, ev); v.Action != rules.Hold || v.Policy != "unread" {
		t.Fatalf("%v by %q, want hold by unread", v.Action, v.Policy)
	}
	domain := allow.Entry{Kind: allow.RecipientDomain, Hash: allow.HashDomain(allowHash, allow.RecipientDomain, "reader.example")}
	if v := decide(t, defaultPolicies(t).WithAllowed(allowing(t, domain)), envelope, ev); v.Action != rules.Hold {
		t.Error("unread is waived without being named")
	}
	domain.Policies = []string{"unread"}
	if v := decide(t, defaultPolicies(t).WithAllowed(allowing(t, domain)), envelope, ev); v.Action == rules.Hold {
		t.Error("unread is not waived though it is named")
	}
}
