package quarantine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// What makes PostgreSQL read the statements of this package, beneath database/sql,
// so that nothing above it has to know.

// postgresConnector connects through pgx.
type postgresConnector struct {
	driver.Connector
	written *rewriter
	most    time.Duration // see postgresConn
}

func newPostgresConnector(config *pgx.ConnConfig, most time.Duration) driver.Connector {
	return postgresConnector{stdlib.GetConnector(*config), &rewriter{}, most}
}

// Connect implements driver.Connector.
func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, withoutPassword(err))
	}
	std, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("pgx connects as %T", conn), conn.Close())
	}
	return &postgresConn{Conn: std, written: c.written, most: c.most}, nil
}

// withoutPassword keeps of a failed attempt to connect what pgx says of it, which
// names the user, the host and the database.
func withoutPassword(err error) error {
	var failed *pgconn.ConnectError
	if errors.As(err, &failed) {
		return failed
	}
	return err
}

// postgresConn is a connection that reads our SQL.
type postgresConn struct {
	*stdlib.Conn
	written *rewriter
	tx      context.Context // of the transaction that is under way; nil: none
	most    time.Duration   // that a statement may take to answer
}

// answerMost is how long a statement may take until its first row: long beside the
// wait for a lock, and short beside the ten minutes that a client waits. A server that
// has frozen would have as many clients wait as the relay takes.
const answerMost = time.Minute

var errSlow = errors.New("no answer in time")

// within gives the context of a statement, and what ends it: the caller's, or that of
// the transaction where the caller's never ends (see upsertRows). answered ends the
// time that is given for an answer.
func (c *postgresConn) within(ctx context.Context) (within context.Context, answered func() bool, end context.CancelCauseFunc) {
	if c.tx != nil && ctx.Done() == nil {
		ctx = c.tx
	}
	within, end = context.WithCancelCause(ctx)
	return within, time.AfterFunc(c.most, func() { end(errSlow) }).Stop, end
}

// ExecContext implements driver.ExecerContext. What has no arguments, a migration,
// is PostgreSQL's own, and takes what it takes.
func (c *postgresConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		res, err := c.Conn.ExecContext(ctx, query, args)
		return res, c.explain(ctx, err)
	}
	ctx, answered, end := c.within(ctx)
	defer end(nil)
	defer answered()
	res, err := c.Conn.ExecContext(ctx, c.written.rewrite(query), args)
	return res, c.explain(ctx, err)
}

// QueryContext implements driver.QueryerContext.
func (c *postgresConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, answered, end := c.within(ctx)
	rows, err := c.Conn.QueryContext(ctx, c.written.rewrite(query), args)
	answered()
	if err != nil {
		defer end(nil)
		return nil, c.explain(ctx, err)
	}
	return postgresRows{rows, end}, nil
}

// postgresRows are the rows of a statement, whose context ends with them.
type postgresRows struct {
	driver.Rows
	end context.CancelCauseFunc
}

// Close implements driver.Rows.
func (r postgresRows) Close() error {
	defer r.end(nil)
	return r.Rows.Close()
}

// ResetSession implements driver.SessionResetter: a connection that was not used for a
// while is tried.
func (c *postgresConn) ResetSession(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, min(connectTimeout, c.most))
	defer stop()
	return c.Conn.ResetSession(ctx)
}

// PrepareContext implements driver.ConnPrepareContext: pgx keeps the statements of
// a connection prepared, by their text.
func (c *postgresConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return postgresStmt{c, query}, nil
}

// BeginTx implements driver.ConnBeginTx. Who only reads sees one state. Who writes sees
// with each statement what was written before it, whatever the server is set to: the
// first one waits for the others.
func (c *postgresConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	o.Isolation = driver.IsolationLevel(sql.LevelReadCommitted)
	if o.ReadOnly {
		o.Isolation = driver.IsolationLevel(sql.LevelRepeatableRead)
	}
	ctx, answered, end := c.within(ctx)
	tx, err := c.Conn.BeginTx(ctx, o)
	answered()
	if err != nil {
		defer end(nil)
		return nil, c.explain(ctx, err)
	}
	c.tx = ctx
	return postgresTx{tx, c, end}, nil
}

// CheckNamedValue implements driver.NamedValueChecker. A truth is a number in the
// tables. Texts of PostgreSQL cannot have a NUL, nor what is no UTF-8 (22021), and a
// message is not refused for the name of a policy.
func (c *postgresConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	if v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value); err != nil {
		return err
	}
	switch x := v.Value.(type) {
	case bool:
		v.Value = int64(0)
		if x {
			v.Value = int64(1)
		}
	case string:
		v.Value = storable(x)
	}
	return nil
}

// storable gives a text in the form in which PostgreSQL can keep it.
func storable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, string(utf8.RuneError)), "\x00", string(utf8.RuneError))
}

// explain says of an error whether the server is full or away.
func (c *postgresConn) explain(ctx context.Context, err error) error {
	var fault *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		const diskFull, outOfMemory = "53100", "53200"
		switch {
		case fault.Code == diskFull:
			return errors.Join(ErrFull, err)
		// A FATAL error has ended the connection.
		case fault.SeverityUnlocalized == "FATAL", fault.Code == outOfMemory, strings.HasPrefix(fault.Code, "57P"), strings.HasPrefix(fault.Code, "08"):
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
		return err
	case errors.Is(context.Cause(ctx), errSlow):
		return fmt.Errorf("%w: %w: %w", ErrAway, errSlow, err)
	case c.Conn.Conn().IsClosed():
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// postgresTx is a transaction whose end is explained, too.
type postgresTx struct {
	driver.Tx
	conn *postgresConn
	end  context.CancelCauseFunc
}

// Commit implements driver.Tx.
func (t postgresTx) Commit() error { return t.last(t.Tx.Commit) }

// Rollback implements driver.Tx.
func (t postgresTx) Rollback() error { return t.last(t.Tx.Rollback) }

// last does the last of a transaction.
func (t postgresTx) last(do func() error) error {
	ctx := t.conn.tx
	t.conn.tx = nil
	defer t.end(nil)
	defer time.AfterFunc(t.conn.most, func() { t.end(errSlow) }).Stop()
	return t.conn.explain(ctx, do())
}

// postgresStmt is a statement that is prepared when it is first used.
type postgresStmt struct {
	conn  *postgresConn
	query string
}

func (s postgresStmt) Close() error  { return nil }
func (s postgresStmt) NumInput() int { return -1 }

func (s postgresStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

func (s postgresStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}

func (s postgresStmt) CheckNamedValue(v *driver.NamedValue) error { return s.conn.CheckNamedValue(v) }

var errContextOnly = errors.New("only with a context")

func (s postgresStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errContextOnly }
func (s postgresStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errContextOnly }

// rewriter remembers how statements are written for PostgreSQL.
type rewriter struct {
	mu   sync.Mutex
	seen map[string]string
}

// rewrittenMost bounds what is remembered: searches are of any form.
const rewrittenMost = 1000

func (r *rewriter) rewrite(query string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text, ok := r.seen[query]; ok {
		return text
	}
	if r.seen == nil || len(r.seen) >= rewrittenMost {
		r.seen = map[string]string{}
	}
	text := forPostgres(query)
	r.seen[query] = text
	return text
}

// forPostgres writes a statement with $1 for the first ? and for ?1, and without the plus
// before a column, which keeps SQLite's planner from an index: PostgreSQL's knows how
// common values are.
func forPostgres(query string) string {
	var b strings.Builder
	quoted, n := false, 0
	for i := range len(query) {
		c := query[i]
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '?' && i+1 < len(query) && '1' <= query[i+1] && query[i+1] <= '9':
			c = '$'
		case c == '?':
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		case c == '+' && i > 0 && (query[i-1] == ' ' || query[i-1] == '(') && i+1 < len(query) && 'a' <= query[i+1] && query[i+1] <= 'z':
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
