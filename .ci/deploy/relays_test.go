package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	adapter "sigs.k8s.io/prometheus-adapter/pkg/config"
)

// TestRelays: any number of relays is a Deployment whose pod is that of the one with a
// volume but for the store, and which may be scaled and drained.
func TestRelays(t *testing.T) {
	m, err := decode(build(t, relays, false))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "ServiceAccount", "ServiceMonitor"}
	if !slices.Equal(m.kinds, want) {
		t.Errorf("%v, want %v", m.kinds, want)
	}
	pod, _ := m.pod()
	if against := restricted(t, pod); against != "" {
		t.Errorf("the restricted profile forbids: %s", against)
	}
	checkNames(t, m)

	one, err := decode(build(t, example, false))
	if err != nil {
		t.Fatal(err)
	}
	single, _ := one.pod()
	mine, theirs := pod.Spec.Containers[0], single.Spec.Containers[0]
	for name, pair := range map[string][2]any{
		"securityContext of the pod": {pod.Spec.SecurityContext, single.Spec.SecurityContext}, "securityContext": {mine.SecurityContext, theirs.SecurityContext},
		"arguments": {mine.Args, theirs.Args}, "ports": {mine.Ports, theirs.Ports}, "startup": {mine.StartupProbe, theirs.StartupProbe},
		"liveness": {mine.LivenessProbe, theirs.LivenessProbe}, "readiness": {mine.ReadinessProbe, theirs.ReadinessProbe},
		"limits": {mine.Resources.Limits, theirs.Resources.Limits}, "grace": {pod.Spec.TerminationGracePeriodSeconds, single.Spec.TerminationGracePeriodSeconds},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, that of the one with a volume %v", name, pair[0], pair[1])
		}
	}
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			t.Errorf("the volume %s is kept: only one relay could have it", volume.Name)
		}
	}
	if ref := m.scaler.Spec.ScaleTargetRef; ref.Kind != "Deployment" || ref.Name != m.many.Name || m.many.Spec.Replicas != nil && *m.many.Spec.Replicas != 1 {
		t.Errorf("it scales %s %s, and the Deployment says %v replicas", ref.Kind, ref.Name, m.many.Spec.Replicas)
	}
	if least := *m.scaler.Spec.MinReplicas; int(least) < 2+m.budget.Spec.MaxUnavailable.IntValue()-1 {
		t.Errorf("of %d relays %v may be away", least, m.budget.Spec.MaxUnavailable)
	}
}

// TestRelaysConfig: the real program takes the configuration of the pod.
func TestRelaysConfig(t *testing.T) {
	m, err := decode(build(t, relays, false))
	if err != nil {
		t.Fatal(err)
	}
	pod, _ := m.pod()
	root := t.TempDir()
	config, secret := filepath.Join(root, "etc"), filepath.Join(root, "secrets")
	here := strings.NewReplacer("/etc/bulkhead", config, "/var/lib/bulkhead", root, "/run/secrets", secret, "your public key, age1…", anyKey)
	secrets(t, secret)
	files := map[string]string{}
	for _, volume := range pod.Spec.Volumes {
		if volume.Name == "store" {
			for _, item := range volume.Secret.Items {
				files[item.Path] = strings.Repeat("s", 32)
			}
		}
	}
	mount(t, filepath.Join(secret, "store"), "..1", files)
	mount(t, config, "..1", map[string]string{"bulkhead.yaml": here.Replace(m.config.Data["bulkhead.yaml"])})
	check := func(more ...string) (string, error) {
		cmd := exec.Command("bulkhead", "config", "check", filepath.Join(config, "bulkhead.yaml"))
		cmd.Env = append(environment(t, &pod.Spec.Containers[0], here), more...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := check(); err != nil {
		t.Errorf("config check: %v\n%s", err, out)
	}
	// That it looks at the store is seen by what it says of a wrong one.
	for setting, wrong := range map[string]string{"QUARANTINE_DATABASE": "mysql://db.example", "QUARANTINE_S3_ENDPOINT": "s3.example"} {
		if out, err := check("BULKHEAD_" + setting + "=" + wrong); err == nil || !strings.Contains(out, "quarantine.") {
			t.Errorf("%s=%s: %v\n%s", setting, wrong, err, out)
		}
	}
	// And every variable is a setting: those that are none are ignored by the program.
	known := settings(t)
	for _, e := range pod.Spec.Containers[0].Env {
		if name, ours := strings.CutPrefix(e.Name, "BULKHEAD_"); ours && !known[name] {
			t.Errorf("%s is no setting", e.Name)
		}
	}
}

// settings are the names of all settings, as in the environment.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(configs, "bulkhead.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	known, line := map[string]bool{}, regexp.MustCompile(`(?m)^( *)([a-z0-9_]+):`)
	var path []string
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		path = append(path[:min(len(path), len(m[1])/2)], m[2])
		known[strings.ToUpper(strings.Join(path, "_"))] = true
	}
	return known
}

// TestMetricsAdapter: the rule is one that prometheus-adapter reads, for a metric that
// there is, which is the one that is scaled by.
func TestMetricsAdapter(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(configs, "kubernetes", "prometheus-adapter.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := adapter.FromYAML(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(rules.Rules) != 1 {
		t.Fatalf("%d rules", len(rules.Rules))
	}
	series := regexp.MustCompile(`^\w+`).FindString(rules.Rules[0].SeriesQuery)
	code, err := os.ReadFile("../../proxy/metrics/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(code), `Name: "`+series+`"`) || !strings.Contains(string(code), `"inspect"`) {
		t.Errorf("%q is no metric of the relay's with a stage of inspection", series)
	}
	m, err := decode(build(t, relays, false))
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range m.scaler.Spec.Metrics {
		switch metric.Type {
		case autoscaling.PodsMetricSourceType:
			if metric.Pods.Metric.Name != series {
				t.Errorf("it scales by %q, the adapter has %q", metric.Pods.Metric.Name, series)
			}
		case autoscaling.ResourceMetricSourceType:
			pod, _ := m.pod()
			if pod.Spec.Containers[0].Resources.Requests.Cpu().IsZero() || metric.Resource.Name != core.ResourceCPU {
				t.Errorf("it scales by %s, of which nothing is requested", metric.Resource.Name)
			}
		default:
			t.Errorf("it scales by a metric of type %s", metric.Type)
		}
	}
}
