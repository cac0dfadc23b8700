// Package pebble runs a certificate authority for tests: letsencrypt's pebble, a
// real ACME server, which comes to loopback to see whether a name is ours.
package pebble

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// Authority is a running pebble.
type Authority struct {
	// Directory is its address, and CA the PEM file that its certificate
	// verifies by.
	Directory, CA string
	// Comes is where it looks for HTTP-01 and for TLS-ALPN-01.
	Comes      string
	t          testing.TB
	cmd        *exec.Cmd
	address    string
	management string
}

// Options are what an authority is to be like.
type Options struct {
	// Valid is how long its certificates are good; 0 for 90 days.
	Valid time.Duration
	// Keys are those of external accounts, by their ids, base64url. With any, none is
	// taken without.
	Keys map[string]string
	// Hosts are the names that lead to this machine; others lead nowhere.
	Hosts []string
}

// Start runs an authority to the end of the test.
func Start(t testing.TB, o Options) *Authority {
	t.Helper()
	a := Prepare(t, o)
	a.Run()
	return a
}

// Prepare makes an authority that is away until [Authority.Run]. Without pebble,
// or with -short, the test is skipped, but fails where CI=true.
func Prepare(t testing.TB, o Options) *Authority {
	t.Helper()
	testbed.SkipShort(t, "pebble takes long")
	program := testbed.Program(t, "pebble", "go build -modfile=.ci/tools/go.mod -o FOLDER/ github.com/letsencrypt/pebble/v2/cmd/pebble, and have FOLDER in PATH")
	if o.Valid == 0 {
		o.Valid = 90 * 24 * time.Hour
	}
	folder := t.TempDir()
	a := &Authority{CA: filepath.Join(folder, "cert.pem"), Comes: testbed.FreeAddress(t), t: t, address: testbed.FreeAddress(t), management: testbed.FreeAddress(t)}
	a.Directory = "https://" + a.address + "/dir"
	key := filepath.Join(folder, "key.pem")
	testbed.Certify(t, a.CA, key)
	_, port, _ := net.SplitHostPort(a.Comes)
	config := filepath.Join(folder, "pebble.json")
	keys, _ := json.Marshal(o.Keys)
	text := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q,
		"httpPort": %s, "tlsPort": %s, "keyAlgorithm": "ecdsa", "retryAfter": {"authz": 1, "order": 1},
		"externalAccountBindingRequired": %v, "externalAccountMACKeys": %s,
		"profiles": {"default": {"description": "for a test", "validityPeriod": %d}}}}`,
		a.address, a.management, a.CA, key, port, port, len(o.Keys) > 0, keys, int(o.Valid.Seconds()))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.cmd = exec.Command(program, "-config", config, "-strict", "-dnsserver", serveNames(t, o.Hosts))
	a.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0")
	return a
}

// Run starts the authority, and waits until it listens.
func (a *Authority) Run() {
	a.t.Helper()
	log := new(strings.Builder)
	a.cmd.Stdout, a.cmd.Stderr = log, log
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		a.Stop()
		if a.t.Failed() {
			a.t.Log(log)
		}
	})
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", a.address); err == nil {
			conn.Close()
			return
		}
	}
	a.t.Fatal("pebble does not listen")
}

// Stop ends the authority.
func (a *Authority) Stop() {
	a.cmd.Process.Kill()
	a.cmd.Wait()
}

// Roots are those that its certificates verify by.
func (a *Authority) Roots() *x509.CertPool {
	a.t.Helper()
	// Its roots are made anew at each start, and told only here.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.own(), MinVersion: tls.VersionTLS12}}}
	resp, err := client.Get("https://" + a.management + "/roots/0")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(text) {
		a.t.Fatalf("no root: %v %s", err, text)
	}
	return roots
}

func (a *Authority) own() *x509.CertPool {
	a.t.Helper()
	pool := x509.NewCertPool()
	text, err := os.ReadFile(a.CA)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		a.t.Fatalf("%s: %v", a.CA, err)
	}
	return pool
}
