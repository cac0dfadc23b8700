package report_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/google/go-cmp/cmp"
)

func TestListIsReadableWithTheKeyOnly(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key, err := report.ParseKey(identity.Recipient().String() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	list, err := report.NewList(&file, key, "name", "mail", "telephone")
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"Müller, Zoë", "zoe@office.example", "+49 30 901820"}, {"=cmd()", "", "\"quoted\""}}
	for _, row := range rows {
		if err := list.Add(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"Müller", "zoe@office", "telephone", "\"quoted\"", "+49 30"} {
		if strings.Contains(file.String(), plain) {
			t.Errorf("%q is in clear", plain)
		}
	}
	clear, err := age.Decrypt(armor.NewReader(bytes.NewReader(file.Bytes())), identity)
	if err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(clear).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// A cell that a spreadsheet would take for a formula is made text.
	want := [][]string{{"name", "mail", "telephone"}, {"Müller, Zoë", "zoe@office.example", "'+49 30 901820"}, {"'=cmd()", "", "\"quoted\""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(armor.NewReader(bytes.NewReader(file.Bytes())), other); err == nil {
		t.Error("another key opens the list")
	}
}

func TestListRefusesRowsOfAnotherWidth(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	list, err := report.NewList(io.Discard, identity.Recipient(), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Add("one"); err == nil {
		t.Error("a row of one cell is taken for two columns")
	}
}

func TestParseKeySaysWhatWouldBeRight(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                "want age1",
		"age1nonsense":    "want age1",
		"ssh-rsa AAAA":    "want age1",
		identity.String(): "private key",
		identity.Recipient().String() + "\n" + identity.Recipient().String(): "one age recipient",
	} {
		if _, err := report.ParseKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.16q: %v, want %q", text, err, want)
		} else if strings.Contains(err.Error(), identity.String()) {
			t.Error("the error repeats a private key")
		}
	}
}
