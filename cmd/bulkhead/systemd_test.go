package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exposure is what systemd-analyze of systemd 252 says of the unit, from 0 to
// 10; README.md of configs states it.
const exposure = "1.1"

// The unit is one that systemd takes without a warning, with the confinement
// that is claimed.
func TestSystemdUnit(t *testing.T) {
	analyze := needProgram(t, "systemd-analyze", "systemd")
	text := shipped(t, "systemd/bulkhead.service",
		"/usr/bin/bulkhead", ownPath(t), // verify wants the program to be there
		"Documentation=man:bulkhead(1)", "Documentation=https://bulkhead.example") // and the page
	unit := filepath.Join(t.TempDir(), "bulkhead.service")
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(filepath.Dir(unit), "bulkhead.socket")
	if err := os.WriteFile(socket, []byte(shipped(t, "systemd/bulkhead.socket", "Documentation=man:bulkhead(1)", "Documentation=https://bulkhead.example")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit, socket).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out := runProgram(t, analyze, "security", "--offline=true", "--no-pager", unit)
	level := regexp.MustCompile(`Overall exposure level for bulkhead\.service: ([0-9.]+)`).FindStringSubmatch(out)
	// Other versions weigh other things.
	if version := runProgram(t, analyze, "--version"); !strings.HasPrefix(version, "systemd 252 ") && level != nil {
		t.Logf("an exposure of %s by %.20q", level[1], version)
	} else if level == nil || level[1] != exposure {
		t.Errorf("exposure %v, want %s\n%s", level, exposure, out)
	}
	if !strings.Contains(shipped(t, "README.md"), "exposure of "+exposure+" ") {
		t.Errorf("configs/README.md does not state the exposure of %s", exposure)
	}
}

// The processes that read foreign archives confine themselves with these
// calls: a unit that refuses them leaves archives unread.
func TestSystemdUnitAllowsWorkersToConfineThemselves(t *testing.T) {
	analyze := needProgram(t, "systemd-analyze", "systemd")
	allowed := map[string]bool{}
	for line := range strings.Lines(shipped(t, "systemd/bulkhead.service")) {
		list, found := strings.CutPrefix(strings.TrimSpace(line), "SystemCallFilter=")
		if !found {
			continue
		}
		list, refuse := strings.CutPrefix(list, "~")
		for word := range strings.FieldsSeq(list) {
			for _, call := range callsOf(t, analyze, word) {
				allowed[call] = !refuse
			}
		}
	}
	for _, call := range []string{
		"execve", "clone", "clone3", "prctl", "prlimit64", "seccomp", // the start
		"landlock_create_ruleset", "landlock_restrict_self",
		"read", "write", "mmap", "mprotect", "madvise", "futex", "epoll_pwait", "getrandom", "exit_group", // the work
		"pipe2", "wait4", "kill", "pidfd_open", "pidfd_send_signal", // the relay's part of it
	} {
		if !allowed[call] {
			t.Errorf("the unit refuses %s", call)
		}
	}
	for _, call := range []string{"mount", "ptrace", "bpf", "setuid", "chroot", "init_module", "reboot", "open_by_handle_at"} {
		if allowed[call] {
			t.Errorf("the unit allows %s", call)
		}
	}
}

// callsOf lists the system calls of a group, or the one call that it is.
func callsOf(t *testing.T, analyze, word string) (calls []string) {
	if !strings.HasPrefix(word, "@") {
		return []string{word}
	}
	for line := range strings.Lines(runProgram(t, analyze, "syscall-filter", "--no-pager", word)) {
		line = strings.TrimSpace(line)
		if line != "" && line != word && !strings.HasPrefix(line, "#") {
			calls = append(calls, callsOf(t, analyze, line)...)
		}
	}
	return calls
}

// ownPath is the program that the tests run as bulkhead.
func ownPath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("bulkhead")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
