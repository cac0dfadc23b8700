package milter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// errAnswered is what a write gets when nobody reads the message any more.
var errAnswered = errors.New("the message is answered")

// intake is one message on its way from a mail server to the Handler, which
// reads it in a goroutine of its own.
type intake struct {
	content content
	pipe    *io.PipeWriter
	ended   bool // nothing more is written
	answer  chan Answer
}

func (s *Server) newIntake(m *Message) *intake {
	r, w := io.Pipe()
	in := &intake{
		content: content{w: bufio.NewWriterSize(w, 32<<10), room: s.cfg.MaxSize, normalise: s.cfg.Normalise},
		pipe:    w, answer: make(chan Answer, 1),
	}
	m.Content = r
	go func() {
		in.answer <- s.judge(m)
		r.CloseWithError(errAnswered)
	}()
	return in
}

// judge has the Handler judge. A panic is a fault of this one message.
func (s *Server) judge(m *Message) (a Answer) {
	defer func() {
		if fault := recover(); fault != nil {
			s.cfg.Log.Error("judging a message broke off", "kind", fmt.Sprintf("%T", fault))
			a = Answer{}
		}
	}()
	return s.cfg.Handler.Judge(m)
}

// take takes more of the message. It returns false once the message cannot be
// had whole; the answer says why.
func (in *intake) take(step func(*content) error) bool {
	if in.ended {
		return false
	}
	if err := step(&in.content); err != nil {
		in.breakOff(err)
		return false
	}
	return true
}

// breakOff ends the content with an error.
func (in *intake) breakOff(err error) {
	in.ended = true
	in.pipe.CloseWithError(err)
}

// finish ends the content, which is whole.
func (in *intake) finish() {
	if in.take((*content).end) && in.take(func(c *content) error { return c.w.Flush() }) {
		in.ended = true
		in.pipe.Close() //nolint:errcheck // never fails
	}
}

// abandon gives the message up, and waits until the Handler has, too.
func (in *intake) abandon() {
	in.breakOff(ErrGone)
	<-in.answer
}
