package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/cespare/xxhash/v2"
)

// Envelope is who sends a message to whom, as SMTP said it (RFC 5321 section
// 3.3). Addresses are without angle brackets; an empty From is the null
// reverse-path.
type Envelope struct {
	From          string
	Recipients    []string
	Authenticated string // the authenticated user's name, "" if none
}

// Key is a person's identifier in compact form, hashed with 64 bits. Equal
// keys mean equal identifiers, but for one chance in 2^64 a pair.
type Key uint64

// keyOf hashes a compact value together with its type, so that equal digits of
// different types stay apart.
func keyOf(t detect.Type, compact []byte) Key {
	return hashTyped(append(append(make([]byte, 0, 64), byte(t)), compact...))
}

// hashTyped hashes a byte for the type with the compact value behind it. It is
// never zero, which stands for no key.
func hashTyped(typed []byte) Key {
	return Key(max(xxhash.Sum64(typed), 1))
}

// AddressKey returns the key of an e-mail address.
func AddressKey(address string) Key {
	var room [64]byte // most fit
	return keyOf(detect.ContactEmail, detect.Compact(room[:0], detect.ContactEmail, []byte(address)))
}

// domainOf returns an address's domain as written, nothing if it has none.
func domainOf[T string | []byte](address T) T {
	for at := len(address) - 1; at >= 0; at-- {
		if address[at] == '@' {
			return address[at+1:]
		}
	}
	return address[:0]
}

// Recent is what the proxy knows of the messages before this one. The zero
// value says that nothing is known.
type Recent struct {
	// RunRecipients are the keys of the addresses that this run, or this
	// sender's recent runs, have been sent to.
	RunRecipients []Key
	// RunHeld is true once a copy of this run has been held.
	RunHeld bool
	// SenderSubjects is how many distinct third-party people this sender's
	// messages carried over the window.
	SenderSubjects int64
	// SenderUnusual is true when the message is far out of what this sender
	// usually sends.
	SenderUnusual bool
}
