package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

var _ engine.Tasks = (*Store)(nil)

// taskFormat counts the changes of meaning of a task's JSON. Tasks of a newer format
// are left to the newer kiosk that wrote them.
const taskFormat = 1

// standing is a task as it is written: what its other columns say is theirs.
type standing struct {
	engine.Task
	LeftUser engine.UserID // Actor keeps it out of what else is written of people
}

const taskColumns = `id, card, state, created, since, until, version, stands`

// Task returns a task.
func (s *Store) Task(ctx context.Context, id engine.TaskID) (engine.Task, bool, error) {
	return s.oneTask(ctx, `SELECT `+taskColumns+` FROM tasks WHERE id = $1 AND format <= $2`, id, taskFormat)
}

// OpenTask returns the task of a card that is not completed.
func (s *Store) OpenTask(ctx context.Context, card engine.CardID) (engine.Task, bool, error) {
	return s.oneTask(ctx, `SELECT `+taskColumns+` FROM tasks WHERE card = $1 AND state <> 'completed' AND format <= $2`, card, taskFormat)
}

func (s *Store) oneTask(ctx context.Context, query string, args ...any) (t engine.Task, ok bool, err error) {
	var found []engine.Task
	err = s.look(ctx, "read task", func(tx *sql.Tx) error {
		found, err = collect(ctx, tx, scanTask, query, args...)
		return err
	})
	if err != nil || len(found) == 0 {
		return engine.Task{}, false, err
	}
	return found[0], true, nil
}

// AllTasks returns the tasks that are not completed, as they were left, then so many
// of the completed, the latest first.
func (s *Store) AllTasks(ctx context.Context, completed int) (all []engine.Task, err error) {
	err = s.look(ctx, "list tasks", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanTask, `
			SELECT `+taskColumns+` FROM tasks WHERE state <> 'completed' AND format <= $1 ORDER BY created, id`, taskFormat)
		if err != nil {
			return err
		}
		ended, err := collect(ctx, tx, scanTask, `
			SELECT `+taskColumns+` FROM tasks WHERE state = 'completed' AND format <= $1 ORDER BY since DESC, id LIMIT $2`, taskFormat, completed)
		all = append(all, ended...)
		return err
	})
	return all, err
}

func scanTask(rows *sql.Rows) (engine.Task, error) {
	var (
		id                    engine.TaskID
		card                  engine.CardID
		state                 engine.TaskState
		created, since, until sql.NullInt64
		version               int64
		whole                 string
		read                  standing
	)
	if err := rows.Scan(&id, &card, &state, &created, &since, &until, &version, &whole); err != nil {
		return engine.Task{}, err
	}
	if err := json.Unmarshal([]byte(whole), &read); err != nil {
		return engine.Task{}, fmt.Errorf("read task %s: %w", id, err)
	}
	t := read.Task
	t.LeftBy.User = read.LeftUser
	t.ID, t.Card.ID, t.State, t.Version = id, card, state, version
	t.Created, t.Since, t.Until = fromStamp(created), fromStamp(since), fromStamp(until)
	return t, nil
}

// ChangeTask writes a task that is new or whose version is the stored one, with its
// audit row and letters. One that is no task any more goes.
func (s *Store) ChangeTask(ctx context.Context, c engine.TaskChange) (engine.Task, error) {
	t := c.Task
	err := s.change(ctx, "change task", func(tx *sql.Tx) (err error) {
		if t, err = putTask(ctx, tx, c.Task); err != nil {
			return err
		}
		for _, l := range c.Letters {
			if err := addLetter(ctx, tx, l); err != nil {
				return err
			}
		}
		if c.Audit == nil {
			return nil
		}
		return addAudit(ctx, tx, *c.Audit)
	})
	if err != nil {
		return c.Task, err
	}
	return t, nil
}

func putTask(ctx context.Context, tx *sql.Tx, t engine.Task) (engine.Task, error) {
	whole, err := json.Marshal(standing{t, t.LeftBy.User})
	if err != nil {
		return t, fmt.Errorf("write task %s: %w", t.ID, err)
	}
	was := t.Version
	t.Version++
	switch {
	case was == 0:
		return t, addTask(ctx, tx, t, string(whole))
	case t.State == "":
		return t, theTask(exec(ctx, tx, `DELETE FROM tasks WHERE id = $1 AND version = $2`, t.ID, was))
	}
	return t, theTask(exec(ctx, tx, `
		UPDATE tasks SET state = $1, since = $2, until = $3, version = $4, format = $5, stands = $6 WHERE id = $7 AND version = $8`,
		t.State, stamp(t.Since), stamp(t.Until), t.Version, taskFormat, string(whole), t.ID, was))
}

func addTask(ctx context.Context, tx *sql.Tx, t engine.Task, whole string) error {
	n, err := exec(ctx, tx, `
		INSERT INTO tasks (id, card, state, created, since, until, version, format, stands)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		t.ID, t.Card.ID, t.State, stamp(t.Created), stamp(t.Since), stamp(t.Until), t.Version, taskFormat, whole)
	if err == nil && n == 0 {
		err = &engine.Error{Op: "leave task", Kind: engine.TaskThere, Subject: t.Card.Label(), Err: errors.New("the card has a task that is not completed")}
	}
	return err
}

// theTask expects that one row was changed.
func theTask(n int64, err error) error {
	if err == nil && n != 1 {
		err = &engine.Error{Op: "change task", Kind: engine.TaskGone, Err: errors.New("the task was changed or removed meanwhile")}
	}
	return err
}

// HoldTask keeps a running task with whoever took it.
func (s *Store) HoldTask(ctx context.Context, id engine.TaskID, version int64, until time.Time) error {
	return s.change(ctx, "hold task", func(tx *sql.Tx) error {
		return theTask(exec(ctx, tx, `UPDATE tasks SET until = $1 WHERE id = $2 AND version = $3 AND state = 'running'`, stamp(until), id, version))
	})
}
