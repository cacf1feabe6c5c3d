// Command kiosk updates smart cards. Flags and commands are wired here, one
// file per command; everything they do is done in engine and shown by ui.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line. Each command is a struct in a file of its own,
// with a method Run(context.Context) error.
type commands struct {
	App      appCmd      `cmd:"" default:"withargs" hidden:""`
	Visit    visitCmd    `cmd:"" hidden:""`
	Demo     demoCmd     `cmd:"" help:"Show the kiosk on a demo world: directory, CA, mailbox and cards of its own."`
	Update   updateCmd   `cmd:"" help:"Update one card without questions."`
	Adopt    adoptCmd    `cmd:"" help:"Take over cards that were issued before, with what is on them."`
	Roles    rolesCmd    `cmd:"" help:"Who may do what."`
	Policy   policyCmd   `cmd:"" help:"Which policy is whose."`
	Due      dueCmd      `cmd:"" help:"Report the cards that are due, and why."`
	Card     cardCmd     `cmd:"" help:"A card's life beside the update: show, unassign, disable, enable, revoke, clean; and orphans."`
	Worker   workerCmd   `cmd:"" help:"What goes on behind the screen, without one: letters, errands, the snapshot of the directory."`
	Mail     mailCmd     `cmd:"" help:"The letters: what they look like, whether they can be sent, and which wait."`
	Puk      pukCmd      `cmd:"" help:"The help desk's sealed PUKs."`
	Audit    auditCmd    `cmd:"" help:"Who did what: list it, export it, and verify that nobody has changed it."`
	Config   configCmd   `cmd:"" help:"Check the configuration file."`
	Softcard softcardCmd `cmd:"" help:"Plug a software smart card into a vpcd reader."`
	Ca       caCmd       `cmd:"" help:"The built-in CA."`
	Agent    agentCmd    `cmd:"" help:"Wait at a workstation for cards with a task, and do it with whoever holds them."`
	Tasks    tasksCmd    `cmd:"" help:"What is left for agents: list, leave, retry, remove."`
}

const description = `Updates smart cards: certificates renewed, added and removed without losing one.

Without a command it is the kiosk itself, full screen:
    kiosk [--config=FILE] [--plain]

--config is left out where the configuration is config.toml in this folder, or else
/etc/kiosk/config.toml. --plain has numbered lines and questions instead of the screen; so have
TERM=dumb, ACCESSIBLE in the environment, and a kiosk without a terminal.`

func main() {
	overwriteFreed(os.Args)
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// Writing where nobody reads any more is an error like others, and not the
	// end of the program: a run goes on to its safe note.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	parser, err := kong.New(&commands{}, kong.Name("kiosk"),
		kong.Description(description),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "kiosk:", err)
		return exitBroken
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "kiosk: %s\n", misused(parser.Model, args, err))
		return exitUsage
	}
	if err := command.Run(); err != nil {
		if code, ran := errors.AsType[exited](err); ran {
			return int(code)
		}
		if _, heard := errors.AsType[told](err); !heard {
			fmt.Fprintln(os.Stderr, "kiosk:", err)
		}
		return exitCode(err)
	}
	return exitDone
}
