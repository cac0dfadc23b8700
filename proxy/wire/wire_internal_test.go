package wire

import "testing"

func TestOnlyWholeRepliesCanBeSaid(t *testing.T) {
	for reply, want := range map[string]bool{
		"250 ok\r\n":                        true,
		"250\r\n":                           true,
		"250-2.0.0 a\r\n250 2.0.0 b\r\n":    true,
		"550 \r\n":                          true,
		"":                                  false,
		"250 ok":                            false,
		"250 ok\n":                          false,
		"999 ok\r\n":                        false,
		"150 ok\r\n":                        false,
		"abc\r\n":                           false,
		"250-a\r\n":                         false,
		"250 a\r\n250 b\r\n":                false,
		"250-a\r\n550 b\r\n":                false,
		"250 a\r\n\r\n":                     false,
		"250 a\rb\r\n":                      false,
		"250 a\n250 b\r\n":                  false,
		"250ok\r\n":                         false,
		"250-a\r\n250-b\r\n250 c\r\n":       true,
		"250-a\r\n250 b\r\n250 smuggle\r\n": false,
	} {
		if got := validReply(reply); got != want {
			t.Errorf("validReply(%q) = %v", reply, got)
		}
	}
}

func TestAuthParameterIsAMailbox(t *testing.T) {
	for value, want := range map[string]bool{
		"<>": true, "a@b.test": true, "a+2Bb@b.test": true, "+22a+20b+22@b.test": true,
		"": false, "a": false, "a@b@c": false, "a+2": false, "a+ZZ@b.test": false,
		"a+FF@b.test": false, "a@b.test+0D+0ARSET": false, "a+3E@b.test": false,
	} {
		if got := isAuthValue(value); got != want {
			t.Errorf("isAuthValue(%q) = %v", value, got)
		}
	}
}

func TestDefaultsAreThoseOfTheComments(t *testing.T) {
	c := Config{Limits: Limits{CommandLine: 1 << 20}}.withDefaults()
	if c.Limits.CommandLine != bodyWindow || c.Limits.AuthLine != bodyWindow {
		t.Errorf("lines of %d and %d octets", c.Limits.CommandLine, c.Limits.AuthLine)
	}
	c = Config{}.withDefaults()
	if c.Limits.CommandLine != 4096 || c.Limits.AuthLine != 12288 || c.Limits.Connections != 1000 {
		t.Errorf("limits %+v", c.Limits)
	}
}
