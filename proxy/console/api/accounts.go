package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/danielgtaylor/huma/v2"
)

// People are those who may use the console and the API; a *quarantine.Store has
// them.
type People interface {
	Accounts(ctx context.Context) ([]quarantine.Account, error)
	AddAccount(ctx context.Context, a quarantine.Account, by string) error
	ChangeAccount(ctx context.Context, name, by string, change func(a *quarantine.Account, others []quarantine.Account) error) error
	Tokens(ctx context.Context, name string) ([]quarantine.APIToken, error)
	AddToken(ctx context.Context, t quarantine.APIToken, by string) error
	RevokeToken(ctx context.Context, id, name, by string) error
}

// Account is somebody who can log in with a password.
type Account struct {
	Name         string     `json:"name"`
	Role         string     `json:"role"`
	SecondFactor bool       `json:"second_factor"`
	Disabled     bool       `json:"disabled"`
	Created      time.Time  `json:"created"`
	Seen         *time.Time `json:"seen" doc:"The last log-in; null: never."`
}

// Accounts are all accounts.
type Accounts struct {
	Accounts []Account `json:"accounts"`
}

// NewAccount is an account to be made.
type NewAccount struct {
	Name     string `json:"name" minLength:"1" maxLength:"200"`
	Role     string `json:"role" enum:"viewer,reviewer,approver,admin"`
	Password string `json:"password" minLength:"12" maxLength:"256" writeOnly:"true"`
}

// AccountChange is what is to become of an account; what is left out stays.
type AccountChange struct {
	Role            string `json:"role,omitempty" enum:"viewer,reviewer,approver,admin"`
	Disabled        *bool  `json:"disabled,omitempty"`
	Password        string `json:"password,omitempty" minLength:"12" maxLength:"256" writeOnly:"true"`
	EndSecondFactor bool   `json:"end_second_factor,omitempty"`
}

// Token is an API token, without itself.
type Token struct {
	ID      string     `json:"id"`
	Name    string     `json:"name" doc:"Whose it is."`
	Role    string     `json:"role"`
	Scope   []string   `json:"scope" doc:"The rights that it may use, of those of the role."`
	Label   string     `json:"label"`
	Created time.Time  `json:"created"`
	Ends    time.Time  `json:"ends"`
	Used    *time.Time `json:"used" doc:"To about a minute; null: never."`
}

// Tokens are all tokens.
type Tokens struct {
	Tokens []Token `json:"tokens"`
}

// NewToken is a token to be made.
type NewToken struct {
	Name  string         `json:"name" minLength:"1" maxLength:"200" doc:"An account, or a name of its own for a program."`
	Role  string         `json:"role" enum:"viewer,reviewer,approver,admin" doc:"Of a name that is no account; that of an account counts."`
	Scope []access.Right `json:"scope" minItems:"1" maxItems:"30"`
	Label string         `json:"label,omitempty" maxLength:"200" doc:"What it is for."`
	Days  int            `json:"days" minimum:"1" maximum:"366" doc:"How long it lasts."`
}

// MadeToken is a token that was made. It is told once.
type MadeToken struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// accountOperations are about who may use the console and the API.
func (a *api) accountOperations() []operation {
	status := func(code int) func(*huma.Operation) { return func(o *huma.Operation) { o.DefaultStatus = code } }
	return []operation{
		op(access.Admin, "GET /accounts", "accounts", "Those who can log in with a password", a.accounts),
		op(access.Admin, "POST /accounts", "add-account", "Make an account", a.addAccount).with(status(http.StatusNoContent)),
		op(access.Admin, "POST /accounts/{name}/change", "change-account", "Change an account's role, password or second factor, or disable it; its sessions end", a.changeAccount),
		op(access.Admin, "GET /tokens", "tokens", "The API tokens", a.tokens),
		op(access.Admin, "POST /tokens", "add-token", "Make an API token, which is told once", a.addToken).with(status(http.StatusCreated)),
		op(access.Admin, "POST /tokens/{id}/revoke", "revoke-token", "End an API token", a.revokeToken),
	}
}

func (a *api) accounts(ctx context.Context, _ *struct{}) (*page[Accounts], error) {
	all, err := a.cfg.People.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := Accounts{Accounts: []Account{}}
	for _, x := range all {
		out.Accounts = append(out.Accounts, Account{x.Name, x.Role, x.TOTP != "", x.Disabled, x.Created, timeOrNull(x.Seen)})
	}
	return &page[Accounts]{out}, nil
}

type newAccountIn struct{ Body NewAccount }

func (a *api) addAccount(ctx context.Context, in *newAccountIn) (*struct{}, error) {
	name := strings.TrimSpace(in.Body.Name)
	hash, err := access.HashPassword(name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.People.AddAccount(ctx, quarantine.Account{Name: name, Role: in.Body.Role, Password: hash}, access.From(ctx).Name)
}

type changeAccountIn struct {
	Name string `path:"name" maxLength:"200"`
	Body AccountChange
}

func (a *api) changeAccount(ctx context.Context, in *changeAccountIn) (*struct{}, error) {
	b := &in.Body
	return nil, a.cfg.People.ChangeAccount(ctx, in.Name, access.From(ctx).Name, access.Changing(func(x *quarantine.Account) (err error) {
		if b.Role != "" {
			x.Role = b.Role
		}
		if b.Disabled != nil {
			x.Disabled = *b.Disabled
		}
		if b.EndSecondFactor {
			x.TOTP = ""
		}
		if b.Password != "" {
			x.Password, err = access.HashPassword(x.Name, b.Password)
		}
		return err
	}))
}

func (a *api) tokens(ctx context.Context, _ *struct{}) (*page[Tokens], error) {
	all, err := a.cfg.People.Tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	out := Tokens{Tokens: []Token{}}
	for _, t := range all {
		out.Tokens = append(out.Tokens, Token{t.ID, t.Name, t.Role, append([]string{}, t.Scope...), t.Label, t.Created, t.Ends, timeOrNull(t.Used)})
	}
	return &page[Tokens]{out}, nil
}

type newTokenIn struct{ Body NewToken }

func (a *api) addToken(ctx context.Context, in *newTokenIn) (*page[MadeToken], error) {
	b := &in.Body
	var scope []string
	for _, right := range b.Scope {
		if !slices.Contains(access.Rights(), right) {
			return nil, huma.Error422UnprocessableEntity("The scope names a right that there is not.")
		}
		scope = append(scope, string(right))
	}
	id, token, hash := access.NewToken()
	err := a.cfg.People.AddToken(ctx, quarantine.APIToken{ID: id, Hash: hash, Name: strings.TrimSpace(b.Name), Role: b.Role, Scope: scope,
		Label: b.Label, Ends: time.Now().AddDate(0, 0, b.Days)}, access.From(ctx).Name)
	if err != nil {
		return nil, err
	}
	return &page[MadeToken]{MadeToken{id, token}}, nil
}

type revokeTokenIn struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *api) revokeToken(ctx context.Context, in *revokeTokenIn) (*struct{}, error) {
	return nil, a.cfg.People.RevokeToken(ctx, in.ID, "", access.From(ctx).Name)
}
