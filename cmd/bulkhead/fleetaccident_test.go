//go:build unix

package main

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// fleetTime is how long clients try, however busy the machine is.
const fleetTime = 10 * time.Minute

// Three relays behind HAProxy share PostgreSQL and an S3 server. Mail comes from many
// clients, and in it accidents; a relay is killed every few seconds, and PostgreSQL once.
// Each message is delivered or held, as its client was told, and once; nothing that is
// held is delivered; each accident is one incident, stopped on all relays within a second.
func TestThreeRelaysLoseNothing(t *testing.T) {
	clean, list := newShipment(cleanMail(), 20_000), newShipment(accident(), 3500)
	late, echo, canary := newShipment(telling("late", 100), 900), newShipment(echoed("echo"), 300), newShipment(echoed("canary"), 300)
	accidents := []*shipment{list, late, echo, canary}
	k := newLedgerSink(t, clean, list, late, echo, canary)
	f := startFleet(t, k.url())
	ctx, stop := context.WithTimeout(t.Context(), fleetTime)
	defer stop()

	var load sync.WaitGroup
	load.Go(func() { clean.send(ctx, t, f.balancer.smtp, fleetClients, 4) })
	load.Go(func() {
		for _, s := range []*shipment{list, late, echo} {
			s.send(ctx, t, f.balancer.smtp, fleetTool, 6)
		}
	})
	began := time.Now()
	kills := f.killInTurn(ctx, t, clean, list, late, echo)
	load.Wait()
	t.Logf("%d relays were killed in %v, and PostgreSQL once", kills, time.Since(began).Round(time.Second))
	if kills < len(f.relays) {
		t.Errorf("%d relays were killed, fewer than there are", kills)
	}

	// With the canary the first copies wait until it is known whom they go to.
	f.configure(t, "run: {canary: {copies: 8, bulk: 0}}\n")
	f.restart(t)
	load.Go(func() { canary.send(ctx, t, f.balancer.smtp, fleetTool, 16) })
	f.killInTurn(ctx, t, nil, canary)
	load.Wait()

	for _, p := range f.relays {
		p.stop(t) // and writes what it knows
	}
	for _, wrong := range k.wrong {
		t.Error(wrong)
	}
	store := f.open(t)
	held := heldByReader(t, store, k.known)
	if a := clean.settle(t, k, held); a.kept > 0 {
		t.Errorf("%d clean messages are held", a.kept)
	} else {
		t.Logf("clean: %v", a)
	}
	checkAccidents(t, store, accidents, k, held)
	if packs, err := filepath.Glob(filepath.Join(f.objects.Folder, "held", "content", "*", "PK-*")); len(packs) == 0 || err != nil {
		t.Errorf("nothing is in the bucket: %v", err)
	}
}

// checkAccidents accounts for what was to be stopped.
func checkAccidents(t *testing.T, store *quarantine.Store, all []*shipment, k *ledgerSink, held fleetHeld) {
	t.Helper()
	incidents, _, err := store.Incidents(t.Context(), quarantine.IncidentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(incidents) != len(all) {
		t.Errorf("%d incidents, want one for each accident", len(incidents))
	}
	for _, s := range all {
		a, o := s.settle(t, k, held), s.overshoot()
		t.Logf("%s: %v", s.name, a)
		i := slices.IndexFunc(incidents, func(i quarantine.Incident) bool { return held.incidents[s.name][i.ID] })
		if len(held.incidents[s.name]) != 1 || i < 0 {
			t.Errorf("%s is %d incidents", s.name, len(held.incidents[s.name]))
			continue
		}
		// A relay that is killed takes with it what it has not written of the last quarter
		// of a second; it never says more than there is.
		if in := incidents[i]; in.Copies != a.kept || in.Delivered > a.delivered {
			t.Errorf("%s: the incident has %d copies and %d delivered; %d are held and %d delivered", s.name, in.Copies, in.Delivered, a.kept, a.delivered)
		} else {
			t.Logf("%s: %v; the incident knows of %d of the %d", s.name, o, in.Delivered, a.delivered)
		}
		if o.late > time.Second {
			t.Errorf("%s: a copy passes %v after the first was held", s.name, o.late)
		}
		// The list is in each copy; with the canary none goes before the others have come.
		if a.delivered > 0 && (s.name == "accident" || s.name == "canary") {
			t.Errorf("%s: %d copies were delivered", s.name, a.delivered)
		}
	}
}

// killInTurn kills one relay after the other until all is sent, and PostgreSQL once, with
// half of one shipment taken.
func (f *fleet) killInTurn(ctx context.Context, t *testing.T, half *shipment, others ...*shipment) (kills int) {
	t.Helper()
	all := slices.Concat(others)
	if half != nil {
		all = append(all, half)
	}
	ended := func() bool { return !slices.ContainsFunc(all, func(s *shipment) bool { return !s.ended() }) }
	for next := time.Now(); !ended() && ctx.Err() == nil && !t.Failed(); time.Sleep(20 * time.Millisecond) {
		if half != nil && int(half.taken.Load()) >= len(half.fates)/2 {
			f.database.Stop()
			if err := f.database.Begin(); err != nil {
				t.Fatal(err)
			}
			half = nil
		}
		if time.Since(next) > 0 {
			f.kill(t, kills%len(f.relays), 500*time.Millisecond)
			kills++
			next = time.Now().Add(1500 * time.Millisecond)
		}
	}
	return kills
}
