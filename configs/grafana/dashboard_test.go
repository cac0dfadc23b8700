package grafana_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs/grafana"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

var update = flag.Bool("update", false, "rewrite bulkhead.json")

const file = "bulkhead.json"

// The file in the repository, which Grafana reads, is the one that the code
// makes; and Grafana's own types read it, each field known.
func TestTheFileIsWhatTheCodeMakes(t *testing.T) {
	made, err := grafana.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(made)); diff != "" {
		t.Errorf("%s is not what the code makes: go generate ./configs/grafana\n%s", file, diff)
	}
	plugins.RegisterDefaultPlugins()
	var d dashboard.Dashboard //nolint:staticcheck // as in New
	// What is well read is an empty list of errors here, and not nil.
	var wrong cog.BuildErrors
	if err := d.UnmarshalJSONStrict(kept); !errors.As(err, &wrong) || len(wrong) > 0 {
		t.Error(err)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
}

// panels calls see for each panel, and row for each row.
func panels(t *testing.T, row func(*dashboard.RowPanel), see func(*dashboard.Panel)) {
	t.Helper()
	d, err := grafana.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		if p.Panel != nil {
			see(p.Panel)
		} else {
			row(p.RowPanel)
		}
	}
}

// Panels fill Grafana's grid of 24 columns and lie beside each other.
func TestPanelsLieBesideEachOther(t *testing.T) {
	taken := map[[2]uint32]string{}
	ids := map[uint32]bool{}
	put := func(title string, id uint32, at *dashboard.GridPos) {
		if ids[id] {
			t.Errorf("%q has the id %d of another", title, id)
		}
		ids[id] = true
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, is := taken[[2]uint32{x, y}]; is {
					t.Fatalf("%q lies over %q", title, other)
				}
				taken[[2]uint32{x, y}] = title
			}
			if x >= 24 {
				t.Fatalf("%q ends beyond the right border", title)
			}
		}
	}
	rows := 0
	panels(t, func(r *dashboard.RowPanel) { rows++; put(*r.Title, r.Id, r.GridPos) },
		func(p *dashboard.Panel) { put(*p.Title, *p.Id, p.GridPos) })
	if rows != 5 {
		t.Errorf("there are %d questions, want 5", rows)
	}
}

// Each series of each query is one of the jobs and instances that are picked.
func TestQueriesAskForWhatIsPicked(t *testing.T) {
	series := regexp.MustCompile(`\b(?:up|(?:bulkhead|process)_[a-z_]+)\b(\S*)`)
	n := 0
	panels(t, func(*dashboard.RowPanel) {}, func(p *dashboard.Panel) {
		if len(p.Targets) == 0 {
			t.Errorf("%q asks for nothing", *p.Title)
		}
		for _, target := range p.Targets {
			expr := target.(prometheus.Dataquery).Expr
			for _, m := range series.FindAllStringSubmatch(expr, -1) {
				n++
				if !strings.HasPrefix(m[1], `{job=~"$job",instance=~"$instance"`) {
					t.Errorf("%q: %s asks for all: %s", *p.Title, m[0], expr)
				}
			}
		}
	})
	if n < 40 {
		t.Errorf("only %d series are asked for", n)
	}
}

// The files by which Grafana is provisioned name what there is.
func TestProvisioning(t *testing.T) {
	for path, want := range map[string]string{"provisioning/dashboards/bulkhead.yaml": "providers", "provisioning/datasources/prometheus.yaml": "datasources"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			APIVersion             int `yaml:"apiVersion"`
			Providers, Datasources []struct {
				Name, Type string
				Options    struct{ Path string }
			}
		}
		if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&got); err != nil {
			t.Fatal(err)
		}
		kind := map[string]string{"providers": "file", "datasources": "prometheus"}[want]
		one := append(got.Providers, got.Datasources...)
		if got.APIVersion != 1 || len(one) != 1 || one[0].Type != kind {
			t.Errorf("%s: %+v", path, got)
		}
	}
}
