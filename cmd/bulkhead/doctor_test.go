package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// doctor runs the command over a configuration, and gives what it found.
func doctor(t *testing.T, config string, args ...string) (found []symptom, status int) {
	t.Helper()
	out, said, status := runBulkhead(t, append([]string{"doctor", "--format", "json", "--config", config}, args...)...)
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v: %s%s", err, out, said)
	}
	return found, status
}

// worst is the level of what was found of a check, with all that was said.
func worst(found []symptom, check string) (l level, said string) {
	rank := map[level]int{"": 0, levelOK: 1, levelNote: 2, levelWarn: 3, levelFail: 4}
	for _, s := range found {
		if s.Check == check {
			said += s.Says + "; " + s.Do + "\n"
			if rank[s.Level] > rank[l] {
				l = s.Level
			}
		}
	}
	return l, said
}

// A machine on which all is well has no failure, and each thing that is not well
// is found, with what to do.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	box := newMailbox(t)
	cert, key := certificate(t)
	good, goodKey := certificateFor(t, 2*soon)
	data := filepath.Join(t.TempDir(), "data")
	p := startRelay(t, data, box.url(), nil)
	if reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{"list@isp.example", "ben@client.example", bulletin(40)}); !strings.Contains(reply, "Held") {
		t.Fatal(reply)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	readable := filepath.Join(t.TempDir(), "key.pem")
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(readable, text, 0o644); err != nil {
		t.Fatal(err)
	}
	base := map[string]string{"data_dir": data, "hostname": "localhost", "upstream": fmt.Sprintf("{url: %q}", box.url()),
		"metrics": fmt.Sprintf("{address: %q}", p.metrics.Addr()), "listeners": `[{address: "127.0.0.1:2525", allow: [127.0.0.0/8]}]`}
	tls := func(address, cert, key string) string {
		return fmt.Sprintf(`[{address: %q, allow: [10.0.0.0/8], tls: {cert: %q, key: %q}}]`, address, cert, key)
	}
	for _, c := range []struct {
		set, value, check string
		want              level
		says              string
	}{
		{"hostname", "localhost", "configuration", levelOK, "every setting is good"},
		{"hostname", "localhost", "listeners[0]", levelOK, "from 1 networks"},
		{"hostname", "localhost", "upstream", levelOK, "answers"},
		{"hostname", "localhost", "data_dir", levelOK, "can be written"},
		{"hostname", "localhost", "relay", levelOK, "takes mail"},
		{"hostname", "localhost", "room", levelOK, "are free"},
		{"hostname", "localhost", "hostname", levelOK, "is found"},
		{"hostname", "localhost", "quarantine.key", levelWarn, "move it to where mail is reviewed"},
		{"hostname", "localhost", "quarantine", levelNote, "1 messages wait"},
		{"hostname", "no-such.invalid", "hostname", levelNote, "not found in the DNS"},
		{"listeners", `[{address: ":2525", allow: [0.0.0.0/0]}]`, "listeners[0]", levelFail, "an open relay"},
		{"listeners", `[{address: ":2525", proxy_protocol: {from: [0.0.0.0/0]}}]`, "listeners[0].proxy_protocol", levelFail, "come in as any client"},
		{"listeners", `[{address: ":2525", allow: [10.0.0.0/8], proxy_protocol: {from: [10.1.0.7/32]}}]`, "listeners[0].proxy_protocol", levelWarn, "leave the proxies out of allow"},
		{"listeners", `[{address: ":2525", xclient: {from: ["::/0"]}}]`, "listeners[0].xclient", levelFail, "has logged in"},
		{"listeners", `[{address: ":2525", insecure_auth: true}]`, "listeners[0]", levelWarn, "passwords cross the network"},
		{"milter", `{listen: "unix:/run/milter.sock"}`, "milter", levelOK, "ask by unix:/run/milter.sock"},
		{"milter", `{listen: "127.0.0.1:8891"}`, "milter", levelOK, "ask at 127.0.0.1:8891"},
		{"milter", `{listen: ":8891", allow: [10.1.0.0/16]}`, "milter", levelWarn, "in the clear"},
		{"milter", `{listen: ":8891", allow: [0.0.0.0/0]}`, "milter", levelFail, "ask as a mail server"},
		{"listeners", tls(":2525", cert, key), "listeners[0].tls", levelWarn, "ends in 0 days"},
		{"listeners", tls(":2525", cert, readable), "listeners[0].tls", levelWarn, "read the private key"},
		{"listeners", tls(":2525", key, key), "listeners[0].tls", levelFail, "in PEM form"},
		{"listeners", tls(":2525", good, goodKey), "listeners[0].tls", levelOK, "good until"},
		{"admin", fmt.Sprintf("{cert: %q, key: %q}", good, goodKey), "admin.cert", levelOK, "good until"},
		{"admin", fmt.Sprintf("{cert: %q, key: %q, hosts: [bulkhead.example]}", good, goodKey), "admin.cert", levelWarn, "not for bulkhead.example"},
		{"admin", fmt.Sprintf("{cert: %q, key: %q}", cert, key), "admin.cert", levelWarn, "ends in 0 days"},
		{"admin", fmt.Sprintf("{cert: %q, key: %q}", key, key), "admin.cert", levelFail, "in PEM form"},
		{"listeners", fmt.Sprintf(`[{address: %q}]`, box.address), "upstream", levelFail, "mail would go round"},
		{"upstream", fmt.Sprintf(`{url: "smtp://%s"}`, freePort(t)), "upstream", levelFail, "connection refused"},
		{"upstream", fmt.Sprintf(`{url: %q, username: u, password: s}`, box.url()), "configuration", levelWarn, "chmod o-r"},
		{"data_dir", open, "data_dir", levelWarn, "chmod 700"},
		{"data_dir", filepath.Join(open, "new"), "data_dir", levelNote, "made at the first start"},
		{"metrics", fmt.Sprintf("{address: %q}", freePort(t)), "relay", levelNote, "none answers"},
		{"quarantine", "{reserve: 1000000 GiB}", "room", levelFail, "make room"},
		{"smtp", "{max_hops: 0}", "configuration", levelFail, "smtp.max_hops"},
	} {
		t.Run(c.set+" "+c.check, func(t *testing.T) {
			var b strings.Builder
			for name, value := range base {
				if name != c.set {
					fmt.Fprintf(&b, "%s: %s\n", name, value)
				}
			}
			fmt.Fprintf(&b, "%s: %s\n", c.set, c.value)
			file := writeFile(t, "bulkhead.yaml", b.String())
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
			found, status := doctor(t, file)
			got, said := worst(found, c.check)
			if got != c.want || !strings.Contains(said, c.says) {
				t.Errorf("%s is %q, want %q and %q:\n%s", c.check, got, c.want, c.says, said)
			}
			failed := exitOK
			for _, s := range found {
				if s.Level == levelFail {
					failed = exitFound
				}
				if s.Level == levelFail && s.Do == "" && s.Check != "relay" {
					t.Errorf("%s fails, and nothing says what to do: %s", s.Check, s.Says)
				}
			}
			if status != failed || c.want == levelFail && status != exitFound {
				t.Errorf("exits with %d, want %d", status, failed)
			}
		})
	}
}

// A clock that stands before the last audit entry has gone wrong, as has a
// certificate that is not good yet.
func TestDoctorAndTime(t *testing.T) {
	cert, key := certificate(t)
	p := startRelay(t, t.TempDir(), newMailbox(t).url(), func(cfg *configs.Config) {
		cfg.Hostname = "localhost"
		cfg.Listeners[0].TLS = configs.TLS{Cert: cert, Key: key}
	})
	dialQuiet(p.listeners[0].Addr().String()).deliver(posting{"list@isp.example", "ben@client.example", bulletin(40)})
	for _, c := range []struct {
		off   time.Duration
		check string
		want  level
	}{
		{-3 * time.Hour, "clock", levelFail}, {-3 * time.Hour, "listeners[0].tls", levelFail},
		{3 * time.Hour, "listeners[0].tls", levelFail}, {5 * time.Hour, "quarantine", levelWarn},
	} {
		e := &examination{cfg: p.cfg, now: time.Now().Add(c.off)}
		e.certificates(t.Context())
		e.room(t.Context(), p.store)
		e.trail(t.Context(), p.store)
		if got, said := worst(e.found, c.check); got != c.want {
			t.Errorf("with a clock that is %v off, %s is %q, want %q: %s", c.off, c.check, got, c.want, said)
		}
	}
	e := &examination{cfg: p.cfg, now: time.Now()}
	e.trail(t.Context(), p.store)
	if len(e.found) != 0 {
		t.Errorf("with a clock that is right: %+v", e.found)
	}
}

func TestWideNetworks(t *testing.T) {
	for network, want := range map[string]bool{
		"0.0.0.0/0": true, "::/0": true, "10.0.0.0/8": false, "10.0.0.0/7": true, "172.16.0.0/12": false, "192.168.0.0/16": false,
		"127.0.0.0/8": false, "fc00::/7": false, "2001:db8::/32": false, "2001:db8::/29": true, "198.51.100.0/24": false, "198.48.0.0/12": true, "128.0.0.0/1": true, "::1/128": false,
	} {
		if got := isWide(netip.MustParsePrefix(network)); got != want {
			t.Errorf("%s is wide: %v, want %v", network, got, want)
		}
	}
}

// Whoever answers for a database on another machine has to prove who it is.
func TestDoctorAsksForAProvenDatabase(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]level{
		"postgres://bulkhead@db.example/bulkhead?sslmode=verify-full": levelOK,
		"postgres://bulkhead@db.example/bulkhead?sslmode=require":     levelWarn,
		"postgres://bulkhead@127.0.0.1/bulkhead":                      levelOK,
		"postgres:///bulkhead?host=/run/postgresql":                   levelOK,
		"postgres:///bulkhead?host=db.example":                        levelWarn,
		"postgres://localhost/bulkhead?host=db.example":               levelWarn,
	} {
		e := &examination{}
		e.database(address)
		if len(e.found) != 1 || e.found[0].Level != want {
			t.Errorf("%s: %+v, want %v", address, e.found, want)
		}
	}
}
