package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestURLForms(t *testing.T) {
	for _, test := range []struct {
		url  string
		want target
		text string
	}{
		{"smtp://mx.example", target{scheme: "smtp", network: "tcp", host: "mx.example", address: "mx.example:25"}, "smtp://mx.example:25"},
		{"SMTP://mx.example:2525/", target{scheme: "smtp", network: "tcp", host: "mx.example", address: "mx.example:2525"}, "smtp://mx.example:2525"},
		{"smtp://[::1]:26", target{scheme: "smtp", network: "tcp", host: "::1", address: "[::1]:26"}, "smtp://[::1]:26"},
		{"smtp://h?starttls=off", target{scheme: "smtp", network: "tcp", host: "h", address: "h:25"}, "smtp://h:25"},
		{"smtp://h?starttls=opportunistic", target{scheme: "smtp", network: "tcp", host: "h", address: "h:25", security: opportunistic}, "smtp://h:25?starttls=opportunistic"},
		{"lmtp://h?starttls=required", target{scheme: "lmtp", network: "tcp", host: "h", address: "h:24", security: required}, "lmtp://h:24?starttls=required"},
		{"smtp+starttls://h", target{scheme: "smtp+starttls", network: "tcp", host: "h", address: "h:587", security: required}, "smtp+starttls://h:587"},
		{"smtps://u:p%20w@h", target{scheme: "smtps", network: "tcp", host: "h", address: "h:465", security: implicit, username: "u", password: "p w"}, "smtps://h:465"},
		{"lmtp+unix:///run/x y/lmtp", target{scheme: "lmtp+unix", network: "unix", address: "/run/x y/lmtp"}, "lmtp+unix:///run/x y/lmtp"},
		{"maildir:mail/50%", target{scheme: "maildir", network: "unix", address: "mail/50%"}, "maildir:mail/50%"},
		{"maildir:///var/mail/x/", target{scheme: "maildir", network: "unix", address: "/var/mail/x"}, "maildir:/var/mail/x"},
	} {
		t.Run(test.url, func(t *testing.T) {
			got, err := parseTarget(test.url)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
			if got.String() != test.text {
				t.Errorf("prints as %s, want %s", got, test.text)
			}
		})
	}
}

func TestBadConfigIsRefusedByField(t *testing.T) {
	const host = "smtp://mx.example"
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{}, "upstream url: want smtp://"},
		{Config{URL: "mx.example:25"}, "upstream url: want smtp://"},
		{Config{URL: "http://mx.example"}, "upstream url: want smtp://"},
		{Config{URL: "smtp:mx.example"}, "upstream url: want smtp://"},
		{Config{URL: "smtp://u:hunter2%zz@mx.example"}, "upstream url: want smtp://"},
		{Config{URL: "smtp://"}, "upstream url: smtp: the host is missing"},
		{Config{URL: "smtp://h:70000"}, "upstream url: smtp: the port must be"},
		{Config{URL: "smtp://h/inbox"}, "upstream url: smtp: nothing may follow"},
		{Config{URL: "smtp://h?tls=1"}, "upstream url: smtp: the only parameter is starttls"},
		{Config{URL: "smtp://h?starttls=maybe"}, "upstream url: smtp: starttls must be"},
		{Config{URL: "smtps://h?starttls=off"}, "upstream url: smtps: starttls goes with"},
		{Config{URL: "maildir:"}, "upstream url: maildir: the path is missing"},
		{Config{URL: "lmtp+unix://run/lmtp"}, "upstream url: lmtp+unix: the path must begin with /"},
		{Config{URL: "maildir:/x", Username: "u", Password: "hunter2"}, "upstream username: a maildir"},
		{Config{URL: host, Username: "u"}, "upstream username and password: one is missing"},
		{Config{URL: host, Password: "hunter2"}, "upstream username and password: one is missing"},
		{Config{URL: "smtp://u@mx.example"}, "upstream username and password: one is missing"},
		{Config{URL: "smtp://u:hunter2@h", Username: "v", Password: "w"}, "upstream username: given twice"},
		{Config{URL: host, Username: "u", Password: "hunter2\x00"}, "upstream username and password: must not contain NUL"},
		{Config{URL: host, Hello: "two words"}, "upstream hello: must be one word"},
		{Config{URL: host, Hello: "a\r\nQUIT"}, "upstream hello: must be one word"},
		{Config{URL: host, PoolSize: -1}, "upstream pool size: must not be negative"},
		{Config{URL: host, PoolIdle: -1}, "upstream pool idle time: must not be negative"},
		{Config{URL: host, Timeouts: Timeouts{Data: -1}}, "upstream timeouts: must not be negative"},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, err := New(test.config)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got %v, want %s…", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestZeroTimeoutsHaveDefaults(t *testing.T) {
	server := newServer(t, Config{URL: "smtp://mx.example", Timeouts: Timeouts{Data: time.Second}})
	want := Timeouts{Connect: 30 * time.Second, Command: 2 * time.Minute, Data: time.Second, Final: 10 * time.Minute}
	if got := server.config.Timeouts; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPasswordIsNeverPrinted(t *testing.T) {
	const secret = "hunter2"
	for _, config := range []Config{
		{URL: "smtps://mx.example", Username: "relay", Password: secret},
		{URL: "smtps://relay:" + secret + "@mx.example"},
		{URL: "smtps://relay:" + secret + "@mx.example:port"},
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("start", "upstream", config)
		printed := fmt.Sprintf("%v %+v %#v %s %v", config, config, config, config, &config) + logged.String()
		if encoded, err := json.Marshal(struct{ C Config }{config}); err == nil {
			printed += string(encoded)
		}
		if server, err := New(config); err == nil {
			printed += server.String()
		}
		if strings.Contains(printed, secret) {
			t.Errorf("the password is in %s", printed)
		}
	}
}

func TestArgumentsCannotBecomeCommands(t *testing.T) {
	for _, test := range []struct {
		name, path string
		params     []string
		ok         bool
	}{
		{"plain", "a@b.example", nil, true},
		{"null path", "", nil, true},
		{"quoted space", `"x y"@b.example`, nil, true},
		{"quoted pair", `"x\" y"@b.example`, nil, true},
		{"UTF-8", "jürgen@bücher.example", []string{"SMTPUTF8"}, true},
		{"parameters", "a@b.example", []string{"SIZE=5", "AUTH=<>", "ENVID=a+20b"}, true},
		{"CRLF", "a@b.example>\r\nRCPT TO:<v@evil.example", nil, false},
		{"LF", "a\n@b.example", nil, false},
		{"CR", "a\r@b.example", nil, false},
		{"NUL", "a\x00@b.example", nil, false},
		{"DEL", "a\x7f@b.example", nil, false},
		{"bracket", "v@evil.example> ORCPT=x@b.example", nil, false},
		// go-smtp hands the local part on without its quotes.
		{"swapped recipient", `v@evil.com> ORCPT=rfc822;x@ok.example`, nil, false},
		{"bracket in quotes", `"a>b"@b.example`, nil, false},
		{"escaped bracket in quotes", `"a\>b"@b.example`, nil, false},
		{"escaped CR in quotes", "\"a\\\rb\"@b.example", nil, false},
		{"space", "a@b.example ORCPT=x", nil, false},
		{"open quote", `"a b@c.example`, nil, false},
		{"quote ends before the space", `"a\\" b"@c.example`, nil, false},
		{"empty parameter", "a@b.example", []string{""}, false},
		{"space in a parameter", "a@b.example", []string{"SIZE=1 BODY=7BIT"}, false},
		{"CRLF in a parameter", "a@b.example", []string{"SIZE=1\r\nDATA"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := envelopeLine("MAIL FROM", test.path, test.params); (err == nil) != test.ok {
				t.Errorf("got %v, want ok: %t", err, test.ok)
			}
		})
	}
}
