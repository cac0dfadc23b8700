package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
)

// formMost bounds what a form sends, in bytes.
const formMost = 1 << 20

// streams reports whether what a route is sent may be a whole message, which is
// bounded by who reads it.
func (x *route) streams() bool {
	return x.right == access.Scan || strings.HasPrefix(x.pattern, "/api/")
}

// only lets in who has the right that a route asks for.
func (c *console) only(x route) http.HandlerFunc {
	right, serve := x.right, x.serve
	return func(w http.ResponseWriter, r *http.Request) {
		if !x.streams() {
			r.Body = http.MaxBytesReader(w, r.Body, formMost)
		}
		who, err := c.cfg.Access.Identify(r)
		if r.Context().Err() != nil {
			w.WriteHeader(clientGone)
			return
		}
		if err != nil && right != access.Public {
			c.cfg.Log.Error("telling who asks", "error", err)
			c.write(w, r, http.StatusServiceUnavailable, "error.html",
				&errorPage{frame{Title: "It cannot be told who you are"}, "The accounts could not be read; the log says why."})
			return
		}
		r = r.WithContext(access.With(r.Context(), who))
		switch {
		case who.May(right):
			serve(w, r)
		case who.Name == "":
			c.stranger(w, r)
		default:
			c.countDenied(right)
			c.write(w, r, http.StatusForbidden, "error.html", &errorPage{frame{Title: "Not for your role"},
				"Your role is " + string(who.Role) + ", and this asks for the right " + string(right) + ". An admin can change that."})
		}
	}
}

// stranger sends who is not logged in to where they can be: a page that is read
// is opened again afterwards.
func (c *console) stranger(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Dest") == "empty" || r.URL.Path == "/events" {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return
	}
	to := "/login"
	if r.URL.Path != "/" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// signInPage asks who somebody is.
type signInPage struct {
	frame
	Name, Next, Wrong string
	OpenID            bool
	// FirstRun: nobody could log in yet.
	FirstRun bool
}

// nextMost bounds an address to go to after a log-in, in bytes: it is remembered
// for who logs in at a provider.
const nextMost = 4096

// ownPath is an address of the console itself, "/" where it is another's, or too
// long.
func ownPath(next string) string {
	if len(next) > nextMost {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (c *console) signIn(w http.ResponseWriter, r *http.Request) {
	next := ownPath(r.URL.Query().Get("next"))
	if who := access.From(r.Context()); who.Name != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	c.askWho(w, r, http.StatusOK, &signInPage{Next: next})
}

func (c *console) askWho(w http.ResponseWriter, r *http.Request, code int, p *signInPage) {
	first, err := c.cfg.Access.FirstRun(r.Context())
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p.Title, p.OpenID, p.FirstRun = "Log in", c.cfg.Access.HasOpenID(), first != ""
	c.write(w, r, code, "login.html", p)
}

func (c *console) signInForm(w http.ResponseWriter, r *http.Request) {
	p := &signInPage{Name: r.PostFormValue("name"), Next: ownPath(r.PostFormValue("next"))}
	cookie, err := c.cfg.Access.SignIn(r, access.Credentials{Name: p.Name, Password: r.PostFormValue("password"), Code: r.PostFormValue("code")})
	if err != nil {
		code, what := c.notLetIn(err)
		p.Wrong = what
		c.askWho(w, r, code, p)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, p.Next, http.StatusSeeOther)
}

// notLetIn gives the status and the words for an error of a log-in.
func (c *console) notLetIn(err error) (int, string) {
	var limited *access.LimitedError
	switch {
	case errors.As(err, &limited):
		return http.StatusTooManyRequests, "Too many log-ins have failed. Try again in " + span(limited.Wait) + "."
	case errors.Is(err, access.ErrRefused):
		return http.StatusUnprocessableEntity, "The name, the password or the code is wrong."
	}
	c.cfg.Log.Error("logging in", "error", err)
	return http.StatusServiceUnavailable, "Nobody can log in now; the log says why."
}

func (c *console) signOut(w http.ResponseWriter, r *http.Request) {
	cookie, err := c.cfg.Access.SignOut(r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (c *console) openIDBegin(w http.ResponseWriter, r *http.Request) {
	if !c.cfg.Access.HasOpenID() {
		http.NotFound(w, r)
		return
	}
	to, cookie, err := c.cfg.Access.BeginOpenID(r, ownPath(r.URL.Query().Get("next")))
	if err != nil {
		c.openIDFailed(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *console) openIDEnd(w http.ResponseWriter, r *http.Request) {
	if !c.cfg.Access.HasOpenID() {
		http.NotFound(w, r)
		return
	}
	cookie, next, err := c.cfg.Access.EndOpenID(r)
	if err != nil {
		c.openIDFailed(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (c *console) openIDFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.cfg.Log.Warn("log-in at the OpenID provider", "error", err)
	code, what := http.StatusBadGateway, "The log-in at your provider did not come about; the log says why."
	if errors.Is(err, access.ErrRefused) {
		code, what = http.StatusForbidden, "Your provider did not let you in here, or none of your groups has a role. The log says which."
	}
	c.askWho(w, r, code, &signInPage{Next: "/", Wrong: what})
}

// firstRunPage lets the first person make an account.
type firstRunPage struct {
	frame
	Secret, Name, Wrong string
	Least               int
}

func (c *console) firstRun(w http.ResponseWriter, r *http.Request) {
	c.askFirst(w, r, http.StatusOK, &firstRunPage{})
}

func (c *console) askFirst(w http.ResponseWriter, r *http.Request, code int, p *firstRunPage) {
	p.Title, p.Secret, p.Least = "The first account", r.PathValue("secret"), access.PasswordLeast
	c.write(w, r, code, "first.html", p)
}

func (c *console) firstRunForm(w http.ResponseWriter, r *http.Request) {
	p := &firstRunPage{Name: strings.TrimSpace(r.PostFormValue("name"))}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		p.Wrong = "The two passwords differ."
		c.askFirst(w, r, http.StatusUnprocessableEntity, p)
		return
	}
	cookie, err := c.cfg.Access.SetUp(r, r.PathValue("secret"), p.Name, password)
	switch {
	case err == nil:
		http.SetCookie(w, cookie)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case errors.Is(err, access.ErrRefused):
		p.Wrong = "This link is not valid, or there is an account already. The log of the newest start has the link of now."
		c.askFirst(w, r, http.StatusUnprocessableEntity, p)
	default:
		p.Wrong = c.accountWrong(err)
		c.askFirst(w, r, http.StatusUnprocessableEntity, p)
	}
}
