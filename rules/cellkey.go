package rules

import (
	"bytes"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// cellKey is the key of a cell: zero where the cell is empty, not valid by
// itself, or identifies nobody.
type cellKey struct {
	key    Key
	domain uint32 // hash of an e-mail address's domain
	role   bool   // an e-mail address of a function, not of a person
}

// keysOf fills r.keys with the key of each identifying cell of the rows, row
// by row in the order of the group's columns.
func (r *resolver) keysOf(rows [][][]byte, g group) {
	width := len(g.columns)
	r.keys = slices.Grow(r.keys[:0], len(rows)*width)[:len(rows)*width]
	clear(r.keys)
	for j, c := range g.columns {
		if !identifies(c.kind) {
			continue
		}
		twin := g.twin(j)
		for i, row := range rows {
			if c.at >= len(row) || len(row[c.at]) == 0 {
				continue
			}
			if twin >= 0 && bytes.Equal(row[c.at], row[g.columns[twin].at]) {
				r.keys[i*width+j] = r.keys[i*width+twin]
				continue
			}
			r.keys[i*width+j] = r.cellKey(c.kind, row[c.at])
		}
	}
}

// twin returns the column before column j that has its type, whose cells often
// say the same; -1 if there is none.
func (g *group) twin(j int) int {
	for k := j - 1; k >= 0; k-- {
		if g.columns[k].kind == g.columns[j].kind {
			return k
		}
	}
	return -1
}

// cellKey returns the key of a value of an identifying type.
func (r *resolver) cellKey(t detect.Type, value []byte) cellKey {
	if t == detect.ContactEmail {
		return r.emailKey(value)
	}
	if !plausible(t, value) || checked(t) && !r.det.Is(t, value) && (t != detect.ContactPhone || !dialled(value)) {
		return cellKey{}
	}
	return cellKey{key: r.key(t, value)}
}

// emailKey is cellKey for an e-mail address.
func (r *resolver) emailKey(value []byte) cellKey {
	typed, at, plain := detect.PlainEmail(append(r.buf[:0], byte(detect.ContactEmail)), value)
	r.buf = typed
	if plain {
		return cellKey{hashTyped(typed), hashLower(typed[at+2:]), detect.RoleName(typed[1 : at+1])}
	}
	if !r.det.Is(detect.ContactEmail, value) {
		return cellKey{}
	}
	return cellKey{r.key(detect.ContactEmail, value), hashDomain(domainOf(value)), detect.Role(value)}
}

func (r *resolver) key(t detect.Type, value []byte) Key {
	r.buf = detect.Compact(append(r.buf[:0], byte(t)), t, value)
	return hashTyped(r.buf)
}
