package ocr

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// reader makes a reader, or skips where tesseract is not installed.
func reader(t *testing.T, timeout time.Duration) *Reader {
	t.Helper()
	testbed.Program(t, "tesseract", "install Debian's packages tesseract-ocr and tesseract-ocr-eng")
	r, err := New(Config{Command: "tesseract", Languages: "eng", Timeout: timeout, Concurrent: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// glyphs are the letters of the test picture, five dots wide and seven high.
var glyphs = map[rune]string{
	'H': "10001 10001 10001 11111 10001 10001 10001",
	'E': "11111 10000 10000 11110 10000 10000 11111",
	'L': "10000 10000 10000 10000 10000 10000 11111",
	'O': "01110 10001 10001 10001 10001 10001 01110",
}

// picture draws a word in black on white.
func picture(t *testing.T, word string) []byte {
	t.Helper()
	const dot = 8
	img := image.NewGray(image.Rect(0, 0, (len(word)*7+10)*dot, 20*dot))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, letter := range word {
		for y, row := range strings.Fields(glyphs[letter]) {
			for x, on := range row {
				if on == '1' {
					at := image.Rect((5+i*7+x)*dot, (6+y)*dot, (6+i*7+x)*dot, (7+y)*dot)
					draw.Draw(img, at, &image.Uniform{color.Black}, image.Point{}, draw.Src)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTextIsRead(t *testing.T) {
	r := reader(t, 20*time.Second)
	file := picture(t, "HELLO")
	text, err := r.Recognise(context.Background(), bytes.NewReader(file), int64(len(file)))
	if err != nil || !strings.Contains(string(text), "HELLO") {
		t.Errorf("read %q, %v; want HELLO", text, err)
	}
}

func TestWhatIsNoPictureIsAnError(t *testing.T) {
	r := reader(t, 20*time.Second)
	if text, err := r.Recognise(context.Background(), strings.NewReader("no picture"), 10); err == nil {
		t.Errorf("read %q without an error", text)
	}
}

func TestDeadlineEndsTheProgram(t *testing.T) {
	r := reader(t, time.Millisecond)
	file := picture(t, "HELLO")
	began := time.Now()
	_, err := r.Recognise(context.Background(), bytes.NewReader(file), int64(len(file)))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the program was left for %v", took)
	}
}

func TestMissingProgramIsSaid(t *testing.T) {
	_, err := New(Config{Command: "no-such-program", Timeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), "install tesseract") {
		t.Errorf("error %v, want what to do", err)
	}
}

// TestColumnsStandApart: words are put into cells by the empty strips between
// them, however long a cell is.
func TestColumnsStandApart(t *testing.T) {
	rows := [][]string{
		{"name", "product", "mail"}, {"Ana Lopez", "Home 500", "ana@x.example"}, {"Bo Li", "Home", "bo@x.example"},
		{"Carla Theodorakis", "Business 2000", "carla.theodorakis@x.example"}, {"Dee", "", "dee@x.example"},
	}
	lefts := []int{10, 210, 360}
	var lines [][]word
	for _, row := range rows {
		var line []word
		for i, cell := range row {
			x := lefts[i]
			for _, text := range strings.Fields(cell) {
				line = append(line, word{x, x + 10*len(text), 16, text})
				x += 10*len(text) + 8
			}
		}
		lines = append(lines, line)
	}
	want := ""
	for _, row := range rows {
		want += strings.Join(row, "\t") + "\n"
	}
	if got := string(layOut(lines)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProseHasNoColumns(t *testing.T) {
	lines := [][]word{
		{{0, 50, 16, "one"}, {58, 120, 16, "two"}}, {{0, 90, 16, "three"}, {98, 120, 16, "four"}},
		{{0, 30, 16, "five"}, {38, 120, 16, "six"}}, {{0, 70, 16, "seven"}, {78, 120, 16, "eight"}},
	}
	if got := string(layOut(lines)); strings.Contains(got, "\t") {
		t.Errorf("columns in prose: %q", got)
	}
}
