package configs

import "time"

// Run is how messages are seen in the light of those before them.
type Run struct {
	// Answer is what clients are told of the copies that come after the first
	// held one of a run: accept, defer or refuse.
	Answer string `yaml:"answer"`
	// Quiet is how long after its last copy a run closes.
	Quiet time.Duration `yaml:"quiet"`
	// Window is over what time a sender's people are counted and its runs are
	// recent, and how long a held run brakes after its last copy.
	Window time.Duration `yaml:"window"`
	// Memory is for the evidence of parts that were read before; 0: none.
	Memory Size `yaml:"memory"`
	// Keep is how long it is kept what each message would have exposed, to whom
	// the copies of runs went of which none was held, and what the overview counts
	// by the hour and the day.
	Keep   Period `yaml:"keep"`
	Canary Canary `yaml:"canary"`
}

// Canary makes the first copies of a run from a sender of many wait for each
// other, until the run's shape is known.
type Canary struct {
	Copies int           `yaml:"copies"` // 0: off
	Wait   time.Duration `yaml:"wait"`
	Bulk   int           `yaml:"bulk"` // messages of late that make a sender one of many
}

func defaultRun() Run {
	return Run{Answer: "accept", Quiet: time.Hour, Window: 24 * time.Hour, Memory: 64 << 20, Keep: 30 * Day,
		Canary: Canary{Wait: 10 * time.Second, Bulk: 50}}
}

// maxWait is half of what a client waits for the reply to a message (RFC 5321
// section 4.5.3.2.6).
const maxWait = 5 * time.Minute

func (c *Config) checkRun(wrong report) {
	r := &c.Run
	oneOf("run.answer", r.Answer, wrong, "accept", "defer", "refuse")
	if r.Quiet < time.Second {
		wrong("run.quiet", "%v: want at least 1s", r.Quiet)
	}
	if r.Window < r.Quiet {
		wrong("run.window", "%v: want at least run.quiet, %v", r.Window, r.Quiet)
	}
	if r.Memory < 0 {
		wrong("run.memory", "%d: want a size, or 0 for none", r.Memory)
	}
	if r.Canary.Copies < 0 || r.Canary.Copies > 1000 {
		wrong("run.canary.copies", "%d: want 0 (off) to 1000", r.Canary.Copies)
	}
	if r.Canary.Wait <= 0 || r.Canary.Wait > maxWait {
		wrong("run.canary.wait", "%v: want up to %v, since clients wait ten minutes", r.Canary.Wait, maxWait)
	}
	if r.Canary.Bulk < 0 {
		wrong("run.canary.bulk", "%d: want 0 or more", r.Canary.Bulk)
	}
}
