package review

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
)

// Exception is what a person puts on the allow list, of a held message.
type Exception struct {
	Incident, Message string // ids
	Offer
	Policy        string // the one that does not hold, for senders and recipients
	Reason, Owner string
	Expires       time.Time
}

// Offer is something of a held message that may be allowed.
type Offer struct {
	Kind  allow.Kind
	Value string // an address or a domain; "" for a table: the message's
}

// NotAllowedError says why something cannot be put on the allow list. It names
// nobody.
type NotAllowedError struct{ Why string }

// Error implements error.
func (e *NotAllowedError) Error() string { return e.Why }

// Offers lists what of a message may be allowed, each once: its recipients, their
// domains, its sender and that domain, and the table in it. None where it is
// sealed.
func Offers(m *quarantine.Message) (all []Offer) {
	if m.ID == "" || m.Sealed {
		return nil
	}
	add := func(kind allow.Kind, value string) {
		same := func(o Offer) bool { return o.Kind == kind && strings.EqualFold(o.Value, value) }
		if value != "" && !slices.ContainsFunc(all, same) {
			all = append(all, Offer{kind, value})
		}
	}
	for _, r := range m.Recipients {
		add(allow.Recipient, r.Address)
	}
	for _, r := range m.Recipients {
		add(allow.RecipientDomain, domainOf(r.Address))
	}
	add(allow.Sender, m.From)
	add(allow.SenderDomain, domainOf(m.From))
	if hasTable(m) {
		all = append(all, Offer{Kind: allow.Table})
	}
	return all
}

// domainOf is the domain of an address, "" for a user of the machine itself.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return address[at+1:]
}

// hasTable reports whether a table was found in a message.
func hasTable(m *quarantine.Message) bool {
	var findings []rules.Finding
	return json.Unmarshal(m.Evidence, &findings) == nil && slices.ContainsFunc(findings, func(f rules.Finding) bool { return f.Rows > 0 })
}
