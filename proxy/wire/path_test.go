package wire_test

import (
	"errors"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func TestQuotePathWritesAPathThatReadsAsOne(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		utf8     bool
		err      error
	}{
		{in: "", want: ""},
		{in: "a.b+c@corp.test", want: "a.b+c@corp.test"},
		{in: "a b@corp.test", want: `"a b"@corp.test`},
		{in: "a@b@corp.test", want: `"a@b"@corp.test`},
		{in: `a"b\c@corp.test`, want: `"a\"b\\c"@corp.test`},
		{in: "a..b@corp.test", want: `"a..b"@corp.test`},
		{in: "a@[127.0.0.1]", want: "a@[127.0.0.1]"},
		{in: "a@[IPv6:::1]", want: "a@[IPv6:::1]"},
		{in: "jürgen@köln.test", want: "jürgen@köln.test", utf8: true},
		{in: "jürgen@köln.test", err: wire.ErrPathUTF8},
		{in: "j\xfc@corp.test", utf8: true, err: wire.ErrPathUTF8},
		{in: "v@evil.test> ORCPT=rfc822;x@ok.test", err: wire.ErrPath},
		{in: "<a@corp.test", err: wire.ErrPath},
		{in: "a\r\nRSET@corp.test", err: wire.ErrPath},
		{in: "a\x00@corp.test", err: wire.ErrPath},
		{in: "a\u0085b@corp.test", utf8: true, err: nil, want: "\"a\u0085b\"@corp.test"},
		{in: "nobody", err: wire.ErrPath},
		{in: "@corp.test", want: `""@corp.test`},
		{in: "a@", err: wire.ErrPath},
		{in: "a@corp..test", err: wire.ErrPath},
		{in: "a@corp.test SIZE=1", err: wire.ErrPath},
		{in: "a@corp.test> SIZE=1", err: wire.ErrPath},
		{in: "a@[1]2]", err: wire.ErrPath},
	} {
		got, err := wire.QuotePath(tc.in, tc.utf8)
		if got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("QuotePath(%q, %v) = %q, %v; want %q, %v", tc.in, tc.utf8, got, err, tc.want, tc.err)
		}
	}
}

func TestEnvelopeParameters(t *testing.T) {
	for _, tc := range []struct {
		exts       []string
		line, want string
	}{
		{nil, "MAIL FROM:<a@corp.test> XYZZY=1", "555 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> BY=120;R", "555 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> SIZE=1 SIZE=2", "501 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> SIZE", "501 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> BODY=9BIT", "501 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> SMTPUTF8=1", "501 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> AUTH=a@b@c", "501 5.5.4"},
		{nil, "MAIL FROM:<a@corp.test> AUTH=<> RET=HDRS ENVID=x body=8bitmime size=7", "250"},
		{nil, "MAIL FROM:<jürgen@köln.test> SMTPUTF8", "250"},
		{nil, "MAIL FROM:<jürgen@köln.test>", "553 5.6.7"},
		{nil, "MAIL FROM:<\"a b\"@corp.test>", "250"},
		{nil, "MAIL FROM:<>", "250"},
		{nil, "MAIL FROM: <a@corp.test>  ", "250"},
		{nil, "mail from:a@corp.test SIZE=3", "250"},
		{nil, "MAIL FROM:<a@corp.test>SIZE=3", "501 5.5.2"},
		{nil, "MAIL FROM:<a@corp.test", "501 5.5.2"},
		{nil, "MAIL FROM:a@b> SIZE=3", "501 5.5.2"},
		{nil, "MAIL FROM:<a@b<c>", "553 5.1.7"},
		{nil, "MAIL TO:<a@corp.test>", "501 5.5.2"},
		{[]string{"PIPELINING"}, "MAIL FROM:<a@corp.test> BODY=8BITMIME", "555 5.5.4"},
		{[]string{"PIPELINING"}, "MAIL FROM:<a@corp.test> SIZE=1", "555 5.5.4"},
		{[]string{"8BITMIME"}, "MAIL FROM:<a@corp.test> BODY=BINARYMIME", "555 5.5.4"},
		{[]string{"8BITMIME"}, "MAIL FROM:<a@corp.test> SMTPUTF8", "555 5.5.4"},
		{[]string{"8BITMIME"}, "MAIL FROM:<a@corp.test> RET=FULL", "555 5.5.4"},
	} {
		c := hello(t, serve(t, wire.Config{}, &backend{exts: tc.exts}))
		c.cmd(tc.line, tc.want)
	}
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("RCPT TO:<b@rcpt.test> XYZZY", "555 5.5.4")
	c.cmd("RCPT TO:<b@rcpt.test> NOTIFY=SUCCESS ORCPT=rfc822;b@rcpt.test", "250 2.1.5")
	c.cmd("RCPT TO:<>", "501")
	c.cmd("RCPT TO:<Postmaster>", "250")
	c.cmd("RCPT TO:<用户@例子.test>", "553 5.6.7")
	c = dial(t, s)
	c.cmd("HELO client.test", "250")
	c.cmd("MAIL FROM:<a@corp.test> SIZE=1", "555 5.5.4")
}
