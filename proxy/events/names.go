package events

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Form is how addresses and the names of people are told.
type Form string

// The forms.
const (
	None   Form = "none"   // not at all
	Hashed Form = "hashed" // by a keyed hash, so that a name that is known can be looked for
	Plain  Form = "plain"
)

// Names tells addresses and the names of people in the chosen form.
type Names struct {
	Form Form
	// Key keys the hashes.
	Key []byte
}

// maxNames bounds how many recipients one event names; their number is told.
const maxNames = 50

// hash is the first 16 bytes of HMAC-SHA256 of a name in lower case, in hex.
func (n *Names) hash(name string) string {
	mac := hmac.New(sha256.New, n.Key)
	mac.Write([]byte(strings.ToLower(name)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// user is a person, nil where none is named.
func (n *Names) user(name string) *user {
	switch {
	case name == "" || n.Form == None:
		return nil
	case n.Form == Plain:
		return &user{Name: name}
	}
	return &user{Hash: n.hash(name)}
}

// plain are addresses in the clear, nil where they are not told so.
func (n *Names) plain(list ...string) *addresses {
	list = some(list)
	if n.Form != Plain || len(list) == 0 {
		return nil
	}
	return &addresses{list}
}

// hashed are addresses as hashes, nil where they are not told so.
func (n *Names) hashed(list ...string) []string {
	if n.Form != Hashed {
		return nil
	}
	var hashes []string
	for _, name := range some(list) {
		hashes = append(hashes, n.hash(name))
	}
	return hashes
}

// some are the first names, empty ones left out: the null reverse-path is none.
func some(list []string) []string {
	var names []string
	for _, name := range list[:min(len(list), maxNames)] {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
