package quarantine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// record is what names people in a message: it is stored sealed, with what
// nobody asks for without seeing them.
type record struct {
	From       text              `json:"from,omitempty"`
	MailParams []text            `json:"mail_params,omitempty"`
	Recipients []recordRecipient `json:"recipients"`
	Client     text              `json:"client,omitempty"`
	Auth       text              `json:"auth,omitempty"`
	Reasons    []text            `json:"reasons,omitempty"` // they quote file names
	Evidence   text              `json:"evidence,omitempty"`
	ByCategory map[string]int64  `json:"subjects_by_category,omitempty"`
}

type recordRecipient struct {
	Address text   `json:"address"`
	Params  []text `json:"params,omitempty"`
}

// text is a string of any bytes. In JSON it is a string where it is UTF-8, as
// RFC 6531 wants it, and else its bytes in an array, since JSON has no others.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal([][]byte{[]byte(t)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		var raw [1][]byte
		err := json.Unmarshal(b, &raw)
		*t = text(raw[0])
		return err
	}
	return json.Unmarshal(b, (*string)(t))
}

func texts(list []string) []text {
	out := make([]text, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}

func plainTexts(list []text) []string {
	var out []string
	for _, t := range list {
		out = append(out, string(t))
	}
	return out
}

// evidenceInRecord bounds the evidence that Hold keeps with the names. Larger
// one is cut into chunks, as content is, since copies have the same.
const evidenceInRecord = 256

func recordOf(m *Message) record {
	evidence := m.Evidence
	if len(evidence) > evidenceInRecord {
		evidence = nil
	}
	r := record{From: text(m.From), MailParams: texts(m.MailParams), Client: text(m.Client), Auth: text(m.Auth),
		Reasons: texts(m.Reasons), Evidence: text(evidence), ByCategory: m.ByCategory}
	for _, rcpt := range m.Recipients {
		r.Recipients = append(r.Recipients, recordRecipient{text(rcpt.Address), texts(rcpt.Params)})
	}
	return r
}

// fill puts what names people back into a message.
func (r *record) fill(m *Message) error {
	if len(r.Recipients) != len(m.Recipients) {
		return fmt.Errorf("%w: %d recipients are sealed, %d known", ErrDamaged, len(r.Recipients), len(m.Recipients))
	}
	m.From, m.Client, m.Auth = string(r.From), string(r.Client), string(r.Auth)
	m.ByCategory = r.ByCategory
	m.MailParams, m.Reasons = plainTexts(r.MailParams), plainTexts(r.Reasons)
	if len(r.Evidence) > 0 {
		m.Evidence = json.RawMessage(r.Evidence)
	}
	for i, rcpt := range r.Recipients {
		m.Recipients[i].Address, m.Recipients[i].Params = string(rcpt.Address), plainTexts(rcpt.Params)
	}
	return nil
}

// sealedAs names a message's record.
func sealedAs(id string) string { return "message " + id }

func sealRecord(k writeKey, id string, r record) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode what names people: %w", err)
	}
	return k.seal(plain, sealedAs(id)), nil
}

// unsealRecord opens what names people in a message.
func (s *Store) unsealRecord(ctx context.Context, q querier, id string, sealed []byte) (rec record, err error) {
	plain, err := s.unseal(ctx, q, sealed, sealedAs(id))
	if err != nil {
		return record{}, err
	}
	if err := json.Unmarshal(plain, &rec); err != nil {
		return record{}, fmt.Errorf("message %s: %w: %w", id, ErrDamaged, err)
	}
	return rec, nil
}

// openRecord completes a message that was read from its rows. Without the
// private key it stays as it is, and says so.
func (s *Store) openRecord(ctx context.Context, q querier, r *row) error {
	rec, err := s.unsealRecord(ctx, q, r.ID, r.sealed)
	if errors.Is(err, ErrSealed) {
		r.Sealed, r.closed = true, err
		return nil
	}
	if err != nil {
		return err
	}
	if err := rec.fill(&r.Message); err != nil {
		return fmt.Errorf("message %s: %w", r.ID, err)
	}
	return nil
}

// hashSize is how much of a keyed hash the columns keep: enough that two
// addresses never meet.
const hashSize = 16

// hashAddress gives what a column keeps to find an address by: a keyed hash of
// it in lower case.
func (s *Store) hashAddress(address string) []byte { return hashOf(s.keys.addresses, address) }

// hashDomain does the same for an address's domain, "" for none.
func (s *Store) hashDomain(address string) []byte {
	return hashOf(s.keys.addresses, "@"+domainOf(address))
}

func hashOf(x seal.Index, value string) []byte {
	sum := x.Sum([]byte(strings.ToLower(value)))
	return sum[:hashSize]
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// addressCondition gives the SQL and its argument for an address or, with
// nothing before its "@" or without one, a domain.
func (s *Store) addressCondition(wanted, address, domain string) (string, []byte) {
	if at := strings.LastIndexByte(wanted, '@'); at > 0 {
		return address, s.hashAddress(wanted)
	}
	return domain, s.hashDomain(wanted)
}
