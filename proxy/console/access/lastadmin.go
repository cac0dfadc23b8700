package access

import (
	"errors"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// ErrLastAdmin says that nobody could log in as an admin any more.
var ErrLastAdmin = errors.New("nobody else is an admin: make somebody one first")

// CheckLastAdmin reports [ErrLastAdmin] where nobody but the one who is named
// can log in as an admin.
func CheckLastAdmin(all []quarantine.Account, name string) error {
	if !slices.ContainsFunc(all, func(a quarantine.Account) bool {
		return a.Role == string(Chief) && !a.Disabled && !strings.EqualFold(a.Name, name)
	}) {
		return ErrLastAdmin
	}
	return nil
}
