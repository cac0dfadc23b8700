package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/danielgtaylor/huma/v2"
)

// Once is the part of a request by which asking again does nothing again.
type Once struct {
	Key string `header:"Idempotency-Key" json:"-" maxLength:"200" doc:"A word of the client's own for this decision. The same key with the same request gets the same answer within a day, with another request 422; while it is under way, 409."`
}

// done is the answer to what is done once.
type done[T any] struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true where this is the answer of the time before."`
	Body     T
}

// asked is what somebody asks for under a key.
type asked struct {
	What string
	In   any // with JSON of its own
}

// once does what is asked for, or gives the answer of the time before. The
// answer must name nobody of the mail, since it is kept.
func once[T any](ctx context.Context, a *api, o Once, in asked, do func(context.Context) (T, error)) (*done[T], error) {
	if o.Key == "" {
		body, err := do(ctx)
		if err != nil {
			return nil, err
		}
		return &done[T]{Body: body}, nil
	}
	key, digest, err := hashes(ctx, o, in)
	if err != nil {
		return nil, err
	}
	before, err := a.cfg.Store.BeginOnce(ctx, key, digest)
	switch {
	case errors.Is(err, quarantine.ErrBusy):
		return nil, huma.NewError(http.StatusConflict, "The same is under way, under this Idempotency-Key.")
	case errors.Is(err, quarantine.ErrReused):
		return nil, huma.NewError(http.StatusUnprocessableEntity, "This Idempotency-Key was used for something else within the last day.")
	case err != nil:
		return nil, err
	}
	if before != nil {
		out := &done[T]{Replayed: "true"}
		return out, json.Unmarshal(before, &out.Body)
	}
	// What is done is done, though the client goes: its answer is kept.
	ctx = context.WithoutCancel(ctx)
	out := &done[T]{}
	if out.Body, err = do(ctx); err != nil {
		return nil, errors.Join(err, a.cfg.Store.EndOnce(ctx, key, nil))
	}
	text, err := json.Marshal(out.Body)
	if err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	return out, a.cfg.Store.EndOnce(ctx, key, text)
}

// hashes gives those of who asks and their key, and of what they ask for.
func hashes(ctx context.Context, o Once, in asked) (key, digest [32]byte, err error) {
	text, err := json.Marshal(in)
	if err != nil {
		return key, digest, fmt.Errorf("what is asked for: %w", err)
	}
	key = sha256.Sum256(fmt.Appendf(nil, "%q %q", access.From(ctx).Name, o.Key))
	return key, sha256.Sum256(text), nil
}
