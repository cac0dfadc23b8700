package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// incidentOf returns the id of the held message's incident.
func (h *holding) incidentOf() string {
	h.t.Helper()
	out, _, _ := runBulkhead(h.t, "incidents", "list", "--format", "json", "--data-dir", h.data)
	var i api.Incident
	if err := json.Unmarshal([]byte(out), &i); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return i.ID
}

func TestBreachRecordHoldsNoValueAndItsListsOpenWithTheKeyOnly(t *testing.T) {
	h := hold(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, format := range []string{"html", "pdf", "json"} {
		args := []string{"incidents", "report", h.incidentOf(), "--data-dir", h.data, "--format", format, "--by", "rita",
			"--contact", "Zoe Miller <dpo@office.test>", "-o", filepath.Join(dir, "record."+format)}
		if format == "json" {
			args = append(args, "--lists-to", identity.Recipient().String())
		}
		if _, errOut, status := runBulkhead(t, args...); status != exitOK {
			t.Fatalf("report as %s exits with %d: %s", format, status, errOut)
		}
	}
	customers := makeCustomers(50)
	for _, file := range []string{"record.html", "record.json", "record-people.csv.age", "record-recipients.csv.age"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range customers {
			if bytes.Contains(text, []byte(c[2])) || bytes.Contains(text, []byte(c[5])) {
				t.Fatalf("%s holds a value of a customer", file)
			}
		}
	}
	var record struct {
		Outcome string
		People  struct {
			Subjects   int
			ByCategory map[string]int `json:"subjects_by_category"`
		}
		Tables  []struct{ Sample [][]string }
		Contact struct{ Mail string }
	}
	text, err := os.ReadFile(filepath.Join(dir, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	if record.People.Subjects != 50 || record.Contact.Mail != "dpo@office.test" {
		t.Errorf("the record says %+v", record)
	}
	if by := record.People.ByCategory; by["direct"] != 50 || len(record.Tables) != 1 || len(record.Tables[0].Sample) == 0 {
		t.Errorf("by category %v, found in %+v", by, record.Tables)
	}
	people := opened(t, filepath.Join(dir, "record-people.csv.age"), identity)
	if len(people) != 1+50 {
		t.Errorf("%d people are listed, want 50", len(people)-1)
	}
	var names []string
	for _, row := range people[1:] {
		names = append(names, row[0])
	}
	for _, c := range customers {
		if !slices.Contains(names, c[2]) {
			t.Error("a customer is not in the list")
			break
		}
	}
	recipients := opened(t, filepath.Join(dir, "record-recipients.csv.age"), identity)
	if len(recipients) != 1+len(holdingTo) || recipients[1][1] != "held" {
		t.Errorf("the recipients are listed as %v", recipients)
	}
	out, _, _ := runBulkhead(t, "audit", "list", "--data-dir", h.data)
	if strings.Count(out, "reported") != 3 || strings.Count(out, "exported") != 1 {
		t.Errorf("what was written is not in the audit trail:\n%s", out)
	}
}

func TestBreachRecordSaysWhatWouldBeRight(t *testing.T) {
	h := hold(t)
	id := h.incidentOf()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"IN-0000-0000"}, "not in the quarantine"},
		{[]string{id, "--lists-to", "age1x"}, "--output"},
		{[]string{id, "--lists-to", "age1x", "-o", filepath.Join(t.TempDir(), "r.html")}, "want age1"},
	} {
		_, errOut, status := runBulkhead(t, append([]string{"incidents", "report", "--data-dir", h.data}, test.args...)...)
		if status != exitError || !strings.Contains(errOut, test.want) {
			t.Errorf("report %v exits with %d and says %q, want %q", test.args, status, errOut, test.want)
		}
	}
}

func opened(t *testing.T, file string, identity age.Identity) [][]string {
	t.Helper()
	sealed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer sealed.Close()
	clear, err := age.Decrypt(armor.NewReader(sealed), identity)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(clear).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
