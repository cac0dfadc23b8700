package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/simulation"
)

// simulated runs the command, and returns its exit status and what it said.
func simulated(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"simulate"}, args...), program{stdout: &stdout, stderr: &stderr})
	return code, stdout.String(), stderr.String()
}

// What the command prints for people and for programs is of the same simulation, and
// the costs that it prints are those that it is driven by.
func TestSimulate(t *testing.T) {
	args := []string{"--relays", "3", "--rate", "30/s", "--for", "2m", "--fail", "relay:at=10s,every=10s,for=15s", "--fail", "postgres:at=1m,for=5s"}
	code, table, errs := simulated(args...)
	if code != exitOK || errs != "" {
		t.Fatalf("%d %s", code, errs)
	}
	code, text, errs := simulated(append(args, "--format", "json")...)
	var report simulation.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil || code != exitOK {
		t.Fatalf("%d %v %s", code, err, errs)
	}
	if report.Hourly != 108_000 || len(report.Each) != 3 || report.Messages.Acknowledged == 0 || len(report.Hurt) != 1 {
		t.Errorf("%+v", report)
	}
	for _, want := range []string{
		"3 relays of 2 cores, 108000 messages an hour for 120 s, seed 1",
		"Failing: postgres:at=1m0s,for=5s", "MEASURED on two shared virtual cores", "ASSUMED", "After postgres at 60 s for 5 s",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	_, costs, _ := simulated("--print-costs")
	file := writeFile(t, "costs.yaml", costs)
	if _, again, errs := simulated(append(args, "--costs", file)...); again != table {
		t.Errorf("by the costs that it prints it comes to something else: %s", errs)
	}
}

func TestSimulateSaysWhatIsWrong(t *testing.T) {
	bad := writeFile(t, "costs.yaml", strings.Replace(string(simulation.Shipped), "value: 350us, measured", "value: 0s, measured", 1))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--rate", "fast"}, `"fast": say a number by the hour`},
		{[]string{"--rate", "NaN/h"}, "say a number"},
		{[]string{"--fail", "disk:at=1m,for=1m"}, "nothing of that name fails"},
		{[]string{"--degraded", "hope"}, "defer"},
		{[]string{"--relays", "0"}, "0 relays"},
		{[]string{"--costs", bad}, "kinds.letter.cpu: 0s is no cost"},
	} {
		if code, _, errs := simulated(c.args...); code != exitError || !strings.Contains(errs, c.want) {
			t.Errorf("%v: %d %s, want %q", c.args, code, errs, c.want)
		}
	}
}

// A setting of a shipped file has the value there that is simulated.
func TestCostsHaveWhatIsSet(t *testing.T) {
	costs, err := simulation.ParseCosts(simulation.Shipped)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range costs.Figures() {
		name, key, found := strings.Cut(f.From, ": ")
		if f.Origin != "setting" || !found || !strings.HasPrefix(name, "configs/") {
			continue
		}
		seen++
		if text := shipped(t, strings.TrimPrefix(name, "configs/")); !strings.Contains(text, " "+key+" "+f.Value+" ") {
			t.Errorf("%s is %s, which %s has not as %s", f.Name, f.Value, name, key)
		}
	}
	if seen < 3 {
		t.Errorf("only %d settings of shipped files", seen)
	}
}

// The command beside each measured figure runs a benchmark that there is, and that
// prints what it says.
func TestCostsAreMeasuredByWhatThereIs(t *testing.T) {
	costs, err := simulation.ParseCosts(simulation.Shipped)
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`^go test (\./\S+) -run (\S+) -bench (\w+)(?:/([\w-]+))?[^#]* # (\S+/\S+)`)
	for _, f := range costs.Figures() {
		if f.Origin != "measured" {
			continue
		}
		parts := command.FindStringSubmatch(f.From)
		if parts == nil {
			t.Errorf("%s: %q is not of the form go test ./package -run … -bench … # unit/of", f.Name, f.From)
			continue
		}
		var all strings.Builder
		files, err := filepath.Glob(filepath.Join("../..", parts[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		if !strings.Contains(all.String(), "func Benchmark"+parts[3]) || !strings.Contains(all.String(), parts[4]) || !strings.Contains(all.String(), `, "`+parts[5]+`")`) {
			t.Errorf("%s: %q runs no such benchmark", f.Name, f.From)
		}
	}
}
