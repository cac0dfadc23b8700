package acme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/acme"
	"github.com/bulkhead-dlp/bulkhead/proxy/acme/pebble"
)

// running is a set of certificates that are looked after.
type running struct {
	*acme.Certificates
	log  *record
	stop func()
}

// record is a log that is read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// run looks after the certificates of an authority until the test ends.
func run(t *testing.T, a *pebble.Authority, cfg acme.Config) *running {
	t.Helper()
	r := &running{log: &record{}}
	roots := x509.NewCertPool()
	if text, err := os.ReadFile(a.CA); err != nil || !roots.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	cfg.Directory, cfg.Trust, cfg.Email, cfg.Listen, cfg.Log = a.Directory, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, "post@office.example", a.Comes, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if cfg.Challenge == "" {
		cfg.Challenge = acme.HTTP01
	}
	if cfg.Folder == "" {
		cfg.Folder = t.TempDir()
	}
	var err error
	if r.Certificates, err = acme.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		r.Close()
		if strings.Contains(r.log.String(), "@office.example") {
			t.Error("the address of the account is logged")
		}
		if t.Failed() {
			t.Log(r.log)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// until waits for what must happen.
func (r *running) until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for began := time.Now(); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("%s: not within a minute\n%s", what, r.log)
		}
	}
}

// shown is what a client that asks for a name is shown, and nil with the error
// of one that verifies it by these roots.
func (r *running) shown(name string, roots *x509.CertPool) (*x509.Certificate, error) {
	server, client := pipe()
	defer server.Close()
	defer client.Close()
	go tls.Server(server, r.TLS()).Handshake()
	conn := tls.Client(client, &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

func TestIssues(t *testing.T) {
	for _, challenge := range []string{acme.HTTP01, acme.TLSALPN01} {
		t.Run(challenge, func(t *testing.T) {
			t.Parallel() // mostly waiting
			hosts := []string{newHost(), newHost()}
			a := pebble.Start(t, pebble.Options{Hosts: hosts})
			folder := filepath.Join(t.TempDir(), "acme")
			r := run(t, a, acme.Config{Hosts: hosts, Challenge: challenge, Folder: folder})
			roots := a.Roots()
			for _, host := range hosts {
				r.until(t, host, func() bool {
					cert, err := r.shown(host, roots)
					return err == nil && cert.VerifyHostname(host) == nil
				})
				if cert, err := acme.Kept(folder, a.Directory, host); err != nil || cert == nil || cert.VerifyHostname(host) != nil {
					t.Errorf("%s is not kept: %v %v", host, cert, err)
				}
			}
			if cert, err := r.shown("", nil); err == nil {
				t.Errorf("without roots %v is verified", cert.DNSNames)
			}
			_, err := r.shown("other.office.example", roots)
			if err == nil || !strings.Contains(err.Error(), "not other.office.example") {
				t.Errorf("for a name that is not ours: %v, want the first certificate, which a client refuses", err)
			}
			checkPrivate(t, folder)

			// What is kept is in use again at once, before the authority is asked.
			r.stop()
			again := run(t, a, acme.Config{Hosts: hosts, Challenge: challenge, Folder: folder})
			if !again.Ready() {
				t.Error("what is kept is not in use after a restart")
			}
		})
	}
}

// checkPrivate checks that only the owner reads what is in a folder.
func checkPrivate(t *testing.T, folder string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !d.IsDir() {
			files++
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files: %v", files, err)
	}
}

// newHost is a name of one test's own: what certmagic knows of a name, such as its
// proof and that a renewal has failed, it knows for the process.
func newHost() string { return fmt.Sprintf("mail-%d.office.example", names.Add(1)) }

var names atomic.Int64

// A certificate is renewed before it ends, while clients go on being shown one.
func TestRenews(t *testing.T) {
	t.Parallel()
	host := newHost()
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}, Valid: 10 * time.Second})
	r := run(t, a, acme.Config{Hosts: []string{host}, Look: 500 * time.Millisecond})
	roots := a.Roots()
	var first *x509.Certificate
	r.until(t, "the first", func() bool {
		cert, err := r.shown(host, roots)
		first = cert
		return err == nil
	})
	r.until(t, "the second", func() bool {
		cert, err := r.shown(host, roots)
		if err != nil {
			t.Fatalf("between the two: %v", err)
		}
		return !cert.Equal(first)
	})
	if now := time.Now(); now.After(first.NotAfter) {
		t.Errorf("renewed at %v, after its end at %v", now, first.NotAfter)
	}
	if strings.Contains(r.log.String(), "certificate not renewed") {
		t.Errorf("what goes well is told as a failure:\n%s", r.log)
	}
}

// A renewal that fails is told, again and again with pauses, and leaves the
// certificate before in use.
func TestRenewalThatFailsIsTold(t *testing.T) {
	t.Parallel()
	host := newHost()
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}, Valid: 8 * time.Second})
	r := run(t, a, acme.Config{Hosts: []string{host}, Look: 500 * time.Millisecond})
	roots := a.Roots()
	r.until(t, "the first", func() bool { _, err := r.shown(host, roots); return err == nil })
	a.Stop()
	r.until(t, "the failure", func() bool {
		return strings.Contains(r.log.String(), "certificate not renewed; the one before stays in use")
	})
	if log := r.log.String(); !strings.Contains(log, "look whether acme.directory can be reached") || !strings.Contains(log, "host="+host) {
		t.Errorf("the log does not say what to do:\n%s", log)
	}
	if !r.Ready() {
		t.Error("no certificate is shown any more")
	}
}

// A port that is not ours to listen on, or a file that cannot be read, is told as
// a fault of this machine.
func TestFaultOfThisMachineIsTold(t *testing.T) {
	t.Parallel()
	host := newHost()
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}})
	elsewhere := *a
	elsewhere.Comes = "192.0.2.1:8080" // no address of this machine
	r := run(t, &elsewhere, acme.Config{Hosts: []string{host}})
	r.until(t, "the port", func() bool { return strings.Contains(r.log.String(), "the fault is on this machine") })
	if log := r.log.String(); !strings.Contains(log, "192.0.2.1:8080") {
		t.Errorf("the log does not name the port:\n%s", log)
	}

	folder := t.TempDir()
	kept := run(t, a, acme.Config{Hosts: []string{host}, Folder: folder})
	kept.until(t, "the certificate", kept.Ready)
	kept.stop()
	files, err := filepath.Glob(filepath.Join(folder, "certificates", "*", host, host+".crt"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := run(t, a, acme.Config{Hosts: []string{host}, Folder: folder})
	broken.until(t, "the file", func() bool { return strings.Contains(broken.log.String(), "the fault is on this machine") })
	if log := broken.log.String(); !strings.Contains(log, "move it away, and another is asked for") || broken.Ready() {
		t.Errorf("a broken file:\n%s", log)
	}
}

// A name that leads elsewhere gets nothing, and is no harm to the others.
func TestNameThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	host := newHost()
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}})
	r := run(t, a, acme.Config{Hosts: []string{"mail.elsewhere.example", host}})
	r.until(t, "the refusal", func() bool { return strings.Contains(r.log.String(), "see that the name leads to this machine") })
	r.until(t, "the other name", func() bool { _, err := r.shown(host, a.Roots()); return err == nil })
	if _, err := r.shown("mail.elsewhere.example", a.Roots()); err == nil {
		t.Error("there is a certificate for a name that leads elsewhere")
	}
	if log := r.log.String(); !strings.Contains(log, "again_in=10m0s") {
		t.Errorf("a refusal is not waited after:\n%s", log)
	}
}

// An authority that takes known customers only has to be shown who asks.
func TestExternalAccount(t *testing.T) {
	t.Parallel()
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	host := newHost()
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}, Keys: map[string]string{"customer-7": key}})
	r := run(t, a, acme.Config{Hosts: []string{host}, KeyID: "customer-7", Key: key})
	r.until(t, "the certificate", func() bool { _, err := r.shown(host, a.Roots()); return err == nil })
	stranger := run(t, a, acme.Config{Hosts: []string{host}})
	stranger.until(t, "the refusal", func() bool { return strings.Contains(stranger.log.String(), "externalAccountRequired") })
	if strings.Contains(r.log.String()+stranger.log.String(), key) {
		t.Error("the key is logged")
	}
}
