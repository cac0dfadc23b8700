package report

import (
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// labels are the names of field types for people who know nothing of ours.
func label(fieldType string) string {
	if text, known := map[string]string{
		"person.name": "full name", "person.given_name": "given name", "person.family_name": "family name",
		"person.prefix": "form of address", "contact.email": "e-mail address", "contact.phone": "telephone number",
		"contact.social": "social media profile", "address.full": "postal address", "address.street": "street and house number",
		"address.postcode": "postcode", "address.city": "city", "address.region": "region", "address.country": "country",
		"person.birth_date": "date of birth", "person.age": "age", "person.sex": "sex", "person.nationality": "nationality",
		"person.marital_status": "marital status", "person.job": "occupation", "person.photo": "photograph",
		"id.customer": "customer or contract number", "id.employee": "employee number", "id.username": "user name",
		"id.national": "national identity, social security or tax number", "id.passport": "passport number",
		"id.licence": "driving licence number", "id.health": "health insurance number", "id.vehicle": "vehicle number",
		"id.device": "device number", "finance.card": "payment card number", "finance.iban": "bank account (IBAN)",
		"finance.account": "bank account", "finance.bic": "bank code (BIC)", "finance.routing": "bank routing number",
		"finance.tax": "business tax number", "finance.amount": "amount of money", "finance.salary": "salary",
		"finance.crypto": "cryptocurrency address", "net.ip": "IP address", "net.mac": "MAC address", "net.url": "web address",
		"net.domain": "domain name", "secret.password": "password", "secret.hash": "password hash", "secret.key": "secret key",
		"health.code": "diagnosis code", "health.condition": "health condition or treatment", "special.religion": "religion or belief",
		"special.ethnicity": "ethnic origin", "special.politics": "political opinion", "special.union": "trade union membership",
		"special.sex_life": "sex life or sexual orientation", "special.conviction": "criminal conviction or offence",
		"context.company": "company", "context.product": "product or service", "context.status": "status",
		"context.date": "date", "context.geo": "location", "context.number": "number", "context.text": "text", "context.code": "code",
	}[fieldType]; known {
		return text
	}
	return fieldType
}

// fields describes field types, the most telling first.
func fields(names []string) []Field {
	all := []Field{}
	for _, name := range names {
		f := Field{Type: name, Label: label(name), Category: detect.Context.String(), Special: special(name)}
		if t, known := detect.Parse(name); known {
			f.Category = t.Category().String()
		}
		all = append(all, f)
	}
	rank := []string{detect.Sensitive.String(), detect.Direct.String(), detect.Indirect.String(), detect.Context.String()}
	slices.SortStableFunc(all, func(a, b Field) int { return slices.Index(rank, a.Category) - slices.Index(rank, b.Category) })
	return all
}

// special reports whether a type is one of Article 9 or 10: health, belief,
// origin, opinion, union, sex life, convictions.
func special(name string) bool {
	return strings.HasPrefix(name, "health.") || strings.HasPrefix(name, "special.") || name == "id.health"
}

// kindsOfPeople says what the people are to the controller, as far as the
// fields tell.
func kindsOfPeople(names []string) []string {
	kinds := []string{}
	add := func(kind string, of ...string) {
		if slices.ContainsFunc(of, func(name string) bool { return slices.Contains(names, name) }) {
			kinds = append(kinds, kind)
		}
	}
	add("customers or members", "id.customer", "id.username")
	add("employees", "id.employee", "finance.salary")
	add("patients or insured people", "health.code", "health.condition", "id.health")
	if len(kinds) == 0 {
		kinds = append(kinds, "people named with their contact details")
	}
	return kinds
}

// consequenceKinds are what is likely to follow for people whose data of a kind
// is known to strangers. After Recitals 75 and 85, and the guidelines 9/2022
// of the European Data Protection Board.
func consequenceKinds() []consequenceKind {
	return []consequenceKind{
		{"Discrimination and distress", "Data of Articles 9 and 10: discrimination, loss of standing, distress; a high risk to the people is to be expected.",
			[]string{"health.", "special.", "id.health"}},
		{"Access to accounts", "Access to the people's accounts, and to others where the same secret is used.",
			[]string{"secret."}},
		{"Identity theft", "Contracts and accounts in the people's names; proof of identity towards authorities and companies.",
			[]string{"id.national", "id.passport", "id.licence", "person.birth_date"}},
		{"Fraud and loss of money", "Unauthorised charges and debits; credible demands for payment.",
			[]string{"finance.card", "finance.iban", "finance.account", "finance.crypto"}},
		{"Exposure of circumstances", "The people's means, family or work are known to others.",
			[]string{"finance.salary", "finance.amount", "person.marital_status", "person.job", "person.nationality"}},
		{"Unwanted visits", "People can be found at home, also those who hide from somebody.",
			[]string{"address.full", "address.street", "address.postcode", "context.geo"}},
		{"Impersonation and phishing", "Messages and calls that use what is known of the people, in the name of the controller or of the people.",
			[]string{"contact.", "id.customer", "id.username", "context.product", "person.name"}},
	}
}

type consequenceKind struct {
	kind, text string
	of         []string // field types, or their beginnings up to the "."
}

// consequences lists what is likely to follow from these fields.
func consequences(of []Field) []Consequence {
	all := []Consequence{}
	for _, k := range consequenceKinds() {
		c := Consequence{Kind: k.kind, Text: k.text, Of: []string{}}
		for _, f := range of {
			if slices.ContainsFunc(k.of, func(begin string) bool {
				return f.Type == begin || strings.HasSuffix(begin, ".") && strings.HasPrefix(f.Type, begin)
			}) {
				c.Of = append(c.Of, f.Label)
			}
		}
		if len(c.Of) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// risky reports whether the kinds of data suggest a high risk to the people,
// Article 34.
func risky(of []Field) bool {
	return slices.ContainsFunc(of, func(f Field) bool {
		return f.Special || f.Category == detect.Sensitive.String() ||
			slices.Contains([]string{"id.national", "id.passport", "finance.card", "finance.iban", "finance.account"}, f.Type)
	})
}
