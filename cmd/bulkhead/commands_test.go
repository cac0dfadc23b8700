package main

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// TestCommandsTellARunThatIsHeld by their exit status, by which scripts that send
// with them stop.
func TestCommandsTellARunThatIsHeld(t *testing.T) {
	msmtp, swaks := needProgram(t, "msmtp", "msmtp"), needProgram(t, "swaks", "swaks")
	for answer, want := range map[string]struct{ msmtp, swaks int }{
		"accept": {0, 0},
		// msmtp has EX_UNAVAILABLE for both, and not EX_TEMPFAIL for the first:
		// a script cannot tell by it whether to try again.
		"defer":  {69, 26},
		"refuse": {69, 26},
	} {
		p := startRelay(t, t.TempDir(), newMailbox(t).url(), func(cfg *configs.Config) { cfg.Run.Answer = answer })
		address := p.listeners[0].Addr().String()
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if reply := dialQuiet(address).deliver(posting{"tool@isp.example", "first@client.example", bulletin(40)}); !strings.Contains(reply, "Held") {
			t.Fatalf("the first copy was told %q", reply)
		}
		letter := "From: tool@isp.example\nTo: second@client.example\nSubject: x\n\n" + strings.ReplaceAll(string(bulletin(2)), "\r", "")
		run := func(name string, args ...string) int {
			cmd := exec.Command(name, args...)
			cmd.Stdin = strings.NewReader(letter)
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatalf("%s: %v\n%s", name, err, out)
			}
			return cmd.ProcessState.ExitCode()
		}
		if got := run(msmtp, "--host="+host, "--port="+port, "--auth=off", "--tls=off", "--from=tool@isp.example", "second@client.example"); got != want.msmtp {
			t.Errorf("%s: msmtp exits with %d, want %d", answer, got, want.msmtp)
		}
		if got := run(swaks, "--server", address, "--from", "tool@isp.example", "--to", "second@client.example", "--data", "-"); got != want.swaks {
			t.Errorf("%s: swaks exits with %d, want %d", answer, got, want.swaks)
		}
	}
}
