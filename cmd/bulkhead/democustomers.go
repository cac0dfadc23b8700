package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strings"
)

// customerFields are the fields of the accident's file, as they stood.
var customerFields = []string{
	"service_id", "username", "full_name", "product_name", "subscription_charge", "postmaster_email",
	"alt_email", "visp", "optout_status", "active_status", " real_name",
}

// makeCustomers makes n customers out of nothing, always the same.
func makeCustomers(n int) [][]string {
	given := strings.Fields("Alice Amir Anna Bashir Beth Carlos Chloe Daniel Diana Edward Elena Farah Felix Grace Hamid Hannah Ian Isla Jack Jana Karim Kate Liam Lucy Maria Mark Nadia Noah Olga Oscar Paula Peter Rania Robert Sara Simon Tara Thomas Uma Victor Wendy Yusuf Zoe")
	family := strings.Fields("Abbott Ahmed Baker Barnes Carter Chapman Dawson Doyle Edwards Ellis Fisher Fletcher Gibson Grant Harper Hussain Ingram Jackson Johnston Kaur Knight Lawson Lewis Marsh Mitchell Nash Newton Osborne Palmer Patel Quinn Reid Robertson Sharma Spencer Turner Vaughan Walsh Webster Young")
	products := []string{"Home 500 with evening and weekend calls", "Home 1000 with evening and weekend calls",
		"Business 2000 with two fixed addresses", "Dial Anytime, a year in advance", "Broadband Anytime Plus, router rented"}
	brands := []string{"north", "plain", "village", "harbour"}
	domains := []string{"post.example", "mail.example", "inbox.example"}
	r := rand.New(rand.NewPCG(2006, 7))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	rows := make([][]string, n)
	for i := range rows {
		first, last := pick(given), pick(family)
		user := strings.ToLower(first[:1]+last) + fmt.Sprint(1000+i)
		rows[i] = []string{
			fmt.Sprintf("%d", 4_000_000+i*7), user, first + " " + last, pick(products),
			fmt.Sprintf("%d.99", 9+r.IntN(30)), "postmaster@" + user + ".isp.example",
			user + "@" + pick(domains), pick(brands), pick([]string{"Y", "N"}),
			pick([]string{"active", "active", "active", "suspended"}), first + " " + last,
		}
	}
	return rows
}

// csvOf writes customers as the file was: comma-separated with a header.
func csvOf(customers [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(customerFields) //nolint:errcheck // a strings.Builder does not fail
	w.WriteAll(customers)   //nolint:errcheck // as above
	return b.String()
}

// productList is a harmless table.
func productList() string {
	kinds := strings.Fields("bolt nut washer bracket hinge screw clamp rail panel valve")
	var b strings.Builder
	b.WriteString("sku,product,colour,stock,price\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "P-%05d,%s M%d,grey,%d,%d.%02d\n", i, kinds[i%len(kinds)], 2+i%14, i*37%500, 1+i%40, i%100)
	}
	return b.String()
}

// xlsxOf writes customers as a workbook (ECMA-376) with inline strings.
func xlsxOf(customers [][]string) ([]byte, error) {
	var sheet bytes.Buffer
	sheet.WriteString(`<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i, row := range append([][]string{customerFields}, customers...) {
		fmt.Fprintf(&sheet, `<row r="%d">`, i+1)
		for j, cell := range row {
			fmt.Fprintf(&sheet, `<c r="%c%d" t="inlineStr"><is><t>`, 'A'+j, i+1)
			if err := xml.EscapeText(&sheet, []byte(cell)); err != nil {
				return nil, err
			}
			sheet.WriteString(`</t></is></c>`)
		}
		sheet.WriteString(`</row>`)
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + rel + `"><sheets><sheet name="customers" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet.String()},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range parts {
		w, err := z.Create(part.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(part.content)); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
