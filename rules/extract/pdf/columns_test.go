package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// drawn lays cells out on a page: each line of the drawing is a line of the
// page, "|" parts what is placed on its own, ten points of the font and six
// points wide a character. A line of "-" is a rule across the page.
func drawn(drawing string) string {
	var b strings.Builder
	b.WriteString("/F 10 Tf\n")
	y := 800.0
	for l := range strings.Lines(drawing) {
		l = strings.TrimRight(l, "\n")
		if strings.HasPrefix(l, "--") {
			fmt.Fprintf(&b, "30 %.1f m 580 %.1f l S\n", y+9, y+9)
			continue
		}
		if strings.TrimSpace(l) == "" {
			y -= 6 // some room
			continue
		}
		x := 0
		for cell := range strings.SplitSeq(l, "|") {
			if words := strings.TrimLeft(cell, " "); words != "" {
				at := x + len(cell) - len(words)
				fmt.Fprintf(&b, "BT 1 0 0 1 %d %.1f Tm (%s) Tj ET\n", 30+6*at, y, strings.TrimRight(words, " "))
			}
			x += len(cell) + 1
		}
		y -= 12
	}
	return b.String()
}

// courier makes a page whose characters are six points wide.
func courier(content string) []byte {
	return []byte(strings.Replace(string(onePage(content, "", "")), "/Helvetica", "/Courier  ", 1))
}

func TestColumns(t *testing.T) {
	cases := map[string]struct {
		drawing string
		tables  []string
		text    string
	}{
		"plain": {`
Name  |City
Ada   |Northwick
Bruno |Eastmere`, []string{"Name|City\nAda|Northwick\nBruno|Eastmere"}, ""},
		"empty cells": {`
Name  |Mail            |City
Ada   |                |Northwick
      |b@example.org   |Eastmere
Cleo  |c@example.org
Dov   |d@example.org   |Southold`, []string{"Name|Mail|City\nAda||Northwick\n|b@example.org|Eastmere\nCleo|c@example.org|\nDov|d@example.org|Southold"}, ""},
		"sentence above and below": {`
These are all of the people whom we know in the town of Northwick
Number |Name          |City
4711   |Ada Fjord     |Northwick
4712   |Bruno Kestrel |Eastmere
4713   |Cleo Marsh    |Southold
That is all of it and there are no more people to be found`,
			[]string{"Number|Name|City\n4711|Ada Fjord|Northwick\n4712|Bruno Kestrel|Eastmere\n4713|Cleo Marsh|Southold"},
			"These are all of the people whom we know in the town of Northwick\nThat is all of it and there are no more people to be found\n"},
		"numbers to the right": {`
Name       |Balance
Ada Fjord  |  12.50
Bruno K    |   0.75
Cleo Marsh | 103.20
Dov Tarn   |   7.75`, []string{"Name|Balance\nAda Fjord|12.50\nBruno K|0.75\nCleo Marsh|103.20\nDov Tarn|7.75"}, ""},
		"heading of two words": {`
Customer No  |Name          |City
4711         |Ada Fjord     |Northwick
4712         |Bruno Kestrel |Eastmere
4713         |Cleo Marsh    |Southold`,
			[]string{"Customer No|Name|City\n4711|Ada Fjord|Northwick\n4712|Bruno Kestrel|Eastmere\n4713|Cleo Marsh|Southold"}, ""},
		"wrapped between rules": {`
--
Number |Name     |City
--
4711   |Ada      |Northwick
       |Fjord    |
--
4712   |Bruno    |Eastmere
       |Kestrel  |
--
4713   |Cleo     |Southold
       |Marsh    |
--`, []string{"Number|Name|City\n4711|Ada Fjord|Northwick\n4712|Bruno Kestrel|Eastmere\n4713|Cleo Marsh|Southold"}, ""},
		"wrapped with room between rows": {`
Number |Name     |Mail

4711   |Ada      |ada.fjord@exam
       |Fjord    |ple.org

4712   |Bruno    |bruno@example.
       |Kestrel  |net

4713   |Cleo     |cleo@example.o
       |Marsh    |rg`,
			[]string{"Number|Name|Mail\n4711|Ada Fjord|ada.fjord@example.org\n4712|Bruno Kestrel|bruno@example.net\n4713|Cleo Marsh|cleo@example.org"}, ""},
		"rows in groups stay rows": {`
Ada   |Northwick
Bruno |Eastmere
Cleo  |Southold

Dov   |Westerby
Edda  |Northwick
Femi  |Eastmere`, []string{"Ada|Northwick\nBruno|Eastmere\nCleo|Southold\nDov|Westerby\nEdda|Northwick\nFemi|Eastmere"}, ""},
		"people of one town stay rows": {`
Northwick |Ada   |4711
          |Bruno |4712
          |Cleo  |4713
          |Dov   |4714

Eastmere  |Edda  |4715
          |Femi  |4716
          |Gil   |4717
          |Hana  |4718

Southold  |Ida   |4719`, []string{"Northwick|Ada|4711\n|Bruno|4712\n|Cleo|4713\n|Dov|4714\nEastmere|Edda|4715\n|Femi|4716\n|Gil|4717\n|Hana|4718\nSouthold|Ida|4719"}, ""},
		"labels": {`
Name:   |Ada Fjord
City:   |Northwick
Number: |4711`, nil, "Name:  Ada Fjord\nCity:  Northwick\nNumber:  4711\n"},
		"newspaper": {`
the onyx goblin jumps over the lazy       |a second story begins beside the first one
dwarf while twelve boxing wizards         |and runs on down the page in a column of
judge my vow and a large fawn jumped      |its own that has nothing to do with it`,
			nil, "the onyx goblin jumps over the lazy\ndwarf while twelve boxing wizards\njudge my vow and a large fawn jumped\n" +
				"a second story begins beside the first one\nand runs on down the page in a column of\nits own that has nothing to do with it\n"},
		"two lines are no table": {`
Ada   |Northwick
Bruno |Eastmere`, nil, "Ada  Northwick\nBruno  Eastmere\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, courier(drawn(c.drawing)), limits())
			if err != nil {
				t.Fatal(err)
			}
			var tables []string
			for _, rows := range got.tables {
				var lines []string
				for _, row := range rows {
					lines = append(lines, strings.Join(row, "|"))
				}
				tables = append(tables, strings.Join(lines, "\n"))
			}
			if diff := cmp.Diff(c.tables, tables); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.text, strings.Join(got.texts, "")); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProseIsNoTable(t *testing.T) {
	words := strings.Fields("the quick onyx goblin jumps over the lazy dwarf while twelve boxing wizards judge my vow " +
		"of silence and a large fawn jumped quickly over white zinc boxes near the old harbour")
	var b strings.Builder
	for i := range 60 {
		line := ""
		for j := 0; len(line) < 70; j++ {
			line += words[(i*i*7+j*(i%5+1))%len(words)] + " "
		}
		b.WriteString(line + "\n")
	}
	for kind, file := range map[string][]byte{"fixed": courier(drawn(b.String())), "proportional": onePage(drawn(b.String()), "", "")} {
		got, err := read(t, file, limits())
		if err != nil || len(got.tables) != 0 {
			t.Errorf("%s width: %d tables in running text, %v", kind, len(got.tables), err)
		}
	}
}
