package api

import (
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Notice is what a webhook is called with, as notify.webhooks says. The names
// are a contract of package notify's.
type Notice struct {
	Kind        string       `json:"kind" enum:"incident_opened,run_braked,expiring,expired,released,refused,release_failed,digest"`
	At          time.Time    `json:"at"`
	Incident    string       `json:"incident,omitempty"`
	Message     string       `json:"message,omitempty" doc:"The id that the client was told; left out for a whole incident."`
	Policy      string       `json:"policy,omitempty"`
	Subjects    int64        `json:"subjects" doc:"Distinct people who are not its readers."`
	Copies      int          `json:"copies"`
	Left        *int         `json:"left_before" doc:"Copies that had left; null: not known."`
	Fields      []string     `json:"fields" doc:"Types of field."`
	Expires     *time.Time   `json:"expires,omitempty" doc:"When it will be refused if nobody decides."`
	By          string       `json:"by,omitempty" doc:"Who decided."`
	Failed      int          `json:"recipients_failed,omitempty" doc:"Who do not have a released message."`
	Link        string       `json:"link,omitempty" doc:"To the console."`
	Text        string       `json:"text" doc:"A sentence for people."`
	Open        int          `json:"open,omitempty" doc:"Of a digest: incidents that wait."`
	Incidents   []NoticeLine `json:"incidents,omitempty" doc:"Of a digest: those that changed."`
	MoreChanged int          `json:"incidents_left_out,omitempty"`
}

// NoticeLine is one incident of a digest.
type NoticeLine struct {
	Incident string    `json:"incident"`
	State    string    `json:"state"`
	Policy   string    `json:"policy"`
	Subjects int64     `json:"subjects"`
	Copies   int       `json:"copies"`
	Last     time.Time `json:"last"`
}

// webhooks describes what others are called with.
func webhooks(r huma.Registry) map[string]*huma.PathItem {
	header := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: doc, Required: name != "X-Bulkhead-Signature", Schema: &huma.Schema{Type: "string"}}
	}
	notice := &huma.Operation{
		OperationID: "notice", Summary: "Something was held, expires or was decided",
		Description: "Bulkhead calls the addresses of notify.webhooks. An answer of 408, 429 or 5xx, or none, is called again, for days; the same notice has the same X-Bulkhead-Delivery. It holds no value of a person.",
		Parameters: []*huma.Param{
			header("X-Bulkhead-Signature", "`t=UNIX,v1=HEX`, where the webhook has a secret: the time of the attempt, and HMAC-SHA256 of `UNIX.BODY` with the secret in lower-case hex. Compare in constant time, and refuse a time more than five minutes off."),
			header("X-Bulkhead-Delivery", "Names the notice, in each attempt the same."),
			header("X-Bulkhead-Event", "The kind."),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: r.Schema(reflect.TypeFor[Notice](), true, "")}}},
		Responses:   map[string]*huma.Response{"2XX": {Description: http.StatusText(http.StatusOK)}},
	}
	return map[string]*huma.PathItem{"notice": {Post: notice}}
}
