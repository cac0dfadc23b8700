package rules

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/emersion/go-message/mail"
)

// fieldsByLines is what eachField does, line by line and with a copy of each.
func fieldsByLines(src string) (fields []string) {
	looked := []string{"from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc", "in-reply-to", "references"}
	r := bufio.NewReader(strings.NewReader(src[:min(len(src), maxVisibleHeader)]))
	var field []byte
	end := func() {
		name, value, found := strings.Cut(string(field), ":")
		if name = strings.ToLower(strings.TrimSpace(name)); found && slices.Contains(looked, name) {
			fields = append(fields, name+"|"+value)
		}
		field = nil
	}
	for {
		line, err := r.ReadBytes('\n')
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
			end()
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return fields
		}
		field = append(field, line...)
		if err != nil {
			end()
			return fields
		}
	}
}

// TestEachFieldReadsLinesOfAnyLength compares with the plain way on headers
// that are folded and cut at every place.
func TestEachFieldReadsLinesOfAnyLength(t *testing.T) {
	words := []string{"\nTo: ", "\r\nFROM:", "\ncc : ", "\nReferences:", "Subject", ":", " ", "\t", "\r\n", "\n", "\r\n ", "\r\n\t", "<ana@office.example>", ",",
		strings.Repeat("x", 4090), strings.Repeat("long ", 900), strings.Repeat("\r", 5000), "\r\n\r\n", "To: ben@reader.example\r\n"}
	random := rand.New(rand.NewPCG(8, 8))
	seen := 0
	for range 5000 {
		var b strings.Builder
		for range random.IntN(14) {
			b.WriteString(words[random.IntN(len(words))])
		}
		src := b.String()
		var got []string
		eachField(bufio.NewReader(nil), extract.Source{ReaderAt: strings.NewReader(src), Size: int64(len(src))}, func(name, value string) { got = append(got, name+"|"+value) })
		want := fieldsByLines(src)
		if !slices.Equal(got, want) {
			t.Fatalf("%.300q:\ngot  %.300q\nwant %.300q", src, got, want)
		}
		seen += len(want)
	}
	if seen < 1000 {
		t.Errorf("only %d fields were compared", seen)
	}
}

// TestAddressListIsThatOfTheHeader finds the addresses of a field as they stand
// in a message.
func TestAddressListIsThatOfTheHeader(t *testing.T) {
	for value, want := range map[string]string{
		"":                            "[]",
		" Ana B <ana@office.example>": `["Ana B" <ana@office.example>]`,
		` "B, Ana" <ana@office.example>, ben@reader.example`:      `["B, Ana" <ana@office.example> <ben@reader.example>]`,
		" =?utf-8?q?J=C3=BCrgen_M?= <j@office.example>":           `[=?utf-8?q?J=C3=BCrgen_M?= <j@office.example>]`,
		" Team: ana@office.example, ben@reader.example;\t":        "[<ana@office.example> <ben@reader.example>]",
		" =?iso-8859-1?q?J=FCrgen?= <j@office.example> (comment)": `[=?utf-8?q?J=C3=BCrgen?= <j@office.example>]`,
	} {
		list, err := addressList(value)
		if got := fmt.Sprint(list); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", value, got, err, want)
		}
	}
	if _, err := addressList("not an address"); err == nil || err == io.EOF {
		t.Errorf("no address: %v", err)
	}
}

// TestPlainAddressIsThatOfTheParser compares the short way with the whole parser
// on what is nearly plain.
func TestPlainAddressIsThatOfTheParser(t *testing.T) {
	pieces := []string{"ana", "B", "9", " ", " ", ".", "-", "_", "@", "@office.example", "<ana@office.example>", "<", ">", ",", ":", ";", "\"", "(", "=?", "+", "\t", "é"}
	random := rand.New(rand.NewPCG(8, 9))
	plain := 0
	for range 200_000 {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		got, ok := plainAddress(b.String())
		if !ok {
			continue
		}
		plain++
		want, err := mail.ParseAddressList(b.String())
		if err != nil || len(want) != 1 || *want[0] != got {
			t.Fatalf("%q: %v, and parsed %v, %v", b.String(), got, want, err)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d were plain", plain)
	}
}
