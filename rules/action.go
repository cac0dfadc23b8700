package rules

import "fmt"

// Action is what becomes of a message. A higher action is stricter.
type Action uint8

// The actions, from the most lenient to the strictest.
const (
	Pass   Action = iota // goes on unchanged
	Tag                  // goes on, with a header of ours: the trial mode
	Hold                 // kept for review
	Reject               // refused, no copy kept
)

var actionNames = [...]string{"pass", "tag", "hold", "reject"}

func (a Action) String() string { return actionNames[a] }

// MarshalText writes the action's name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an action's name.
func (a *Action) UnmarshalText(text []byte) error {
	for i, name := range actionNames {
		if name == string(text) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("action %q is not one of pass, tag, hold, reject", text)
}

// Answer is what the client is told when a message is held.
type Answer uint8

// The answers to a held message.
const (
	Accept Answer = iota // 250, with the id of the held copy
	Refuse               // 550, a copy is kept all the same
)

func (a Answer) String() string {
	if a == Refuse {
		return "refuse"
	}
	return "accept"
}

// MarshalText writes the answer's name.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an answer's name.
func (a *Answer) UnmarshalText(text []byte) error {
	switch string(text) {
	case "accept":
		*a = Accept
	case "refuse":
		*a = Refuse
	default:
		return fmt.Errorf("answer %q is not one of accept, refuse", text)
	}
	return nil
}

// Completeness says how much of a message was read.
type Completeness uint8

// The degrees of completeness.
const (
	Complete  Completeness = iota // every part was read to its end
	Partial                       // some part was not, or not wholly, read
	Unscanned                     // no part of the content could be read
)

var completenessNames = [...]string{"complete", "partial", "unscanned"}

func (c Completeness) String() string { return completenessNames[c] }

// MarshalText writes the completeness's name.
func (c Completeness) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
