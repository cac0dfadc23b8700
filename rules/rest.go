package rules

import (
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
)

// rest is what a condition says of a message in which nothing is found. Most
// messages are such to most conditions, and need no evaluation: a condition has
// no other input than the values of its variables.
type rest struct {
	variables []Variable // those that the condition asks for
	values    []any      // of these, at rest
	holds     bool       // the condition's result, if known
	known     bool
}

// restOf evaluates a condition for a message in which nothing is found.
func restOf(program cel.Program, variables map[string]Variable, asks map[string]bool) rest {
	var r rest
	nothing := &facts{variables: variables, ev: &Evidence{}, exposure: &Exposure{}}
	for _, name := range slices.Sorted(maps.Keys(asks)) {
		if v, known := variables[name]; known {
			r.variables = append(r.variables, v)
			r.values = append(r.values, nothing.of(v))
		}
	}
	result, _, err := program.Eval(nothing)
	if err != nil {
		return rest{} // it is evaluated each time
	}
	r.holds, r.known = result.Value() == true, true
	return r
}

// is reports whether what the condition asks for is as it is at rest.
func (r *rest) is(f *facts) bool {
	if !r.known {
		return false
	}
	for i, v := range r.variables {
		if !sameValue(f.of(v), r.values[i]) {
			return false
		}
	}
	return true
}

// sameValue reports whether two values of a variable are the same; lists and
// maps only where they are empty.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case int64, bool, string, float64:
		return a == b
	case []string:
		b, same := b.([]string)
		return same && len(a) == 0 && len(b) == 0
	case map[string]int64:
		b, same := b.(map[string]int64)
		return same && len(a) == 0 && len(b) == 0
	}
	return false
}
