package console

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/go-analyze/charts"
)

// The messages of each hour by what was done with them, as bars. The chart is an
// image of its own, in the colours of the light and of the dark, wide and narrow;
// the page has its numbers as a table besides.

// actions are what is done with a message, in the order of the bars from below.
var actions = []string{"pass", "tag", "hold", "reject", "defer"}

// hourRow is the messages of an hour, by action in the order of actions.
type hourRow struct {
	Hour   time.Time
	Counts []int64
	Sum    int64
}

// hourRows gives one row for each hour of the overview.
func hourRows(o quarantine.Overview) []hourRow {
	rows := make([]hourRow, max(int(o.Until.Sub(o.Since)/time.Hour), 1))
	for i := range rows {
		rows[i] = hourRow{Hour: o.Since.Add(time.Duration(i) * time.Hour), Counts: make([]int64, len(actions))}
	}
	for _, h := range o.Hours {
		i := int(h.Hour.Sub(o.Since) / time.Hour)
		if i < 0 || i >= len(rows) {
			continue
		}
		for a, action := range actions {
			if action == h.Action {
				rows[i].Counts[a] += h.Messages
				rows[i].Sum += h.Messages
			}
		}
	}
	return rows
}

// most is the most messages of an hour.
func most(rows []hourRow) (n int64) {
	for _, r := range rows {
		n = max(n, r.Sum)
	}
	return n
}

// stamp names rows by their content, so that a browser asks for a new image when
// there is one.
func stamp(rows []hourRow) string {
	h := fnv.New64a()
	fmt.Fprint(h, rows)
	return strconv.FormatUint(h.Sum64(), 36)
}

// The sizes of the chart.
const (
	chartWide, chartNarrow = 1000, 360
	chartHeight            = 200
	// leastShare of the height is what a bar has at least: one held message
	// among thousands is to be seen.
	leastShare = 0.015
)

// palette returns the colours of the style (10-tokens.css): an image does not get
// them from the page.
func palette(dark bool) charts.ColorPalette {
	c := charts.ParseColor
	o := charts.ThemeOption{AxisStrokeColor: c("#dde2e8"), TextColor: c("#52606f"), BackgroundColor: charts.ColorTransparent,
		SeriesColors: []charts.Color{c("#7b8794"), c("#824600"), c("#ab1f18"), c("#16202b"), c("#0b5d8c")}}
	if dark {
		o = charts.ThemeOption{IsDarkMode: true, AxisStrokeColor: c("#2a343f"), TextColor: c("#a2aebb"), BackgroundColor: charts.ColorTransparent,
			SeriesColors: []charts.Color{c("#74818f"), c("#f0bf73"), c("#ff9d93"), c("#e4e9ef"), c("#74c0f2")}}
	}
	o.AxisSplitLineColor = o.AxisStrokeColor
	return charts.MakeTheme(o)
}

// drawHours draws the chart as SVG.
func drawHours(rows []hourRow, dark, narrow bool) ([]byte, error) {
	width, labels := chartWide, 9
	if narrow {
		width, labels = chartNarrow, 4
	}
	top := max(most(rows), 1)
	series := make([][]float64, len(actions))
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Hour.Format("15:04")
		for a := range actions {
			n := float64(r.Counts[a])
			if n > 0 {
				n = max(n, leastShare*float64(top))
			}
			series[a] = append(series[a], n)
		}
	}
	o := charts.NewBarChartOptionWithData(series)
	o.Theme, o.StackSeries, o.BarSize = palette(dark), charts.Ptr(true), 0.8
	o.Legend.Show = charts.Ptr(false) // the page has it, with the sums
	o.Padding = charts.Box{Left: 2, Top: 10, Right: 6, Bottom: 2, IsSet: true}
	o.ValueFormatter = func(f float64) string { return grouped(int64(f + 0.5)) }
	text := charts.FontStyle{FontSize: 9}
	o.CategoryAxis.Labels, o.CategoryAxis.LabelCount, o.CategoryAxis.LabelFontStyle = names, labels, text
	o.ValueAxis[0].Min, o.ValueAxis[0].LabelCount, o.ValueAxis[0].LabelFontStyle = charts.Ptr(0.0), 4, text
	o.ValueAxis[0].PreferNiceIntervals = charts.Ptr(true)
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: chartHeight})
	if err := p.BarChart(o); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	svg, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return withoutStyle(svg), nil
}

var (
	styleAttribute = regexp.MustCompile(` style="([^"]*)"`)
	declaration    = regexp.MustCompile(`([a-z-]+):([^;]+);?`)
)

// withoutStyle writes what stands in style attributes as presentation attributes
// (SVG 2, section 6.6), which mean the same and which the
// Content-Security-Policy lets be. Letters are the system's.
func withoutStyle(svg []byte) []byte {
	return styleAttribute.ReplaceAllFunc(svg, func(style []byte) []byte {
		style = bytes.ReplaceAll(styleAttribute.FindSubmatch(style)[1], []byte("'Roboto Medium',"), []byte("system-ui,"))
		return declaration.ReplaceAll(style, []byte(` $1="$2"`))
	})
}

// hours serves the chart. It is asked for with the stamp of its rows.
func (c *console) hours(w http.ResponseWriter, r *http.Request) {
	o, err := c.cfg.Store.Overview(r.Context(), overviewSince())
	if err != nil {
		c.fail(w, r, err)
		return
	}
	svg, err := drawHours(hourRows(o), r.URL.Query().Has("dark"), r.URL.Query().Has("narrow"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write(svg) //nolint:errcheck // the browser has gone
}
