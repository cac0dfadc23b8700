package allow

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	"github.com/cespare/xxhash/v2"
)

// Set is the entries in force at one time. It is immutable and safe for
// concurrent use; a nil set allows nothing.
type Set struct {
	hash    keyed.Hash
	entries map[Kind]map[[16]byte][]Entry
	version string
	shapes  string
}

// InForce returns the entries that are in force at a time. The hash is that of
// the list's key.
func (l List) InForce(hash keyed.Hash, now time.Time) *Set {
	s := &Set{hash: hash, entries: map[Kind]map[[16]byte][]Entry{}}
	all, shapes := xxhash.New(), xxhash.New()
	for _, e := range l.Entries {
		raw, err := hex.DecodeString(e.Hash)
		if e.Expired(now) || err != nil || len(raw) != 16 {
			continue
		}
		if s.entries[e.Kind] == nil {
			s.entries[e.Kind] = map[[16]byte][]Entry{}
		}
		sum := [16]byte(raw)
		s.entries[e.Kind][sum] = append(s.entries[e.Kind][sum], e)
		fmt.Fprintf(all, "%s %s %s %s %q\n", e.ID, e.Kind, e.Type, e.Hash, e.Policies)
		if e.Kind == Table {
			fmt.Fprintf(shapes, "%s %s\n", e.ID, e.Hash)
		}
	}
	if len(s.entries) == 0 {
		return nil
	}
	s.version = fmt.Sprintf("%08x", uint32(all.Sum64()))
	if len(s.entries[Table]) > 0 {
		s.shapes = fmt.Sprintf("%08x", uint32(shapes.Sum64()))
	}
	return s
}

// Version names the entries in force; "" if there are none.
func (s *Set) Version() string {
	if s == nil {
		return ""
	}
	return s.version
}

// TablesVersion names the tables that are allowed; "" if none is.
func (s *Set) TablesVersion() string {
	if s == nil {
		return ""
	}
	return s.shapes
}

// HashPerson returns the hash of a person's value by the key that rules gives
// to its compact form.
func HashPerson(hash keyed.Hash, key uint64) string {
	return encode(personSum(hash, key))
}

// HashTable returns the hash of a table's template (table.Segment.Template).
func HashTable(hash keyed.Hash, template string) string {
	return encode(hash.Sum128([]byte("table\x00" + template)))
}

// HashAddress returns the hash of a sender's or recipient's address.
func HashAddress(hash keyed.Hash, kind Kind, address string) string {
	return encode(addressSum(hash, kind, address))
}

// HashDomain returns the hash of a domain, with or without a leading "@".
func HashDomain(hash keyed.Hash, kind Kind, domain string) string {
	return encode(domainSum(hash, kind, strings.TrimPrefix(domain, "@")))
}

func encode(sum [16]byte) string { return hex.EncodeToString(sum[:]) }

func personSum(hash keyed.Hash, key uint64) [16]byte {
	var b [15]byte
	copy(b[:], "person\x00")
	binary.LittleEndian.PutUint64(b[7:], key)
	return hash.Sum128(b[:])
}

func addressSum(hash keyed.Hash, kind Kind, address string) [16]byte {
	text := append([]byte(kind), 0)
	return hash.Sum128(detect.Compact(text, detect.ContactEmail, []byte(address)))
}

// domainSum hashes a domain in lower case, in the ASCII form that it has in a
// compact address.
func domainSum(hash keyed.Hash, kind Kind, domain string) [16]byte {
	compact := detect.Compact(nil, detect.ContactEmail, []byte("a@"+domain))
	return hash.Sum128(append(append([]byte(kind), 0), compact[2:]...))
}

// HasPeople reports whether any person is allowed.
func (s *Set) HasPeople() bool { return s != nil && len(s.entries[Person]) > 0 }

// Person reports whether the person with the given key is allowed, and by a
// value of which type.
func (s *Set) Person(key uint64) (t detect.Type, allowed bool) {
	list := s.entries[Person][personSum(s.hash, key)]
	if len(list) == 0 {
		return detect.None, false
	}
	t, _ = detect.Parse(list[0].Type)
	return t, true
}

// Table returns the entry that allows a table with the given template, "" if
// none does.
func (s *Set) Table(template string) (id string) {
	if s == nil || template == "" || len(s.entries[Table]) == 0 {
		return ""
	}
	for _, e := range s.entries[Table][s.hash.Sum128([]byte("table\x00"+template))] {
		return e.ID
	}
	return ""
}

// Waiver returns the entries by which a policy does not hold a message, nil if
// it does. unread says that the policy asks what could not be read.
func (s *Set) Waiver(policy string, unread bool, from string, recipients []string) (ids []string) {
	if s == nil {
		return nil
	}
	if id := s.address(Sender, SenderDomain, from, policy, unread); id != "" {
		return []string{id}
	}
	if len(recipients) == 0 {
		return nil
	}
	for _, r := range recipients {
		id := s.address(Recipient, RecipientDomain, r, policy, unread)
		if id == "" {
			return nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// address returns the entry that covers an address for a policy.
func (s *Set) address(whole, domain Kind, address, policy string, unread bool) string {
	if address == "" {
		return ""
	}
	covers := func(list []Entry) string {
		for _, e := range list {
			if len(e.Policies) == 0 && !unread || slices.Contains(e.Policies, policy) {
				return e.ID
			}
		}
		return ""
	}
	if len(s.entries[whole]) > 0 {
		if id := covers(s.entries[whole][addressSum(s.hash, whole, address)]); id != "" {
			return id
		}
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 || len(s.entries[domain]) == 0 {
		return ""
	}
	return covers(s.entries[domain][domainSum(s.hash, domain, address[at+1:])])
}
