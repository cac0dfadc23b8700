package deploy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// certificate makes one that nobody trusts.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"bulkhead.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// compose loads the Compose file as `docker compose config` does.
func compose(environ ...string) (*types.Project, error) {
	return composeOf([]string{"compose.yaml"}, environ...)
}

// composeOf loads several, one over the other.
func composeOf(files []string, environ ...string) (*types.Project, error) {
	var paths []string
	for _, file := range files {
		paths = append(paths, filepath.Join(configs, "compose", file))
	}
	options, err := cli.NewProjectOptions(paths, cli.WithEnv(environ))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func TestCompose(t *testing.T) {
	project, err := compose("BULKHEAD_UPSTREAM_URL=smtp://mail.example:25", "GRAFANA_PASSWORD=secret")
	if err != nil {
		t.Fatal(err)
	}
	confined(t, project)
	for _, missing := range [][]string{{"GRAFANA_PASSWORD=secret"}, {"BULKHEAD_UPSTREAM_URL=smtp://mail.example:25"}} {
		if _, err := compose(missing...); err == nil {
			t.Errorf("with nothing but %v it starts", missing)
		}
	}

	relayOf(t, project)
	prometheusOf(t, project)
}

// A shared quarantine needs each of its settings, and the relay takes them.
func TestComposeWithASharedQuarantine(t *testing.T) {
	files := []string{"compose.yaml", "shared.yaml"}
	environ := []string{"BULKHEAD_UPSTREAM_URL=smtp://mail.example:25", "GRAFANA_PASSWORD=secret", "DATABASE_PASSWORD=secret",
		"QUARANTINE_RECIPIENT=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "S3_ENDPOINT=https://s3.example:9000",
		"S3_BUCKET=held", "S3_ACCESS_KEY=key", "S3_SECRET_KEY=secret"}
	project, err := composeOf(files, environ...)
	if err != nil {
		t.Fatal(err)
	}
	confined(t, project)
	relayOf(t, project)
	if len(project.Services["database"].Ports) > 0 {
		t.Error("the database is published")
	}
	for i := range environ {
		if _, err := composeOf(files, slices.Delete(slices.Clone(environ), i, i+1)...); err == nil {
			t.Errorf("without %s it starts", environ[i])
		}
	}
}

// The store beside it has the bucket that the relay is told of, is reached by its
// name, and is published nowhere. What it is started with is what the tests of the
// quarantine start it with.
func TestComposeWithItsOwnStore(t *testing.T) {
	project, err := composeOf([]string{"compose.yaml", "shared.yaml", "store.yaml"}, "BULKHEAD_UPSTREAM_URL=smtp://mail.example:25", "GRAFANA_PASSWORD=secret",
		"DATABASE_PASSWORD=secret", "QUARANTINE_RECIPIENT=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		"S3_ENDPOINT=http://objects:7070", "S3_BUCKET=held-mail", "S3_ACCESS_KEY=key", "S3_SECRET_KEY=secret")
	if err != nil {
		t.Fatal(err)
	}
	confined(t, project)
	relayOf(t, project)
	objects := project.Services["objects"]
	if len(objects.Ports) > 0 {
		t.Error("the store is published")
	}
	relay := project.Services["bulkhead"]
	if _, reached := relay.Networks["stores"]; !reached || objects.Networks == nil {
		t.Errorf("the relay is in the networks %v, the store in %v", relay.Networks, objects.Networks)
	}
	command := objects.Command
	folder := path.Join(command[len(command)-1], *relay.Environment["BULKHEAD_QUARANTINE_S3_BUCKET"])
	if !strings.Contains(objects.Build.DockerfileInline, " "+folder+" ") {
		t.Errorf("the image has no folder %s", folder)
	}
	if image, version := "versity/versitygw:", moduleVersion(t, "../s3/go.mod", "github.com/versity/versitygw"); !strings.Contains(objects.Build.DockerfileInline, "FROM "+image+version+"\n") {
		t.Errorf("the image is not the %s that was tried", version)
	}
	for name, of := range map[string]string{"ROOT_ACCESS_KEY": "ACCESS_KEY", "ROOT_SECRET_KEY": "SECRET_KEY"} {
		if got, want := *objects.Environment[name], *relay.Environment["BULKHEAD_QUARANTINE_S3_"+of]; got != want {
			t.Errorf("%s is %q, the relay's is %q", name, got, want)
		}
	}
}

// moduleVersion returns the version of a module that a go.mod asks for.
func moduleVersion(t *testing.T, file, module string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), module+" ")
	if !found {
		t.Fatalf("%s has no %s", file, module)
	}
	return strings.Fields(rest)[0]
}

// confined checks what every service is to be.
func confined(t *testing.T, project *types.Project) {
	t.Helper()
	for name, service := range project.Services {
		if service.User == "" || strings.HasPrefix(service.User, "0") || strings.HasPrefix(service.User, "root") {
			t.Errorf("%s runs as %q", name, service.User)
		}
		if len(service.CapDrop) != 1 || service.CapDrop[0] != "ALL" || service.Privileged {
			t.Errorf("%s keeps capabilities", name)
		}
		if service.Build == nil && !strings.Contains(service.Image, ":") || strings.HasSuffix(service.Image, ":latest") {
			t.Errorf("%s: the image %q is not of one version", name, service.Image)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s is open to the network on %s", name, port.Published)
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && (err != nil || !volume.ReadOnly) {
				t.Errorf("%s mounts %s: read only %v, %v", name, volume.Source, volume.ReadOnly, err)
			}
		}
	}
}

// relayOf checks the relay's configuration by the relay, that its network is the
// one that may relay, and that it listens on what is published.
func relayOf(t *testing.T, project *types.Project) {
	t.Helper()
	file := mounted(t, project, "bulkhead", "/etc/bulkhead/bulkhead.yaml")
	check := exec.Command("bulkhead", "config", "check", file)
	check.Env = os.Environ()
	for name, value := range project.Services["bulkhead"].Environment {
		check.Env = append(check.Env, name+"="+*value)
	}
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("config check: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if subnet := project.Networks["mail"].Ipam.Config[0].Subnet; !strings.Contains(string(text), "allow: ["+subnet+"]") {
		t.Errorf("bulkhead.yaml does not allow %s", subnet)
	}
	for _, port := range project.Services["bulkhead"].Ports {
		if !strings.Contains(string(text), fmt.Sprintf(`":%d"`, port.Target)) {
			t.Errorf("the port %d is published, and bulkhead.yaml does not listen on it", port.Target)
		}
	}
}

// prometheusOf checks what Prometheus reads, laid out as it is mounted.
func prometheusOf(t *testing.T, project *types.Project) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing: install Debian's package prometheus")
		}
		t.Skip("promtool is missing: install Debian's package prometheus")
	}
	dir := t.TempDir()
	for _, volume := range project.Services["prometheus"].Volumes {
		if volume.Type != types.VolumeTypeBind {
			continue
		}
		text, err := os.ReadFile(volume.Source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(volume.Target)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(promtool, "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1 rule files found") {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// mounted returns the file that a service sees at a path.
func mounted(t *testing.T, project *types.Project, service, path string) string {
	t.Helper()
	for _, volume := range project.Services[service].Volumes {
		if volume.Target == path {
			return volume.Source
		}
	}
	t.Fatalf("%s has nothing at %s", service, path)
	return ""
}
