package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Judged is a message of the past, as far as its numbers were kept.
type Judged struct {
	Exposure Exposure
	Bytes    int64
}

// Judgement is what policies make of a message whose envelope and content are
// not known any more.
type Judgement struct {
	// Action and Policy are those of a verdict, by what can be told.
	Action Action
	Policy string
	// Unsure are the policies stricter than Action of which it cannot be told
	// whether they match, since their conditions turn on what is not kept: the
	// envelope, the run, the sender's habits.
	Unsure []string
	// Most is the strictest action that it may have been: Action if nothing is
	// unsure.
	Most Action
}

// Judge says what these policies would make of a message of the past. Whom the
// allow list lets pass is not known any more, nor who was of an own domain:
// both stay as they were when the exposure was counted.
func (p *Policies) Judge(m *Judged) Judgement {
	var j Judgement
	given := &kept{facts: facts{variables: p.variables, ev: &Evidence{Bytes: m.Bytes}, exposure: &m.Exposure}}
	type unsure struct {
		name   string
		action Action
	}
	var open []unsure
	for _, policy := range p.list {
		result, _, err := policy.program.Eval(given)
		switch {
		case err != nil:
			open = append(open, unsure{policy.Name, policy.Action})
		case result.Value() == true && (policy.Action > j.Action || j.Policy == ""):
			j.Action, j.Policy = policy.Action, policy.Name
		}
	}
	j.Most = j.Action
	for _, u := range open {
		if u.action > j.Action {
			j.Unsure = append(j.Unsure, u.name)
			j.Most = max(j.Most, u.action)
		}
	}
	return j
}

// kept answers the variables whose values are kept. A condition that asks for
// another has an error for a value, which its && and || take for what it is:
// false && unknown is false.
type kept struct{ facts }

// ResolveName implements cel.Activation.
func (k *kept) ResolveName(name string) (any, bool) {
	if !Kept(name) {
		return nil, false
	}
	return k.facts.ResolveName(name)
}

// Kept reports whether a variable's value is kept of each message.
func Kept(variable string) bool {
	return variable == "message.bytes" || strings.HasPrefix(variable, "exposure.")
}

// NotKept lists the variables of a policy's condition whose values are not
// kept, for people.
func (p *Policies) NotKept(name string) []string {
	i := slices.IndexFunc(p.list, func(q policy) bool { return q.Name == name })
	if i < 0 {
		return nil
	}
	var names []string
	for _, v := range Variables() {
		if !Kept(v.Name) && p.list[i].asks[v.Name] {
			names = append(names, v.Name)
		}
	}
	return names
}

// Asks reports whether some policy's condition asks for a variable.
func (p *Policies) Asks(variable string) bool {
	return slices.ContainsFunc(p.list, func(q policy) bool { return q.asks[variable] })
}

// UnmarshalText reads a completeness's name.
func (c *Completeness) UnmarshalText(text []byte) error {
	i := slices.Index(completenessNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("completeness %q is not one of complete, partial, unscanned", text)
	}
	*c = Completeness(i)
	return nil
}
