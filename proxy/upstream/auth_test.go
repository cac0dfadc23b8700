package upstream

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestClientsCredentialsArePassedOn(t *testing.T) {
	for _, test := range []struct {
		name, mechanism string
		initial         []byte
		answers         []string
		play            func(*peer)
		reply           string
		challenges      []string
	}{
		{"PLAIN at once", "PLAIN", []byte("\x00ann\x00secret"), nil, func(p *peer) {
			p.turn("AUTH PLAIN "+b64("\x00ann\x00secret"), "235 2.7.0 Welcome ann")
		}, "235 2.7.0 Welcome ann\r\n", nil},
		{"LOGIN", "LOGIN", nil, []string{"ann", "secret"}, func(p *peer) {
			p.turn("AUTH LOGIN", "334 "+b64("Username:"))
			p.turn(b64("ann"), "334 "+b64("Password:"))
			p.turn(b64("secret"), "535-5.7.8 wrong", "535 5.7.8 try again")
		}, "535-5.7.8 wrong\r\n535 5.7.8 try again\r\n", []string{"Username:", "Password:"}},
		{"empty initial response", "EXTERNAL", []byte{}, nil, func(p *peer) {
			p.turn("AUTH EXTERNAL =", "235 ok")
		}, "235 ok\r\n", nil},
		{"empty challenge and response", "PLAIN", nil, []string{""}, func(p *peer) {
			p.turn("AUTH PLAIN", "334 ")
			p.turn("", "501 5.5.2 that was nothing")
		}, "501 5.5.2 that was nothing\r\n", []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, func(p *peer) { p.greet("AUTH PLAIN LOGIN"); test.play(p); p.quit() })
			c := dial(t, Config{URL: "smtp://" + address, PoolSize: 1})
			var challenges []string
			reply, err := c.Auth(t.Context(), test.mechanism, test.initial, func(challenge []byte) ([]byte, error) {
				challenges = append(challenges, string(challenge))
				return []byte(test.answers[len(challenges)-1]), nil
			})
			if err != nil || reply.String() != test.reply {
				t.Errorf("got %q, %v; want %q", reply, err, test.reply)
			}
			if diff := cmp.Diff(test.challenges, challenges); diff != "" {
				t.Error(diff)
			}
			if err := c.Close(); err != nil { // the script hears QUIT: it is not pooled
				t.Error(err)
			}
		})
	}
}

func TestClientsCancelCancelsUpstream(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("AUTH LOGIN")
		p.turn("AUTH LOGIN", "334 "+b64("Username:"))
		p.turn("*", "501 5.7.0 cancelled")
		p.turn("MAIL FROM:<ann@a.example>", "530 5.7.0 log in first")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	cancelled := errors.New("the client sent *")
	reply, err := c.Auth(t.Context(), "LOGIN", nil, func([]byte) ([]byte, error) { return nil, cancelled })
	if wantFailure(t, err, StageAuth, false); !errors.Is(err, cancelled) || reply.Code != 501 {
		t.Errorf("got %v, %v", reply, err)
	}
	if reply, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || reply.Code != 530 {
		t.Errorf("the connection is not usable: %v, %v", reply, err)
	}
}

func TestChallengeThatIsNotBase64IsCancelled(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("AUTH LOGIN")
		p.turn("AUTH LOGIN", "334 what is it?")
		p.turn("*", "501 cancelled")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	_, err := c.Auth(t.Context(), "LOGIN", nil, nil)
	if wantFailure(t, err, StageAuth, false); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

func TestStaleConnectionIsReplacedAtAUTH(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet("AUTH PLAIN"); p.message(); p.turn("AUTH PLAIN "+b64("x"), "421 4.4.2 idle") },
		func(p *peer) { p.greet("AUTH PLAIN"); p.turn("AUTH PLAIN "+b64("x"), "235 ok"); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	c, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "AUTH")(c.Auth(t.Context(), "PLAIN", []byte("x"), nil))
	_ = c.Close()
	if len(server.idle.idle) != 0 {
		t.Error("the client's connection is kept for others")
	}
}

// A new connection would not be the client's own.
func TestLostConnectionWithCredentialsIsNotReplaced(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("AUTH PLAIN")
		p.turn("AUTH PLAIN "+b64("x"), "235 ok")
		p.message()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	want(t, "AUTH")(c.Auth(t.Context(), "PLAIN", []byte("x"), nil))
	begin(t, c)
	if _, err := send(t.Context(), c, "a\r\n"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := c.Mail(t.Context(), "ann@a.example", nil)
		wantFailure(t, err, StageMail, false)
	}
}

func TestOwnCredentials(t *testing.T) {
	for _, test := range []struct {
		name, offer string
		play        func(*peer)
		want        string // of the error
	}{
		{"PLAIN is preferred", "AUTH LOGIN PLAIN", func(p *peer) { p.turn("AUTH PLAIN "+b64("\x00relay\x00hunter2"), "235 ok") }, ""},
		{"LOGIN", "AUTH CRAM-MD5 LOGIN", func(p *peer) {
			p.turn("AUTH LOGIN", "334 "+b64("Username:"))
			p.turn(b64("relay"), "334 "+b64("Password:"))
			p.turn(b64("hunter2"), "235 ok")
		}, ""},
		{"refused", "AUTH PLAIN", func(p *peer) {
			p.turn("AUTH PLAIN "+b64("\x00relay\x00hunter2"), "535 5.7.8 relay: wrong password hunter2")
		}, "upstream: auth: refused with 535 5.7.8"},
		{"no mechanism", "AUTH CRAM-MD5", func(*peer) {}, "upstream: auth: the server offers neither PLAIN nor LOGIN"},
		{"no AUTH", "SIZE", func(*peer) {}, "upstream: auth: the server offers neither PLAIN nor LOGIN"},
		{"a third question", "AUTH LOGIN", func(p *peer) {
			p.turn("AUTH LOGIN", "334 ")
			p.turn(b64("relay"), "334 ")
			p.turn(b64("hunter2"), "334 ")
			p.turn("*", "501 cancelled")
		}, "upstream: auth: more than two questions of LOGIN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, func(p *peer) { p.greet(test.offer); test.play(p); p.quit() })
			server := newServer(t, Config{URL: "smtp://relay:hunter2@" + address})
			c, err := server.Dial(t.Context())
			if test.want != "" {
				if wantFailure(t, err, StageAuth, false); err.Error() != test.want {
					t.Errorf("got %q, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Extensions().Has("AUTH") {
				t.Error("AUTH is offered to clients although it is done")
			}
			_ = c.Close()
		})
	}
}

func TestCredentialsNeverGoInClearToAnotherMachine(t *testing.T) {
	for url, local := range map[string]bool{
		"smtp://127.0.0.1": true, "smtp://[::1]": true, "smtp://LocalHost": true, "lmtp+unix:///run/x": true,
		"smtp://mx.example": false, "smtp://10.0.0.1": false, "smtp://localhost.example": false,
	} {
		if got := newServer(t, Config{URL: url}).mayAuth(&link{}); got != local {
			t.Errorf("%s: %t, want %t", url, got, local)
		}
	}
	if !newServer(t, Config{URL: "smtp://mx.example", InsecureAuth: true}).mayAuth(&link{}) {
		t.Error("not even where configured")
	}
	if !newServer(t, Config{URL: "smtps://mx.example"}).mayAuth(&link{encrypted: true}) {
		t.Error("not even under TLS")
	}
}

func TestAUTHIsHiddenWhereItMustNotBeUsed(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet("AUTH PLAIN", "SIZE"); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address})
	server.target.host = "mx.example" // as if the same server were elsewhere
	c, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if c.Extensions().Has("AUTH") || !c.Extensions().Has("SIZE") {
		t.Errorf("extensions: %v", c.Extensions())
	}
	_, err = c.Auth(t.Context(), "PLAIN", []byte("\x00ann\x00hunter2"), nil)
	if wantFailure(t, err, StageAuth, false); !errors.Is(err, ErrTLS) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want ErrTLS", err)
	}
}
