package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	disruption "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	security "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// configs is where the files are that are tried.
const configs = "../../configs"

// The overlays: one relay with a volume, and any number without.
const (
	example = "overlays/example"
	relays  = "overlays/relays"
)

// manifests are the objects of an overlay, decoded.
type manifests struct {
	set      apps.StatefulSet
	many     apps.Deployment
	scaler   autoscaling.HorizontalPodAutoscaler
	services []core.Service
	config   core.ConfigMap
	network  networking.NetworkPolicy
	budget   disruption.PodDisruptionBudget
	kinds    []string
}

// pod is the relay's, and what selects it.
func (m *manifests) pod() (*core.PodTemplateSpec, *meta.LabelSelector) {
	if m.many.Name != "" {
		return &m.many.Spec.Template, m.many.Spec.Selector
	}
	return &m.set.Spec.Template, m.set.Spec.Selector
}

// build makes an overlay as kustomize does, the example with its components or
// without.
func build(t *testing.T, overlay string, components bool) []byte {
	t.Helper()
	fs := filesys.MakeFsInMemory()
	root := filepath.Join(configs, "kubernetes")
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if components && filepath.ToSlash(name) == example+"/kustomization.yaml" {
			// As somebody does who takes the comments away.
			text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\n# components:"), []byte("\ncomponents:")), []byte("\n  # - ../"), []byte("\n  - ../"))
		}
		return fs.WriteFile(name, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, overlay)
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decode reads objects by the types of the API server. A field that it does not
// know is an error.
func decode(text []byte) (*manifests, error) {
	var m manifests
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		var service core.Service
		into, known := map[string]any{
			"v1 Namespace": &core.Namespace{}, "v1 ServiceAccount": &core.ServiceAccount{}, "v1 ConfigMap": &m.config, "v1 Service": &service,
			"apps/v1 StatefulSet": &m.set, "apps/v1 Deployment": &m.many, "autoscaling/v2 HorizontalPodAutoscaler": &m.scaler, "networking.k8s.io/v1 NetworkPolicy": &m.network,
			"policy/v1 PodDisruptionBudget": &m.budget, "monitoring.coreos.com/v1 ServiceMonitor": &monitoring.ServiceMonitor{},
		}[head.APIVersion+" "+head.Kind]
		if !known {
			return nil, fmt.Errorf("%s %s: not a kind that is checked here", head.APIVersion, head.Kind)
		}
		object, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", head.Kind, err)
		}
		strict, err := json.UnmarshalStrict(object, into)
		if err := errors.Join(append(strict, err)...); err != nil {
			return nil, fmt.Errorf("%s: %w", head.Kind, err)
		}
		if head.Kind == "Service" {
			m.services = append(m.services, service)
		}
		m.kinds = append(m.kinds, head.Kind)
	}
	slices.Sort(m.kinds)
	return &m, nil
}

// restricted says what Pod Security admission has against a pod by its strictest
// profile, "" if nothing.
func restricted(t *testing.T, pod *core.PodTemplateSpec) string {
	t.Helper()
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}
	result := policy.AggregateCheckResults(judge.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
	return result.ForbiddenDetail()
}

func TestManifests(t *testing.T) {
	want := []string{"ConfigMap", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "ServiceAccount", "StatefulSet"}
	for _, components := range []bool{false, true} {
		m, err := decode(build(t, example, components))
		if err != nil {
			t.Fatalf("components %v: %v", components, err)
		}
		if components {
			want = slices.Sorted(slices.Values(append(want, "ServiceMonitor")))
		}
		if !slices.Equal(m.kinds, want) {
			t.Errorf("components %v: %v, want %v", components, m.kinds, want)
		}
		if against := restricted(t, &m.set.Spec.Template); against != "" {
			t.Errorf("components %v: the restricted profile forbids: %s", components, against)
		}
		if *m.set.Spec.Replicas != 1 {
			t.Errorf("%d replicas of what has one folder", *m.set.Spec.Replicas)
		}
		checkNames(t, m)
	}
}

// checkNames checks that what is named is there: ports, which the relay listens on,
// volumes and pods.
func checkNames(t *testing.T, m *manifests) {
	t.Helper()
	pod, selector := m.pod()
	spec := pod.Spec
	container := spec.Containers[0]
	var ports, volumes []string
	for _, port := range container.Ports {
		ports = append(ports, port.Name)
		if at := fmt.Sprintf(`":%d"`, port.ContainerPort); !strings.Contains(m.config.Data["bulkhead.yaml"], at) {
			t.Errorf("the port %s is %d, which bulkhead.yaml does not listen on", port.Name, port.ContainerPort)
		}
	}
	for _, volume := range spec.Volumes {
		volumes = append(volumes, volume.Name)
	}
	for _, claim := range m.set.Spec.VolumeClaimTemplates {
		volumes = append(volumes, claim.Name)
	}
	known := func(what string, port intstr.IntOrString) {
		if !slices.Contains(ports, port.String()) {
			t.Errorf("%s is for the port %q, which is none of %v", what, port.String(), ports)
		}
	}
	for name, probe := range map[string]*core.Probe{
		"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe,
	} {
		known(name, probe.HTTPGet.Port)
	}
	for _, mount := range container.VolumeMounts {
		if !slices.Contains(volumes, mount.Name) {
			t.Errorf("a mount of %q, which is none of %v", mount.Name, volumes)
		}
	}
	for _, service := range m.services {
		for key, value := range service.Spec.Selector {
			if pod.Labels[key] != value {
				t.Errorf("the Service %s selects %s=%s, which the pod is not", service.Name, key, value)
			}
		}
		for _, port := range service.Spec.Ports {
			known("the Service "+service.Name, port.TargetPort)
		}
	}
	for _, rule := range m.network.Spec.Ingress {
		known("the NetworkPolicy", *rule.Ports[0].Port)
	}
	for what, selected := range map[string]*meta.LabelSelector{
		"NetworkPolicy": &m.network.Spec.PodSelector, "PodDisruptionBudget": m.budget.Spec.Selector, "workload": selector,
	} {
		selector, err := meta.LabelSelectorAsSelector(selected)
		if err != nil || selector.Empty() || !selector.Matches(labels.Set(pod.Labels)) {
			t.Errorf("the %s selects %v (%v), want the pod and no other", what, selected, err)
		}
	}
}

// TestCheckersFindFaults: what the tests above rely on does say no.
func TestCheckersFindFaults(t *testing.T) {
	good := string(build(t, example, true))
	for _, c := range []struct{ from, to, want string }{
		{"runAsNonRoot:", "runAsNonroot:", "runAsNonroot"},
		{"periodSeconds: 10", "periodSeconds: ten", "int32"},
		{"readOnlyRootFilesystem: true", "privileged: true", "privileged"},
		{"type: RuntimeDefault", "type: Unconfined", "seccomp"},
		{"runAsUser: 65532", "runAsUser: 0", "runAsUser=0"},
		{"interval: 15s", "every: 15s", "every"},
		{"kind: NetworkPolicy", "kind: NetworkPolice", "NetworkPolice"},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("no %q in the manifests", c.from)
		}
		m, err := decode([]byte(strings.Replace(good, c.from, c.to, 1)))
		said := fmt.Sprint(err)
		if err == nil {
			said = restricted(t, &m.set.Spec.Template)
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: it says %q, want %q in it", c.to, said, c.want)
		}
	}
}
