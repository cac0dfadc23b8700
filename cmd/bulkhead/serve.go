package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/acme"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	runs "github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/worker"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

type serveCommand struct{ settings }

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return `Policies, lexicon, own domains and log level of the configuration, indexes, the allow
list and certificates are taken again when their files change, and all at once on
SIGHUP or by "bulkhead reload"; what cannot be taken leaves the one before in use.
Other settings need a restart. Under systemd it takes over sockets that are passed
on, and says when it is ready, reloading, alive and stopping.

Examples:
  bulkhead serve --upstream smtp://mail.example:25
  bulkhead serve --config /etc/bulkhead/bulkhead.yaml --listen :2525`
}

// Run runs the relay until the context ends.
func (c serveCommand) Run(ctx context.Context, p program) error {
	file := watch(c.Config) // before it is read, so that no change is missed
	cfg, all, err := c.load(p)
	if err != nil {
		return err
	}
	if err := forbidCore(); err != nil {
		return err
	}
	lines := &logLines{to: p.stderr}
	defer lines.flush()
	log, level := newLog(cfg, lines)
	manager, err := newManager(log)
	if err != nil {
		return err
	}
	passed, err := inheritedSockets()
	if err != nil {
		return err
	}
	defer passed.close()
	r, err := newRelay(ctx, cfg, log, passed)
	if err != nil {
		return err
	}
	r.manager, r.level = manager, level
	r.told.settings = all
	if c.Config != "" {
		r.live.rereads(file, func() (*configs.Config, []configs.Setting, error) { return c.load(p) }, r.taken)
	}
	return r.run(ctx)
}

// newLog makes the log of a configuration. Its level may be set later.
func newLog(cfg *configs.Config, lines io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(logLevel(cfg))
	options := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(lines, options)), level
	}
	return slog.New(slog.NewTextHandler(lines, options)), level
}

func logLevel(cfg *configs.Config) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// relay is a whole running Bulkhead: relay, quarantine, console and metrics.
type relay struct {
	cfg      *configs.Config
	log      *slog.Logger
	registry *prometheus.Registry
	store    *quarantine.Store
	upstream *upstream.Server
	live     *live
	acme     *acme.Certificates // nil where none is used
	workers  *worker.Pool
	runs     *runs.Tracker
	smtp     *proxy.Server
	console  http.Handler
	access   *access.Door
	ready    sharedLook
	trail    trail
	adviser  *adviser
	examiner *examiner
	told     told
	teller   teller
	figures  figures
	events   *eventLine
	tracer   *tracing.Tracer // nil where none is told
	jobs     *review.Jobs
	manager  manager
	level    *slog.LevelVar // of log; nil where it is fixed
	turn     *turn

	sockets        *sockets
	listeners      []net.Listener
	milter         net.Listener // nil if mail servers may not ask
	admin, metrics net.Listener
}

// newRelay makes a relay and opens its addresses, so that whatever is wrong
// with them is an error here and not later. Of the addresses it takes those that
// are open already.
func newRelay(ctx context.Context, cfg *configs.Config, log *slog.Logger, open *sockets) (*relay, error) {
	r := &relay{cfg: cfg, log: log, sockets: open, registry: prometheus.NewRegistry(), workers: newWorkers(log), told: told{started: time.Now()}}
	if err := r.open(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// open makes everything that a relay consists of.
func (r *relay) open(ctx context.Context) (err error) {
	cfg := r.cfg
	if r.live, err = newLive(cfg, r.log); err != nil {
		return err
	}
	if r.acme, err = newACME(cfg, r.log); err != nil {
		return err
	}
	if r.upstream, err = newUpstream(cfg); err != nil {
		return err
	}
	if r.store, err = openStore(ctx, cfg); err != nil {
		return err
	}
	spool := spoolDir(cfg)
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	bounds, err := limits(cfg, spool, r.workers)
	if err != nil {
		return err
	}
	names := proxy.MetricNames(r.live.policies())
	names.Version, names.Revision = version, revision()
	m := metrics.New(r.registry, names)
	r.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics.WatchQuarantine(r.registry, r.depth)
	r.live.watch(metrics.NewReloads(r.registry, cfg.IndexNames()))
	notices, err := newNotifier(cfg, r.store, r.upstream, func(channel, result string) {
		m.Notifications.WithLabelValues(channel, result).Inc()
	}, r.log)
	if err != nil {
		return err
	}
	r.teller = teller{store: r.store, notices: notices, log: r.log}
	r.jobs = r.newJobs()
	if n := int64(cfg.Run.Memory); n > 0 {
		memory := rules.NewMemory(n)
		r.live.remember(memory)
		metrics.WatchMemory(r.registry, memoryOf(memory))
	}
	if r.turn, err = takeTurn(ctx, cfg.DataDir, r.log); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	r.runs = newRuns(cfg, r.store, func() bool { return r.othersUnheard(ctx) }, m, r.log)
	if r.events, err = newEvents(cfg, m, r.log); err != nil {
		return err
	}
	if r.tracer, err = r.newTracer(ctx, m); err != nil {
		return err
	}
	r.smtp = proxy.New(proxy.Config{
		Hostname: hostname(cfg), Dial: r.upstream.Dial,
		InForce: r.live.rules, Limits: bounds, Quarantine: holder{r.store, r.teller}, Metrics: m, Log: r.log,
		OneRecipient: r.upstream.AnswersEach(),
		Wire:         wireConfig(cfg), MaxSize: int64(cfg.SMTP.MaxSize), MaxHops: cfg.SMTP.MaxHops,
		Deadline: cfg.Inspection.Deadline, Inspections: cfg.Inspection.Concurrent,
		SpoolDir: spool, SpoolMemory: spoolMemory, Now: time.Now,
		Runs: r.runs, RunAnswer: proxy.RunAnswer(cfg.Run.Answer), Tell: r.events.judged(), Tracer: r.tracer,
	})
	r.access = newAccess(cfg, r.store, m)
	r.figures = r.newFigures(m)
	r.adviser = r.newAdviser(bounds)
	r.examiner = &examiner{r.live, r.smtp, extract.New(), bounds}
	parts := r.consoleConfig(ctx, m, spool)
	parts.Inspector = r.examiner
	if parts.API, err = r.newAPI(ctx, m, spool); err != nil {
		return err
	}
	if r.console, err = console.New(parts); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return r.listen()
}

// spoolMemory is how many bytes of a message are kept in memory before the
// spool goes to a file.
const spoolMemory = 512 << 10

// listen opens every address.
func (r *relay) listen() error {
	for _, l := range r.cfg.Listeners {
		listener, err := r.sockets.listen(socketSMTP, l.Address)
		if err != nil {
			return fmt.Errorf("listeners: %w", err)
		}
		r.listeners = append(r.listeners, listener)
	}
	var err error
	if r.milter, err = listenMilter(&r.cfg.Milter, r.sockets); err != nil {
		return err
	}
	if r.admin, err = r.sockets.listen(socketAdmin, r.cfg.Admin.Address); err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	switch a := &r.cfg.Admin; a.Cert {
	case "":
	case configs.ByACME:
		r.showACME(r.admin.Addr(), "console")
		r.admin = tls.NewListener(r.admin, r.acme.TLS("h2", "http/1.1"))
	default:
		shown, err := openCertificate("admin.cert", a.Cert, a.Key)
		if err != nil {
			return err
		}
		r.show(shown, r.admin.Addr(), "console")
		r.admin = tls.NewListener(r.admin, shown.config("h2", "http/1.1"))
	}
	if r.metrics, err = r.sockets.listen(socketMetrics, r.cfg.Metrics.Address); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return r.sockets.unclaimed()
}

// run serves until the context ends, then lets transactions finish.
func (r *relay) run(ctx context.Context) error {
	defer r.close()
	hangUp := hangUps(ctx) // before anybody is told that it is ready: until then the signal ends the process
	if os.Getenv("GOGC") == "" {
		defer paceCollector()()
	}
	hearing, stopHearing := context.WithCancel(ctx)
	heard := r.hear(hearing)
	defer heard()
	defer stopHearing()
	failed := make(chan error, len(r.listeners)+3)
	doors := make([]proxy.Door, len(r.listeners))
	for i, l := range r.listeners { // each before mail is taken by any
		var err error
		if doors[i], err = r.openDoor(i, l.Addr()); err != nil {
			return err
		}
	}
	for i, l := range r.listeners {
		go func() { failed <- r.smtp.Serve(l, doors[i]) }()
		r.log.Info("taking mail", "address", l.Addr().String(), "upstream", r.upstream.String())
	}
	r.serveMilter(failed)
	stopHTTP := r.serveHTTP(failed)
	defer stopHTTP()
	r.log.Info("ready", "console", r.consoleURL()+"/", "metrics", "http://"+r.metrics.Addr().String()+"/metrics")
	for _, warning := range slices.Concat(r.store.Warnings(), publicConsole(r.admin.Addr(), &r.cfg.Admin)) {
		r.log.Warn(warning)
	}
	defer r.keepCertificates(ctx)()
	r.tellFirstRun(ctx)
	go r.tidy(ctx)
	go r.followFiles(ctx, hangUp)
	stopWatching, err := r.watch(ctx)
	if err != nil {
		return err
	}
	defer stopWatching()
	r.manager.ready(r.status())
	go r.manager.feed(context.WithoutCancel(ctx), r.alive) // to the end of the process
	go r.lookAfter(ctx)
	tellingCtx, stopTelling := context.WithCancel(ctx)
	defer stopTelling()
	telling := r.tell(tellingCtx)
	var cause error
	select {
	case cause = <-failed:
	case <-ctx.Done():
	}
	err = r.shutdown(ctx)
	stopTelling()
	<-telling
	return errors.Join(cause, err)
}

// tell sends notices until the context ends, and then closes the channel.
func (r *relay) tell(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.teller.catchUp(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("telling of held messages", "error", err)
		}
		r.teller.notices.Run(ctx)
	}()
	return done
}

// shutdown lets transactions finish within the grace time.
func (r *relay) shutdown(ctx context.Context) error {
	r.log.Info("going down", "grace", r.cfg.SMTP.ShutdownGrace)
	r.manager.stopping(r.cfg.SMTP.ShutdownGrace)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.SMTP.ShutdownGrace)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- r.jobs.Close(grace) }()
	err := r.smtp.Shutdown(grace)
	if err := <-closed; err != nil {
		r.log.Warn("going down", "error", err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		r.log.Warn("connections were cut at the end of the grace time; their clients have no reply")
		return nil
	}
	if err != nil {
		return fmt.Errorf("shutting down: %w", err)
	}
	return nil
}

func (r *relay) close() {
	for _, l := range append(r.listeners, r.milter, r.admin, r.metrics) {
		if l != nil {
			l.Close() //nolint:errcheck // closed already where it served
		}
	}
	if r.acme != nil {
		r.acme.Close()
	}
	r.workers.Close() //nolint:errcheck // killed, whatever they say
	if r.upstream != nil {
		r.upstream.Close() //nolint:errcheck // idle connections only
	}
	r.tracer.Close()
	if r.runs != nil {
		r.runs.Close() // writes the ledger
	}
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			r.log.Warn("closing the quarantine", "error", err)
		}
	}
	if r.turn != nil {
		r.turn.end()
	}
}
