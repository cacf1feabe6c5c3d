//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	lookEvery  = 2 * time.Millisecond // between looks whether pcscd is ready
	startLimit = 10 * time.Second
	stopLimit  = 5 * time.Second // for SIGTERM, before SIGKILL
	logKept    = 4 << 10
)

// Daemon is a running pcscd. Its methods are not for several goroutines at once.
type Daemon struct {
	Readers []Reader // in the order pcscd lists them
	cmd     *exec.Cmd
	ended   chan struct{} // closed when pcscd has ended
	log     *tail
}

// Start starts pcscd with this many virtual readers, 1 to 8, and returns when
// all of them are there. vpcd makes them in pairs: an odd number is rounded up.
// The context limits the start, not the life: Stop ends pcscd, and so does the
// end of this program, however it comes.
func Start(ctx context.Context, readers int) (*Daemon, error) {
	if !Inside() {
		return nil, errors.New("start pcscd: not in a sandbox")
	}
	if missing := Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("start pcscd: install the packages %s", strings.Join(missing, ", "))
	}
	if readers < 1 || readers > maxReaders {
		return nil, fmt.Errorf("start pcscd: %d readers, where 1 to %d can be had", readers, maxReaders)
	}
	if err := Furnish(); err != nil {
		return nil, err
	}
	if running(ctx) {
		return nil, errors.New("start pcscd: one is running in this sandbox")
	}
	d := &Daemon{Readers: virtualReaders((readers + slots - 1) / slots * slots)}
	if err := writeConfig(d.Readers); err != nil {
		return nil, err
	}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// running reports whether a pcscd answers; a killed one leaves its socket.
func running(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return errors.Is(err, syscall.EAGAIN) // it has many to answer
	}
	_ = conn.Close()
	return true
}

func (d *Daemon) start(ctx context.Context) error {
	if err := clearSocket(); err != nil {
		return err
	}
	log, ended := &tail{}, make(chan struct{})
	life := context.WithoutCancel(ctx)
	cmd := exec.CommandContext(life, pcscd(), "--foreground", "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: the terminal's Ctrl-C is for the program, which then
	// stops pcscd in its own time.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go own(cmd, started, ended)
	if err := <-started; err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	d.cmd, d.log, d.ended = cmd, log, ended
	if err := d.ready(ctx); err != nil {
		d.Kill()
		return err
	}
	return nil
}

// own starts pcscd and waits for its end, on a thread that lives as long:
// Pdeathsig is sent when the thread that started the process ends.
func own(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	defer close(ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // how it ended is seen by whoever wanted it alive
	}
}

// ready waits until pcscd has its socket and every reader its port.
func (d *Daemon) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !running(ctx) {
		select {
		case <-tick.C:
		case <-d.ended:
			return fmt.Errorf("start pcscd: it ended: %s", d.log)
		case <-ctx.Done():
			return fmt.Errorf("start pcscd: %w: %s", ctx.Err(), d.log)
		}
	}
	// pcscd opens its readers before its socket, and runs on without those
	// that it cannot open.
	open := listening(d.cmd.Process.Pid)
	for _, r := range d.Readers {
		if !open[r.port] {
			return fmt.Errorf("start pcscd: it has no reader %s: is port %d taken? %s", r.Name, r.port, d.log)
		}
	}
	return nil
}

// Stop ends pcscd and waits until it has ended.
func (d *Daemon) Stop() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by now
	select {
	case <-d.ended:
	case <-time.After(stopLimit):
		d.Kill()
	}
}

// Kill ends pcscd as a crash would, and waits until it has ended. Its socket
// stays behind.
func (d *Daemon) Kill() {
	_ = d.cmd.Process.Kill() // it may have ended by now
	<-d.ended
}

// Restart kills pcscd, if it runs, and starts it anew with the same readers.
// Cards have lost their connection: put them in again.
func (d *Daemon) Restart(ctx context.Context) error {
	d.Kill()
	return d.start(ctx)
}

// tail keeps the last words of pcscd, for errors.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if len(t.end) > logKept {
		t.end = append([]byte(nil), t.end[len(t.end)-logKept:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
