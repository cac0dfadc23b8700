package quarantine

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whatever an upstream says, nothing but digits is kept of it.
func FuzzReplyCodes(f *testing.F) {
	for _, seed := range []string{"250 2.1.5 reader1@post.example ok", "550-5.7.1 no\r\n550 5.7.1 no", "421", "250 2.1.\xff", "450 4.2.²"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		got := replyCodes(reply)
		if strings.Trim(got, "0123456789. ") != "" || len(got) > len("250 2.111.222") {
			t.Errorf("%q is kept as %q", reply, got)
		}
		if again := replyCodes(got); again != got {
			t.Errorf("%q is kept as %q, and that as %q", reply, got, again)
		}
	})
}

// Whatever a person types as an id, it never leads out of the store.
func FuzzNormaliseID(f *testing.F) {
	for _, seed := range []string{"BH-7K2M-Q9XD", " bh-olio-0000", "BH-../.-/..", "BH-\xc3\x28aa-0000"} {
		f.Add(seed)
	}
	s := &Store{dir: "/data"}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := NormaliseID(typed)
		if err != nil {
			return
		}
		if again, err := NormaliseID(id); err != nil || again != id {
			t.Errorf("%q is %q, and that %q, %v", typed, id, again, err)
		}
		if ok, err := filepath.Match("/data/content/[0-9a-z][0-9a-z]/BH-????-????.eml", s.mailPath(id)); err != nil || !ok {
			t.Errorf("%q leads to %s", typed, s.mailPath(id))
		}
	})
}
