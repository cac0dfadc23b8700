package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

var (
	errNoRecipient = errors.New("no recipient was accepted")
	errEarly       = fmt.Errorf("%w: success before the end of the content", ErrMalformed)
)

func (c *conn) Data(ctx context.Context, content io.Reader, size int64) ([]Reply, error) {
	chunked := c.binary || c.server.config.Chunking && c.link.extensions.Has("CHUNKING")
	var err error
	switch {
	case c.closed:
		err = ErrClosed
	case c.link.err != nil:
		err = c.link.err
	case c.accepted == 0:
		err = errNoRecipient
	case size < 0:
		err = fmt.Errorf("%w: its length is negative", ErrContent)
	case chunked && !c.link.extensions.Has("CHUNKING"):
		err = fmt.Errorf("%w: it is binary and CHUNKING is not offered", ErrContent)
	}
	if err != nil {
		return nil, &Error{Stage: StageData, Unsent: isGone(err), Err: err}
	}
	if chunked {
		replies, err := c.upload(ctx, &body{content: content, left: size, framing: newChunk(size)})
		if slices.ContainsFunc(replies, func(r Reply) bool { return !r.OK() }) {
			_ = c.Reset(ctx) // what a refused chunk leaves is undefined, RFC 3030 section 2
		}
		c.over()
		return replies, err
	}
	defer c.over()
	defer c.link.clock.watch(ctx).stop() // over all the steps
	reply, err := c.link.command(ctx, c.server.config.Timeouts.Command, "DATA")
	if err == nil && reply.Code != codeContent {
		if err = c.link.conclude(reply); err == nil && reply.OK() {
			err = c.link.fail(errEarly)
		}
	}
	if err != nil {
		return nil, &Error{Stage: StageData, Unsent: ctx.Err() == nil && isGone(err), Err: err}
	}
	if reply.Code != codeContent {
		replies := c.forEach(reply)
		_ = c.Reset(ctx) // its failure is the link's, the answer stands
		return replies, nil
	}
	return c.upload(ctx, &body{content: content, left: size, framing: newDots()})
}

// upload sends the content and reads the answers to it.
func (c *conn) upload(ctx context.Context, b *body) ([]Reply, error) {
	l := c.link
	defer l.clock.watch(ctx).stop()
	buffers := c.server.blocks.Get().(*blocks)
	defer c.server.blocks.Put(buffers)
	for !b.done {
		wire, err := b.next(buffers)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, &Error{Stage: StageData, Err: l.fail(err)}
		}
		if l.r.Buffered() > 0 {
			return c.interrupted(ctx, StageData, errEarly)
		}
		l.clock.extend(c.server.config.Timeouts.Data)
		if n, err := l.nc.Write(wire); err != nil {
			if b.done && n == len(wire) {
				return c.interrupted(ctx, StageFinal, err)
			}
			return c.interrupted(ctx, StageData, err)
		}
	}
	return c.conclusion(ctx)
}

// conclusion reads the answers after the end of the content.
func (c *conn) conclusion(ctx context.Context) ([]Reply, error) {
	want := 1
	if c.server.target.lmtp() {
		want = c.accepted
	}
	replies := make([]Reply, 0, want)
	for len(replies) < want {
		reply, err := c.link.await(ctx, c.server.config.Timeouts.Final)
		if err == nil {
			err = c.link.conclude(reply)
		}
		if err != nil {
			return replies, &Error{Stage: StageFinal, Unknown: true, Err: err}
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

// interrupted ends an upload that the upstream does not take further. It may
// have said why: a refusal is its answer, however early. A success before the
// end of the content is none.
func (c *conn) interrupted(ctx context.Context, stage Stage, cause error) ([]Reply, error) {
	l := c.link
	if ctx.Err() == nil {
		l.clock.extend(lastWords)
		if reply, err := readReply(l.r, &l.said); err == nil && reply.Code >= 400 {
			replies := c.forEach(reply)
			_ = l.fail(cause)
			return replies, nil
		}
	}
	return nil, &Error{Stage: stage, Unknown: stage == StageFinal, Err: l.fail(l.cause(ctx, cause))}
}

// forEach gives an answer to all of the content in the form of Data's result.
func (c *conn) forEach(reply Reply) []Reply {
	replies := []Reply{reply}
	for c.server.target.lmtp() && len(replies) < c.accepted {
		replies = append(replies, reply)
	}
	return replies
}
