package console

import (
	"strings"
	"testing"
)

// A log-in leads nowhere but to the console itself.
func TestLogInLeadsToTheConsoleAlone(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/": "/", "/incidents?q=state:open": "/incidents?q=state:open", "/messages/BH-1#parts": "/messages/BH-1#parts",
		"https://evil.example/": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"/\t/evil.example": "/", "/\r\nSet-Cookie: x=y": "/", "javascript:alert(1)": "/", "evil.example": "/", "incidents": "/",
		"/" + strings.Repeat("a", nextMost-1): "/" + strings.Repeat("a", nextMost-1), "/" + strings.Repeat("a", nextMost): "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%.60q leads to %.60q, want %.60q", next, got, want)
		}
	}
}
