package extract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // go-message decodes other charsets through it
)

// gathered keeps every text and cell that a walk gives.
type gathered struct{ text strings.Builder }

func (g *gathered) Text(_ Part, r io.Reader) error {
	_, err := io.Copy(&g.text, r)
	return err
}

func (g *gathered) Table(_ Part, grid table.Grid) error {
	for {
		row, err := grid.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		g.text.Write(bytes.Join(row, []byte("\t")))
		g.text.WriteByte('\n')
	}
}

// TestSecondOpinion: what go-message reads in a well-formed message, our walk
// reads too. Ours stands above it because it loses the rest of a part after
// one bad byte, and knows one reading only where mail programs have several.
func TestSecondOpinion(t *testing.T) {
	for i, m := range wellFormed() {
		ours := &gathered{}
		src := Source{ReaderAt: strings.NewReader(m), Size: int64(len(m))}
		if _, err := New().Message(context.Background(), src, DefaultLimits(), ours); err != nil {
			t.Fatal(err)
		}
		leaves := 0
		entity, err := message.Read(strings.NewReader(m))
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		err = entity.Walk(func(path []int, e *message.Entity, err error) error {
			if err != nil || e.MultipartReader() != nil {
				return err
			}
			leaf, err := io.ReadAll(e.Body)
			if err != nil {
				return err
			}
			leaves++
			for line := range strings.Lines(string(leaf)) {
				if line = strings.TrimSpace(line); !strings.Contains(ours.text.String(), line) {
					t.Errorf("message %d, part %v: %q is not in our reading", i, path, line)
				}
			}
			return nil
		})
		if err != nil || leaves == 0 {
			t.Fatalf("message %d: go-message read %d leaves: %v", i, leaves, err)
		}
	}
}

// wellFormed makes messages that no mail program reads in two ways.
func wellFormed() []string {
	const head = "From: a@sender.example\r\nTo: b@reader.example\r\nMIME-Version: 1.0\r\n"
	list := []string{
		head + "\r\nplain words\r\nand more\r\n",
		head + "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe aus K=F6ln, a long=\r\n line\r\n",
		head + "Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n8NLJ18XUIM3J0g==\r\n",
		head + "Content-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x8ar\x96{\x8c\xea\r\n",
	}
	var nested strings.Builder
	nested.WriteString(head + "Content-Type: multipart/mixed; boundary=a\r\n\r\n")
	for i := range 5 {
		fmt.Fprintf(&nested, "--a\r\nContent-Type: multipart/alternative; boundary=b%d\r\n\r\n--b%d\r\n\r\nthe first words of %d\r\n"+
			"--b%d\r\nContent-Transfer-Encoding: base64\r\n\r\ndGhlIHNlY29uZCB3b3Jkcw==\r\n--b%d--\r\n", i, i, i, i, i)
	}
	nested.WriteString("--a--\r\n")
	return append(list, nested.String())
}
