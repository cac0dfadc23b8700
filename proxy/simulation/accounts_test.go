package simulation

import (
	"strings"
	"testing"
)

// What must not be is found: the checks at the end of a simulation are none that
// always hold.
func TestAccountsFindWhatIsWrong(t *testing.T) {
	for want, live := range map[string]func(a *accounts, id int){
		"never acknowledged":       func(a *accounts, id int) { a.delivered(id) },
		"more than once":           func(a *accounts, id int) { a.delivered(id); a.acknowledged(id); a.acknowledged(id) },
		"before anybody had them":  func(a *accounts, id int) { a.acknowledged(id); a.delivered(id) },
		"while the store was away": func(a *accounts, id int) { a.held(id, false); a.acknowledged(id) },
		"":                         func(a *accounts, id int) { a.held(id, true); a.held(id, true); a.acknowledged(id) },
	} {
		var a accounts
		for range 3 {
			id := a.born()
			a.delivered(id)
			a.acknowledged(id)
		}
		live(&a, a.born())
		err := a.check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "1 messages of 4")) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
