package rules

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"github.com/cespare/xxhash/v2"
)

// Variable is a name that a policy's condition may use.
type Variable struct {
	Name string
	// Type is the CEL type as people write it.
	Type string
	// Help is a sentence on what it holds.
	Help string

	celType *cel.Type
	value   func(Envelope, *Evidence, *Exposure, Recent) any
}

// Variables lists what conditions may use, in the order of the documentation.
func Variables() []Variable {
	list := []Variable{
		number("exposure.subjects", "distinct third-party people", func(x *Exposure) int64 { return x.Subjects }),
		number("exposure.direct", "subjects with a direct identifier and at least one more fact in one record", func(x *Exposure) int64 { return x.Direct }),
		number("exposure.sensitive", "subjects with a sensitive field", func(x *Exposure) int64 { return x.Sensitive }),
		number("exposure.contacts", "distinct third-party mail addresses and phone numbers in bodies and attachments", func(x *Exposure) int64 { return x.Contacts }),
		number("exposure.cards", "distinct valid payment cards", func(x *Exposure) int64 { return x.Cards }),
		number("exposure.national_ids", "distinct national, health and passport numbers", func(x *Exposure) int64 { return x.NationalIDs }),
		number("exposure.records", "rows and blocks with data of a person", func(x *Exposure) int64 { return x.Records }),
		number("exposure.largest_table", "rows of the largest table", func(x *Exposure) int64 { return x.LargestTable }),
		number("exposure.recipients", "envelope recipients", func(x *Exposure) int64 { return x.Recipients }),
		number("exposure.external_recipients", "envelope recipients outside the own domains", func(x *Exposure) int64 { return x.External }),
		number("exposure.echoed_recipients", "subjects who are recipients of the same run or of this sender's recent runs", func(x *Exposure) int64 { return x.Echoed }),
		number("exposure.exact_rows", "records of the exact-match index that rows or passages agree with", func(x *Exposure) int64 { return x.ExactRows }),
		ofExposure("exposure.own_record", cel.BoolType, "a record of the sender or a recipient was found, and not counted", func(x *Exposure) any { return x.OwnRecord }),
		ofExposure("exposure.body_is_table", cel.BoolType, "a body is a file: nothing but one table, or the same as an attachment", func(x *Exposure) any { return x.BodyIsTable }),
		ofExposure("exposure.confidence", cel.DoubleType, "mean confidence of the column types that counted, 0 to 1", func(x *Exposure) any { return x.Confidence }),
		ofExposure("exposure.fields", cel.ListType(cel.StringType), "names of the field types found, as in \"contact.email\" in exposure.fields", func(x *Exposure) any { return x.Fields }),
		ofExposure("exposure.subjects_by_category", cel.MapType(cel.StringType, cel.IntType), "subjects by category: direct, indirect, sensitive", func(x *Exposure) any { return x.ByCategory }),
		ofExposure("exposure.completeness", cel.StringType, "complete, partial or unscanned", func(x *Exposure) any { return x.Completeness.String() }),
		ofExposure("exposure.unread", cel.ListType(cel.StringType), "why parts were not read: encrypted, end_to_end, corrupt, unsupported, unknown, too_big, too_deep, too_many, ratio, timeout, external, failed", func(x *Exposure) any { return x.Unread }),
		{"envelope.from", "string", "the reverse-path's address, empty for bounces", cel.StringType,
			func(e Envelope, _ *Evidence, _ *Exposure, _ Recent) any { return e.From }},
		{"envelope.from_domain", "string", "its domain in lower case", cel.StringType,
			func(e Envelope, _ *Evidence, _ *Exposure, _ Recent) any { return strings.ToLower(domainOf(e.From)) }},
		{"envelope.recipient_domains", "list(string)", "the recipients' domains in lower case", cel.ListType(cel.StringType),
			func(e Envelope, _ *Evidence, _ *Exposure, _ Recent) any { return recipientDomains(e) }},
		{"envelope.authenticated", "string", "the authenticated user, empty if none", cel.StringType,
			func(e Envelope, _ *Evidence, _ *Exposure, _ Recent) any { return e.Authenticated }},
		{"message.bytes", "int", "size of the message", cel.IntType,
			func(_ Envelope, ev *Evidence, _ *Exposure, _ Recent) any { return ev.Bytes }},
		{"run.held", "bool", "a copy of the same run was held before", cel.BoolType,
			func(_ Envelope, _ *Evidence, _ *Exposure, r Recent) any { return r.RunHeld }},
		{"sender.subjects", "int", "distinct third-party people in this sender's messages over the window", cel.IntType,
			func(_ Envelope, _ *Evidence, _ *Exposure, r Recent) any { return r.SenderSubjects }},
		{"sender.unusual", "bool", "far out of what this sender usually sends", cel.BoolType,
			func(_ Envelope, _ *Evidence, _ *Exposure, r Recent) any { return r.SenderUnusual }},
	}
	return list
}

func number(name, help string, value func(*Exposure) int64) Variable {
	return ofExposure(name, cel.IntType, help, func(x *Exposure) any { return value(x) })
}

func ofExposure(name string, t *cel.Type, help string, value func(*Exposure) any) Variable {
	return Variable{name, t.String(), help, t,
		func(_ Envelope, _ *Evidence, x *Exposure, _ Recent) any { return value(x) }}
}

func recipientDomains(e Envelope) []string {
	domains := make([]string, len(e.Recipients))
	for i, rcpt := range e.Recipients {
		domains[i] = strings.ToLower(domainOf(rcpt))
	}
	return domains
}

func newEnvironment() (*cel.Env, error) {
	var options []cel.EnvOption
	for _, v := range Variables() {
		options = append(options, cel.Variable(v.Name, v.celType))
	}
	return cel.NewEnv(options...)
}

// facts answers a condition's variables as it asks for them.
type facts struct {
	variables map[string]Variable
	env       Envelope
	ev        *Evidence
	exposure  *Exposure
	recent    Recent
}

// ResolveName implements cel.Activation.
func (f *facts) ResolveName(name string) (any, bool) {
	v, known := f.variables[name]
	if !known {
		return nil, false
	}
	return f.of(v), true
}

// of returns the value of a variable.
func (f *facts) of(v Variable) any { return v.value(f.env, f.ev, f.exposure, f.recent) }

// Parent implements cel.Activation.
func (f *facts) Parent() cel.Activation { return nil }

// versionOfWords names header words by their content, "" for none.
func versionOfWords(words HeaderWords) string {
	if len(words) == 0 {
		return ""
	}
	h := xxhash.New()
	fmt.Fprint(h, words) // maps print in the order of their keys
	return fmt.Sprintf("%08x", h.Sum64()>>32)
}

// versionOf names a set of policies by its content.
func versionOf(specs []PolicySpec, ownDomains []string) string {
	h := xxhash.New()
	for _, s := range specs {
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00%d\x00", s.Name, s.When, s.Action, s.Answer)
	}
	fmt.Fprint(h, strings.Join(ownDomains, "\x00"))
	return fmt.Sprintf("%012x", h.Sum64()>>16)
}
