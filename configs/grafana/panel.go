package grafana

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// height is how high panels are, in units of Grafana's grid of 24 columns.
const height = 7

type panel = cog.Builder[dashboard.Panel]

// query is an expression and the name of its series. In the expression, [] after
// the name of a metric, or at the end of its labels, stands for the picked
// jobs and instances, as in up[] or x_total[result="ok"].
type query struct{ expr, legend string }

// picked fills a query's brackets.
func picked(expr string) string {
	const these = `job=~"$job",instance=~"$instance"`
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(expr, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		labels, after, _ := strings.Cut(rest, "]")
		expr = after
		switch {
		case strings.HasPrefix(labels, "$__"): // a range
			b.WriteString("[" + labels + "]")
		case labels == "":
			b.WriteString("{" + these + "}")
		default:
			b.WriteString("{" + these + "," + labels + "}")
		}
	}
}

// source is the Prometheus that is picked above the dashboard.
func source() common.DataSourceRef {
	kind, uid := "prometheus", "${datasource}"
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

func targets(queries []query, instant bool) []cog.Builder[variants.Dataquery] {
	var all []cog.Builder[variants.Dataquery]
	for i, q := range queries {
		b := prometheus.NewDataqueryBuilder().Expr(picked(q.expr)).LegendFormat(q.legend).
			RefId(string(rune('A' + i))).Datasource(source())
		if instant {
			b = b.Instant()
		} else {
			b = b.Range()
		}
		all = append(all, b)
	}
	return all
}

// form is what panels differ in, beside their queries.
type form struct {
	title, about string
	unit         string // Grafana's name
	wide         uint32 // columns, of 24
	// worse colours a number: red from the first value on, or below it where
	// less is worse; nil: no colour.
	worse *worse
	yesNo bool // 1 is yes, 0 is no
}

type worse struct {
	at   float64
	less bool // less is worse
}

func (w *worse) steps() []dashboard.Threshold {
	under, over := "green", "red"
	if w.less {
		under, over = over, under
	}
	return []dashboard.Threshold{{Color: under}, {Color: over, Value: &w.at}}
}

// number shows the present value of one query.
func number(f form, q query) panel {
	b := stat.NewPanelBuilder().Title(f.title).Description(f.about).Datasource(source()).Unit(f.unit).
		Height(4).Span(f.wide).NoValue("none").Targets(targets([]query{q}, true)).
		GraphMode(common.BigValueGraphModeNone).ReduceOptions(last())
	if f.yesNo {
		b = b.Mappings(yesOrNo())
	}
	if f.worse == nil {
		return b.ColorMode(common.BigValueColorModeNone)
	}
	return b.Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(f.worse.steps()))
}

func yesOrNo() []dashboard.ValueMapping {
	words := dashboard.NewValueMap()
	for number, word := range map[string]string{"0": "no", "1": "yes"} {
		words.Options[number] = dashboard.ValueMappingResult{Text: &word}
	}
	return []dashboard.ValueMapping{{ValueMap: words}}
}

// last reduces a series to its last value.
func last() cog.Builder[common.ReduceDataOptions] {
	return common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})
}

// chart shows queries over time.
func chart(f form, queries ...query) panel {
	return lines(f, queries)
}

// stacked shows queries over time, one above the other, so that their sum is
// seen as well.
func stacked(f form, queries ...query) panel {
	return lines(f, queries).FillOpacity(40).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
}

func lines(f form, queries []query) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().Title(f.title).Description(f.about).Datasource(source()).Unit(f.unit).
		Height(height).Span(f.wide).Min(0).Targets(targets(queries, false)).
		ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
}

// bars shows the largest of many values over the whole time that is looked at.
func bars(f form, q query) panel {
	return bargauge.NewPanelBuilder().Title(f.title).Description(f.about).Datasource(source()).Unit(f.unit).
		Height(height).Span(f.wide).Min(0).NoValue("none").Targets(targets([]query{q}, true)).
		Orientation(common.VizOrientationHorizontal).DisplayMode(common.BarGaugeDisplayModeBasic).ReduceOptions(last())
}
