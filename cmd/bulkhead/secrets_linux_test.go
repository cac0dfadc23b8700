package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/emersion/go-smtp"
)

// values collects what must not be told: of what the labelled files hold, all
// that is long and odd enough not to stand elsewhere by chance. It is a sink of
// package extract, so that it sees what the relay sees.
type values map[string]bool

var personal = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.-]*\w|\+?\d[\d .()/-]{8,}\d|\b[A-Z]{2}\d\d[A-Z0-9 ]{11,30}\b|\b[A-Z][\pL'-]+ [A-Z][\pL'-]+\b`)

// shortest is the least length of a value in bytes.
const shortest = 9

func (v values) add(s string) {
	s = strings.TrimSpace(s)
	if len(s) < shortest || len(s) > 200 || strings.Trim(s, s[:1]) == "" { // 000000000 stands anywhere
		return
	}
	odd := strings.ContainsRune(s, '@')
	digits, capitals := 0, 0
	for _, word := range strings.Fields(s) {
		if word[0] >= 'A' && word[0] <= 'Z' {
			capitals++
		}
	}
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if odd || digits >= 9 || capitals >= 2 {
		v[s] = true
	}
}

func (v values) Text(_ extract.Part, r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, match := range personal.FindAll(text, -1) {
		v.add(string(match))
	}
	return nil
}

func (v values) Table(_ extract.Part, g table.Grid) error {
	for {
		row, err := g.Next()
		if err != nil {
			return nil // what was read is enough
		}
		for _, cell := range row {
			v.add(string(cell))
		}
	}
}

// in returns the values that a text has, each with what stands around it. It looks
// for the beginnings of all of them at once.
func (v values) in(text []byte) map[string]string {
	found := map[string]string{}
	beginnings := map[[shortest]byte][]string{}
	for value := range v {
		at := [shortest]byte([]byte(value[:shortest]))
		beginnings[at] = append(beginnings[at], value)
	}
	for i := range max(0, len(text)-shortest) {
		for _, value := range beginnings[[shortest]byte(text[i:i+shortest])] {
			if bytes.HasPrefix(text[i:], []byte(value)) {
				found[value] = string(text[max(0, i-80):min(len(text), i+len(value)+20)])
			}
		}
	}
	return found
}

// labelledMail is a labelled file as a message, with the addresses in its header
// as its envelope.
type labelledMail struct {
	from, to string
	readyMessage
}

// labelledMails makes messages of all labelled files, and collects their values.
func labelledMails(t *testing.T) (list []labelledMail, secret values) {
	t.Helper()
	secret = values{}
	for _, dir := range []string{"corpus", "evasion"} {
		for _, l := range readManifest(t, filepath.Join(sharedDir, dir)) {
			content, err := os.ReadFile(filepath.Join(sharedDir, dir, l.path))
			if err != nil {
				t.Fatal(err)
			}
			m := labelledMail{from: "ana@office.example", to: "ben@client.example"}
			if strings.HasSuffix(l.path, ".eml") {
				m.from, m.to = envelopeOf(content, m.from, m.to)
				secret.add(m.from)
				secret.add(m.to)
			} else {
				content = attached("", m.from, m.to, filepath.Base(l.path), "application/octet-stream", content).content
			}
			m.readyMessage = readied(l.path, content)
			list = append(list, m)
			if _, err := extract.New().Message(context.Background(), extract.Source{ReaderAt: bytes.NewReader(content), Size: int64(len(content))},
				extract.Limits{Time: patience, Bytes: 64 << 20}, secret); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, ours := range []string{"ana@office.example", "ben@client.example"} {
		delete(secret, ours)
	}
	return list, secret
}

// envelopeOf takes the addresses of a message's header, where they are such as
// can stand in an envelope.
func envelopeOf(content []byte, from, to string) (string, string) {
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return from, to
	}
	usual := regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)+$`)
	if a, err := mail.ParseAddress(m.Header.Get("From")); err == nil && usual.MatchString(a.Address) {
		from = a.Address
	}
	if list, err := m.Header.AddressList("To"); err == nil && usual.MatchString(list[0].Address) {
		to = list[0].Address
	}
	return from, to
}

// told is a relay's whole output, as far as it is for others than reviewers.
func (p *process) told(t *testing.T, box *mailbox, events string) []byte {
	t.Helper()
	var all bytes.Buffer
	all.WriteString(p.logged())
	_, metrics := get(t, p.metrics+"/metrics")
	all.WriteString(metrics)
	text, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	all.Write(text)
	for _, m := range box.got() {
		if slices.Contains(m.to, reviewerOfSecrets) {
			all.Write(m.content)
		}
	}
	return all.Bytes()
}

const reviewerOfSecrets = "review@office.example"

// TestNothingOfTheCorpusIsTold: whatever becomes of a message, nothing of it or
// its envelope stands in a log at its most talkative, a metric, an event, a
// notice, a reply of ours, an error of the API or the last words of a crash, and
// nothing of it lies readable in the data folder, in which nobody else can read.
func TestNothingOfTheCorpusIsTold(t *testing.T) {
	testbed.SkipShort(t, "long")
	list, secret := labelledMails(t)
	box, data := newMailbox(t), t.TempDir()
	box.server.MaxLineLength = 0
	events := filepath.Join(t.TempDir(), "events.json")
	usual := syscall.Umask(0) // modes are to be right without its help
	defer syscall.Umask(usual)
	p := serve(t, data, box.url(), "BULKHEAD_LOG_LEVEL=debug", "BULKHEAD_EVENTS_FILE="+events,
		"BULKHEAD_NOTIFY_MAIL_TO=["+reviewerOfSecrets+"]", "BULKHEAD_NOTIFY_DIGEST=0s")

	made, err := scenes()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range made { // by them it is known what is told of any message
		dial(t, p.smtp[0]).send(s.from, []string{s.to}, s.content)
	}
	readEvents(t, events, len(made))
	anyway := p.told(t, box, events)
	for _, text := range filesBelow(t, data) {
		anyway = append(anyway, text...) // such as the words of its tables
	}
	for value := range secret.in(anyway) {
		t.Logf("told without these messages, too: %q", value)
		delete(secret, value)
	}
	if len(secret) < 1000 {
		t.Fatalf("only %d values are looked for", len(secret))
	}

	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.cmd.Process.Pid))
	if err != nil || !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("core files can be written: %v\n%s", err, limits)
	}
	replies := sendSecrets(t, p, box, list)
	askSecrets(t, p, data, list, secret, replies)
	readEvents(t, events, len(made)+len(list))
	told := append(p.told(t, box, events), replies.Bytes()...)
	told = append(told, p.crash(t, list)...)
	for value, where := range secret.in(told) {
		t.Errorf("told: %q in %q", value, where)
	}
	t.Logf("%d values looked for in %.1f MB that %d messages made it tell", len(secret), float64(len(told))/1e6, len(list))
	checkDataIsShut(t, data, secret)
}

// sendSecrets sends every message, and then what goes wrong in every way: cut
// off, refused for its recipient, without an upstream. It returns our replies.
func sendSecrets(t *testing.T, p *process, box *mailbox, list []labelledMail) *bytes.Buffer {
	t.Helper()
	var replies bytes.Buffer
	connect := func() *tool {
		c, err := newTool("", p.smtp[0])
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := connect()
	for i, m := range list {
		reply := c.send(m.from, m.to, m.readyMessage)
		if replies.WriteString(reply + "\n"); !strings.HasPrefix(reply, "250") {
			t.Errorf("%s: %s", m.name, reply)
		}
		if i%40 == 0 { // a worker, if there is one, dies in the middle of things
			for _, child := range children(t, p.cmd.Process.Pid) {
				syscall.Kill(child, syscall.SIGABRT) // it may have ended
			}
		}
	}
	for _, m := range list[:20] {
		half := connect()
		half.send(m.from, m.to, readyMessage{m.name, m.content[:len(m.content)/2]})
	}
	box.refusing(func(to string) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + "> is not known here"}
	})
	for _, m := range list[:20] {
		if reply := connect().send(m.from, m.to, m.readyMessage); !strings.Contains(reply, m.to) {
			t.Errorf("the upstream's words are not passed on: %s", reply)
		}
	}
	box.server.Close() // every reply has been read
	for _, m := range list[:20] {
		fmt.Fprintln(&replies, c.send(m.from, m.to, m.readyMessage))
	}
	return &replies
}

// askSecrets asks the API and the console for what they do not give, with values
// in the question; what they answer to a stranger goes to replies.
func askSecrets(t *testing.T, p *process, data string, list []labelledMail, secret values, replies *bytes.Buffer) {
	t.Helper()
	token := tokenFor(t, data, "incident.list", "scan")
	asked := 0
	for value := range secret {
		if asked++; asked > 20 {
			break
		}
		query := url.Values{"q": {value}}.Encode()
		for _, path := range []string{"/api/v1/messages?" + query, "/api/v1/incidents?" + query, "/incidents?" + query, "/nowhere?" + query} {
			getWith(t, p.admin+path, token)
			_, body := getWith(t, p.admin+path, "")
			replies.WriteString(body)
		}
	}
	for _, m := range list[:10] {
		req, err := http.NewRequest(http.MethodPost, p.admin+"/api/v1/scan", bytes.NewReader(m.content[:len(m.content)/2]))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(replies, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() // read to its end
	}
}

// crash makes the process tell where it is, as on a fault of the runtime, while
// it reads messages, and returns what it says, without addresses.
func (p *process) crash(t *testing.T, list []labelledMail) []byte {
	t.Helper()
	before := len(p.logged())
	for i := range 8 {
		go func() {
			c, err := newTool("", p.smtp[0])
			for err == nil && strings.HasPrefix(c.send(list[i].from, list[i].to, list[i].readyMessage), "4") {
				// the upstream is gone, and there is always a message in work
			}
		}()
	}
	time.Sleep(200 * time.Millisecond)
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatal("it goes on after SIGQUIT")
	}
	last := p.logged()[before:]
	if !strings.Contains(last, "goroutine ") {
		t.Errorf("no last words: %.200s", last)
	}
	return address.ReplaceAll([]byte(last), []byte("0x"))
}

// address is a machine word in hexadecimal: no text, but its digits may by chance be
// some number of the files.
var address = regexp.MustCompile(`\b0x[0-9a-f]+`)

// checkDataIsShut fails unless the data folder can be read by its owner only,
// and nothing of the values stands in it in the clear.
func checkDataIsShut(t *testing.T, data string, secret values) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if path != data && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	files := filesBelow(t, data)
	for path, text := range files {
		for value, where := range secret.in(text) {
			t.Errorf("%s has %q in %q", path, value, where)
		}
	}
	if len(files) < 4 {
		t.Errorf("only %d files in the data folder", len(files))
	}
}

// filesBelow reads all files of a folder, of which some may go meanwhile.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
