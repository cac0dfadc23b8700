package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// messagePage is one held message: its verdict and what was found, masked.
type messagePage struct {
	Version  string
	Message  quarantine.Message
	Findings []rules.Finding
}

func (c *console) message(w http.ResponseWriter, r *http.Request) {
	m, err := c.cfg.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, err)
		return
	}
	page := messagePage{Version: c.cfg.Version, Message: m}
	if len(m.Evidence) > 0 {
		if err := json.Unmarshal(m.Evidence, &page.Findings); err != nil {
			c.fail(w, fmt.Errorf("evidence of %s: %w", m.ID, err))
			return
		}
	}
	c.render(w, http.StatusOK, "message.html", page)
}

// functions are what the pages use to word values.
func functions() template.FuncMap {
	return template.FuncMap{
		"bytes":   bytesText,
		"time":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"percent": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
		"state":   func(s quarantine.State) string { return strings.ReplaceAll(string(s), "_", " ") },
		"number":  grouped,
		"join":    func(list []string) string { return strings.Join(list, ", ") },
		"dict": func(version, title string) map[string]string {
			return map[string]string{"Version": version, "Title": title}
		},
	}
}

func bytesText(n int64) string {
	switch {
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
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
