package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Accounts is what the console needs to show and change who may use it; a
// *quarantine.Store has it.
type Accounts interface {
	Account(ctx context.Context, name string) (quarantine.Account, error)
	Accounts(ctx context.Context) ([]quarantine.Account, error)
	AddAccount(ctx context.Context, a quarantine.Account, by string) error
	ChangeAccount(ctx context.Context, name, by string, change func(a *quarantine.Account, others []quarantine.Account) error) error
	Sessions(ctx context.Context, name string) ([]quarantine.Session, error)
	EndSessions(ctx context.Context, name string, but []byte) error
	Tokens(ctx context.Context, name string) ([]quarantine.APIToken, error)
	AddToken(ctx context.Context, t quarantine.APIToken, by string) error
	RevokeToken(ctx context.Context, id, name, by string) error
}

// accountsPage lists who may use the console.
type accountsPage struct {
	frame
	Accounts []quarantine.Account
	Tokens   []quarantine.APIToken
	Roles    []access.Role
	Least    int
	Wrong    string
	Name     string // what was typed, where it was wrong
}

func (c *console) accounts(w http.ResponseWriter, r *http.Request) {
	c.showAccounts(w, r, http.StatusOK, &accountsPage{})
}

func (c *console) showAccounts(w http.ResponseWriter, r *http.Request, code int, p *accountsPage) {
	p.Title, p.Section, p.Roles, p.Least = "Accounts", "Accounts", access.Roles(), access.PasswordLeast
	var err error
	if p.Accounts, err = c.cfg.Accounts.Accounts(r.Context()); err == nil {
		p.Tokens, err = c.cfg.Accounts.Tokens(r.Context(), "")
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, code, "accounts.html", p)
}

// accountWrong words what is wrong with an account that somebody asks for.
func (c *console) accountWrong(err error) string {
	switch {
	case errors.Is(err, access.ErrWeak):
		return "The password cannot be used. " + sentence(err, access.ErrWeak)
	case errors.Is(err, errNoRole):
		return "Choose one of the roles."
	case errors.Is(err, access.ErrLastAdmin):
		return "Nobody else is an admin: make somebody one first."
	case errors.Is(err, quarantine.ErrExists):
		return "There is an account of this name."
	case errors.Is(err, quarantine.ErrNoAccount):
		return "There is no such account or token."
	case errors.Is(err, quarantine.ErrInvalid):
		return "The name cannot be used: want 1 to 200 characters that can be seen, without spaces around it."
	}
	c.cfg.Log.Error("changing an account", "error", err)
	return "It could not be stored; the log says why."
}

// sentence is what an error says behind its kind, as a sentence.
func sentence(err, kind error) string {
	_, why, _ := strings.Cut(err.Error(), kind.Error()+": ")
	if why == "" {
		return ""
	}
	return strings.ToUpper(why[:1]) + why[1:] + "."
}

var errNoRole = errors.New("no such role")

func (c *console) addAccount(w http.ResponseWriter, r *http.Request) {
	name, role := strings.TrimSpace(r.PostFormValue("name")), access.Role(r.PostFormValue("role"))
	hash, err := access.HashPassword(name, r.PostFormValue("password"))
	if err == nil && !role.Valid() {
		err = errNoRole
	}
	if err == nil {
		err = c.cfg.Accounts.AddAccount(r.Context(), quarantine.Account{Name: name, Role: string(role), Password: hash}, access.From(r.Context()).Name)
	}
	c.changedAccounts(w, r, name, err)
}

// changedAccounts shows the accounts after a change, or what was wrong with it.
func (c *console) changedAccounts(w http.ResponseWriter, r *http.Request, name string, err error) {
	if err != nil {
		c.showAccounts(w, r, http.StatusUnprocessableEntity, &accountsPage{Wrong: c.accountWrong(err), Name: name})
		return
	}
	http.Redirect(w, r, "/accounts", http.StatusSeeOther)
}

// changeAccount changes an account's role, whether it may log in, its password
// or its second factor: what the form has.
func (c *console) changeAccount(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("name")
	err := c.cfg.Accounts.ChangeAccount(r.Context(), name, access.From(r.Context()).Name, access.Changing(func(a *quarantine.Account) error {
		return changeBy(a, r.PostFormValue("act"), r.PostFormValue("role"), r.PostFormValue("password"))
	}))
	c.changedAccounts(w, r, "", err)
}

// changeBy does one act.
func changeBy(a *quarantine.Account, act, role, password string) (err error) {
	switch act {
	case "role":
		if !access.Role(role).Valid() {
			return errNoRole
		}
		a.Role = role
	case "disable", "enable":
		a.Disabled = act == "disable"
	case "factor":
		a.TOTP = ""
	case "password":
		a.Password, err = access.HashPassword(a.Name, password)
	}
	return err
}

// revokeToken ends anybody's token.
func (c *console) revokeToken(w http.ResponseWriter, r *http.Request) {
	c.changedAccounts(w, r, "", c.cfg.Accounts.RevokeToken(r.Context(), r.PostFormValue("id"), "", access.From(r.Context()).Name))
}
