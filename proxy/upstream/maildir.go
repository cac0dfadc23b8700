package upstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maildir is a Conn that keeps each message as a file of a Maildir, for trials
// and demonstrations. It takes every recipient. The file holds exactly the
// content, with no line added; the envelope is not kept. A message is complete
// and on stable storage before it is accepted: written to tmp/, synced,
// renamed into new/, and the folder synced.
type maildir struct {
	path     string
	host     string
	open     bool
	accepted int
	closed   bool
}

// openMaildir makes the folders where they are missing.
func (s *Server) openMaildir() (*maildir, error) {
	for _, folder := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(s.target.address, folder), 0o700); err != nil {
			return nil, &Error{Stage: StageDial, Err: err}
		}
	}
	return &maildir{path: s.target.address, host: s.config.Hello}, nil
}

func (m *maildir) Extensions() Extensions {
	return Extensions{
		"PIPELINING": "", "SIZE": "", "8BITMIME": "", "SMTPUTF8": "", "CHUNKING": "",
		"BINARYMIME": "", "DSN": "", "ENHANCEDSTATUSCODES": "",
	}
}

func (m *maildir) Auth(context.Context, string, []byte, func([]byte) ([]byte, error)) (Reply, error) {
	return answer(502, "5.5.1 A maildir knows no users"), nil
}

// Forward does nothing: there is nobody to tell.
func (m *maildir) Forward([]Attribute) {}

func (m *maildir) Mail(_ context.Context, path string, params []string) (Reply, error) {
	if _, err := envelopeLine("", path, params); err != nil {
		return Reply{}, &Error{Stage: StageMail, Err: err}
	}
	if m.closed {
		return Reply{}, &Error{Stage: StageMail, Err: ErrClosed}
	}
	if m.open {
		return answer(503, "5.5.1 A transaction is open"), nil
	}
	m.open, m.accepted = true, 0
	return answer(250, "2.1.0 Ok"), nil
}

func (m *maildir) Rcpt(_ context.Context, path string, params []string) (Reply, error) {
	if _, err := envelopeLine("", path, params); err != nil {
		return Reply{}, &Error{Stage: StageRcpt, Err: err}
	}
	if !m.open {
		return answer(503, "5.5.1 MAIL first"), nil
	}
	m.accepted++
	return answer(250, "2.1.5 Ok"), nil
}

func (m *maildir) Data(ctx context.Context, content io.Reader, size int64) ([]Reply, error) {
	if m.accepted == 0 {
		return nil, &Error{Stage: StageData, Err: errNoRecipient}
	}
	m.open, m.accepted = false, 0
	name := m.name(time.Now())
	temporary := filepath.Join(m.path, "tmp", name)
	if err := writeFile(ctx, temporary, content, size); err != nil {
		return nil, &Error{Stage: StageData, Err: errors.Join(err, os.Remove(temporary))}
	}
	if err := os.Rename(temporary, filepath.Join(m.path, "new", name)); err != nil {
		return nil, &Error{Stage: StageData, Err: errors.Join(err, os.Remove(temporary))}
	}
	if err := syncFolder(filepath.Join(m.path, "new")); err != nil {
		return nil, &Error{Stage: StageFinal, Unknown: true, Err: err}
	}
	return []Reply{answer(250, "2.0.0 Kept as "+name)}, nil
}

func (m *maildir) Reset(context.Context) error {
	m.open, m.accepted = false, 0
	return nil
}

func (m *maildir) Close() error {
	m.open, m.accepted, m.closed = false, 0, true
	return nil
}

// name makes a unique file name: time, random text, host (cr.yp.to/proto/maildir).
func (m *maildir) name(now time.Time) string {
	host := strings.NewReplacer("/", `\057`, ":", `\072`).Replace(m.host)
	return fmt.Sprintf("%d.M%06dR%s.%s", now.Unix(), now.Nanosecond()/1000, rand.Text(), host)
}

// writeFile makes a new file of exactly size octets of content and syncs it.
func writeFile(ctx context.Context, name string, content io.Reader, size int64) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	written, err := io.Copy(file, io.LimitReader(content, size+1))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrContent, err)
	}
	if written != size {
		return fmt.Errorf("%w: it is not as long as announced", ErrContent)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return file.Sync()
}

// syncFolder makes a rename into the folder last over a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func answer(code int, text string) Reply { return Reply{Code: code, Lines: []string{text}} }
