package access

import (
	"errors"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// ErrLastAdmin says that nobody could log in as an admin any more.
var ErrLastAdmin = errors.New("nobody else is an admin: make somebody one first")

// Changing makes a change of an account that leaves an admin, where the account
// is one: else the error is [ErrLastAdmin], and nothing is changed.
func Changing(change func(*quarantine.Account) error) func(*quarantine.Account, []quarantine.Account) error {
	return func(a *quarantine.Account, others []quarantine.Account) error {
		was := isAdmin(*a)
		if err := change(a); err != nil {
			return err
		}
		if was && !isAdmin(*a) && !slices.ContainsFunc(others, isAdmin) {
			return ErrLastAdmin
		}
		return nil
	}
}

func isAdmin(a quarantine.Account) bool { return a.Role == string(Chief) && !a.Disabled }
