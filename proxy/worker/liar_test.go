package worker

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// lies are what a taken-over worker could say after hello and the job.
func lies() map[string][]byte {
	return map[string][]byte{
		"a frame past the bound":     {byte(data), 0xff, 0xff, 0xff, 0xff},
		"an unknown kind":            {'?', 0, 0, 0, 0},
		"the pool's own kind":        {byte(begin), 0, 0, 0, 2, '{', '}'},
		"data outside of a file":     {byte(data), 0, 0, 0, 1, 'x'},
		"an end outside of a file":   {byte(end), 0, 0, 0, 1, 0},
		"a want past the content":    append([]byte{byte(want), 0, 0, 0, 12}, span{1 << 40, 1}.append(nil)...),
		"a want before the content":  append([]byte{byte(want), 0, 0, 0, 12}, span{-1, 1}.append(nil)...),
		"a want of too much":         append([]byte{byte(want), 0, 0, 0, 12}, span{0, blockSize + 1}.append(nil)...),
		"a want of nothing":          append([]byte{byte(want), 0, 0, 0, 12}, span{0, 0}.append(nil)...),
		"a want cut off":             {byte(want), 0, 0, 0, 1, 0},
		"done without a code":        {byte(done), 0, 0, 0, 0},
		"hello again":                {byte(hello), 0, 0, 0, 1, 0},
		"a file within a file":       {byte(file), 0, 0, 0, 1, 'a', byte(file), 0, 0, 0, 1, 'b'},
		"done within a file":         {byte(file), 0, 0, 0, 1, 'a', byte(done), 0, 0, 0, 2, 0, 0},
		"empty data, again":          {byte(file), 0, 0, 0, 1, 'a', byte(data), 0, 0, 0, 0, byte(data), 0, 0, 0, 0},
		"an end without a code":      {byte(file), 0, 0, 0, 1, 'a', byte(end), 0, 0, 0, 0},
		"the end in mid-frame":       {byte(file), 0, 0, 0, 9, 'a'},
		"the end within a file":      {byte(file), 0, 0, 0, 1, 'a', byte(data), 0, 0, 0, 1, 'x'},
		"the end without a word":     {},
		"the end within a head":      {byte(done), 0},
		"data after the file's end":  {byte(file), 0, 0, 0, 1, 'a', byte(end), 0, 0, 0, 1, 0, byte(data), 0, 0, 0, 1, 'x'},
		"a want for what is skipped": append([]byte{byte(file), 0, 0, 0, 1, 'a', byte(want), 0, 0, 0, 12}, span{9, 1}.append(nil)...),
	}
}

// lie is the life of a lying worker.
func lie(name string) {
	l := link{r: os.Stdin, w: os.Stdout}
	if name == "no hello" {
		return
	}
	l.send(hello, []byte{0})
	l.receive()
	os.Stdout.Write(lies()[name])
	os.Stdout.Close()
	os.Stdin.Read(make([]byte, 512))
}

func TestALyingWorkerIsNotBelieved(t *testing.T) {
	names := []string{"no hello"}
	for name := range lies() {
		names = append(names, name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pool(t, func(c *Config) { c.Env = []string{role + "=" + name} })
			err := p.Isolate(context.Background(), work(peek, "content"), &record{})
			if !errors.Is(err, foreign.ErrFailed) || errors.Is(err, io.EOF) {
				t.Errorf("error %v, want %v and not the end of a stream", err, foreign.ErrFailed)
			}
			if len(p.live) != 0 {
				t.Error("the liar is kept")
			}
		})
	}
}
