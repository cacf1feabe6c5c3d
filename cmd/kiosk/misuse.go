package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"cardkiosk/engine/config"
)

// misused says what is wrong with a command line, and where to read on.
func misused(model *kong.Application, args []string, err error) string {
	command := []string{model.Name}
	if parsed, ok := errors.AsType[*kong.ParseError](err); ok && parsed.Context != nil {
		for _, step := range parsed.Context.Path {
			if step.Command != nil && !step.Command.Hidden {
				command = append(command, step.Command.Name)
			}
		}
	}
	help := "\nTry: " + strings.Join(command, " ") + " --help"
	if len(command) > 1 || len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return err.Error() + help
	}
	var names []string
	for _, c := range model.Children {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	end := "."
	said := "there is no command " + strconv.Quote(args[0])
	if near := config.Nearest(args[0], names); near != "" {
		said += fmt.Sprintf(", did you mean %q", near)
		end = "?"
	}
	return said + end + " Commands: " + strings.Join(names, ", ") + help
}
