package store_test

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// BenchmarkNote writes what a run writes between two deeds: done(n) and
// begun(n+1), one transaction. statements/op does not count BEGIN and COMMIT.
func BenchmarkNote(b *testing.B) {
	var counted atomic.Int64
	s, err := store.Open(b.Context(), newPath(b), store.Observed(func(c driver.Connector) driver.Connector {
		return countingConnector{c, &counted}
	}))
	must(b, err)
	defer func() { must(b, s.Close()) }()
	l := begin(b, s, run("r1", "c1"), "north")
	counted.Store(0)
	for i := 0; b.Loop(); i++ {
		notes := []engine.Note{note(i, engine.Done), note(i+1, engine.Begun)}
		must(b, s.Note(b.Context(), "r1", l, notes, "", nil))
	}
	b.ReportMetric(float64(counted.Load())/float64(b.N), "statements/op")
}

// countingConnector counts the statements that its connections carry out.
type countingConnector struct {
	driver.Connector
	counted *atomic.Int64
}

func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return countingConn{conn, c.counted}, err
}

type countingConn struct {
	driver.Conn
	counted *atomic.Int64
}

func (c countingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.counted.Add(1)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.counted.Add(1)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}
