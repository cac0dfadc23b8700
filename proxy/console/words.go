package console

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// words are what the pages use to word values.
func words() template.FuncMap {
	return template.FuncMap{
		"bytes":   bytesText,
		"when":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04 UTC") },
		"day":     func(t time.Time) string { return t.UTC().Format("2 January") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"age":     func(t time.Time) string { return span(time.Since(t)) },
		"percent": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
		"number":  grouped,
		"count":   count,
		"state":   stateText,
		"class":   stateClass,
		"join":    func(list []string) string { return strings.Join(list, ", ") },
		"domain":  domain,
		"labels":  labels,
		"took":    tookText,

		"label":    label,
		"category": category,
		"typed":    typed,
	}
}

// domain is what of an address may stand in a link, "" for a user of the machine
// itself.
func domain(address string) string {
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		return address[at+1:]
	}
	return ""
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

// tookText writes a short length of time.
func tookText(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// labels names field types for people, the first few, and how many more.
func labels(types []string) string {
	const most = 3
	var named []string
	for _, t := range types[:min(len(types), most)] {
		named = append(named, label(t))
	}
	text := strings.Join(named, ", ")
	if more := len(types) - most; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// label names a field type for people: "birth date" for person.birth_date,
// "customer number" for id.customer.
func label(t string) string {
	if number, is := strings.CutPrefix(t, "id."); is && number != "username" {
		return number + " number"
	}
	return strings.ReplaceAll(t[strings.LastIndexByte(t, '.')+1:], "_", " ")
}

// category is that of a field type (direct, indirect, sensitive, context), ""
// for a type that is not known here.
func category(name string) string {
	kind, known := detect.Parse(name)
	if !known {
		return ""
	}
	return kind.Category().String()
}

// typed counts the columns that have a type.
func typed(columns []rules.Column) (n int) {
	for _, c := range columns {
		if c.Type != "" {
			n++
		}
	}
	return n
}

// stateClass tells how a state looks, beside its words.
func stateClass(state any) string {
	switch fmt.Sprint(state) {
	case "open", "held", "awaiting_approval", "releasing", "partial", "deferred", "sending":
		return "wait"
	case "release_failed", "unknown", "unscanned", "unread", "partly_released", "hold", "reject":
		return "bad"
	case "released", "pass", "complete", "read":
		return "good"
	}
	return ""
}

// stateText names a state for people.
func stateText(state any) string {
	switch s := fmt.Sprint(state); s {
	case "open":
		return "waiting"
	case "awaiting_approval":
		return "second person"
	case "partial":
		return "not all read"
	case "had_it":
		return "had it already"
	default:
		return strings.ReplaceAll(s, "_", " ")
	}
}
