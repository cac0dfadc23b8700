package console

import (
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// chart is the messages of each hour by what was done with them, as bars. The
// page draws it as SVG: the bars have classes, so that they follow the style
// in the light and in the dark. No library that draws charts does without
// style attributes, which the Content-Security-Policy refuses.
type chart struct {
	Width, Height int
	Most          int64 // of an hour
	Bars          []bar
	Marks         []mark
}

// bar is the messages of an hour with one outcome.
type bar struct {
	Class         string // the action
	X, Y          int
	Width, Height int
	Title         string
}

// mark is an hour on the axis.
type mark struct {
	X    int
	Text string
}

// actions are what is done with a message, in the order of the bars from below.
var actions = []string{"pass", "tag", "hold", "reject", "defer"}

const (
	chartWidth, chartHeight = 720, 120
	barGap                  = 4
	leastBar                = 3 // pixels, so that one held message among thousands is seen
	hoursPerMark            = 6
)

func newChart(o quarantine.Overview) chart {
	c := chart{Width: chartWidth, Height: chartHeight}
	hours := max(int(o.Until.Sub(o.Since)/time.Hour), 1)
	counts := make([]map[string]int64, hours)
	sums := make([]int64, hours)
	for _, h := range o.Hours {
		i := int(h.Hour.Sub(o.Since) / time.Hour)
		if i < 0 || i >= hours {
			continue
		}
		if counts[i] == nil {
			counts[i] = map[string]int64{}
		}
		counts[i][h.Action] += h.Messages
		sums[i] += h.Messages
		c.Most = max(c.Most, sums[i])
	}
	step := chartWidth / hours
	for i := range hours {
		at := o.Since.Add(time.Duration(i) * time.Hour)
		if at.Hour()%hoursPerMark == 0 {
			c.Marks = append(c.Marks, mark{i * step, at.Format("15:04")})
		}
		y := chartHeight
		for _, action := range actions {
			n := counts[i][action]
			if n == 0 {
				continue
			}
			height := max(int(n*chartHeight/c.Most), leastBar)
			y -= height
			c.Bars = append(c.Bars, bar{action, i * step, max(y, 0), step - barGap, height,
				at.Format("15:04 UTC") + ": " + count(n, "message", "messages") + ", " + action})
		}
	}
	return c
}
