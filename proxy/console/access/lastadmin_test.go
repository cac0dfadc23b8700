package access_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// However admins change each other at once, one of them stays; others may be
// changed where there is no admin at all.
func TestAnAdminStays(t *testing.T) {
	h := newHouse(t, nil)
	for name, role := range map[string]access.Role{"ana": access.Chief, "ben": access.Chief, "eve": access.Viewer} {
		h.add(name, role, "")
	}
	weaken := func(a *quarantine.Account) error { a.Role = string(access.Viewer); return nil }
	disable := func(a *quarantine.Account) error { a.Disabled = true; return nil }
	var all sync.WaitGroup
	errs := make([]error, 2)
	for i, x := range []struct {
		name   string
		change func(*quarantine.Account) error
	}{{"ana", weaken}, {"ben", disable}} {
		all.Go(func() { errs[i] = h.store.ChangeAccount(t.Context(), x.name, "test", access.Changing(x.change)) })
	}
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || errs[0] != nil && !errors.Is(errs[0], access.ErrLastAdmin) || errs[1] != nil && !errors.Is(errs[1], access.ErrLastAdmin) {
		t.Errorf("both change at once: %v, %v; want one refused", errs[0], errs[1])
	}
	if err := h.store.ChangeAccount(t.Context(), "eve", "test", access.Changing(disable)); err != nil {
		t.Errorf("a viewer is disabled: %v", err)
	}
	only := newHouse(t, nil)
	only.add("eve", access.Viewer, "")
	if err := only.store.ChangeAccount(t.Context(), "eve", "test", access.Changing(disable)); err != nil {
		t.Errorf("a viewer is disabled where admins come by a provider: %v", err)
	}
}
