package table

import (
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

func TestWordsAreSplitAndFolded(t *testing.T) {
	for header, want := range map[string]string{
		"service_id":      "service id",
		" real_name":      "real name",
		"postalCode2":     "postal code",
		"ZIPCode":         "zip code",
		"customerID":      "customer id",
		"E-Mail":          "e mail",
		"Straße & Nr.":    "strasse nr",
		"Téléphone":       "telephone",
		"Płeć":            "plec",
		"Ｅｍａｉｌ":           "email",
		"na\u200bme":      "name",
		"電話番号":            "電話番号",
		"メールアドレス":         "メールアドレス",
		"__":              "",
		"geb. am (Datum)": "geb am datum",
	} {
		if got := strings.Join(words(header), " "); got != want {
			t.Errorf("words(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestHeadingsAreReadByTheirPhrases(t *testing.T) {
	lex, err := LoadLexicon(nil)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"postmaster_email":       "contact.email",
		"date of birth":          "person.birth_date",
		"Geb.-Datum":             "person.birth_date",
		"Rechnungsadresse":       "address.full",
		"Kundentelefonnummer":    "contact.phone",
		"product name":           "context.product",
		"file name":              "context.text",
		"company name":           "context.company",
		"host name":              "net.domain",
		"email template":         "context.text",
		"optout_status":          "context.status",
		"customer email address": "contact.email",
		"契約者電話番号":                "contact.phone",
		"fName":                  "person.given_name",
		"Klienta kods":           "id.customer",
		"ID клиента":             "id.customer",
		"Vevőkód":                "id.customer",
		"Nr karty pacjenta":      "id.customer",
		"شماره عضویت":            "id.customer",
		"パスポート番号":                "id.passport",
		"order no":               "context.code",
		"KUNNR":                  "id.customer",
		"TELF1":                  "contact.phone",
		"PSTLZ":                  "address.postcode",
		"Mailing Street":         "address.street",
		"Né(e) le":               "person.birth_date",
		"mbr_id":                 "id.customer",
		"Pt Name":                "person.name",
		"Kd-Nr.":                 "id.customer",
		"N° adhérent":            "id.customer",
		"ПІБ":                    "person.name",
		"Τ.Κ.":                   "address.postcode",
		"Nr. tel.":               "contact.phone",
		"نام خانوادگی":           "person.family_name",
	} {
		h := lex.read(header)
		best := ""
		if kind := h.kind(); kind != detect.None {
			best = kind.String()
		}
		if best != want {
			t.Errorf("%q says %s most, want %s (%v)", header, best, want, h.odds)
		}
	}
}
