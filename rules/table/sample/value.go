package sample

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// draw draws the values of one table.
type draw struct {
	rng    *rand.Rand
	locale *locale
	rows   int
	form   int // how dates and names are written in this table, plus one
}

// person is someone made up.
type person struct {
	given, family string
	login         string
	year, month   int
	day           int
	number        int
}

func (d *draw) pick(list []string) string { return list[d.rng.IntN(len(list))] }

func (d *draw) person() person {
	p := person{
		given: d.pick(d.locale.Given), family: d.pick(d.locale.Family),
		year: 1940 + d.rng.IntN(65), month: 1 + d.rng.IntN(12), day: 1 + d.rng.IntN(28),
		number: 200000 + d.rng.IntN(700000),
	}
	return p
}

// numbered gives the person the number that no other in the table has, and the
// login that goes with it.
func (p *person) numbered(i int) {
	p.number += i
	p.login = plainASCII(p.given, "user") + plainASCII(p.family, "") + strconv.Itoa(100+p.number%9000*100+i)
}

// plainASCII keeps the letters of a name that have a place in a login.
func plainASCII(name, other string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		if 'a' <= r && r <= 'z' {
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return other
	}
	return b.String()[:min(b.Len(), 6)]
}

// value writes one field of a person.
func (d *draw) value(kind detect.Type, p person) string {
	l := d.locale
	if d.form == 0 {
		d.form = 1 + d.rng.IntN(6)
	}
	switch kind {
	case detect.PersonName:
		return d.fullName(p)
	case detect.PersonGiven:
		return p.given
	case detect.PersonFamily:
		return p.family
	case detect.ContactEmail:
		return p.login + "@" + d.pick([]string{"northline.example", "inboxly.test", "quayside.test", "homepost.example", "mail.example"})
	case detect.ContactPhone:
		return d.fill(d.pick(l.Phone))
	case detect.AddressStreet:
		return strings.ReplaceAll(d.pick(l.Street), "{n}", strconv.Itoa(1+d.rng.IntN(180)))
	case detect.AddressPostcode:
		return d.fill(d.pick(l.Postcode))
	case detect.AddressCity:
		return d.pick(l.City)
	case detect.AddressRegion:
		return d.pick(l.Region)
	case detect.AddressCountry:
		return d.pick(l.Country)
	case detect.PersonBirthDate:
		return d.date(p.year, p.month, p.day)
	case detect.PersonAge:
		return strconv.Itoa(2026 - p.year)
	case detect.PersonSex:
		return d.pick(l.Sex)
	case detect.PersonMarital:
		return d.pick(l.Marital)
	case detect.PersonJob:
		return d.pick(l.Job)
	case detect.HealthText:
		return d.pick(l.Condition)
	case detect.Company:
		return d.pick(l.Company)
	case detect.Product:
		return d.pick(l.Product)
	case detect.Status:
		return d.pick(l.Status)
	case detect.Text:
		return d.pick(l.Note)
	case detect.Date:
		return d.date(2015+d.rng.IntN(11), p.month, p.day)
	}
	return d.opaque(kind, p)
}

// opaque writes a field that has no words.
func (d *draw) opaque(kind detect.Type, p person) string {
	switch kind {
	case detect.IDCustomer:
		if d.form%2 == 0 {
			return fmt.Sprintf("K-%06d", p.number)
		}
		return strconv.Itoa(p.number)
	case detect.IDUsername:
		return p.login
	case detect.IDNational:
		return d.national(p)
	case detect.FinanceIBAN:
		return d.iban()
	case detect.FinanceCard:
		return d.card()
	case detect.FinanceAmount:
		return fmt.Sprintf("%d.%02d", 5+d.rng.IntN(90), d.rng.IntN(100))
	case detect.FinanceSalary:
		return strconv.Itoa((22 + d.rng.IntN(70)) * 1000)
	case detect.NetIP:
		return fmt.Sprintf("%d.%d.%d.%d", 11+d.rng.IntN(180), d.rng.IntN(256), d.rng.IntN(256), 1+d.rng.IntN(254))
	case detect.SecretPassword:
		return d.pick([]string{"Sun", "blue", "Tiger", "q9", "house"}) + d.fill("##a#") + d.pick([]string{"!", "x", "$", "_K"})
	case detect.Number:
		return strconv.Itoa(d.rng.IntN(900))
	}
	return ""
}

func (d *draw) fullName(p person) string {
	switch {
	case d.locale.Order == "family" && d.form%2 == 0:
		return p.family + " " + p.given
	case d.locale.Order == "family":
		return p.family + p.given
	case d.form == 6:
		return p.family + ", " + p.given
	}
	return p.given + " " + p.family
}

func (d *draw) date(y, m, day int) string {
	switch d.form {
	case 1, 2:
		return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
	case 3:
		return fmt.Sprintf("%02d.%02d.%04d", day, m, y)
	case 4:
		return fmt.Sprintf("%02d/%02d/%04d", day, m, y)
	}
	return fmt.Sprintf("%d/%d/%d", y, m, day)
}

// fill replaces # by digits and A by letters.
func (d *draw) fill(pattern string) string {
	out := []byte(pattern)
	for i, c := range out {
		switch {
		case c == '#':
			out[i] = byte('0' + d.rng.IntN(10))
		case c == 'A' && (i == 0 || out[i-1] == ' ' || i > 1 && pattern[i-1] == 'A' || pattern[i-1] == '#'):
			out[i] = "ABDEFGHJLNPQRSTUWXYZ"[d.rng.IntN(20)]
		}
	}
	return string(out)
}
