package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/d--j/go-milter"
)

// By a Unix socket, which only its owner and group may use, and which is taken
// over from a process that has died; the upstream is not needed to be ready,
// since mail does not go there.
func TestMilterSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "m") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "milter.sock")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close() // as a process that was killed leaves it
	r := startRelay(t, t.TempDir(), "smtp://"+freePort(t), func(c *configs.Config) {
		c.Listeners, c.Milter.Listen = nil, "unix:"+path
	})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Fatalf("%v, %v; want mode 660", info.Mode(), err)
	}
	if status, text := get(t, "http://"+r.metrics.Addr().String()+"/readyz"); status != 200 {
		t.Errorf("not ready: %d %s", status, text)
	}
	if status := r.status(); !strings.Contains(status, path) {
		t.Errorf("the service manager is told %q, without where mail servers ask", status)
	}
	session, err := milter.NewClient("unix", path).Session(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, step := range []func() (*milter.Action, error){
		func() (*milter.Action, error) { return session.Conn("localhost", milter.FamilyUnix, 0, "/run/x") },
		func() (*milter.Action, error) { return session.Helo("localhost") },
		func() (*milter.Action, error) { return session.Mail("ana@source.example", "") },
		func() (*milter.Action, error) { return session.Rcpt("ben@sink.example", "") },
		session.DataStart,
		func() (*milter.Action, error) { return session.HeaderField("Subject", " words", nil) },
		session.HeaderEnd,
	} {
		if a, err := step(); err != nil || a.Type != milter.ActionContinue {
			t.Fatalf("%v, %v", a, err)
		}
	}
	_, a, err := session.BodyReadFrom(bytes.NewReader(bulletin(40)))
	if err != nil || a.Type != milter.ActionDiscard {
		t.Errorf("a leak is answered %v, %v; want it kept and discarded", a, err)
	}
	if _, err := listenMilter(&configs.Milter{Listen: "unix:" + path}, nil); err == nil {
		t.Error("a second process takes the socket of one that runs")
	}
}
