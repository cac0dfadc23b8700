package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"mime/quotedprintable"
	"strings"
)

// scene is one message of the demonstration and what is to become of it.
type scene struct {
	title    string
	from, to string
	content  []byte
	hold     bool
	subjects int // the people it exposes, if it is to be held
}

// customerCount is how many customers the accident of 2006 exposed.
const customerCount = 20_000

// scenes makes the messages: four that are to pass, and the accident of 2006
// in four forms, each by a sender of its own, so that each is judged by itself
// and not as a copy of the one before.
func scenes() ([]scene, error) {
	customers := makeCustomers(customerCount)
	table := csvOf(customers)
	sheet, err := xlsxOf(customers)
	if err != nil {
		return nil, err
	}
	list := []scene{
		letter("an ordinary letter", "ana@office.example", "ben@client.example", ordinaryLetter),
		letter("a statement to one customer, 1,000 lines", "billing@isp.example", "carla.meyer@client.example", statement("carla.meyer@client.example")),
		newsletter(),
		attached("an attached product list, 2,000 rows", "sales@shop.example", "buyer@client.example", "products.csv", "text/csv", []byte(productList())),
		letter("the accident of 2006: the customer file as the message text", "bulletins@isp.example", "dora@client.example", table),
		attached("the same as a .csv", "bulletins@csv.example", "dora@client.example", "customers.csv", "text/csv", []byte(table)),
		attached("the same as an .xlsx", "bulletins@xlsx.example", "dora@client.example", "customers.xlsx",
			"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheet),
		htmlTable("the same as an HTML table", "bulletins@html.example", "dora@client.example", customers),
	}
	for i := range list[4:] {
		list[4+i].hold, list[4+i].subjects = true, customerCount
	}
	return list, nil
}

func headerOf(from, to, subject string) string {
	return fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: Tue, 11 Jul 2006 10:42:00 +0000\r\n"+
		"Message-ID: <%x@demo.example>\r\nMIME-Version: 1.0\r\n", from, to, subject, subject)
}

// letter is a message of plain text.
func letter(title, from, to, text string) scene {
	var b bytes.Buffer
	b.WriteString(headerOf(from, to, "Your account"))
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n"))
	return scene{title: title, from: from, to: to, content: b.Bytes()}
}

// attached is a short text with a file.
func attached(title, from, to, name, kind string, file []byte) scene {
	var b bytes.Buffer
	b.WriteString(headerOf(from, to, "The file"))
	b.WriteString("Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nHere is the file.\r\n--cut\r\n")
	fmt.Fprintf(&b, "Content-Type: %s; name=%q\r\nContent-Disposition: attachment; filename=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n", kind, name, name)
	encoded := base64.StdEncoding.EncodeToString(file)
	for ; len(encoded) > 76; encoded = encoded[76:] {
		b.WriteString(encoded[:76] + "\r\n")
	}
	b.WriteString(encoded + "\r\n--cut--\r\n")
	return scene{title: title, from: from, to: to, content: b.Bytes()}
}

// htmlLetter is a message of HTML in quoted-printable.
func htmlLetter(title, from, to, page string) scene {
	var b bytes.Buffer
	b.WriteString(headerOf(from, to, "News"))
	b.WriteString("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(strings.ReplaceAll(page, "\n", "\r\n"))) //nolint:errcheck // a bytes.Buffer does not fail
	w.Close()                                               //nolint:errcheck // as above
	b.WriteString("\r\n")
	return scene{title: title, from: from, to: to, content: b.Bytes()}
}

func htmlTable(title, from, to string, customers [][]string) scene {
	var b strings.Builder
	b.WriteString("<html><body><table>\n")
	for i, row := range append([][]string{customerFields}, customers...) {
		tag := "td"
		if i == 0 {
			tag = "th"
		}
		b.WriteString("<tr>")
		for _, cell := range row {
			fmt.Fprintf(&b, "<%s>%s</%s>", tag, html.EscapeString(cell), tag)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table></body></html>\n")
	return htmlLetter(title, from, to, b.String())
}

func newsletter() scene {
	var b strings.Builder
	b.WriteString("<html><body><h1>What is new this month</h1>\n")
	for i := range 40 {
		fmt.Fprintf(&b, "<p>Story %d: our engineers have made the service quicker, and the help pages have moved. "+
			"<a href=\"https://news.isp.example/%d\">Read on</a></p>\n", i+1, i+1)
	}
	b.WriteString("<p>Questions? Write to <a href=\"mailto:info@isp.example\">info@isp.example</a>. " +
		"<a href=\"https://news.isp.example/unsubscribe\">Unsubscribe</a></p></body></html>\n")
	return htmlLetter("a newsletter", "news@isp.example", "emil@client.example", b.String())
}

const ordinaryLetter = `Dear Ben,

thank you for your call this morning. We meet on Thursday at ten, in the room
on the second floor; bring the drawings of the bridge, and the two offers.

If anything changes you reach me on +44 20 7946 0123.

Kind regards
Ana Lopez
-- 
Ana Lopez, Head of Works
Office Example Ltd, 12 Mill Lane, Cambridge
`

// statement is one customer's own bill with many lines.
func statement(reader string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Dear Carla Meyer,\n\nyour statement for the account of %s.\n\ndate,item,minutes,amount\n", reader)
	for i := range 1000 {
		fmt.Fprintf(&b, "2006-%02d-%02d,call to landline,%d,%d.%02d\n", 1+i%12, 1+i%28, 1+i%59, i%9, i%100)
	}
	return b.String()
}
