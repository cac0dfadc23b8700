package quarantine

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, t.TempDir()+"/a b%?#c", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := s.Hold(ctx, Message{From: "a@b.example", Policy: "p", Recipients: []Recipient{{Address: "x@y"}}}, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", m)
	l, c, err := s.List(ctx, Query{})
	t.Logf("%+v %v %v", l, c, err)
	r, err := s.BeginRelease(ctx, m.ID, nil, "anna", "ok")
	if err != nil {
		t.Fatal(err)
	}
	cc, err := r.Content()
	b, err := io.ReadAll(cc)
	t.Log(string(b), err)
	t.Log(s.Refuse(ctx, m.ID, "b", ""))
	t.Log(r.Settle(ctx, []RecipientResult{{Address: "x@y", State: RecipientReleased, Reply: "250 2.1.5 ok x@y"}}))
	t.Log(s.Refuse(ctx, m.ID, "b", ""))
	e, _, err := s.Audit(ctx, AuditQuery{})
	t.Logf("%+v %v", e, err)
	t.Log(s.Verify(ctx))
	st, err := s.Stats(ctx)
	t.Log(st, err)
	rep, err := s.Sweep(ctx)
	t.Log(rep, err)
}
