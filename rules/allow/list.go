package allow

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	"github.com/bulkhead-dlp/bulkhead/rules/strictyaml"
	"github.com/goccy/go-yaml"
)

// Purpose is what the key of an allow list is derived for.
const Purpose = "allow list"

// Kind is what an entry allows.
type Kind string

// The kinds of entries.
const (
	Person          Kind = "person"
	Table           Kind = "table"
	Sender          Kind = "sender"
	Recipient       Kind = "recipient"
	SenderDomain    Kind = "sender-domain"
	RecipientDomain Kind = "recipient-domain"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Person, Table, Sender, Recipient, SenderDomain, RecipientDomain}
}

// Waives reports whether entries of the kind take policies off a message, and
// may name them; the others change what is counted, for all policies alike.
func (k Kind) Waives() bool { return k != Person && k != Table }

// Entry is one thing that is allowed.
type Entry struct {
	ID   string `yaml:"id" json:"id"`
	Kind Kind   `yaml:"kind" json:"kind"`
	// Type is the field type of a person's value.
	Type string `yaml:"type,omitempty" json:"type,omitempty"`
	// Hash is the keyed hash of what is allowed, in hexadecimal.
	Hash string `yaml:"hash" json:"-"`
	// Policies are those that do not hold; empty: all but those that ask what
	// could not be read.
	Policies []string  `yaml:"policies,omitempty" json:"policies,omitempty"`
	Reason   string    `yaml:"reason" json:"reason"`
	Owner    string    `yaml:"owner" json:"owner"`
	Added    time.Time `yaml:"added" json:"added"`
	// Expires is from when on the entry has no effect.
	Expires time.Time `yaml:"expires" json:"expires"`
}

// List is an allow list as it is kept.
type List struct {
	// Key names the key of the hashes, and does not tell it.
	Key     string  `yaml:"key"`
	Entries []Entry `yaml:"entries"`
}

// Parse reads a list, whose hashes must be of the given key. The name is the
// file's, for errors. Nothing at all is an empty list.
func Parse(name string, source []byte, hash keyed.Hash) (List, error) {
	var l List
	if err := strictyaml.Decode(source, &l); err != nil {
		return l, fmt.Errorf("allow list %s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if l.Key == "" && len(l.Entries) == 0 {
		l.Key = hash.Check()
		return l, nil
	}
	if l.Key != hash.Check() {
		return l, fmt.Errorf("allow list %s: its hashes are of key %s, given key %s", name, l.Key, hash.Check())
	}
	ids := map[string]bool{}
	for i, e := range l.Entries {
		if err := e.check(); err != nil {
			return l, fmt.Errorf("allow list %s: entries[%d]: %w", name, i, err)
		}
		if ids[e.ID] {
			return l, fmt.Errorf("allow list %s: entries[%d]: id %q: given twice", name, i, e.ID)
		}
		ids[e.ID] = true
	}
	return l, nil
}

// check reports what keeps an entry from being one.
func (e *Entry) check() error {
	sum, err := hex.DecodeString(e.Hash)
	_, typed := detect.Parse(e.Type)
	switch {
	case e.ID == "":
		return errors.New("id: empty")
	case !slices.Contains(Kinds(), e.Kind):
		return fmt.Errorf("kind %q: want one of %v", e.Kind, Kinds())
	case err != nil || len(sum) != 16:
		return errors.New("hash: want 32 hexadecimal digits")
	case e.Kind == Person && !typed:
		return fmt.Errorf("type %q: want a field type such as contact.email", e.Type)
	case len(e.Policies) > 0 && !e.Kind.Waives():
		return fmt.Errorf("policies: a %s is allowed for all of them", e.Kind)
	case strings.TrimSpace(e.Reason) == "" || strings.TrimSpace(e.Owner) == "":
		return errors.New("want a reason and an owner")
	case e.Expires.IsZero():
		return errors.New("expires: empty: want the day from which the entry has no effect")
	}
	return nil
}

// With returns the list with one more entry. The error says what is wrong with
// it, or that the same is allowed already.
func (l List) With(e Entry) (List, error) {
	if err := e.check(); err != nil {
		return l, err
	}
	for _, old := range l.Entries {
		switch {
		case old.ID == e.ID:
			return l, fmt.Errorf("id %q: given twice", e.ID)
		case old.Kind == e.Kind && old.Hash == e.Hash && slices.Equal(old.Policies, e.Policies) && old.Expires.After(e.Added):
			return l, fmt.Errorf("entry %s allows the same until %s: remove it first", old.ID, old.Expires.Format(time.DateOnly))
		}
	}
	l.Entries = append(slices.Clip(l.Entries), e)
	return l, nil
}

// Without returns the list without an entry, and whether there was one.
func (l List) Without(id string) (List, bool) {
	n := len(l.Entries)
	l.Entries = slices.DeleteFunc(slices.Clone(l.Entries), func(e Entry) bool { return e.ID == id })
	return l, len(l.Entries) < n
}

// Text returns the list as it is kept.
func (l List) Text() ([]byte, error) {
	text, err := yaml.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write the allow list: %w", err)
	}
	return append([]byte("# Kept by `bulkhead allow`. Values are keyed hashes; each entry ends by itself.\n"), text...), nil
}

// Expired reports whether the entry has no effect any more.
func (e *Entry) Expired(now time.Time) bool { return !now.Before(e.Expires) }

// Next returns when the next entry expires after now, zero if none does.
func (l List) Next(now time.Time) (next time.Time) {
	for _, e := range l.Entries {
		if !e.Expired(now) && (next.IsZero() || e.Expires.Before(next)) {
			next = e.Expires
		}
	}
	return next
}
