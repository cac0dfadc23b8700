package upstream

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// sinkProgram finds Postfix's test server.
func sinkProgram(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"smtp-sink", "/usr/sbin/smtp-sink"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	testbed.Skip(t, "smtp-sink is missing: install Debian's package postfix")
	return ""
}

// startSink runs smtp-sink, which writes each message to a file of dir, and
// gives its address.
func startSink(t *testing.T, dir string, options ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // smtp-sink takes no open socket
	args := append(options, "-d", filepath.Join(dir, "%M."), "inet:"+address, "100")
	if os.Getuid() == 0 {
		args = append([]string{"-u", "root"}, args...) // it refuses to guess
	}
	sink := exec.Command(sinkProgram(t), args...)
	var said strings.Builder
	sink.Stderr = &said
	if err := sink.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sink.Process.Kill()
		_ = sink.Wait()
	})
	for range 100 {
		if nc, err := net.Dial("tcp", address); err == nil {
			_ = nc.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = sink.Process.Kill()
	_ = sink.Wait()
	t.Fatalf("smtp-sink does not listen: %s", said.String())
	return ""
}

// A server that is not ours takes the same bytes, over SMTP and LMTP, with and
// without EHLO's extensions.
func TestPostfixSinkGetsTheSameBytes(t *testing.T) {
	content := "Subject: dots\r\n\r\n.\r\n..two\r\n" + strings.Repeat("..x\r\ny.\r\n", blockSize/4) + "end\r\n"
	for name, test := range map[string]struct {
		scheme  string
		options []string
	}{
		"SMTP":               {"smtp", nil},
		"without pipelining": {"smtp", []string{"-p"}},
		"HELO alone":         {"smtp", []string{"-e"}},
		"LMTP":               {"lmtp", []string{"-L"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server := newServer(t, Config{URL: test.scheme + "://" + startSink(t, dir, test.options...), PoolSize: 1})
			for range 2 {
				envelope := three()
				envelope.MailParams, envelope.Recipients[1].Params = nil, nil
				results, err := server.Send(t.Context(), envelope, strings.NewReader(content), int64(len(content)))
				if err != nil {
					t.Fatal(err)
				}
				for _, result := range results {
					if result.Outcome != Accepted {
						t.Errorf("%v", result)
					}
				}
			}
			// smtp-sink writes LF for CRLF, below headers of its own.
			want := strings.ReplaceAll(content, "\r\n", "\n")
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 2 {
				t.Fatalf("%d messages, %v; want 2", len(entries), err)
			}
			for _, entry := range entries {
				got, err := os.ReadFile(filepath.Join(dir, entry.Name()))
				if err != nil || !strings.Contains(string(got), want) {
					t.Errorf("%s, %d octets, is not what was sent: %v", entry.Name(), len(got), err)
				}
			}
		})
	}
}
