package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/emersion/go-smtp"
)

type demoCommand struct {
	Once   bool `help:"Exit when it is done: 0 if every verdict was the expected one, 1 if not."`
	Copies int  `default:"100" help:"Copies of each mailing; the accident of 2006 had 3500."`
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return `A whole Bulkhead on loopback, with an upstream of its own that keeps what it
gets in a Maildir. All data is generated; nothing leaves this machine.

Examples:
  bulkhead demo
  bulkhead demo --once --copies 3500`
}

// Run runs the demonstration.
func (c demoCommand) Run(ctx context.Context, p program) error {
	if c.Copies < 1 || c.Copies > customerCount {
		return fmt.Errorf("--copies %d: want 1 to %d, the number of customers", c.Copies, customerCount)
	}
	dir, err := os.MkdirTemp("", "bulkhead-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of temporary files
	d, err := newDemo(ctx, dir, p.stdout)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.relay.run(running) }()
	wrong, err := d.play(ctx, mailings(c.Copies))
	if err == nil {
		d.summary(wrong)
		if !c.Once {
			fmt.Fprintln(p.stdout, "Up until you press Ctrl-C.")
			<-ctx.Done()
		}
	}
	stop()
	if err := errors.Join(err, <-done); err != nil && ctx.Err() == nil {
		return err
	}
	if wrong > 0 {
		return errFound{fmt.Sprintf("%d verdicts were not the expected ones", wrong)}
	}
	return nil
}

// demo is a running demonstration.
type demo struct {
	out     io.Writer
	relay   *relay
	maildir string
	// password is of the account "demo", an admin of the console.
	password string
	held     int
	passed   int
	kept     int // people kept from exposure
}

func newDemo(ctx context.Context, dir string, out io.Writer) (*demo, error) {
	cfg := configs.Default()
	cfg.DataDir = filepath.Join(dir, "data")
	maildir := filepath.Join(dir, "Maildir")
	cfg.Upstream.URL = "maildir:" + maildir
	cfg.Listeners[0].Address = freeAddress(cfg.Listeners[0].Address)
	cfg.Admin.Address = freeAddress(cfg.Admin.Address)
	cfg.Metrics.Address = freeAddress(cfg.Metrics.Address)
	fmt.Fprintln(out, "Starting relay, quarantine, console and metrics …")
	r, err := newRelay(ctx, &cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	d := &demo{out: out, relay: r, maildir: maildir, password: strings.ToLower(rand.Text()[:access.PasswordLeast])}
	hash, err := access.HashPassword("", d.password)
	if err == nil {
		err = r.store.AddAccount(ctx, quarantine.Account{Name: "demo", Role: string(access.Chief), Password: hash}, "demo")
	}
	if err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	return d, nil
}

// freeAddress returns the address, or one with a free port where it is taken.
func freeAddress(address string) string {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "127.0.0.1:0"
	}
	l.Close() //nolint:errcheck // it was only tried
	return address
}

// play sends each scene's message, and then each mailing, through the relay and
// tells what became of it. It returns how many were not as expected.
func (d *demo) play(ctx context.Context, mailings []mailing) (wrong int, err error) {
	fmt.Fprintln(d.out, "Generating 20,000 customers and the messages …")
	scenes, err := scenes()
	if err != nil {
		return 0, err
	}
	for i, s := range scenes {
		if ctx.Err() != nil {
			return wrong, ctx.Err()
		}
		fmt.Fprintf(d.out, "\n%d of %d  %s (%s)\n", i+1, len(scenes)+len(mailings), s.title, bytesText(int64(len(s.content))))
		began := time.Now()
		answer, err := d.send(s)
		if err != nil {
			return wrong, fmt.Errorf("scene %q: %w", s.title, err)
		}
		took := time.Since(began)
		ok, err := d.tell(ctx, s, answer, took)
		if err != nil {
			return wrong, fmt.Errorf("scene %q: %w", s.title, err)
		}
		if !ok {
			wrong++
		}
	}
	for i, m := range mailings {
		fmt.Fprintf(d.out, "\n%d of %d  %s\n", len(scenes)+i+1, len(scenes)+len(mailings), m.title)
		ok, err := d.run(ctx, m)
		if err != nil {
			return wrong, fmt.Errorf("mailing %q: %w", m.title, err)
		}
		if !ok {
			wrong++
		}
	}
	return wrong, nil
}

// send puts one message to the relay over SMTP and returns the reply after
// the final dot.
func (d *demo) send(s scene) (string, error) {
	client, err := smtp.Dial(d.relay.listeners[0].Addr().String())
	if err != nil {
		return "", err
	}
	defer client.Close() //nolint:errcheck // the reply has been read
	if err := client.Mail(s.from, nil); err != nil {
		return "", err
	}
	if err := client.Rcpt(s.to, nil); err != nil {
		return "", err
	}
	w, err := client.Data()
	if err != nil {
		return "", err
	}
	if _, err := w.Write(s.content); err != nil {
		return "", err
	}
	reply, err := w.CloseWithResponse()
	var refused *smtp.SMTPError
	if errors.As(err, &refused) {
		return fmt.Sprintf("%d %s", refused.Code, refused.Message), nil
	}
	if err != nil {
		return "", err
	}
	return "250 " + reply.StatusText, client.Quit()
}

// tell prints what became of a message and why, and reports whether that was
// to be expected.
func (d *demo) tell(ctx context.Context, s scene, answer string, took time.Duration) (ok bool, err error) {
	messages, _, err := d.relay.store.List(ctx, quarantine.Query{From: s.from})
	if err != nil {
		return false, err
	}
	if len(messages) == 0 {
		intact, err := d.delivered(s)
		if err != nil {
			return false, err
		}
		d.passed++
		fmt.Fprintf(d.out, "   passed in %s, delivered byte for byte: %s\n", round(took), yes(intact))
		return intact && !s.hold, nil
	}
	m := messages[0]
	d.held++
	d.kept += m.Subjects
	fmt.Fprintf(d.out, "   HELD in %s by policy %s: about %d people who are not its readers\n", round(took), m.Policy, m.Subjects)
	for _, reason := range m.Reasons {
		fmt.Fprintf(d.out, "   - %s\n", reason)
	}
	fmt.Fprintf(d.out, "   the client was told: %s\n", answer)
	return s.hold && m.Subjects == s.subjects, nil
}

// delivered reports whether the upstream has the message, unchanged below the
// one Received line.
func (d *demo) delivered(s scene) (bool, error) {
	files, err := filepath.Glob(filepath.Join(d.maildir, "new", "*"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		if bytes.HasPrefix(content, []byte("Received: ")) && bytes.HasSuffix(content, s.content) {
			return true, nil
		}
	}
	return false, nil
}

func (d *demo) summary(wrong int) {
	fmt.Fprintf(d.out, "\n%d messages passed, %d held; %d records of people kept from strangers.\n", d.passed, d.held, d.kept)
	if wrong == 0 {
		fmt.Fprintln(d.out, "Every verdict was the expected one.")
	} else {
		fmt.Fprintf(d.out, "%d verdicts were NOT the expected ones.\n", wrong)
	}
	fmt.Fprintf(d.out, "\nConsole  http://%s/  log in as demo, with the password %s\nMetrics  http://%s/metrics\nSMTP     %s\n",
		d.relay.admin.Addr(), d.password, d.relay.metrics.Addr(), d.relay.listeners[0].Addr())
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

func round(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
