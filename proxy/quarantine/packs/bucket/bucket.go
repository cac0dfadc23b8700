// Package bucket keeps packs as objects in an S3-compatible store.
//
//	PREFIX/owner            whose packs these are
//	PREFIX/content/7k/NAME  a pack
//
// An object is written once, whole, in one conditional put (If-None-Match: *),
// and never changed: the store answers only once it has all of it, and checks
// its MD5 before. So there is no half-written pack, and nothing is left of an
// upload that was broken off. Names are random and tell nothing.
//
// Whoever may write to the bucket may take content away, but not change it
// unseen: packs are sealed, and so nothing in the bucket can be read either.
//
// Requests are tried again after a while where the store is away, slow or busy,
// since to repeat any of them does no harm: of a put that may have been carried
// out before its answer was lost, the object itself tells.
package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// Options say where a bucket is, and who asks.
type Options struct {
	// Endpoint is http://HOST:PORT or https://HOST, without a path.
	Endpoint string
	Bucket   string
	// Prefix is put before the names of all objects; "" for none.
	Prefix string
	// Region is what requests are signed for; "" is us-east-1, which most stores
	// that are nobody's cloud take.
	Region               string
	AccessKey, SecretKey string
	// CA is a PEM file of roots to trust; "" for the system's.
	CA string
	// Addressing is how requests name the bucket: "path", "host", or "auto".
	Addressing string
	// Timeout is how long a request may take with all its repeats, beside the
	// time for its bytes; 0 is 30 seconds.
	Timeout time.Duration
	// SpoolDir is where a pack waits for its end that is too large for memory.
	SpoolDir string
	// Owner tells the quarantine whose packs these are from others.
	Owner string

	dial func(ctx context.Context, network, address string) (net.Conn, error) // tests set it
}

const (
	defaultRegion  = "us-east-1"
	defaultTimeout = 30 * time.Second

	// slowest is the rate in bytes a second at which content at least has to go.
	slowest = 256 << 10
	// tries is how often a request is made in all, with pauses of up to 0.2, 0.4,
	// 0.8 and 1 s between.
	tries = 5
)

// Bucket is a [packs.Store].
type Bucket struct {
	client *minio.Core
	once   *minio.Client // tries once
	o      Options
	owned  atomic.Bool // it was seen whose packs these are
}

var _ packs.Store = (*Bucket)(nil)

// New makes the store. It asks nothing of it yet: a relay may start while its
// store is away.
func New(o Options) (*Bucket, error) {
	if o.Region == "" {
		o.Region = defaultRegion
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("bucket: the endpoint is no URL such as https://s3.example:9000")
	}
	transport, err := transport(&o)
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	lookup, ok := map[string]minio.BucketLookupType{
		"": minio.BucketLookupAuto, "auto": minio.BucketLookupAuto, "path": minio.BucketLookupPath, "host": minio.BucketLookupDNS,
	}[o.Addressing]
	if !ok {
		return nil, fmt.Errorf("bucket: addressing %q is none of auto, path and host", o.Addressing)
	}
	options := minio.Options{
		Creds:  credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure: u.Scheme == "https", Region: o.Region, BucketLookup: lookup, Transport: transport, MaxRetries: tries,
	}
	client, err := minio.NewCore(u.Host, &options)
	if err != nil {
		return nil, fmt.Errorf("bucket: endpoint %s: %w", o.Endpoint, err)
	}
	options.MaxRetries = 1
	once, err := minio.New(u.Host, &options)
	if err != nil {
		return nil, fmt.Errorf("bucket: endpoint %s: %w", o.Endpoint, err)
	}
	o.Prefix = strings.Trim(o.Prefix, "/")
	return &Bucket{client: client, once: once, o: o}, nil
}

func transport(o *Options) (*http.Transport, error) {
	dial := o.dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: o.Timeout / 3}).DialContext
	}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial,
		// Of one try, so that one that hangs leaves time for another.
		TLSHandshakeTimeout: o.Timeout / 3, ResponseHeaderTimeout: o.Timeout / 3,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		DisableCompression: true, // what is sealed does not compress
		TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if o.CA == "" {
		return t, nil
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, fmt.Errorf("roots to trust: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("roots to trust: no certificate in %s", o.CA)
	}
	return t, nil
}

// Where implements [packs.Store]: the endpoint may change, the bucket not.
func (b *Bucket) Where() string { return "s3:" + path.Join(b.o.Bucket, b.o.Prefix) }

func (b *Bucket) object(name string) string {
	return path.Join(b.o.Prefix, "content", packs.Shard(name), name)
}

// bound ends what takes too long for so many bytes.
func (b *Bucket) bound(ctx context.Context, bytes int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.o.Timeout+time.Duration(bytes/slowest)*time.Second)
}
