package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// described is an operation as the served document has it.
type described struct {
	method, path string
	right        access.Right
}

// operations reads the operations of the served document, by their names.
func (w *world) operations() map[string]described {
	w.t.Helper()
	resp, err := http.Get(w.url + api.Base + "/openapi.json")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string       `json:"operationId"`
			Right       access.Right `json:"x-right"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		w.t.Fatal(err)
	}
	all := map[string]described{}
	for path, methods := range document.Paths {
		for method, o := range methods {
			all[o.OperationID] = described{strings.ToUpper(method), path, o.Right}
		}
	}
	return all
}

// rightsOf is spelled out here, so that a change of a right is a change of a
// test.
var rightsOf = map[string]access.Right{
	"me": access.SignedIn, "status": access.IncidentList, "overview": access.IncidentList, "senders": access.IncidentList, "audit": access.AuditRead,
	"incidents": access.IncidentList, "incident": access.EvidenceMasked, "copies": access.IncidentList, "recipients": access.IncidentList, "timeline": access.EvidenceMasked,
	"messages": access.IncidentList, "message": access.EvidenceMasked, "source": access.MessageDownload, "preview": access.MessagePreview, "allow": access.ExceptionWrite, "test-copy": access.MessageDownload, "reveal": access.EvidenceReveal, "report": access.EvidenceMasked,
	"claim": access.IncidentAssign, "assign": access.IncidentAssign, "mark": access.IncidentAssign,
	"release": access.DecideRelease, "refuse": access.DecideRefuse, "delete": access.DecideDelete, "approve": access.DecideApprove,
	"withdraw": access.DecideRelease, "resume": access.DecideRelease, "stop": access.DecideRefuse, "job": access.IncidentList, "jobs": access.IncidentList,
	"bulk-release": access.DecideRelease, "bulk-refuse": access.DecideRefuse, "bulk-delete": access.DecideDelete,
	"policies": access.PolicyRead, "replay": access.PolicyRead, "settings": access.Admin, "reload": access.Admin, "scan": access.Scan, "events": access.IncidentList,
	"accounts": access.Admin, "add-account": access.Admin, "change-account": access.Admin, "tokens": access.Admin, "add-token": access.Admin, "revoke-token": access.Admin,
}

func TestEachOperationAsksForItsRight(t *testing.T) {
	w := newWorld(t, nil)
	all := w.operations()
	for name, o := range all {
		if want, known := rightsOf[name]; !known || o.right != want {
			t.Errorf("%s (%s %s) asks for %q, want %q", name, o.method, o.path, o.right, want)
		}
	}
	for name := range rightsOf {
		if _, there := all[name]; !there {
			t.Errorf("there is no operation %s", name)
		}
	}
}

// Whoever has not the right is told nothing, not even whether what was asked
// for could be read.
func TestOnlyWhoHasTheRightIsServed(t *testing.T) {
	w := newWorld(t, nil)
	for name, o := range w.operations() {
		path := strings.NewReplacer(api.Base, "", "{id}", "IN-0000-0000", "{name}", "nobody").Replace(o.path)
		if name == "events" || name == "scan" {
			path += "?nonsense=1" // else it would be served
		}
		for _, body := range []string{"", `{"nonsense": true}`} {
			got := w.ask("", o.method+" "+path, body)
			if want := o.right == access.Public; want != (got.StatusCode != http.StatusUnauthorized) {
				t.Errorf("%s: nobody gets %s", name, got.Status)
			}
			if got.StatusCode == http.StatusUnauthorized && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: 401 without saying how", name)
			}
			for _, role := range append(access.Roles(), "nonsense") {
				may := o.right == access.Public || role.Valid() && (o.right == access.SignedIn || slices.Contains(role.Rights(), o.right))
				got := w.ask("ana "+string(role), o.method+" "+path, body)
				if may == (got.StatusCode == http.StatusForbidden || got.StatusCode == http.StatusUnauthorized) {
					t.Errorf("%s: %s gets %s, want it served: %v", name, role, got.Status, may)
				}
			}
		}
	}
}

func TestWhatThereIsNotIsAProblem(t *testing.T) {
	w := newWorld(t, nil)
	for address, want := range map[string]int{
		"GET /nothing": 404, "GET /": 404, "GET /incidents/IN-0000-0000": 404, "GET /incidents/IN-0000-0000/copies": 404, "GET /incidents/IN-0000-0000/recipients": 404,
		"GET /incidents/IN-0000-0000/timeline": 404, "GET /messages/BH-0000-0000": 404, "GET /messages/nonsense": 404, "POST /incidents": 405, "DELETE /me": 405,
		"GET /incidents?after=nonsense": 422, "GET /incidents?sort=nonsense": 422, "GET /incidents?q=peple:3": 422, "GET /incidents?limit=0": 422, "GET /incidents?limit=x": 422,
		"GET /senders?after=nonsense": 422, "GET /audit?before=1&after=1": 422, "GET /audit?oldest_first=true&by=ana": 422, "GET /messages?state=nonsense": 422,
		"GET /overview?hours=0": 422, "GET /overview?nonsense=1": 422, "GET /incidents?changed_since=yesterday": 422,
	} {
		if got := w.do(w.request("ana admin", address, "")); got.StatusCode != want {
			t.Errorf("%s: %s, want %d\n%s", address, got.Status, want, got.body)
		} else {
			w.problem(address, got)
		}
	}
	if got := w.do(w.request("ana admin", "POST /incidents", "")); got.Header.Get("Allow") != "GET" {
		t.Errorf("the methods that there are: %q", got.Header.Get("Allow"))
	}
}
