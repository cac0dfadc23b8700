package proxy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// passedMechanisms are the SASL mechanisms whose exchange can be passed
// through: none of them is bound to the channel.
var passedMechanisms = []string{"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"}

// mechanisms returns the SASL mechanisms to offer: those of the upstream that
// can be passed through, and none over an unencrypted connection unless
// configured (RFC 4954 section 4).
func (ss *session) mechanisms(offered upstream.Extensions) []string {
	if ss.wire.TLS() == nil && !ss.door.InsecureAuth {
		return nil
	}
	var list []string
	for _, m := range strings.Fields(strings.ToUpper(offered["AUTH"])) {
		if slices.Contains(passedMechanisms, m) {
			list = append(list, m)
		}
	}
	return list
}

// AuthMechanisms implements smtp.AuthSession.
func (ss *session) AuthMechanisms() []string {
	offered, _ := ss.server.known()
	return ss.mechanisms(offered)
}

// Auth implements smtp.AuthSession: the exchange is passed through to the
// upstream, which alone knows the users.
func (ss *session) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(ss.AuthMechanisms(), strings.ToUpper(mechanism)) {
		return nil, answer(504, [3]int{5, 5, 4}, "Mechanism not offered")
	}
	ss.abandonAuth()
	conn, err := ss.upstream()
	if err != nil {
		return nil, ss.fail(err)
	}
	ss.auth = &authRelay{session: ss, conn: conn, mechanism: strings.ToUpper(mechanism)}
	return ss.auth, nil
}

// abandonAuth ends an exchange that the client left unfinished: the upstream
// still waits in it, so its connection is given up.
func (ss *session) abandonAuth() {
	if ss.auth != nil && ss.auth.result != nil && !ss.auth.finished {
		ss.auth.cancel()
		<-ss.auth.result // until then the connection is the exchange's
		ss.dropUpstream()
	}
	ss.auth = nil
}

// authRelay passes one SASL exchange through. The upstream client asks for the
// next response by a call; go-smtp hands it over by one: two channels join
// them.
type authRelay struct {
	session   *session
	conn      upstream.Conn
	mechanism string
	first     []byte // the client's first response, nil before it

	challenges chan []byte
	responses  chan []byte
	result     chan authResult
	cancel     context.CancelFunc
	finished   bool
}

type authResult struct {
	reply upstream.Reply
	err   error
}

var errAuthAborted = errors.New("the client gave the exchange up")

// Next implements sasl.Server.
func (a *authRelay) Next(response []byte) (challenge []byte, done bool, err error) {
	if a.first == nil {
		a.first = slices.Clone(response)
	}
	if a.result == nil {
		a.start(response)
	} else {
		select {
		case a.responses <- response:
		case r := <-a.result:
			return nil, true, a.finish(r)
		}
	}
	select {
	case challenge := <-a.challenges:
		return challenge, false, nil
	case r := <-a.result:
		return nil, true, a.finish(r)
	}
}

func (a *authRelay) start(initial []byte) {
	ctx, cancel := context.WithCancel(a.session.wire.Context())
	a.cancel = cancel
	a.challenges, a.responses = make(chan []byte), make(chan []byte)
	a.result = make(chan authResult, 1)
	go func() {
		r, err := a.conn.Auth(ctx, a.mechanism, initial, func(challenge []byte) ([]byte, error) {
			select {
			case a.challenges <- challenge:
			case <-ctx.Done():
				return nil, errAuthAborted
			}
			select {
			case response := <-a.responses:
				return response, nil
			case <-ctx.Done():
				return nil, errAuthAborted
			}
		})
		a.result <- authResult{r, err}
	}()
}

// finish gives the upstream's answer to the client word for word.
func (a *authRelay) finish(r authResult) error {
	a.cancel()
	a.finished = true
	ss := a.session
	outcome := ss.server.cfg.Metrics.Authentications
	if r.err != nil {
		outcome.WithLabelValues("unavailable").Inc()
		ss.dropUpstream()
		return ss.fail(r.err)
	}
	ss.wire.Say(r.reply.String())
	if !r.reply.OK() {
		outcome.WithLabelValues("refused").Inc()
		return answer(r.reply.Code, smtp.EnhancedCodeNotSet, "")
	}
	outcome.WithLabelValues("ok").Inc()
	ss.user, ss.bound = a.user(), true
	return nil
}

// user returns the name that the client gave, or that of the mechanism if it
// gave none, since someone has authenticated.
func (a *authRelay) user() string {
	if name := userIn(a.mechanism, string(a.first)); name != "" {
		return name
	}
	return "authenticated by " + a.mechanism
}

// userIn reads the name in the first response of a mechanism: PLAIN (RFC
// 4616), LOGIN, XOAUTH2, OAUTHBEARER (RFC 7628).
func userIn(mechanism, first string) string {
	name := ""
	switch mechanism {
	case "PLAIN":
		_, rest, _ := strings.Cut(first, "\x00")
		name, _, _ = strings.Cut(rest, "\x00")
	case "LOGIN":
		name = first
	case "XOAUTH2":
		rest, _ := strings.CutPrefix(first, "user=")
		name, _, _ = strings.Cut(rest, "\x01")
	case "OAUTHBEARER":
		_, rest, _ := strings.Cut(first, ",a=")
		name, _, _ = strings.Cut(rest, ",")
	}
	return name
}
