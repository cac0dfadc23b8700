package allow_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

var (
	hash = keyed.Secret(bytes.Repeat([]byte{5}, keyed.SecretSize)).For(allow.Purpose)
	now  = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
)

func entry(id string, kind allow.Kind, sum string) allow.Entry {
	e := allow.Entry{ID: id, Kind: kind, Hash: sum, Reason: "agreed", Owner: "ana", Added: now, Expires: now.AddDate(0, 1, 0)}
	if kind == allow.Person {
		e.Type = detect.ContactEmail.String()
	}
	return e
}

func TestAListIsReadAsItIsWritten(t *testing.T) {
	l, err := allow.Parse("allow.yaml", nil, hash)
	if err != nil {
		t.Fatal(err)
	}
	waiver := entry("b", allow.RecipientDomain, allow.HashDomain(hash, allow.RecipientDomain, "tax.example"))
	waiver.Policies = []string{"bulk", "national-ids"}
	for _, e := range []allow.Entry{entry("a", allow.Person, allow.HashPerson(hash, 77)), waiver} {
		if l, err = l.With(e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := l.Text()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("tax.example")) {
		t.Errorf("a plain value is kept:\n%s", text)
	}
	back, err := allow.Parse("allow.yaml", text, hash)
	if err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("%+v, %v, want %+v", back, err, l)
	}
	if _, err := l.With(entry("c", allow.Person, allow.HashPerson(hash, 77))); err == nil || !strings.Contains(err.Error(), "entry a allows the same") {
		t.Errorf("error %v: the same is allowed twice", err)
	}
	if less, was := l.Without("a"); !was || len(less.Entries) != 1 || len(l.Entries) != 2 {
		t.Errorf("Without leaves %d of %d, %v", len(less.Entries), len(l.Entries), was)
	}
}

func TestAWrongListIsRefused(t *testing.T) {
	good := `{id: a, kind: sender, hash: 0123456789abcdef0123456789abcdef, reason: r, owner: o, added: 2026-01-01T00:00:00Z, expires: 2027-01-01T00:00:00Z}`
	of := func(entry string) string { return "key: " + hash.Check() + "\nentries: [" + entry + "]\n" }
	if _, err := allow.Parse("l", []byte(of(good)), hash); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"key: other\n", "its hashes are of key other"},
		{"entries: [" + good + "]", "its hashes are of key"},
		{of(strings.Replace(good, "sender", "friend", 1)), `entries[0]: kind "friend": want one of [person`},
		{of(strings.Replace(good, "0123456789abcdef0", "0", 1)), "hash: want 32 hexadecimal digits"},
		{of(strings.Replace(good, "reason: r, ", "", 1)), "want a reason and an owner"},
		{of(strings.Replace(good, ", expires: 2027-01-01T00:00:00Z", "", 1)), "expires: empty"},
		{of(strings.Replace(good, "kind: sender", "kind: person, type: x", 1)), `type "x"`},
		{of(strings.Replace(good, "kind: sender", "kind: table, policies: [bulk]", 1)), "a table is allowed for all"},
		{of(good + ", " + good), `id "a": given twice`},
		{of(strings.Replace(good, "owner", "ownr", 1)), "ownr"},
		{"- 1\n", "allow list l"},
	} {
		if _, err := allow.Parse("l", []byte(c.text), hash); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngives %v, want %s", c.text, err, c.want)
		}
	}
}

func setOf(t *testing.T, at time.Time, entries ...allow.Entry) *allow.Set {
	t.Helper()
	l := allow.List{Key: hash.Check()}
	for _, e := range entries {
		var err error
		if l, err = l.With(e); err != nil {
			t.Fatal(err)
		}
	}
	return l.InForce(hash, at)
}

func TestExpiredEntriesHaveNoEffect(t *testing.T) {
	e := entry("a", allow.Person, allow.HashPerson(hash, 77))
	for at, want := range map[time.Time]bool{
		now: true, e.Expires.Add(-time.Second): true, e.Expires: false, e.Expires.AddDate(1, 0, 0): false,
	} {
		s := setOf(t, at, e)
		if s.HasPeople() != want {
			t.Errorf("at %v in force: %v, want %v", at, !want, want)
		}
		if (s.Version() != "") != want {
			t.Errorf("at %v the version is %q", at, s.Version())
		}
	}
	l := allow.List{Entries: []allow.Entry{e}}
	if next := l.Next(now); next != e.Expires {
		t.Errorf("next to expire %v, want %v", next, e.Expires)
	}
	if next := l.Next(e.Expires); !next.IsZero() {
		t.Errorf("next to expire %v, want none", next)
	}
}

func TestWaivers(t *testing.T) {
	some := func(e allow.Entry, policies ...string) allow.Entry { e.Policies = policies; return e }
	s := setOf(t, now,
		entry("from", allow.Sender, allow.HashAddress(hash, allow.Sender, "Payroll@office.example")),
		entry("house", allow.SenderDomain, allow.HashDomain(hash, allow.SenderDomain, "BANK.example")),
		some(entry("tax", allow.RecipientDomain, allow.HashDomain(hash, allow.RecipientDomain, "@tax.example")), "bulk", "unread"),
		entry("ben", allow.Recipient, allow.HashAddress(hash, allow.Recipient, "ben@client.example")),
	)
	for _, c := range []struct {
		policy string
		unread bool
		from   string
		to     []string
		want   []string
	}{
		{"bulk", false, "payroll@OFFICE.example", []string{"x@y.example"}, []string{"from"}},
		{"bulk", false, "payroll+july@office.example", []string{"x@y.example"}, []string{"from"}},
		{"bulk", false, "anyone@bank.example", nil, []string{"house"}},
		{"bulk", false, "anyone@sub.bank.example", nil, nil},
		{"unread", true, "payroll@office.example", nil, nil},
		{"bulk", false, "", []string{"a@tax.example", "b@Tax.Example"}, []string{"tax"}},
		{"bulk", false, "", []string{"a@tax.example", "ben@client.example"}, []string{"tax", "ben"}},
		{"bulk", false, "", []string{"a@tax.example", "x@y.example"}, nil},
		{"cards", false, "", []string{"a@tax.example"}, nil},
		{"unread", true, "", []string{"a@tax.example"}, []string{"tax"}},
		{"unread", true, "", []string{"ben@client.example"}, nil},
		// A sender is not a recipient.
		{"bulk", false, "ben@client.example", []string{"payroll@office.example"}, nil},
		{"bulk", false, "", nil, nil},
		{"bulk", false, "no address", []string{"no address"}, nil},
	} {
		if got := s.Waiver(c.policy, c.unread, c.from, c.to); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s from %q to %v is waived by %v, want %v", c.policy, c.from, c.to, got, c.want)
		}
	}
	var none *allow.Set
	if none.Waiver("bulk", false, "a@b.example", []string{"c@d.example"}) != nil || none.HasPeople() || none.Table("x") != "" {
		t.Error("no list allows something")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("key: x\nentries: []\n"))
	f.Add([]byte("entries: [{id: a, kind: sender}]"))
	f.Add([]byte("key: " + hash.Check() + "\nentries: [{id: a, kind: table, hash: 0123456789abcdef0123456789abcdef, reason: r, owner: o, expires: 2027-01-01T00:00:00Z}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := allow.Parse("l", text, hash)
		if err != nil {
			return
		}
		out, err := l.Text()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := allow.Parse("l", out, hash); err != nil || len(back.Entries) != len(l.Entries) {
			t.Errorf("read, but not again after it was written: %v\n%s", err, out)
		}
		l.InForce(hash, now).Waiver("bulk", false, "a@b.example", []string{"c@d.example"})
	})
}
