package upstream

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The codes that ask for more.
const (
	codeChallenge = 334 // AUTH, RFC 4954
	codeContent   = 354 // DATA, RFC 5321
)

var (
	errMechanism   = errors.New("the server offers neither PLAIN nor LOGIN")
	errNoChallenge = errors.New("a challenge that the mechanism does not have")
)

// noChallenge is for mechanisms that are over with the initial response.
func noChallenge([]byte) ([]byte, error) { return nil, errNoChallenge }

// mayAuth reports whether credentials may be sent over the link.
func (s *Server) mayAuth(l *link) bool {
	return l.encrypted || s.target.local() || s.config.InsecureAuth
}

// authOwn gives the relay's own credentials.
func (s *Server) authOwn(ctx context.Context, l *link) error {
	if !s.mayAuth(l) {
		return &Error{Stage: StageAuth, Err: fmt.Errorf("%w for the password", ErrTLS)}
	}
	offered := strings.Fields(strings.ToUpper(l.extensions["AUTH"]))
	var reply Reply
	err := errMechanism
	switch {
	case slices.Contains(offered, "PLAIN"): // RFC 4616
		initial := "\x00" + s.config.Username + "\x00" + s.config.Password
		reply, err = s.sasl(ctx, l, "PLAIN", []byte(initial), noChallenge)
	case slices.Contains(offered, "LOGIN"):
		reply, err = s.sasl(ctx, l, "LOGIN", nil, s.loginAnswers())
	}
	switch {
	case err != nil:
		return failed(StageAuth, err)
	case !reply.OK():
		return refused(StageAuth, reply)
	}
	return nil
}

// loginAnswers answers LOGIN's two questions, whatever their wording.
func (s *Server) loginAnswers() func([]byte) ([]byte, error) {
	answers := []string{s.config.Username, s.config.Password}
	return func([]byte) ([]byte, error) {
		if len(answers) == 0 {
			return nil, errors.New("more than two questions of LOGIN")
		}
		answer := answers[0]
		answers = answers[1:]
		return []byte(answer), nil
	}
}

// sasl runs one AUTH exchange (RFC 4954). A nil initial sends no initial
// response, an empty one sends "=". An error of next cancels the exchange with
// "*"; the upstream's answer to that is returned with the error.
func (s *Server) sasl(ctx context.Context, l *link, mechanism string, initial []byte, next func([]byte) ([]byte, error)) (Reply, error) {
	line := "AUTH " + mechanism
	switch {
	case initial == nil:
	case len(initial) == 0:
		line += " ="
	default:
		line += " " + base64.StdEncoding.EncodeToString(initial)
	}
	for {
		reply, err := l.command(ctx, s.config.Timeouts.Command, line)
		if err != nil {
			return reply, err
		}
		if reply.Code != codeChallenge {
			return reply, l.conclude(reply)
		}
		response, err := respond(reply, next)
		if err != nil {
			reply, cancelErr := l.command(ctx, s.config.Timeouts.Command, "*")
			return reply, errors.Join(err, cancelErr, l.conclude(reply))
		}
		line = base64.StdEncoding.EncodeToString(response)
	}
}

// respond decodes the challenge and asks for the response to it.
func respond(challenge Reply, next func([]byte) ([]byte, error)) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(challenge.Lines[0]))
	if err != nil {
		return nil, fmt.Errorf("%w: the challenge is not base64", ErrMalformed)
	}
	return next(decoded)
}
