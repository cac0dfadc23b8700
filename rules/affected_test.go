package rules_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// affectedMessage lists twelve people, one of them the recipient, one of an own
// domain, and one of them twice.
func affectedMessage() string {
	var b strings.Builder
	b.WriteString("From: a@tool.test\r\nTo: Reader <reader@mail.test>\r\nSubject: x\r\n\r\nname,mail,phone\r\n")
	for i := range 10 {
		fmt.Fprintf(&b, "Maria Turner%c,maria%d@home.test,+44 1223 4960%02d\r\n", 'a'+i, i, i)
	}
	b.WriteString("Maria Turnera,maria0@home.test,+44 1223 496000\r\nRhea Reader,reader@mail.test,+44 1223 496077\r\nOtto Owner,otto@own.test,+44 1223 496078\r\n")
	return b.String()
}

func TestPeopleGivesEachThirdPartyOnce(t *testing.T) {
	in, err := rules.NewInspector(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies([]rules.PolicySpec{{Name: "x", When: "exposure.subjects > 3", Action: rules.Hold}}, []string{"own.test"})
	if err != nil {
		t.Fatal(err)
	}
	text := affectedMessage()
	source := extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
	env := rules.Envelope{From: "a@tool.test", Recipients: []string{"reader@mail.test"}}
	seen := map[string]rules.Affected{}
	err = in.People(context.Background(), source, extract.DefaultLimits(), p, env, func(a rules.Affected) error {
		mail := a.Values["contact.email"]
		if _, again := seen[mail]; again {
			t.Errorf("a person comes twice")
		}
		seen[mail] = a
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	evidence, err := in.Inspect(context.Background(), source, extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := p.Decide(env, evidence, rules.Recent{})
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(seen)) != verdict.Exposure.Subjects || len(seen) != 10 {
		t.Errorf("%d people are listed, the verdict counts %d, want 10", len(seen), verdict.Exposure.Subjects)
	}
	a := seen["maria3@home.test"]
	if a.Values["person.name"] != "Maria Turnerd" || a.Values["contact.phone"] == "" || a.Part == "" || a.ID == 0 {
		t.Errorf("the record of a person is %+v", a)
	}
	stop := errors.New("full")
	if err := in.People(context.Background(), source, extract.DefaultLimits(), p, env, func(rules.Affected) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of visit is lost: %v", err)
	}
}

func TestPeopleLeavesOutWhomTheListAllows(t *testing.T) {
	in, err := rules.NewInspector(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies([]rules.PolicySpec{{Name: "x", When: "exposure.subjects > 3", Action: rules.Hold}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := affectedMessage()
	source := extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
	env := rules.Envelope{From: "a@tool.test", Recipients: []string{"reader@mail.test"}}
	evidence, err := in.Inspect(context.Background(), source, extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	// Another list is asked anew; a name says nothing of who has an address.
	for _, c := range []struct {
		value allow.Entry
		want  int64
	}{
		{allowPerson(detect.ContactEmail, "Maria3@home.test"), 10},
		{allowPerson(detect.ContactEmail, "stranger@home.test"), 11},
		{allowPerson(detect.PersonName, "Maria Turnerd"), 11},
	} {
		with := p.WithAllowed(allowing(t, c.value))
		listed := int64(0)
		err := in.People(context.Background(), source, extract.DefaultLimits(), with, env, func(rules.Affected) error {
			listed++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := with.Decide(env, evidence, rules.Recent{})
		if err != nil {
			t.Fatal(err)
		}
		if listed != c.want || verdict.Exposure.Subjects != c.want {
			t.Errorf("%d people are listed and %d counted, want %d", listed, verdict.Exposure.Subjects, c.want)
		}
	}
}
