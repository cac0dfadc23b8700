package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// fleetMailing is a number of messages, each to a reader of its own, by whom it is
// known again wherever it is found.
type fleetMailing struct {
	name string // of its readers
	from func(n int) string
	body func(n int) string // with CRLF line ends
}

// reader is whom a message goes to.
func (m *fleetMailing) reader(n int) string {
	return fmt.Sprintf("%s.%05d@client.example", m.name, n)
}

// readerOf tells a mailing's name and a message's number from its reader.
func readerOf(address string) (name string, n int, err error) {
	local, _, _ := strings.Cut(address, "@")
	name, number, _ := strings.Cut(local, ".")
	n, err = strconv.Atoi(number)
	return name, n, err
}

// content is a message: always the same of one number.
func (m *fleetMailing) content(n int) []byte {
	return []byte(fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: News of your account\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
		m.from(n), m.reader(n)) + m.body(n))
}

// cleanMail is what an office and its shop send: of four messages three are letters with
// a text of their own, and one is a copy of a newsletter.
func cleanMail() *fleetMailing {
	news := pageText(30, rand.New(rand.NewPCG(9, 9)))
	return &fleetMailing{"clean",
		func(n int) string {
			if n%4 == 3 {
				return fmt.Sprintf("news@shop%d.example", n%16)
			}
			return fmt.Sprintf("desk@office%d.example", n%40)
		},
		func(n int) string {
			if n%4 == 3 {
				return news
			}
			return pageText(40, rand.New(rand.NewPCG(uint64(n), 1)))
		}}
}

// pageText is prose of so many lines in which nobody is named.
func pageText(lines int, r *rand.Rand) string {
	words := strings.Fields("the bridge road council works harbour station offer drawing week room floor meeting visit lorry spring path engineer " +
		"report letter order crane boat gate field school garden market river wall roof window door stone timber steel paint water light " +
		"north south early late large small open closed ready wide narrow old new first second last next under over beside between before after")
	var b strings.Builder
	for range lines {
		for range 11 {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteByte(' ')
		}
		b.WriteString("again.\r\n")
	}
	return b.String()
}

// accident is a mailing of a provider whose text is the data of a thousand of its other
// customers. With fewer, what is new of it would not go into the bucket.
func accident() *fleetMailing {
	body := "Dear customer,\r\n\r\n" + string(crlf(csvOf(makeCustomers(1000))))
	return &fleetMailing{"accident", func(int) string { return "billing@isp.example" }, func(int) string { return body }}
}

// telling is a mailing of a shop in which the copy of a number has a list in it, and the
// others three people each, which are too few: they pass until that one is held.
func telling(name string, number int) *fleetMailing {
	text := pageText(12, rand.New(rand.NewPCG(4, 2)))
	few, list := text+string(crlf(csvOf(makeCustomers(3)))), text+string(crlf(csvOf(makeCustomers(40))))
	return &fleetMailing{name, func(int) string { return "news@" + name + ".example" }, func(n int) string {
		if n == number {
			return list
		}
		return few
	}}
}

// echoed is a mailing of a club whose text is the addresses of its first twenty readers:
// too few to be held as a list, so that the first copies pass. It is known for what it is
// from whom it goes to.
func echoed(name string) *fleetMailing {
	m := &fleetMailing{name: name, from: func(int) string { return "board@" + name + ".example" }}
	text := pageText(12, rand.New(rand.NewPCG(6, 2)))
	for n := range 20 {
		text += m.reader(n) + "\r\n"
	}
	m.body = func(int) string { return text }
	return m
}
