package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
)

// The page of settings tells the flags from the environment and the defaults.
func TestSettingsTellFlagsFromDefaults(t *testing.T) {
	dir := t.TempDir()
	cfg, all, err := settings{Listen: "127.0.0.1:0", Upstream: "smtps://mail.example:465", Admin: "127.0.0.1:0", Metrics: "127.0.0.1:0"}.load(
		program{environ: []string{"BULKHEAD_DATA_DIR=" + dir, "BULKHEAD_UPSTREAM_USERNAME=relay", "BULKHEAD_UPSTREAM_PASSWORD=hunter2"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRelay(t.Context(), cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.told.settings = all
	values := map[string]console.Setting{}
	s := r.consoleSettings(t.Context())
	for _, v := range s.Values {
		values[v.Name] = v
	}
	for name, want := range map[string][2]string{
		"upstream.url": {"smtps://mail.example:465", configs.FromFlags}, "data_dir": {dir, "BULKHEAD_DATA_DIR"}, "upstream.password": {"(hidden)", "BULKHEAD_UPSTREAM_PASSWORD"},
		"run.quiet": {"1h0m0s", configs.FromDefault},
	} {
		if got := values[name]; got.Value != want[0] || got.Origin != want[1] || got.Changed != (want[1] != configs.FromDefault) {
			t.Errorf("%s: %+v, want %q", name, got, want)
		}
	}
	if s.DataDir != dir || s.Started.IsZero() || s.Policies != r.live.policies().Version() {
		t.Errorf("%+v", s)
	}
}

// The overview is told how fast messages are answered, and that the mail server
// behind can be reached.
func TestOverviewIsToldHowTheRelayDoes(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), nil)
	if h := p.health(); h.Messages != 0 || h.Half != 0 {
		t.Errorf("before any message: %+v", h)
	}
	dialQuiet(p.listeners[0].Addr().String()).deliver(posting{"ana@isp.example", "buyer@partner.example", crlf("Hello.\n")})
	if len(box.got()) != 1 {
		t.Fatal("the message did not arrive")
	}
	h := p.health()
	for range 100 { // a message is counted once it is answered
		if h.Messages > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
		h = p.health()
	}
	if h.Messages != 1 || h.Half <= 0 || h.Most < h.Half || !h.Reachable {
		t.Errorf("after a message: %+v", h)
	}
}
