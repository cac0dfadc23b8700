package grafana

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// row is one question and the panels that answer it.
type row struct {
	question string
	panels   []panel
}

// New makes the dashboard. The error is a mistake in this package.
func New() (dashboard.Dashboard, error) { //nolint:staticcheck // what takes its place is read by the newest Grafana only; this one by all
	b := dashboard.NewDashboardBuilder("Bulkhead") //nolint:staticcheck // as above
	b = b.Uid("bulkhead").
		Description("Is mail flowing, is anything held, what is found, is inspection keeping up, is anything unread? Made by configs/grafana; change it there.").
		Tags([]string{"bulkhead", "mail"}).Time("now-6h", "now").Refresh("1m").Timezone(common.TimeZoneBrowser).
		Tooltip(dashboard.DashboardCursorSyncCrosshair).Readonly().
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus")).
		WithVariable(all("job", "Job", "label_values(bulkhead_build_info, job)")).
		WithVariable(all("instance", "Instance", `label_values(bulkhead_build_info{job=~"$job"}, instance)`))
	for _, r := range rows() {
		b = b.WithRow(dashboard.NewRowBuilder(r.question))
		for _, p := range r.panels {
			b = b.WithPanel(p)
		}
	}
	d, err := b.Build()
	if err != nil {
		return d, fmt.Errorf("dashboard: %w", err)
	}
	for i := range d.Panels {
		id := uint32(i + 1)
		if p := d.Panels[i].Panel; p != nil {
			p.Id = &id
		} else {
			d.Panels[i].RowPanel.Id = id
		}
	}
	return d, nil
}

// JSON makes the dashboard as Grafana reads it, indented.
func JSON() ([]byte, error) {
	d, err := New()
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// all is a variable that can be several values, and is all of them at first.
func all(name, label, values string) cog.Builder[dashboard.VariableModel] {
	text, value, yes := "All", "$__all", true
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source()).
		Query(dashboard.StringOrMap{String: &values}).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{Selected: &yes, Text: dashboard.StringOrArrayOfString{String: &text}, Value: dashboard.StringOrArrayOfString{String: &value}})
}

func rows() []row {
	return []row{
		{"Is mail flowing?", flowing()},
		{"Is anything held, and for how long?", held()},
		{"What is found, and where?", found()},
		{"Is inspection keeping up?", keepingUp()},
		{"Is anything unread?", unread()},
	}
}
