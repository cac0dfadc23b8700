package rules_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// file is a file in memory.
type file struct{ data []byte }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if need := int(off) + len(p); need > len(f.data) {
		f.data = append(f.data, make([]byte, need-len(f.data))...)
	}
	return copy(f.data[off:], p), nil
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if n := copy(p, f.data[off:]); n < len(p) {
		return n, io.EOF
	}
	return len(p), nil
}

// owned is the row of a customer of the owner's.
func owned(i int) []string {
	given := strings.Fields("Alva Bero Cyra Dimo Esra Falk Gita Hugo Ines Jory")
	family := strings.Fields("Quistgaard Rautenbach Szymborski Thorvald Unterberg Villanueva Wojtyla Xirau Ybarra Zavodny")
	name := given[i%10] + " " + family[i/10%10] + string(rune('a'+i/100%26))
	return []string{fmt.Sprint(731_000 + i*13), name, fmt.Sprintf("%s%d@mailbox.example", strings.ToLower(given[i%10]), i), fmt.Sprintf("+49 30 55%06d", i*97)}
}

// ownedIndex is an index of 1,000 customers.
var ownedIndex = sync.OnceValues(func() (*exact.Set, error) {
	secret := keyed.Secret(bytes.Repeat([]byte{9}, keyed.SecretSize))
	b := exact.NewBuilder(secret, &file{})
	for _, c := range []struct {
		name string
		kind detect.Type
	}{{"no", detect.IDCustomer}, {"name", detect.PersonName}, {"mail", detect.ContactEmail}, {"phone", detect.ContactPhone}} {
		if _, err := b.Column(c.name, c.kind); err != nil {
			return nil, err
		}
	}
	w := b.Writer()
	first, err := b.Reserve(1000)
	if err != nil {
		return nil, err
	}
	for i := range 1000 {
		for j, value := range owned(i) {
			if err := w.Add(first+uint32(i), j, []byte(value)); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	out := &file{}
	if _, err := b.Finish(context.Background(), out, time.Unix(0, 0), 1, nil); err != nil {
		return nil, err
	}
	x, err := exact.Open(out.data, exact.Config{Name: "customers", Secret: secret})
	return exact.NewSet(x), err
})

// inspectKnown inspects with the index loaded.
func inspectKnown(t testing.TB, message string) *rules.Evidence {
	t.Helper()
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	set, err := ownedIndex()
	if err != nil {
		t.Fatal(err)
	}
	src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
	ev, err := in.WithIndexes(set).Inspect(context.Background(), src, extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// eachOwned joins what write says of customers from to to-1.
func eachOwned(from, to int, write func(c []string) string) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(write(owned(i)))
	}
	return b.String()
}

func TestRecordsOfTheIndexAreCounted(t *testing.T) {
	p := defaultPolicies(t)
	sentence := func(c []string) string {
		return fmt.Sprintf("Please ring %s (contract %s) about the late bill, or write to %s.\n\n", c[1], c[0], c[2])
	}
	for _, c := range []struct {
		what, body string
		rows       int64
	}{
		{"prose", eachOwned(10, 15, sentence), 5},
		{"prose in one paragraph", strings.ReplaceAll(eachOwned(10, 15, sentence), "\n\n", "\n"), 5},
		{"prose that a detector cannot read", eachOwned(10, 15, func(c []string) string {
			return "the case of " + strings.ToLower(c[1]) + " under " + c[0] + " is open, telephone " + c[3][4:] + "\n\n"
		}), 5},
		{"a table", "number,who,where\n" + eachOwned(10, 15, func(c []string) string { return c[0] + "," + c[1] + "," + c[2] + "\n" }), 5},
		{"a table without a header", eachOwned(10, 15, func(c []string) string { return "x;" + c[2] + ";7;" + c[1] + "\n" }), 5},
		{"a table of numbers and names", "ref|party\n" + eachOwned(10, 16, func(c []string) string { return c[0] + "|" + c[1] + "\n" }), 6},
		{"blocks", eachOwned(10, 14, func(c []string) string { return "No: " + c[0] + "\nWho: " + c[1] + "\nMail: " + c[2] + "\n\n" }), 4},
		{"the same customer again and again", strings.Repeat(sentence(owned(10)), 8), 1},
		{"addresses alone", eachOwned(10, 15, func(c []string) string { return "write to " + c[2] + " please\n\n" }), 0},
		{"fields of different customers", func() string {
			var b strings.Builder
			for i := range 8 {
				fmt.Fprintf(&b, "Please ring %s about the bill, or write to %s.\n\n", owned(10 + i)[1], owned(30 + i)[2])
			}
			return b.String()
		}(), 0},
		{"strangers", strings.NewReplacer("mailbox", "elsewhere", "contract 7", "contract 4").Replace(eachOwned(10, 15, sentence)), 0},
		{"nothing", "See you at 10:30 in room 731.\n", 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			v := decide(t, p, envelope, inspectKnown(t, plain(c.body)))
			if v.Exposure.ExactRows != c.rows {
				t.Errorf("%d records, want %d\n%s", v.Exposure.ExactRows, c.rows, c.body)
			}
			if held := matched(v, "exact-match"); held != (c.rows >= 3) {
				t.Errorf("exact-match matched: %v, with %d records", held, c.rows)
			}
			if c.rows >= 3 && v.Action != rules.Hold {
				t.Errorf("action %v, want hold", v.Action)
			}
		})
	}
}

func matched(v rules.Verdict, policy string) bool {
	for _, m := range v.Matches {
		if m.Policy == policy {
			return true
		}
	}
	return false
}

// People of the index count as people even when nothing else tells what the
// columns hold, and once, whichever of their fields come.
func TestRecordsOfTheIndexArePeople(t *testing.T) {
	body := "a,b\n" + eachOwned(10, 22, func(c []string) string { return c[0] + "," + strings.ToLower(c[1]) + "\n" }) +
		"\n" + eachOwned(10, 22, func(c []string) string { return c[1] + " has " + c[2] + "\n\n" })
	v := decide(t, defaultPolicies(t), envelope, inspectKnown(t, plain(body)))
	if v.Exposure.Subjects != 12 || v.Exposure.ExactRows != 12 {
		t.Errorf("%d people, %d records, want 12 of both", v.Exposure.Subjects, v.Exposure.ExactRows)
	}
}

// What a line tells of a person and what the index knows is one person.
func TestARecordInTextIsNoSecondPerson(t *testing.T) {
	for what, write := range map[string]func(c []string) string{
		"name and telephone": func(c []string) string { return c[1] + ", " + c[0] + ", " + c[3] + "\n\n" },
		"name and address":   func(c []string) string { return c[1] + " <" + c[2] + ">, " + c[0] + "\n\n" },
		"address and number": func(c []string) string { return c[2] + " no. " + c[0] + "\n\n" },
		"lines":              func(c []string) string { return c[1] + "\n" + c[3] + "\n" + c[2] + "\n\n" },
	} {
		v := decide(t, defaultPolicies(t), envelope, inspectKnown(t, plain(eachOwned(10, 18, write))))
		if v.Exposure.Subjects != 8 || v.Exposure.ExactRows != 8 {
			t.Errorf("%s: %d people, %d records, want 8 of both", what, v.Exposure.Subjects, v.Exposure.ExactRows)
		}
	}
}

func TestTheReadersOwnRecordsAreNotCounted(t *testing.T) {
	p := defaultPolicies(t)
	body := eachOwned(10, 15, func(c []string) string {
		return "Dear " + c[1] + ", your contract " + c[0] + ", telephone " + c[3] + "\n\n"
	})
	env := rules.Envelope{From: "ana@sender.example"}
	for i := 10; i < 13; i++ {
		env.Recipients = append(env.Recipients, strings.ToUpper(owned(i)[2]))
	}
	if n := decide(t, p, env, inspectKnown(t, plain(body))).Exposure.ExactRows; n != 2 {
		t.Errorf("%d records, want 2: three of five are recipients", n)
	}
	visible := strings.Replace(plain(body), "ben@reader.example", owned(13)[2]+", "+owned(14)[2], 1)
	if n := decide(t, p, env, inspectKnown(t, visible)).Exposure.ExactRows; n != 0 {
		t.Errorf("%d records, want none: all are recipients or stand in To", n)
	}
	rows := eachOwned(10, 15, func(c []string) string { return c[2] + "," + c[1] + "," + c[0] + "\n" })
	own := decide(t, defaultPolicies(t, "mailbox.example"), envelope, inspectKnown(t, plain(rows)))
	if own.Exposure.ExactRows != 0 {
		t.Errorf("%d records, want none: all are of an own domain", own.Exposure.ExactRows)
	}
}

// A number of a few digits and a name are no proof in one row, but are in a
// table where they agree again and again.
func TestLikelyRecordsCountOnlyInCompany(t *testing.T) {
	p := defaultPolicies(t)
	for n, want := range map[int]int64{2: 0, 3: 3} {
		body := "ref,party\n" + eachOwned(10, 10+n, func(c []string) string { return c[0] + "," + c[1] + "\n" })
		if got := decide(t, p, envelope, inspectKnown(t, plain(body))).Exposure.ExactRows; got != want {
			t.Errorf("%d likely rows count as %d, want %d", n, got, want)
		}
	}
}

func TestQuotedHeadersAndSignaturesAreNoRecords(t *testing.T) {
	body := "Thanks.\n\n" + eachOwned(10, 14, func(c []string) string {
		return "From: " + c[1] + " <" + c[2] + ">\n> " + c[1] + " " + c[2] + "\n\n"
	}) + "-- \n" + owned(20)[1] + "\n" + owned(20)[2] + "\n" + owned(20)[3] + "\n"
	if n := decide(t, defaultPolicies(t), envelope, inspectKnown(t, plain(body))).Exposure.ExactRows; n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

func TestTheRuleSetNamesTheIndex(t *testing.T) {
	set, err := ownedIndex()
	if err != nil {
		t.Fatal(err)
	}
	v := decide(t, defaultPolicies(t), envelope, inspectKnown(t, plain("hello\n")))
	if want := rules.Version + "+" + set.Version(); v.RuleSet != want || !strings.Contains(want, "customers@") {
		t.Errorf("rule set %q, want %q", v.RuleSet, want)
	}
	if v := decide(t, defaultPolicies(t), envelope, inspect(t, plain("hello\n"))); v.RuleSet != rules.Version {
		t.Errorf("rule set %q without an index, want %q", v.RuleSet, rules.Version)
	}
}

// BenchmarkInspectIndexed is what an index costs: the same messages with and
// without.
func BenchmarkInspectIndexed(b *testing.B) {
	in, err := inspector()
	if err != nil {
		b.Fatal(err)
	}
	set, err := ownedIndex()
	if err != nil {
		b.Fatal(err)
	}
	for name, message := range map[string]string{
		"table": plain(table(20_000)),
		"prose": plain(strings.Repeat("The order will be on its way by Tuesday, as we said last week; nothing else has changed.\n\n", 20_000)),
	} {
		for what, in := range map[string]*rules.Inspector{"without": in, "with": in.WithIndexes(set)} {
			b.Run(name+"/"+what, func(b *testing.B) {
				b.SetBytes(int64(len(message)))
				for b.Loop() {
					src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
					if _, err := in.Inspect(context.Background(), src, extract.DefaultLimits()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
