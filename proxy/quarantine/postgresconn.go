package quarantine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
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
}

func newPostgresConnector(config *pgx.ConnConfig) driver.Connector {
	return postgresConnector{stdlib.GetConnector(*config), &rewriter{}}
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
	return &postgresConn{Conn: std, written: c.written}, nil
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
}

// within gives the context of a statement: that of its transaction, where it has none
// that ends (see upsertRows). SQLite never keeps a statement waiting; a server that
// has frozen does for good.
func (c *postgresConn) within(ctx context.Context) context.Context {
	if c.tx != nil && ctx.Done() == nil {
		return c.tx
	}
	return ctx
}

// ExecContext implements driver.ExecerContext. What has no arguments, a migration,
// is PostgreSQL's own.
func (c *postgresConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		query = c.written.rewrite(query)
	}
	res, err := c.Conn.ExecContext(c.within(ctx), query, args)
	return res, c.explain(err)
}

// QueryContext implements driver.QueryerContext.
func (c *postgresConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(c.within(ctx), c.written.rewrite(query), args)
	if err != nil {
		return nil, c.explain(err)
	}
	return rows, nil
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
	tx, err := c.Conn.BeginTx(ctx, o)
	if err != nil {
		return nil, c.explain(err)
	}
	c.tx = ctx
	return postgresTx{tx, c}, nil
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
func (c *postgresConn) explain(err error) error {
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
	case c.Conn.Conn().IsClosed() && !errors.Is(err, driver.ErrBadConn):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// postgresTx is a transaction whose end is explained, too.
type postgresTx struct {
	driver.Tx
	conn *postgresConn
}

// Commit implements driver.Tx.
func (t postgresTx) Commit() error {
	t.conn.tx = nil
	return t.conn.explain(t.Tx.Commit())
}

// Rollback implements driver.Tx.
func (t postgresTx) Rollback() error {
	t.conn.tx = nil
	return t.Tx.Rollback()
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
