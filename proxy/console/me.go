package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// mePage is somebody's own account: password, second factor, sessions, tokens.
type mePage struct {
	frame
	Account  quarantine.Account // its name is "" where somebody logs in elsewhere
	Sessions []quarantine.Session
	Tokens   []quarantine.APIToken
	Rights   []access.Right // that a token can have
	Least    int
	Now      time.Time
	Wrong    string
	Done     string
	Token    string         // just made, shown once
	Secret   string         // of a second factor that is not in use yet
	Picture  access.Picture // the same for an app
}

func (c *console) me(w http.ResponseWriter, r *http.Request) {
	done := map[string]string{
		"password": "The password is changed, and you are logged out everywhere else.",
		"factor":   "The second factor is in use: each log-in asks for a code.",
		"nofactor": "The second factor is off.",
		"sessions": "You are logged out everywhere else.",
		"token":    "The token is revoked.",
	}[r.URL.Query().Get("done")]
	c.showMe(w, r, http.StatusOK, &mePage{Done: done})
}

func (c *console) showMe(w http.ResponseWriter, r *http.Request, code int, p *mePage) {
	who, ctx := access.From(r.Context()), r.Context()
	p.Title, p.Section, p.Least, p.Now = "You", "You", access.PasswordLeast, time.Now()
	var err error
	if who.Method == access.Password {
		p.Account, err = c.cfg.Accounts.Account(ctx, who.Name)
	}
	if err == nil {
		p.Sessions, err = c.cfg.Accounts.Sessions(ctx, who.Name)
	}
	if err == nil {
		p.Tokens, err = c.cfg.Accounts.Tokens(ctx, who.Name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, right := range who.Role.Rights() {
		if who.May(right) {
			p.Rights = append(p.Rights, right)
		}
	}
	c.show(w, r, code, "me.html", p)
}

// confirmed reports whether somebody who is logged in has typed their password
// again, and says so where not: what follows would outlast a session that
// somebody else has got hold of.
func (c *console) confirmed(w http.ResponseWriter, r *http.Request) bool {
	who := access.From(r.Context())
	err := access.ErrRefused
	if who.Method == access.Password {
		err = c.cfg.Access.ConfirmPassword(r, who.Name, r.PostFormValue("password"))
	}
	if err == nil {
		return true
	}
	code, what := c.notLetIn(err)
	if errors.Is(err, access.ErrRefused) {
		code, what = http.StatusUnprocessableEntity, "Your password of now is wrong."
	}
	c.showMe(w, r, code, &mePage{Wrong: what})
	return false
}

// changeMe changes somebody's own account, and lets them in anew, since that
// ends all of its sessions.
func (c *console) changeMe(w http.ResponseWriter, r *http.Request, done string, change func(*quarantine.Account) error) {
	who := access.From(r.Context())
	err := c.cfg.Accounts.ChangeAccount(r.Context(), who.Name, who.Name, access.Changing(change))
	if err != nil {
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: c.accountWrong(err)})
		return
	}
	cookie, err := c.cfg.Access.Again(r, who)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/me?done="+done, http.StatusSeeOther)
}

func (c *console) changePassword(w http.ResponseWriter, r *http.Request) {
	if !c.confirmed(w, r) {
		return
	}
	if r.PostFormValue("new") != r.PostFormValue("again") {
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: "The two new passwords differ."})
		return
	}
	c.changeMe(w, r, "password", func(a *quarantine.Account) (err error) {
		a.Password, err = access.HashPassword(a.Name, r.PostFormValue("new"))
		return err
	})
}

// secondFactor shows a new secret, and with a code of it puts it to use.
func (c *console) secondFactor(w http.ResponseWriter, r *http.Request) {
	if !c.confirmed(w, r) {
		return
	}
	secret, code := r.PostFormValue("secret"), r.PostFormValue("code")
	if secret == "" {
		c.askCode(w, r, http.StatusOK, "", "")
		return
	}
	if !c.cfg.Access.IsCode(secret, code) {
		c.askCode(w, r, http.StatusUnprocessableEntity, secret, "The code does not fit the key. Is the clock of your telephone right?")
		return
	}
	c.changeMe(w, r, "factor", func(a *quarantine.Account) error {
		a.TOTP = secret
		return nil
	})
}

// askCode asks for a code of a secret, or of a new one.
func (c *console) askCode(w http.ResponseWriter, r *http.Request, code int, secret, wrong string) {
	key, err := access.SecondFactor(access.From(r.Context()).Name, secret)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	picture, err := access.PictureOf(key)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.showMe(w, r, code, &mePage{Wrong: wrong, Secret: key.Secret(), Picture: picture})
}

func (c *console) noSecondFactor(w http.ResponseWriter, r *http.Request) {
	if !c.confirmed(w, r) {
		return
	}
	c.changeMe(w, r, "nofactor", func(a *quarantine.Account) error {
		a.TOTP = ""
		return nil
	})
}

func (c *console) endSessions(w http.ResponseWriter, r *http.Request) {
	if err := c.cfg.Accounts.EndSessions(r.Context(), access.From(r.Context()).Name, access.SessionHash(r)); err != nil {
		c.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/me?done=sessions", http.StatusSeeOther)
}

// tokenDays bounds how long a token lasts, in days.
const tokenDays = 366

// makeToken makes a token of somebody's own, and shows it this once. A token
// makes none: it would go on in them past its end.
func (c *console) makeToken(w http.ResponseWriter, r *http.Request) {
	who := access.From(r.Context())
	days, err := strconv.Atoi(r.PostFormValue("days"))
	scope := r.PostForm["scope"]
	switch {
	case who.Method == access.Token:
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: "A token cannot make tokens: log in yourself."})
		return
	case err != nil || days < 1 || days > tokenDays:
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: "Want 1 to 366 days."})
		return
	case len(scope) == 0 || slices.ContainsFunc(scope, func(s string) bool { return !who.May(access.Right(s)) }):
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: "Choose what the token may, of what you may yourself."})
		return
	}
	id, token, hash := access.NewToken()
	err = c.cfg.Accounts.AddToken(r.Context(), quarantine.APIToken{ID: id, Hash: hash, Name: who.Name, Role: string(who.Role), Scope: scope,
		Label: r.PostFormValue("label"), Ends: time.Now().Add(time.Duration(days) * 24 * time.Hour)}, who.Name)
	if err != nil {
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: c.accountWrong(err)})
		return
	}
	c.showMe(w, r, http.StatusOK, &mePage{Token: token})
}

func (c *console) revokeOwnToken(w http.ResponseWriter, r *http.Request) {
	who := access.From(r.Context())
	if err := c.cfg.Accounts.RevokeToken(r.Context(), r.PostFormValue("id"), who.Name, who.Name); err != nil {
		c.showMe(w, r, http.StatusUnprocessableEntity, &mePage{Wrong: c.accountWrong(err)})
		return
	}
	http.Redirect(w, r, "/me?done=token", http.StatusSeeOther)
}
