package rules

import (
	"fmt"
	"maps"
	"strings"
	"sync/atomic"

	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// Waiver is a policy that would have matched, but for the allow list.
type Waiver struct {
	Policy string
	Action Action
	// Entries are the ids of the list's entries.
	Entries []string
}

// ValueKey returns the key of a value in compact form, by which allow lists
// know people.
func ValueKey(t detect.Type, value string) Key {
	return keyOf(t, detect.Compact(nil, t, []byte(value)))
}

// Names reports whether values of a type tell one person from another, so that
// a person can be allowed by one.
func Names(t detect.Type) bool { return identifies(t) && t != detect.PersonFamily }

// WithAllowed returns an inspector that does not look at the rows of allowed
// tables; nil allows none. The receiver stays as it is.
func (in *Inspector) WithAllowed(set *allow.Set) *Inspector {
	with := *in
	with.allowed = set
	return &with
}

// WithAllowed returns policies under an allow list; nil allows nothing. The
// list is part of their version. The receiver stays as it is.
func (p *Policies) WithAllowed(set *allow.Set) *Policies {
	with := *p
	with.allowed = set
	if v := set.Version(); v != "" {
		with.version += "+allow@" + v
	}
	return &with
}

// leaveAllowed adds the allowed people to those who are left out, and returns
// their keys.
func (p *Policies) leaveAllowed(ev *Evidence, left map[int]bool) map[Key]bool {
	if !p.allowed.HasPeople() {
		return nil
	}
	keys := map[Key]bool{}
	who := ev.all.people
	for _, k := range who.allowed.of(&who.index, p.allowed) {
		keys[k] = true
		i, _ := who.index.get(k)
		if allows(p.allowed, k, who.list[i&^strongestBit].domain) {
			left[int(i&^strongestBit)] = true
		}
	}
	for _, set := range []*keySet{ev.all.contacts, ev.all.cards, ev.all.national} {
		for _, k := range set.allowed.of(&set.exact, p.allowed) {
			keys[k] = true
		}
	}
	return keys
}

// allows reports whether an identifier makes its person an allowed one. A name
// is of many: it speaks for who has no address of their own.
func allows(set *allow.Set, k Key, domain uint32) bool {
	t, allowed := set.Person(uint64(k))
	return allowed && (t != detect.PersonName || domain == 0)
}

// allowedIn remembers which keys of a table a list allows: asking takes a keyed
// hash of each, and the copies of a run share their tables.
type allowedIn struct{ last atomic.Pointer[allowedKeys] }

type allowedKeys struct {
	set  *allow.Set
	n    int // keys in the table
	keys []Key
}

// of gives the keys of the table that the list allows.
func (a *allowedIn) of(t *keyTable, set *allow.Set) []Key {
	if last := a.last.Load(); last != nil && last.set == set && last.n == t.n {
		return last.keys
	}
	found := &allowedKeys{set: set, n: t.n}
	for k := range t.all() {
		if _, allowed := set.Person(uint64(k)); allowed {
			found.keys = append(found.keys, k)
		}
	}
	a.last.Store(found)
	return found.keys
}

// both joins two sets of keys.
func both(a, b map[Key]bool) map[Key]bool {
	if len(b) == 0 {
		return a
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// waive notes that a policy that matched does not count for this envelope, if
// the allow list says so.
func (p *Policies) waive(v *Verdict, policy *policy, env Envelope) bool {
	unread := policy.asks["exposure.unread"] || policy.asks["exposure.completeness"]
	ids := p.allowed.Waiver(policy.Name, unread, env.From, env.Recipients)
	if len(ids) == 0 {
		return false
	}
	v.Waived = append(v.Waived, Waiver{policy.Name, policy.Action, ids})
	return true
}

// waived tells in sentences what the allow list has let pass or left out.
func waived(v *Verdict, ev *Evidence) (list []string) {
	for _, w := range v.Waived {
		list = append(list, fmt.Sprintf("policy %s (%s) does not apply: allow list, %s", w.Policy, w.Action, strings.Join(w.Entries, ", ")))
	}
	for _, id := range ev.AllowedTables {
		list = append(list, fmt.Sprintf("the rows of a table are not counted: allow list, %s", id))
	}
	return list
}
