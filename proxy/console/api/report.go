package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/danielgtaylor/huma/v2"
)

// Record is what people say for a breach record.
type Record struct {
	Format       string     `json:"format" enum:"html,pdf,json"`
	Contact      string     `json:"contact,omitempty" maxLength:"200" doc:"Name of the contact point."`
	Mail         string     `json:"mail,omitempty" maxLength:"300" doc:"Its address."`
	Phone        string     `json:"phone,omitempty" maxLength:"100" doc:"Its telephone."`
	Organisation string     `json:"organisation,omitempty" maxLength:"200" doc:"Whose data it is: the controller."`
	Measures     []string   `json:"measures,omitempty" maxItems:"50" doc:"Taken or proposed."`
	Known        *time.Time `json:"known,omitempty" doc:"When it became known; else when the first copy was held."`
	Delay        string     `json:"reasons_for_delay,omitempty" maxLength:"2000" doc:"Why the notification is late."`
}

// reportOperation writes a breach record.
func (a *api) reportOperation() operation {
	return op(access.EvidenceMasked, "POST /incidents/{id}/report", "report", "The breach record of an incident, as GDPR Article 33 asks for", a.report).with(func(o *huma.Operation) {
		o.Description = "Counts, kinds and masked cells only. That it was written is in the audit trail before it is given out."
		o.Responses = map[string]*huma.Response{"200": {Description: "The record.", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: "object", AdditionalProperties: true, Description: "As " + report.Schema + "."}},
			"text/html":        {Schema: &huma.Schema{Type: "string"}},
			"application/pdf":  {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	})
}

type reportIn struct {
	OfIncident
	Body Record
}

// file is an answer in a form of its own.
type file struct {
	Type string `header:"Content-Type" hidden:"true"`
	Name string `header:"Content-Disposition" hidden:"true"`
	Body []byte
}

func (a *api) report(ctx context.Context, in *reportIn) (*file, error) {
	if a.cfg.Gather == nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "No records are written here.")
	}
	gathered, err := a.cfg.Gather(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	gathered.Contact = report.Contact{Name: b.Contact, Mail: b.Mail, Phone: b.Phone, Organisation: b.Organisation}
	gathered.Measures, gathered.Delay, gathered.Written, gathered.Known = b.Measures, b.Delay, time.Now(), gathered.Stopped
	if b.Known != nil {
		gathered.Known = *b.Known
	}
	var text bytes.Buffer
	out := &file{}
	if out.Type, err = report.New(gathered).Write(&text, b.Format); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.RecordIncident(ctx, gathered.ID, quarantine.ActReported, access.From(ctx).Name, b.Format); err != nil {
		return nil, err
	}
	out.Name = `attachment; filename="` + gathered.ID + "." + b.Format + `"`
	out.Body = text.Bytes()
	return out, nil
}
