package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// check lets those through who have the operation's right. It is the only place
// where rights are checked.
func (a *api) check(ctx huma.Context, next func(huma.Context)) {
	who, right := access.From(ctx.Context()), a.rights[ctx.Operation().OperationID]
	kind := map[string]string{"preview": "preview", "reveal": "evidence", "source": "download"}[ctx.Operation().OperationID]
	if kind != "" && a.cfg.Taken != nil {
		defer func() { a.cfg.Taken(kind, ctx.Status() == http.StatusOK) }()
	}
	switch {
	case who.May(right):
		next(ctx)
	case who.Name == "":
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="bulkhead"`)
		a.refuse(ctx, http.StatusUnauthorized, "Nobody is signed in: send an API token, as Authorization: Bearer TOKEN.")
	default:
		a.refuse(ctx, http.StatusForbidden, "This asks for a right that "+string(who.Role)+" does not have, or the token does not.")
	}
}

// catch turns a fault into a problem. What was sent may be in the fault, so
// that only its kind is told to the log.
func (a *api) catch(ctx huma.Context, next func(huma.Context)) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
			panic(fault)
		}
		a.cfg.Log.Error("an operation of the API has a fault", "operation", ctx.Operation().OperationID, "kind", fmt.Sprintf("%T", fault))
		a.refuse(ctx, http.StatusInternalServerError, unexpected)
	}()
	next(ctx)
}

// refuse writes a problem.
func (a *api) refuse(ctx huma.Context, status int, detail string) {
	huma.WriteErr(a.huma, ctx, status, detail) //nolint:errcheck // the client has gone
}

// none answers for addresses that there are not, and for methods that an
// address does not have.
func (a *api) none(w http.ResponseWriter, r *http.Request) {
	ctx := humago.NewContext(&huma.Operation{}, r, w)
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := a.mux.Handler(&other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		a.refuse(ctx, http.StatusNotFound, "There is no such address; "+Base+"/openapi.json lists all.")
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.refuse(ctx, http.StatusMethodNotAllowed, "The address has "+strings.Join(allowed, " and ")+" only.")
}
