package console

import (
	"context"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Cases notes who works on an incident, and whether its hold was right; a
// *quarantine.Store does.
type Cases interface {
	Claim(ctx context.Context, incident, by, reason string) error
	Assign(ctx context.Context, incident, to, by, reason string) error
	MarkIncident(ctx context.Context, incident string, mark quarantine.IncidentMark, by, reason string) error
	RecordIncident(ctx context.Context, incident string, act quarantine.Act, by, reason string) error
}

// deciding lets a handler be where decisions can be made.
func (c *console) deciding(serve http.HandlerFunc) http.HandlerFunc {
	return c.where(c.cfg.Desk != nil && c.cfg.Jobs != nil && c.cfg.Cases != nil, serve)
}

// where lets a handler be where the console can do what it does.
func (c *console) where(can bool, serve http.HandlerFunc) http.HandlerFunc {
	if can {
		return serve
	}
	return func(w http.ResponseWriter, r *http.Request) {
		c.show(w, r, http.StatusNotImplemented, "undone.html", &undonePage{frame: frame{Title: "Nothing was done", Section: "Incidents"},
			Incident: r.PathValue("id"), Why: "It cannot be done here: use the command line."})
	}
}

func (c *console) claim(w http.ResponseWriter, r *http.Request) {
	c.turn(w, r, func(ctx context.Context, id string) error { return c.cfg.Cases.Claim(ctx, id, by(r), "") })
}

func (c *console) giveBack(w http.ResponseWriter, r *http.Request) {
	c.turn(w, r, func(ctx context.Context, id string) error { return c.cfg.Cases.Assign(ctx, id, "", by(r), "") })
}

func (c *console) mark(w http.ResponseWriter, r *http.Request) {
	asked := readAsked(r, actMark)
	mark := quarantine.IncidentMark(asked.Choice)
	if asked.Choice == "none" {
		mark = quarantine.Unmarked
	}
	if asked.check(0); asked.Wrong == "" && asked.Choice != "none" && mark != quarantine.MarkedRight && mark != quarantine.MarkedWrong {
		asked.Wrong = "Choose whether it was right to hold it."
	}
	if asked.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, asked)
		return
	}
	c.turn(w, r, func(ctx context.Context, id string) error {
		return c.cfg.Cases.MarkIncident(ctx, id, mark, by(r), asked.Reason)
	})
}
