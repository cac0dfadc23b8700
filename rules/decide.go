package rules

import (
	"fmt"
	"strings"
)

// Verdict is what becomes of a message, and why.
type Verdict struct {
	// Action is the strictest action of the policies that matched.
	Action Action
	// Policy is the first matching policy with that action, "" if none
	// matched.
	Policy string
	// Answer is what the client is told if the action is Hold: Refuse if a
	// matching policy with that action says so.
	Answer Answer
	// Matches are all policies that matched, in their order.
	Matches []Match
	// Waived are the policies that matched and do not count, by the allow list.
	Waived []Waiver
	// Exposure is what the message would expose to these recipients.
	Exposure Exposure
	// Reasons say in sentences, without any value, what led to the verdict.
	Reasons []string
	// RuleSet and PolicyVersion name what made the verdict.
	RuleSet, PolicyVersion string
}

// Match is a policy that matched.
type Match struct {
	Policy string
	Action Action
}

// Decide judges a message by its evidence. The strictest matching action wins;
// order only picks the name that is shown first. An error means that a
// condition could not be evaluated: it is never to be taken for a pass.
func (p *Policies) Decide(env Envelope, ev *Evidence, recent Recent) (Verdict, error) {
	x := p.exposure(env, ev, recent)
	v := Verdict{Exposure: x, RuleSet: ev.RuleSet, PolicyVersion: p.version}
	given := &facts{p.variables, env, ev, &x, recent}
	for i := range p.list {
		policy := &p.list[i]
		holds, err := policy.holds(given)
		if err != nil {
			return Verdict{}, fmt.Errorf("policy %q: when: %w", policy.Name, err)
		}
		if !holds {
			continue
		}
		if policy.Action > Pass && p.waive(&v, policy, env) {
			continue
		}
		v.Matches = append(v.Matches, Match{policy.Name, policy.Action})
		if policy.Action > v.Action || v.Policy == "" {
			v.Action, v.Policy = policy.Action, policy.Name
			v.Answer = Accept
		}
		if policy.Action == v.Action && policy.Answer == Refuse {
			v.Answer = Refuse
		}
	}
	v.Reasons = append(waived(&v, ev), reasons(&x, ev)...)
	return v, nil
}

// reasons tells the exposure in sentences.
func reasons(x *Exposure, ev *Evidence) []string {
	list := []string{}
	if x.Direct > 0 {
		list = append(list, fmt.Sprintf("records of %s who are not its readers: %s",
			persons(x.Direct), strings.Join(x.Fields, ", ")))
	}
	if x.Contacts > 0 && x.Contacts != x.Direct {
		list = append(list, fmt.Sprintf("%d mail addresses or phone numbers of third parties", x.Contacts))
	}
	if x.Cards > 0 {
		list = append(list, fmt.Sprintf("%d payment cards", x.Cards))
	}
	if x.NationalIDs > 0 {
		list = append(list, fmt.Sprintf("%d national identity numbers", x.NationalIDs))
	}
	if x.ExactRows > 0 {
		list = append(list, fmt.Sprintf("%d records of the owner's own index", x.ExactRows))
	}
	if ev.BodyIsAttachment && x.Direct > 0 {
		list = append(list, "the message text is the same as an attachment")
	}
	if ev.BodyIsTable && x.Direct > 0 {
		list = append(list, "the message text is nothing but a table")
	}
	if x.OwnRecord {
		list = append(list, "the readers' own records are not counted")
	}
	for i, u := range ev.Unread {
		if i == maxReasons {
			list = append(list, fmt.Sprintf("and %d more parts were not read", len(ev.Unread)-i))
			break
		}
		list = append(list, fmt.Sprintf("part %s not read: %s", u.Path, u.Detail))
	}
	return list
}

// maxReasons bounds how many unread parts are told one by one.
const maxReasons = 8

func persons(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}
