package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/words"
)

// A self-service kiosk is three programs. The supervisor holds the terminal, and
// never opens a card, a PIN or the store. It starts a visit (visit.go), which shows
// the start screen, walks one person through their card, and ends; then it wipes the
// screen and what the terminal remembers, and starts the next, however the last one
// ended. Beside it the worker does what goes on behind the screen, and sees no card.
//
// It ends on SIGTERM only, which is how systemd stops a service.

// supervisor starts visits.
type supervisor struct {
	config  string // its file
	text    *words.Text
	console *heldTerminal
	log     *slog.Logger
	now     func() time.Time
}

// superviseLobby shows visits to the kiosk of a configuration until it is stopped.
func superviseLobby(ctx context.Context, file string, cfg config.Config, lines bool) error {
	if lines || !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return &engine.Error{Op: "show self-service kiosk", Kind: engine.BadInput, Subject: file, Err: errors.New("it takes a terminal, and has no lines: packaging/lobby.md")}
	}
	if _, err := callingAccount(cfg.Station.Folder); err != nil {
		return err
	}
	turnDeaf()
	p := &parts{}
	if err := p.openLog(cfg.Log); err != nil {
		return err
	}
	held, err := holdTerminal(os.Stdin, os.Stdout)
	if err != nil {
		return errors.Join(err, p.close())
	}
	language, _ := words.ByCode(string(cfg.Station.Language))
	s := &supervisor{config: file, text: language.Text, console: held, log: p.log, now: time.Now}
	return errors.Join(s.run(ctx), held.giveBack(), p.close())
}

// run has visits one after another, and the worker beside them, until ctx ends.
func (s *supervisor) run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()
	beside.Go(func() { _ = s.keepStarting(ctx, s.worker, func() error { return nil }) })
	return s.keepStarting(ctx, s.visit, s.console.wipe)
}

// keepStarting starts a program anew each time it ends. One that fails again and again
// as soon as it is started is given more and more time.
func (s *supervisor) keepStarting(ctx context.Context, start func() *exec.Cmd, between func() error) error {
	runtime.LockOSThread() // the kernel ends the program with the thread that started it
	defer runtime.UnlockOSThread()
	wait := shortestWait
	for {
		if err := between(); err != nil || ctx.Err() != nil {
			return err
		}
		began := s.now()
		err := s.await(ctx, start())
		lasted := s.now().Sub(began)
		switch {
		case err != nil && lasted < goodLife:
			wait = min(2*wait, longestWait)
		default:
			wait = shortestWait
		}
		if err := between(); err != nil {
			return err
		}
		if err != nil && wait > time.Second {
			s.console.say(s.text.Lobby.Pause)
		}
		if pause(ctx, wait-min(lasted, shortestWait)) {
			return between()
		}
	}
}

// How long the supervisor waits before it starts a program again. One that has lived
// for some time was of use to somebody: the next comes at once.
const (
	shortestWait = 200 * time.Millisecond
	longestWait  = 10 * time.Second
	goodLife     = 3 * time.Second
)

// pause waits, and reports whether ctx has ended.
func pause(ctx context.Context, wait time.Duration) (ended bool) {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(wait):
		return ctx.Err() != nil
	}
}

// visit is the program of one visit.
func (s *supervisor) visit() *exec.Cmd {
	cmd := s.program("visit")
	cmd.Stdin, cmd.Stdout = s.console.in, s.console.out
	return cmd
}

// worker is the program that works behind the screen.
func (s *supervisor) worker() *exec.Cmd { return s.program("worker") }

// program is this very program, also when another has taken its place on the disk.
func (s *supervisor) program(command string) *exec.Cmd {
	return &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{"kiosk", command, "--config", s.config}, Env: os.Environ(),
		WaitDelay:   time.Second, // for what it is about to say
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
	}
}

// await runs a program to its end. When ctx ends it asks it to end too, and waits: a
// run goes on to its safe note.
func (s *supervisor) await(ctx context.Context, cmd *exec.Cmd) error {
	said := &firstWords{}
	cmd.Stderr = said
	if cmd.Stdout == nil {
		cmd.Stdout = said
	}
	if err := cmd.Start(); err != nil {
		s.log.Error("program was not started", "program", cmd.Args[1], "err", err)
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	err := cmd.Wait()
	if err != nil && ctx.Err() == nil {
		s.log.Error("program ended", "program", cmd.Args[1], "pid", cmd.Process.Pid, "err", err, "said", said.String())
		return fmt.Errorf("%s: %w", cmd.Args[1], err)
	}
	return nil
}

// firstWords keep the beginning of what a program says: of a crash that says where.
type firstWords struct {
	mu   sync.Mutex
	text []byte
}

const mostWords = 8 << 10

// Write implements io.Writer.
func (f *firstWords) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, p[:min(len(p), mostWords-len(f.text))]...)
	return len(p), nil
}

func (f *firstWords) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.text)
}
