package deploy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// TestMain builds the program, and has it found before any other.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bulkhead-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := 1
	if out, err := exec.Command("go", "-C", "../..", "build", "-o", dir, "./cmd/bulkhead").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
	} else {
		os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")) // it is a valid name
		status = m.Run()
	}
	os.RemoveAll(dir) // of a test
	os.Exit(status)
}

// anyKey is a public key of age's documents.
const anyKey = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// mount writes files into a folder as the kubelet does: each a link to one below
// a link that is swapped when any of them changes.
func mount(t *testing.T, dir, version string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, version), 0o750); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, version, name), []byte(text), 0o440); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	swap := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(version, swap); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(swap, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// TestPodRuns: the real program takes the configuration of the pod, and with
// other paths, ports and upstream it starts by the container's arguments and
// environment, answers the probes, and takes a ConfigMap that has changed.
func TestPodRuns(t *testing.T) {
	for _, components := range []bool{false, true} {
		t.Run(fmt.Sprintf("components=%v", components), func(t *testing.T) {
			t.Parallel() // mostly waiting
			testPodRuns(t, components)
		})
	}
}

func testPodRuns(t *testing.T, components bool) {
	m, err := decode(build(t, example, components))
	if err != nil {
		t.Fatal(err)
	}
	container, root := m.set.Spec.Template.Spec.Containers[0], t.TempDir()
	config := filepath.Join(root, "etc")
	here := strings.NewReplacer("/etc/bulkhead", config, "/var/lib/bulkhead", root, "/run/secrets", filepath.Join(root, "secrets"),
		"your public key, age1…", anyKey)
	secrets(t, filepath.Join(root, "secrets"))
	mount(t, config, "..1", map[string]string{"bulkhead.yaml": here.Replace(m.config.Data["bulkhead.yaml"])})

	environ := environment(t, &container, here)
	check := exec.Command("bulkhead", "config", "check", filepath.Join(config, "bulkhead.yaml"))
	check.Env = environ
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("config check: %v\n%s", err, out)
	}
	// Until the overlay has a public key it says so.
	check = exec.Command("bulkhead", check.Args[1:]...)
	check.Env = append(environ, "BULKHEAD_QUARANTINE_RECIPIENT=your public key, age1…")
	if out, err := check.CombinedOutput(); err == nil || !strings.Contains(string(out), "quarantine.recipient") {
		t.Errorf("config check of the key that is to be filled in: %v\n%s", err, out)
	}

	// On ports of its own, and with an upstream that is there.
	local := strings.NewReplacer("address: \":2525\"", "address: \"127.0.0.1:0\"", "127.0.0.1:8025", "127.0.0.1:0", "address: \":9425\"", "address: \"127.0.0.1:0\"",
		"smtp+starttls://mail.example:587", "maildir:"+filepath.Join(root, "mail"))
	for i := range environ {
		if name, value, _ := strings.Cut(environ[i], "="); strings.HasPrefix(name, "BULKHEAD_") {
			environ[i] = name + "=" + local.Replace(value)
		}
	}
	text := local.Replace(here.Replace(m.config.Data["bulkhead.yaml"]))
	mount(t, config, "..2", map[string]string{"bulkhead.yaml": text})
	var args []string
	for _, arg := range container.Args {
		args = append(args, here.Replace(arg))
	}
	relay := exec.Command("bulkhead", args...)
	relay.Env = withoutLogin(environ)
	testPod(t, relay, &container, func() {
		mount(t, config, "..3", map[string]string{"bulkhead.yaml": text + "\nlexicon:\n  id.customer: {certain: [our ref]}\n"})
	})
}

// secrets are those that the manifests name.
func secrets(t *testing.T, dir string) {
	t.Helper()
	mount(t, filepath.Join(dir, "upstream"), "..1", map[string]string{"password": "open-sesame"})
	cert, key := certificate(t)
	mount(t, filepath.Join(dir, "tls"), "..1", map[string]string{"tls.crt": cert, "tls.key": key})
}

// environment is that of a container, with Secrets' values made up.
func environment(t *testing.T, container *core.Container, here *strings.Replacer) []string {
	t.Helper()
	environ := os.Environ()
	for _, e := range container.Env {
		value := here.Replace(e.Value)
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			value = "relay"
		}
		if e.Name == "BULKHEAD_QUARANTINE_IDENTITY" {
			continue // of a private key that nobody here has
		}
		environ = append(environ, e.Name+"="+value)
	}
	return environ
}

// withoutLogin leaves out the login at an upstream, which a folder has not.
func withoutLogin(environ []string) []string {
	var kept []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "BULKHEAD_UPSTREAM_USERNAME=") && !strings.HasPrefix(e, "BULKHEAD_UPSTREAM_PASSWORD=") {
			kept = append(kept, e)
		}
	}
	return kept
}

// testPod runs a relay, asks it as the kubelet does, has its configuration
// changed, and stops it as the kubelet does.
func testPod(t *testing.T, relay *exec.Cmd, container *core.Container, change func()) {
	t.Helper()
	pipe, err := relay.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.Start(); err != nil {
		t.Fatal(err)
	}
	defer relay.Process.Kill()                                          // nothing, where it has ended
	end := time.AfterFunc(time.Minute, func() { relay.Process.Kill() }) // then the log ends
	defer end.Stop()
	var log strings.Builder
	lines, changed, taken := bufio.NewScanner(io.TeeReader(pipe, &log)), false, false
	for lines.Scan() {
		var entry struct{ Msg, Metrics string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Errorf("not JSON: %s", lines.Bytes())
		}
		switch entry.Msg {
		case "ready":
			for _, probe := range []*core.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
				url := strings.TrimSuffix(entry.Metrics, "/metrics") + probe.HTTPGet.Path
				resp, err := http.Get(url)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", probe.HTTPGet.Path, resp.Status)
				}
			}
			change()
			changed = true
		case "configuration taken":
			taken = true
			relay.Process.Signal(syscall.SIGTERM) // it runs: it has just logged
		}
	}
	if err := relay.Wait(); err != nil || !changed || !taken {
		t.Errorf("the relay (%v) was ready: %v, has taken what changed: %v\n%s", err, changed, taken, log.String())
	}
}
