package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// Run asks for the certificates that there are not, and for new ones before
// they end, until the context does. It is called once.
func (c *Certificates) Run(ctx context.Context) {
	var all sync.WaitGroup
	got := make(chan struct{}, 1)
	for _, host := range c.cfg.Hosts {
		all.Go(func() { c.obtain(ctx, host, got) })
	}
	tick := time.NewTicker(c.cfg.Look)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-got:
		case <-ctx.Done():
		}
		c.refresh()
	}
	all.Wait()
}

// Close gives up what New took. Run has to have ended.
func (c *Certificates) Close() {
	c.cache.Stop()
	certmagic.CleanUpOwnLocks(context.Background(), zap.NewNop())
}

// How long it is waited before an authority is asked again. One that does not
// answer may be back soon, as after a start without a network. One that refuses
// counts its refusals: Let's Encrypt bears five an hour for a name.
const (
	soon, soonAtMost   = 5 * time.Second, 10 * time.Minute
	later, laterAtMost = 10 * time.Minute, 6 * time.Hour
)

// pause is how long is waited after a failure, of several in a row.
func pause(err error, before int) time.Duration {
	wait, most := soon, soonAtMost
	if isRefusal(err) {
		wait, most = later, laterAtMost
	}
	return min(wait<<min(before, 16), most)
}

// isRefusal reports whether an authority has said no, rather than nothing.
func isRefusal(err error) bool {
	var no acme.Problem
	return errors.As(err, &no)
}

// obtain asks for a name's certificate until it is there.
func (c *Certificates) obtain(ctx context.Context, host string, got chan<- struct{}) {
	for failures := 0; ctx.Err() == nil; failures++ {
		err := c.magic.ManageSync(ctx, []string{host})
		select {
		case got <- struct{}{}:
		default:
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		wait := pause(err, failures)
		c.cfg.Log.Warn("no certificate from the authority; what needs none goes on: "+whatToDo(err, c.cfg.Challenge),
			"host", host, "directory", c.cfg.Directory, "again_in", wait, "error", c.mask.text(err.Error()))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// whatToDo says what may help after a failure.
func whatToDo(err error, challenge string) string {
	var way *url.Error
	switch {
	case isRefusal(err) && challenge == HTTP01:
		return "see that the name leads to this machine, and its port 80 to acme.listen"
	case isRefusal(err):
		return "see that the name leads to this machine, and its port 443 to acme.listen"
	case errors.As(err, &way):
		return "look whether acme.directory can be reached from here, and at acme.ca for its certificate"
	}
	return "the fault is on this machine: the error says where"
}

// failed tells of a certificate that could not be renewed. It is called by
// certmagic, for each attempt.
func (c *Certificates) failed(_ context.Context, event string, data map[string]any) error {
	if again, _ := data["renewal"].(bool); event != "cert_failed" || !again {
		return nil
	}
	err, _ := data["error"].(error)
	if errors.Is(err, context.Canceled) {
		return nil // it is on the way down
	}
	c.cfg.Log.Warn("certificate not renewed; the one before stays in use, and it is tried again: "+whatToDo(err, c.cfg.Challenge),
		"host", data["identifier"], "directory", c.cfg.Directory, "left", data["remaining"], "error", c.mask.text(fmt.Sprint(err)))
	return nil
}

// load reads the certificates that are kept.
func (c *Certificates) load() {
	for _, host := range c.cfg.Hosts {
		_, err := c.magic.CacheManagedCertificate(context.Background(), host)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.cfg.Log.Warn("a certificate that is kept cannot be read: move it away, and another is asked for", "host", host, "folder", c.cfg.Folder, "error", err)
		}
	}
	none := make([]*tls.Certificate, len(c.cfg.Hosts))
	c.shown.Store(&none)
	c.refresh()
}

// refresh puts the certificates in force that are there now.
func (c *Certificates) refresh() {
	before, now := *c.shown.Load(), make([]*tls.Certificate, len(c.cfg.Hosts))
	changed := false
	for i, host := range c.cfg.Hosts {
		for _, cert := range c.cache.AllMatchingCertificates(host) {
			if now[i] == nil || cert.Leaf.NotAfter.After(now[i].Leaf.NotAfter) {
				now[i] = &cert.Certificate
			}
		}
		if now[i] != nil && (before[i] == nil || !now[i].Leaf.Equal(before[i].Leaf)) {
			changed = true
			c.cfg.Log.Info("certificate in use", "host", host, "ends", now[i].Leaf.NotAfter)
		}
	}
	if !changed {
		return
	}
	c.shown.Store(&now)
	for _, tell := range c.tell {
		tell(c.leaf())
	}
}

// Kept reads the certificate of a name from a folder; nil where there is none.
// It asks nobody.
func Kept(folder, directory, host string) (*x509.Certificate, error) {
	issuer := (&certmagic.ACMEIssuer{CA: directory}).IssuerKey()
	files := &certmagic.FileStorage{Path: folder}
	pair, err := tls.LoadX509KeyPair(files.Filename(certmagic.StorageKeys.SiteCert(issuer, host)),
		files.Filename(certmagic.StorageKeys.SitePrivateKey(issuer, host)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return pair.Leaf, err
}

// Terms asks a directory for the address of its terms of service; "" if it has
// none.
func Terms(ctx context.Context, directory string, trust *tls.Config) (string, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust}
	defer transport.CloseIdleConnections()
	client := &acme.Client{Directory: directory, HTTPClient: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
	d, err := client.GetDirectory(ctx)
	if err != nil {
		return "", fmt.Errorf("directory %s: %w", directory, err)
	}
	if d.Meta == nil {
		return "", nil
	}
	return d.Meta.TermsOfService, nil
}
