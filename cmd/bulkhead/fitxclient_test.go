package main

import (
	"os/exec"
	"strings"
	"testing"
)

// swaks speaks for another client, with XCLIENT and with either version of the PROXY
// protocol: who that is decides whether it may relay, and stands in the log.
func TestSwaksSpeaksForAnother(t *testing.T) {
	swaks := needProgram(t, "swaks", "swaks")
	box := newMailbox(t)
	config := writeFile(t, "bulkhead.yaml", `listeners:
  - {address: "127.0.0.1:0", allow: [192.0.2.0/24], xclient: {from: [127.0.0.1/32]}}
  - {address: "127.0.0.1:0", allow: [192.0.2.0/24], proxy_protocol: {from: [127.0.0.1/32]}}
`)
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	proxy := func(version, client string) []string {
		return []string{"--proxy-version", version, "--proxy-family", map[string]string{"1": "TCP4", "2": "AF_INET"}[version], "--proxy-protocol", "STREAM",
			"--proxy-source", client, "--proxy-source-port", "4711", "--proxy-dest", "127.0.0.1", "--proxy-dest-port", "25"}
	}
	for _, c := range []struct {
		listener int
		as       []string
		refused  bool
		client   string
	}{
		{0, []string{"--xclient-addr", "192.0.2.7", "--xclient-name", "client.example"}, false, "192.0.2.7"},
		{0, []string{"--xclient-addr", "198.51.100.7"}, true, ""},
		{0, []string{"--xclient-addr", "198.51.100.8", "--xclient-login", "ana@source.example"}, false, "198.51.100.8"},
		{1, proxy("1", "192.0.2.8"), false, "192.0.2.8"},
		{1, proxy("1", "198.51.100.7"), true, ""},
		{1, proxy("2", "192.0.2.9"), false, "192.0.2.9"},
		{1, proxy("2", "198.51.100.7"), true, ""},
	} {
		args := append([]string{"--server", p.smtp[c.listener], "--from", "sender@source.example", "--to", "reader@sink.example", "--body", "hello"}, c.as...)
		out, err := exec.Command(swaks, args...).CombinedOutput()
		if refused := strings.Contains(string(out), "530 5.7.0"); refused != c.refused || refused == (err == nil) {
			t.Errorf("%v: %v\n%s", c.as, err, out)
		}
		if c.client != "" {
			p.tells(t, `"msg":"verdict"`, `"client":"`+c.client+`"`)
		}
	}
	p.stop(t)
}
