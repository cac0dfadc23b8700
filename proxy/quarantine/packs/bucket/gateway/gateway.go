// Package gateway runs an S3 server for tests: versitygw, a real one, over a
// folder, on loopback.
package gateway

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Gateway is a running server.
type Gateway struct {
	// Endpoint is its address, and CA the PEM file that it verifies by, "" without
	// TLS.
	Endpoint, CA string
	// AccessKey and SecretKey may do everything.
	AccessKey, SecretKey string
	// Folder has a folder for each bucket, and in it a file for each object.
	Folder  string
	t       testing.TB
	program string
	args    []string
	address string
	cmd     *exec.Cmd
}

// Options are what a server is to be like.
type Options struct {
	// TLS has it speak HTTPS.
	TLS bool
	// Domain has buckets be hosts of it, beside being paths.
	Domain string
}

// Start runs a server to the end of the test. Without versitygw the test is
// skipped, but fails where CI=true.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	program := testbed.Program(t, "versitygw", "go build -modfile=.ci/s3/go.mod -o FOLDER/ github.com/versity/versitygw/cmd/versitygw, and have FOLDER in PATH")
	folder := t.TempDir()
	g := &Gateway{AccessKey: "tester", SecretKey: "nobodys-secret-" + rand.Text(), Folder: filepath.Join(folder, "objects"),
		t: t, program: program, address: testbed.FreeAddress(t)}
	g.Endpoint = "http://" + g.address
	g.args = []string{"--port", g.address, "--quiet"}
	if o.TLS {
		g.CA = filepath.Join(folder, "cert.pem")
		key := filepath.Join(folder, "key.pem")
		testbed.Certify(t, g.CA, key)
		g.Endpoint = "https://" + g.address
		g.args = append(g.args, "--cert", g.CA, "--key", key)
	}
	if o.Domain != "" {
		g.args = append(g.args, "--virtual-domain", o.Domain)
	}
	sidecar := filepath.Join(folder, "sidecar")
	for _, dir := range []string{g.Folder, sidecar} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// Metadata beside, since not every file system of a test has attributes.
	g.args = append(g.args, "posix", "--sidecar", sidecar, g.Folder)
	t.Cleanup(g.Stop)
	g.Run()
	return g
}

// Run starts the server, again after Stop.
func (g *Gateway) Run() {
	g.t.Helper()
	g.cmd = exec.Command(g.program, g.args...)
	// The keys in the environment: command lines are public.
	g.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+g.AccessKey, "ROOT_SECRET_ACCESS_KEY="+g.SecretKey)
	g.cmd.Stderr = os.Stderr
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	for range 600 {
		conn, err := net.Dial("tcp", g.address)
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	g.t.Fatal("versitygw does not listen")
}

// Stop kills the server; what it has said it keeps stays.
func (g *Gateway) Stop() {
	if g.cmd != nil {
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait() // it was killed
		g.cmd = nil
	}
}

// Pid is the process that runs.
func (g *Gateway) Pid() int { return g.cmd.Process.Pid }

// Client asks the server directly.
func (g *Gateway) Client() *minio.Client {
	g.t.Helper()
	pool := x509.NewCertPool()
	if g.CA != "" {
		text, err := os.ReadFile(g.CA)
		if err != nil {
			g.t.Fatal(err)
		}
		pool.AppendCertsFromPEM(text)
	}
	c, err := minio.New(g.address, &minio.Options{
		Creds: credentials.NewStaticV4(g.AccessKey, g.SecretKey, ""), Secure: g.CA != "", Region: "us-east-1",
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// MakeBucket makes a bucket.
func (g *Gateway) MakeBucket(name string) {
	g.t.Helper()
	if err := g.Client().MakeBucket(g.t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		g.t.Fatal(err)
	}
}
