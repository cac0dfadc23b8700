package quarantine

import (
	"fmt"
	"io"
	"strings"
)

// crockford is the alphabet of Crockford's base 32, without I, L, O and U, so
// that an id survives being read out on the telephone:
// https://www.crockford.com/base32.html
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Kinds of id, by prefix.
const (
	messagePrefix  = "BH"
	incidentPrefix = "IN"
)

// newID makes an id such as "BH-7K2M-Q9XD": 40 random bits. Callers make sure
// that it is not in use.
func newID(random io.Reader, prefix string) (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	for i, v := range b {
		b[i] = crockford[v&31]
	}
	return prefix + "-" + string(b[:4]) + "-" + string(b[4:]), nil
}

// NormaliseID reads a message id as people type it: in any case, with I and L
// for 1 and O for 0 after the prefix. Anything that cannot be one is not
// found.
func NormaliseID(s string) (string, error) {
	id := strings.ToUpper(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(id, messagePrefix); ok {
		id = messagePrefix + strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(rest)
	}
	if !validID(id) {
		return "", fmt.Errorf("message %.40q: %w; an id looks like BH-7K2M-Q9XD", s, ErrNotFound)
	}
	return id, nil
}

// validID also keeps ids from being paths.
func validID(id string) bool {
	if len(id) != len("BH-7K2M-Q9XD") || id[:3] != messagePrefix+"-" || id[7] != '-' {
		return false
	}
	for _, c := range id[3:7] + id[8:] {
		if !strings.ContainsRune(crockford, c) {
			return false
		}
	}
	return true
}
