//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// fleet is three relays behind a real HAProxy that share a real PostgreSQL and a real
// S3 server. They are where they were when they are started again.
type fleet struct {
	database *postgrestest.Server
	objects  *gateway.Gateway
	balancer *haproxy
	relays   []*process
	places   []fleetPlace
	listener string // of each of them, but for its address
	settings string // of all of them
	upstream string
}

// fleetPlace is what a relay has for good.
type fleetPlace struct{ config, dataDir, smtp, metrics string }

// fleetClients and fleetTool are networks that mail comes from. HAProxy's own address
// may not send: without the PROXY protocol nothing would be taken.
const fleetClients, fleetTool = "127.0.1", "127.0.2"

// startFleet starts everything, and waits until HAProxy finds all relays ready.
func startFleet(t testing.TB, upstream string) *fleet {
	t.Helper()
	needProgram(t, "haproxy", "haproxy")
	f := startRelaysOf(t, upstream, fmt.Sprintf("allow: [%s.0/24, %s.0/24], proxy_protocol: {from: [127.0.0.1/32]}", fleetClients, fleetTool))
	f.balancer = startBalancer(t, f.relays)
	f.balancer.all(t, "UP", "UP", "UP")
	return f
}

// startRelaysOf starts all but HAProxy.
func startRelaysOf(t testing.TB, upstream, listener string) *fleet {
	t.Helper()
	f := &fleet{database: postgrestest.Start(t), objects: gateway.Start(t, gateway.Options{}), upstream: upstream, listener: listener}
	f.objects.MakeBucket("held")
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, seal.SecretSize)
	rand.Read(secret)
	f.settings = fmt.Sprintf("quarantine: {database: %q, secret_file: %q, identity: %q, s3: {endpoint: %q, bucket: held, access_key: %q, secret_key: %q}}\n",
		f.database.URL("postgres"), writeFile(t, "secret", string(secret)), writeFile(t, "key", identity.File()),
		f.objects.Endpoint, f.objects.AccessKey, f.objects.SecretKey)
	dir := t.TempDir()
	for _, name := range relayNames {
		p := fleetPlace{filepath.Join(dir, name+".yaml"), filepath.Join(dir, name), freePort(t), freePort(t)}
		f.places = append(f.places, p)
	}
	f.configure(t, "")
	for i := range f.places {
		f.relays = append(f.relays, f.start(t, i))
	}
	return f
}

// configure writes the configuration of each relay, with more settings, for its next
// start.
func (f *fleet) configure(t testing.TB, more string) {
	t.Helper()
	for _, p := range f.places {
		text := fmt.Sprintf("listeners: [{address: %q, %s}]\ndata_dir: %q\nupstream: {url: %q}\nmetrics: {address: %q}\n%s%s",
			p.smtp, f.listener, p.dataDir, f.upstream, p.metrics, f.settings, more)
		if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// start starts a relay that does not run.
func (f *fleet) start(t testing.TB, i int) *process {
	t.Helper()
	cmd := exec.Command("bulkhead", "serve", "--config", f.places[i].config, "--admin", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "BULKHEAD_LOG_FORMAT=json", "BULKHEAD_HOSTNAME=relay.example")
	p := begin(t, cmd)
	p.dataDir = f.places[i].dataDir
	return p
}

// kill ends a relay as a power cut does, and starts it again after a while.
func (f *fleet) kill(t testing.TB, i int, away time.Duration) {
	t.Helper()
	f.relays[i].kill()
	time.Sleep(away)
	f.relays[i] = f.start(t, i)
}

// restart ends each relay in good order and starts it again, one after the other.
func (f *fleet) restart(t testing.TB) {
	t.Helper()
	for i := range f.relays {
		f.relays[i].stop(t)
		f.relays[i] = f.start(t, i)
	}
	f.balancer.all(t, "UP", "UP", "UP")
}

// open opens the quarantine of the fleet.
func (f *fleet) open(t testing.TB) *quarantine.Store {
	t.Helper()
	cfg, _, err := configs.Load(f.places[0].config, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := openStore(context.Background(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only
	return store
}
