package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
)

// A relay keeps content in a bucket; commands read it by the configuration, and
// the doctor says what is wrong with it.
func TestContentOfHeldMailIsInABucket(t *testing.T) {
	g := gateway.Start(t, gateway.Options{TLS: true})
	g.MakeBucket("held")
	box := newMailbox(t)
	data := filepath.Join(t.TempDir(), "data")
	p := startRelay(t, data, box.url(), func(cfg *configs.Config) {
		s := &cfg.Quarantine.S3
		s.Endpoint, s.Bucket, s.Prefix = g.Endpoint, "held", "mail"
		s.AccessKey, s.SecretKey, s.CA = g.AccessKey, configs.Secret(g.SecretKey), g.CA
	})
	if reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{"list@isp.example", "ben@client.example", bulletin(3000)}); !strings.Contains(reply, "Held") {
		t.Fatal(reply)
	}
	stored := func() int {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(g.Folder, "held", "mail", "content", "*", "PK-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if stored() != 1 {
		t.Errorf("%d packs in the bucket, want one", stored())
	}
	config := func(bucket, secret string) string {
		return writeFile(t, "bulkhead.yaml", fmt.Sprintf("upstream: {url: %q}\ndata_dir: %q\nmetrics: {address: %q}\n"+
			"quarantine: {s3: {endpoint: %q, bucket: %q, prefix: mail, access_key: %q, secret_key: \"${file:%s}\", ca: %q, timeout: 3s}}\n",
			box.url(), data, p.metrics.Addr(), g.Endpoint, bucket, g.AccessKey, writeFile(t, "s3.secret", secret), g.CA))
	}
	good := config("held", g.SecretKey+"\n")
	out, said, status := runBulkhead(t, "quarantine", "list", "--format", "json", "--config", good)
	_, id, found := strings.Cut(out, `"id":"`)
	if status != exitOK || !found {
		t.Fatalf("lists, with %d: %s%s", status, out, said)
	}
	id, _, _ = strings.Cut(id, `"`)
	copied := filepath.Join(t.TempDir(), "held.eml")
	if out, said, status := runBulkhead(t, "quarantine", "export", id, "--reason", "test", "-o", copied, "--config", good); status != exitOK {
		t.Fatalf("exports, with %d: %s%s", status, out, said)
	}
	if text, err := os.ReadFile(copied); err != nil || !bytes.HasSuffix(text, bulletin(3000)) {
		t.Errorf("%d bytes were exported, %v; want what was sent", len(text), err)
	}
	for _, c := range []struct {
		config string
		want   level
		says   string
	}{
		{good, levelOK, "takes, gives and removes objects"},
		{config("none", g.SecretKey), levelFail, "make the bucket"},
		{config("held", "another"), levelFail, "check its keys"},
	} {
		found, _ := doctor(t, c.config)
		if got, said := worst(found, "quarantine.s3"); got != c.want || !strings.Contains(said, c.says) || strings.Contains(said, g.SecretKey) {
			t.Errorf("%s %s, want %s %s", got, said, c.want, c.says)
		}
	}
	if left, err := os.ReadDir(filepath.Join(g.Folder, "held", "mail", "try")); err == nil && len(left) > 0 {
		t.Errorf("the doctor has left %d objects", len(left))
	}
}
