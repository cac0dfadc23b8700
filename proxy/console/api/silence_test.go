package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// personal is what somebody may send by mistake, where something else is asked
// for.
var personal = []string{"ana.muster@client.example", "4111111111111111", `"><script>alert(1)</script>`, "Ünal Öztürk", "1980-02-30"}

// No problem and no line of the log repeats what was sent.
func TestProblemsRepeatNothingThatWasSent(t *testing.T) {
	w := newWorld(t, nil)
	for name, o := range w.operations() {
		for _, value := range personal {
			path := strings.NewReplacer(api.Base, "", "{id}", url.PathEscape(value), "{name}", url.PathEscape(value)).Replace(o.path)
			quoted := strings.ReplaceAll(value, `"`, `\"`)
			for _, query := range []string{"", "?" + url.QueryEscape(value) + "=1", "?limit=" + url.QueryEscape(value), "?after=" + url.QueryEscape(value),
				"?q=" + url.QueryEscape(value), "?q=state:" + url.QueryEscape(value), "?sort=" + url.QueryEscape(value), "?since=" + url.QueryEscape(value), "?state=" + url.QueryEscape(value),
				"?before=" + url.QueryEscape(value), "?by=" + url.QueryEscape(value) + "&oldest_first=true"} {
				for _, body := range []string{"", `{"` + quoted + `": 1}`, `{"reason": {"` + quoted + `": 1}}`, `{"token": ["` + quoted + `"]}`, `"` + quoted + `"`, quoted, `{"to": "` + quoted + `"}`, `{"to": [4111111111111111]}`,
					`{"reason": 4111111111111111}`, `{"action": "` + quoted + `", "format": "` + quoted + `"}`} {
					req := w.request("ana admin", o.method+" "+path+query, body)
					if body != "" && (o.method == http.MethodGet || query != "") || name == "events" && query == "" {
						continue // the last would be served until this test ends
					}
					got := w.do(req)
					if got.StatusCode < 400 {
						continue
					}
					w.problem(name, got)
					for _, secret := range append(personal, "muster", "alert(1)", "41111111") {
						if strings.Contains(string(got.body), secret) || strings.Contains(w.log.String(), secret) {
							t.Fatalf("%s %s %s: the problem or the log repeats %q:\n%s\n%s", name, path+query, body, secret, got.body, w.log)
						}
					}
				}
			}
		}
	}
}
