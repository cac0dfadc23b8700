package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/danielgtaylor/huma/v2"
)

// unexpected is told where the cause is for the log only.
const unexpected = "It could not be done; the log tells why."

// outsiders is what is told of each error that callers decide by, and its
// status. Of what was sent nothing is repeated.
var outsiders = []struct {
	err    error
	status int
	detail string // "": the error's own words, which name ids, places and reviewers
}{
	{quarantine.ErrNotFound, http.StatusNotFound, "There is no such thing, or its content was removed."},
	{quarantine.ErrNoAccount, http.StatusNotFound, "There is no such account or token."},
	{quarantine.ErrExists, http.StatusConflict, "There is an account of this name."},
	{access.ErrWeak, http.StatusUnprocessableEntity, ""},
	{access.ErrLastAdmin, http.StatusConflict, ""},
	{quarantine.ErrInvalid, http.StatusUnprocessableEntity, "A value is not one that this can be asked for with: a cursor, an order or a mark."},
	{quarantine.ErrSealed, http.StatusConflict, "It is sealed, and the quarantine's private key is not here."},
	{quarantine.ErrFull, http.StatusInsufficientStorage, "The quarantine is full."},
	{quarantine.ErrNotRecipient, http.StatusUnprocessableEntity, ""},
	{quarantine.ErrClaimed, http.StatusConflict, ""},
	{quarantine.ErrBusy, http.StatusConflict, ""},
	{quarantine.ErrDecided, http.StatusConflict, ""},
	{quarantine.ErrUncertain, http.StatusConflict, ""},
	{quarantine.ErrKept, http.StatusConflict, ""},
	{quarantine.ErrSamePerson, http.StatusForbidden, ""},
	{errNotThere, http.StatusUnprocessableEntity, ""},
	{review.ErrNotOwn, http.StatusUnprocessableEntity, "That is no address of a reviewer: the setting review.test_to lists them."},
	{review.ErrNotTaken, http.StatusBadGateway, "The mail server did not take the copy."},
	{review.ErrStale, http.StatusConflict, ""},
	{review.ErrTwoPeople, http.StatusConflict, ""},
	{review.ErrNothing, http.StatusConflict, ""},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "It could not be read in time, since mail is read first; try again."},
	{review.ErrClosing, http.StatusServiceUnavailable, ""},
}

// problem turns an error into what the client is told.
func (a *api) problem(ctx context.Context, operation string, err error) error {
	var told huma.StatusError
	var wrong *search.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case errors.As(err, &wrong):
		return huma.NewError(http.StatusUnprocessableEntity, unreadable(wrong))
	case ctx.Err() != nil:
		return huma.NewError(http.StatusServiceUnavailable, "The request was given up.")
	}
	for _, o := range outsiders {
		if !errors.Is(err, o.err) {
			continue
		}
		detail := o.detail
		if detail == "" {
			detail = err.Error()
		}
		return huma.NewError(o.status, detail)
	}
	a.cfg.Log.Error("an operation of the API failed", "operation", operation, "error", err)
	return huma.NewError(http.StatusInternalServerError, unexpected)
}

// unreadable says where a search cannot be read, and what there is to search by:
// the words of the error itself repeat what was searched for.
func unreadable(e *search.Error) string {
	var keys []string
	for _, d := range search.Docs() {
		keys = append(keys, string(d.Key))
	}
	return fmt.Sprintf("The search cannot be read from character %d on. There are %s to search by, as key:value.", e.At, strings.Join(keys, ", "))
}

// silence implements huma.Transformer: it takes out of problems what repeats
// values that were sent, which may be personal. What is left is what was
// expected, and where, as far as the place has a name of ours.
func (a *api) silence(_ huma.Context, _ string, v any) (any, error) {
	p, is := v.(*huma.ErrorModel)
	if !is {
		return v, nil
	}
	clean := *p
	clean.Errors = nil
	for _, e := range p.Errors {
		if e != nil {
			clean.Errors = append(clean.Errors, &huma.ErrorDetail{Message: plain(e.Message), Location: a.place(e.Location)})
		}
	}
	return &clean, nil
}

// plain keeps a message that says what was expected, and drops what was found.
func plain(message string) string {
	for _, start := range []string{"expected ", "unexpected property", "unknown query parameter", "required ", "invalid integer", "invalid float", "invalid boolean", "invalid date/time"} {
		if strings.HasPrefix(message, start) {
			message, _, _ = strings.Cut(message, ": ")
			return message
		}
	}
	return "cannot be read"
}

// place keeps the part of a location that consists of names of ours: others
// came with the request.
func (a *api) place(location string) string {
	var kept []string
	for i, name := range strings.Split(location, ".") {
		bare, _, _ := strings.Cut(name, "[")
		if i > 0 && !a.words[bare] {
			break
		}
		kept = append(kept, name)
	}
	return strings.Join(kept, ".")
}
