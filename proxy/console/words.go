package console

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// words are what the pages use to word values.
func words() template.FuncMap {
	return template.FuncMap{
		"bytes":   bytesText,
		"when":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"age":     func(t time.Time) string { return span(time.Since(t)) },
		"percent": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
		"number":  grouped,
		"count":   count,
		"plain":   func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"join":    func(list []string) string { return strings.Join(list, ", ") },
		"labels":  labels,
		"class":   class,
	}
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// grouped writes a whole number with its thousands apart.
func grouped(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes a number of things.
func count(n any, one, many string) string {
	if s := fmt.Sprint(n); s != "1" {
		return grouped(n) + " " + many
	}
	return "1 " + one
}

// span writes a length of time in its largest unit.
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", math.Floor(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", math.Floor(d.Hours()))
	}
	return fmt.Sprintf("%.0f days", math.Floor(d.Hours()/24))
}

// labels lists the first few field types, and says how many more there are.
func labels(types []string) string {
	const most = 3
	text := strings.Join(types[:min(len(types), most)], ", ")
	if more := len(types) - most; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// class is the kind of badge that a state has: the word is always there too, so
// that nothing is told by its colour alone.
func class(state any) string {
	switch fmt.Sprint(state) {
	case "open", "held", "releasing", "awaiting_approval", "partial", "deferred", "sending":
		return "wait"
	case "release_failed", "partly_released", "unscanned", "unknown":
		return "bad"
	case "released":
		return "good"
	}
	return ""
}
