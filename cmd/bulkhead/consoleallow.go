package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// allower lets the console and the API change the allow list, as `allow add` does.
type allower struct {
	files  allowFiles
	store  *quarantine.Store
	limits extract.Limits
}

// Allow implements console.Allower and api.Allower.
func (a allower) Allow(ctx context.Context, x review.Exception) error {
	now := time.Now().UTC().Truncate(time.Second)
	e := allow.Entry{ID: newAllowID(), Kind: x.Kind, Reason: x.Reason, Owner: x.Owner, Added: now, Expires: x.Expires.UTC().Truncate(time.Second)}
	if x.Kind.Waives() {
		if x.Policy != "" {
			e.Policies = []string{x.Policy}
		}
		if strings.Contains(strings.ToLower(x.Reason+" "+x.Owner), strings.ToLower(x.Value)) {
			return &review.NotAllowedError{Why: "the reason or your name holds the value itself, and both are kept as they are"}
		}
	}
	template := ""
	if x.Kind == allow.Table {
		var err error
		if template, err = a.template(ctx, x.Message); err != nil {
			return err
		}
	}
	return a.files.change(ctx, func(list allow.List) (allow.List, error) {
		hash, err := a.files.openKey(program{stderr: io.Discard})
		if err != nil {
			return list, err
		}
		if e.Hash, err = hashOf(ctx, hash, x, template); err != nil {
			return list, err
		}
		list.Key = hash.Check()
		more, err := list.With(e)
		if err != nil {
			return list, &review.NotAllowedError{Why: err.Error()}
		}
		// Recorded before it has an effect.
		return more, a.store.RecordIncident(ctx, x.Incident, quarantine.ActAllowed, x.Owner, e.ID+", "+string(e.Kind)+": "+x.Reason)
	})
}

// hashOf gives the hash of what is allowed.
func hashOf(ctx context.Context, hash keyed.Hash, x review.Exception, template string) (string, error) {
	if x.Kind == allow.Table {
		return allow.HashTable(hash, template), nil
	}
	var e allow.Entry
	e.Kind = x.Kind
	if err := (allowAdd{Value: x.Value}).fill(ctx, &e, hash); err != nil {
		return "", &review.NotAllowedError{Why: err.Error()}
	}
	return e.Hash, nil
}

// template gives the template of the one table in a held message.
func (a allower) template(ctx context.Context, id string) (string, error) {
	content, err := a.store.Content(ctx, id)
	if err != nil {
		return "", err
	}
	defer content.Close() //nolint:errcheck // read only
	// In memory: it is never in clear on a disk.
	message, err := io.ReadAll(content)
	if err != nil {
		return "", err
	}
	t, err := newTemplates(ctx)
	if err != nil {
		return "", err
	}
	source := extract.Source{ReaderAt: bytes.NewReader(message), Size: int64(len(message))}
	if _, err := extract.New().Message(ctx, source, a.limits, t); err != nil {
		return "", err
	}
	template, err := t.one()
	if err != nil {
		return "", &review.NotAllowedError{Why: err.Error()}
	}
	return template, nil
}
