package extract

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message"
)

// dice takes choices from the octets of a fuzz input, and 0 after their end.
type dice struct{ left []byte }

func (d *dice) roll(sides int) int {
	if len(d.left) == 0 {
		return 0
	}
	n := int(d.left[0]) % sides
	d.left = d.left[1:]
	return n
}

func pick[T any](d *dice, from ...T) T { return from[d.roll(len(from))] }

// mimeWriter writes messages of any shape, in the many ways in which programs
// write them, with a sentence of its own in each leaf.
type mimeWriter struct {
	dice
	leaves []string
	bounds int
}

// entity writes the header fields and the body of one entity.
func (w *mimeWriter) entity(depth int) string {
	switch kind := w.roll(4); {
	case kind == 1 && depth > 0:
		return w.multipart(depth)
	case kind == 2 && depth > 0:
		return w.field("Content-Type", "message/rfc822") + "\r\nFrom: a@b.test\r\nSubject: x\r\n" + w.entity(depth-1)
	}
	return w.leaf()
}

func (w *mimeWriter) multipart(depth int) string {
	w.bounds++
	bound := fmt.Sprintf("%s%d", pick(&w.dice, "b", "=_Part:", "--", "a b", "'()+_,-./:=?"), w.bounds)
	parameter := "\"" + bound + "\""
	if bound[0] == 'b' {
		parameter = pick(&w.dice, bound, parameter)
	}
	kind := pick(&w.dice, "mixed", "alternative", "related", "parallel", "x-unknown")
	var b strings.Builder
	b.WriteString(w.field("Content-Type", "multipart/"+kind+pick(&w.dice, "; ", ";", ";\r\n\t")+"boundary="+parameter))
	b.WriteString("\r\n" + pick(&w.dice, "", "This is a multi-part message in MIME format.\r\n"))
	for range 1 + w.roll(3) {
		b.WriteString("--" + bound + pick(&w.dice, "", " ", "\t") + "\r\n" + w.entity(depth-1))
		if !strings.HasSuffix(b.String(), "\r\n") {
			b.WriteString("\r\n")
		}
	}
	if w.roll(4) == 3 {
		return b.String() // its end is missing
	}
	b.WriteString("--" + bound + "--\r\n" + pick(&w.dice, "", "epilogue\r\n"))
	return b.String()
}

// field writes a header field, with its name in some case, folded or not.
func (w *mimeWriter) field(name, value string) string {
	name = pick(&w.dice, name, strings.ToLower(name), strings.ToUpper(name))
	return name + pick(&w.dice, ": ", ":", ":\r\n ", ":  ") + value + "\r\n"
}

func (w *mimeWriter) leaf() string {
	sentence := fmt.Sprintf("the %d words of this leaf", 1000+len(w.leaves))
	w.leaves = append(w.leaves, sentence)
	text := pick(&w.dice, "", "\r\n", "before it\r\n") + sentence + pick(&w.dice, "\r\n", "", "\r\nand after it\r\n")
	var b strings.Builder
	kind := pick(&w.dice, "text/plain", "text/plain; charset=utf-8", "text/plain; charset=\"us-ascii\"", "TEXT/Plain; format=fixed", "text/plain;charset=iso-8859-1", "")
	if kind != "" {
		b.WriteString(w.field("Content-Type", kind))
	}
	if w.roll(3) == 1 {
		b.WriteString(w.field("Content-Disposition", pick(&w.dice, "inline", "attachment", `attachment; filename="a.txt"`, `attachment; filename*=utf-8''%61.txt`)))
	}
	switch w.roll(4) {
	case 1:
		b.WriteString(w.field("Content-Transfer-Encoding", pick(&w.dice, "base64", "BASE64", "Base64")) + "\r\n")
		encoded, width := base64.StdEncoding.EncodeToString([]byte(text)), pick(&w.dice, 76, 4, 60, 1, 7)
		for line := range slices.Chunk([]byte(encoded), width) {
			b.Write(line)
			b.WriteString("\r\n")
		}
	case 2:
		b.WriteString(w.field("Content-Transfer-Encoding", pick(&w.dice, "quoted-printable", "Quoted-Printable")) + "\r\n")
		b.WriteString(w.quoted(text))
	case 3:
		b.WriteString(w.field("Content-Transfer-Encoding", pick(&w.dice, "7bit", "8bit", "binary", "8BIT")) + "\r\n" + text)
	default:
		b.WriteString("\r\n" + text)
	}
	return b.String()
}

// quoted encodes as the standard library does, or with a soft line break wherever
// the dice say.
func (w *mimeWriter) quoted(text string) string {
	var b bytes.Buffer
	if every := pick(&w.dice, 0, 1, 3, 11); every > 0 {
		for i, c := range []byte(text) {
			switch {
			case c == '\r' || c == '\n':
				b.WriteByte(c)
				continue
			case w.roll(5) == 1 || c == ' ':
				fmt.Fprintf(&b, "=%02X", c)
			default:
				b.WriteByte(c)
			}
			if i%every == 0 {
				b.WriteString("=\r\n")
			}
		}
		return b.String()
	}
	q := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(q, text) // a bytes.Buffer does not fail
	_ = q.Close()
	return b.String()
}

// FuzzEveryLeafIsRead: whatever the shape of a message, and however it is
// written, each leaf's sentence is in our reading; and what go-message reads of
// it, which is the second opinion, is never more than that.
func FuzzEveryLeafIsRead(f *testing.F) {
	f.Add([]byte{})
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		choices := make([]byte, 400)
		for i := range choices {
			choices[i] = byte(random.IntN(60))
		}
		choices[0] = 1 // a multipart
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		w := &mimeWriter{dice: dice{choices}}
		m := "From: a@sender.example\r\nTo: b@reader.example\r\nMIME-Version: 1.0\r\n" + w.entity(5)
		if len(w.leaves) > 100 {
			return
		}
		ours := &gathered{}
		limits := DefaultLimits()
		sum, err := New().Message(context.Background(), Source{ReaderAt: strings.NewReader(m), Size: int64(len(m))}, limits, ours)
		if err != nil {
			t.Fatal(err)
		}
		read := ours.text.String()
		for i, sentence := range w.leaves {
			if !strings.Contains(read, sentence) {
				t.Errorf("leaf %d is not read (unread: %v):\n%s", i, sum.Unread, m)
			}
		}
		theirs := 0
		entity, err := message.Read(strings.NewReader(m))
		if err != nil {
			return // it has no opinion
		}
		_ = entity.Walk(func(_ []int, e *message.Entity, err error) error {
			if err != nil || e.MultipartReader() != nil {
				return err
			}
			leaf, err := io.ReadAll(e.Body)
			theirs += strings.Count(string(leaf), " words of this leaf")
			return err
		})
		if got := strings.Count(read, " words of this leaf"); got < theirs {
			t.Errorf("go-message reads %d leaves, we read %d:\n%s", theirs, got, m)
		}
	})
}
