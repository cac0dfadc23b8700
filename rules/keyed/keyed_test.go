package keyed_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

func secret(b byte) keyed.Secret { return keyed.Secret(bytes.Repeat([]byte{b}, keyed.SecretSize)) }

func TestKeyFileIsReadAsItIsWritten(t *testing.T) {
	s := secret(7)
	got, err := keyed.Parse(s.Text())
	if err != nil || got != s {
		t.Errorf("Parse(Text) = %v, the same: %v", err, got == s)
	}
}

func TestDamagedKeyFilesAreRefusedWithoutShowingThem(t *testing.T) {
	good := string(secret(7).Text())
	for _, text := range []string{"", "\n", "AGE-SECRET-KEY-1", good[:len(good)-5], strings.TrimSpace(good) + "AA", good + good, good[1:]} {
		_, err := keyed.Parse([]byte(text))
		if err == nil {
			t.Errorf("%q is taken for a key", text)
			continue
		}
		if strings.Contains(err.Error(), "BwcHBwc") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	s := secret('k')
	for _, v := range []any{s, &s, s.For("x"), struct{ S keyed.Secret }{s}, struct{ H keyed.Hash }{s.For("x")}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "kkkk") || strings.Contains(out, "107") || strings.Contains(out, "0x6b") {
				t.Errorf("%s of %T shows it: %s", verb, v, out)
			}
		}
	}
}

// The vectors pin the function: a change of it would make every index and
// allow list useless without a word.
func TestHashIsTheSameInEveryRelease(t *testing.T) {
	h := secret(1).For("test")
	if got, want := fmt.Sprintf("%016x %x %s", h.Sum([]byte("ana@client.example")), h.Sum128([]byte("x")), h.Check()),
		"798aeba0f66444b8 3944bd65ce0beea188367a87690a00fc 13fbdcbded092eb2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPurposesAndSecretsHaveKeysOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range []keyed.Hash{secret(1).For("a"), secret(1).For("b"), secret(2).For("a")} {
		for _, mark := range []string{fmt.Sprint(h.Sum([]byte("v"))), h.Check()} {
			if seen[mark] {
				t.Errorf("%v is not its own", h)
			}
			seen[mark] = true
		}
	}
}
