package upstream

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// files gives the contents of a folder of the Maildir.
func files(t *testing.T, path, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path, folder))
	if err != nil {
		t.Fatal(err)
	}
	var contents []string
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(path, folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, string(content))
	}
	return contents
}

func TestMaildirKeepsTheBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail", "box")
	c := dial(t, Config{URL: "maildir:" + path, Hello: "relay/1:x"})
	const content = "Subject: hi\r\n\r\n.\r\nlone\nand\rNUL\x00, no end"
	for range 2 {
		begin(t, c)
		replies, err := send(t.Context(), c, content)
		if err != nil || len(replies) != 1 || replies[0].Enhanced() != "2.0.0" {
			t.Fatalf("got %v, %v", replies, err)
		}
	}
	kept := files(t, path, "new")
	if len(kept) != 2 || kept[0] != content || kept[1] != content {
		t.Errorf("kept %q", kept)
	}
	if left := files(t, path, "tmp"); len(left) != 0 {
		t.Errorf("left in tmp: %q", left)
	}
}

func TestMaildirHasNoHalfMessage(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("broken")
	for name, data := range map[string]func(Conn) error{
		"shorter":   func(c Conn) error { _, err := c.Data(t.Context(), strings.NewReader("a"), 2); return err },
		"longer":    func(c Conn) error { _, err := c.Data(t.Context(), strings.NewReader("abc"), 2); return err },
		"cancelled": func(c Conn) error { _, err := send(cancelled, c, "abc"); return err },
		"unreadable": func(c Conn) error {
			_, err := c.Data(t.Context(), iotest.ErrReader(broken), 2)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			c := dial(t, Config{URL: "maildir:" + path})
			begin(t, c)
			wantFailure(t, data(c), StageData, false)
			if kept := append(files(t, path, "new"), files(t, path, "tmp")...); len(kept) != 0 {
				t.Errorf("kept %q", kept)
			}
		})
	}
}

func TestMaildirAnswersLikeAServer(t *testing.T) {
	c := dial(t, Config{URL: "maildir:" + t.TempDir()})
	for _, name := range []string{"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "BINARYMIME"} {
		if !c.Extensions().Has(name) {
			t.Errorf("%s is not offered", name)
		}
	}
	code := func(want int) func(Reply, error) {
		return func(reply Reply, err error) {
			t.Helper()
			if err != nil || reply.Code != want {
				t.Errorf("got %v, %v; want %d", reply, err, want)
			}
		}
	}
	code(502)(c.Auth(t.Context(), "PLAIN", nil, nil))
	code(503)(c.Rcpt(t.Context(), "bob@b.example", nil))
	code(250)(c.Mail(t.Context(), "", nil))
	code(503)(c.Mail(t.Context(), "", nil))
	_, err := send(t.Context(), c, "a")
	wantFailure(t, err, StageData, false)
	if err := c.Reset(t.Context()); err != nil {
		t.Error(err)
	}
	code(250)(c.Mail(t.Context(), "", nil))
	_, err = c.Rcpt(t.Context(), "a>\r\n", nil)
	wantFailure(t, err, StageRcpt, false)
}

func TestMaildirThatCannotBeMadeIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server := newServer(t, Config{URL: "maildir:" + file})
	_, err := server.Dial(t.Context())
	wantFailure(t, err, StageDial, false)
	if err := server.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want the path", err)
	}
}

func TestSendToAMaildir(t *testing.T) {
	path := t.TempDir()
	server := newServer(t, Config{URL: "maildir:" + path})
	results, err := server.Send(t.Context(), three(), strings.NewReader("a\r\n"), 3)
	if err != nil || results[2].Outcome != Accepted || len(files(t, path, "new")) != 1 {
		t.Errorf("got %v, %v", results, err)
	}
}
