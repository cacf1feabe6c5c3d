package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
)

// configCmd is about the configuration file.
type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check a configuration file without starting anything."`
}

// configCheckCmd says what is wrong with a configuration file, all of it.
type configCheckCmd struct {
	File string `arg:"" optional:"" help:"The file. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
}

// Run prints that the file is fine, or what is wrong with it.
func (cmd configCheckCmd) Run(context.Context) error { return checkConfig(cmd.File, os.Stdout) }

func checkConfig(file string, out io.Writer) error {
	file, err := findConfig(file)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(file, out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is fine: %s\n", file, contents(cfg))
	return err
}

// configPlaces are where a configuration is looked for, first place first.
var configPlaces = []string{"config.toml", "/etc/kiosk/config.toml"}

// findConfig returns the file that was named, or else the first that is there.
func findConfig(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	for _, place := range configPlaces {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", &engine.Error{
		Op: "find configuration", Kind: engine.BadInput,
		Err: fmt.Errorf("there is no %s: name a file, or make one of the sample that comes with the program", strings.Join(configPlaces, ", and no ")),
	}
}

// loadConfig reads a configuration and tells what is wrong with it, one finding
// a line; warnings too, when there is nothing worse. The error only counts them.
func loadConfig(file string, tell io.Writer) (config.Config, error) {
	cfg, err := config.Load(file, trials(time.Now()))
	if err == nil {
		return cfg, printFindings(tell, cfg.Warnings)
	}
	var findings *config.Findings
	if !errors.As(err, &findings) {
		return config.Config{}, err
	}
	if err := printFindings(tell, findings.All); err != nil {
		return config.Config{}, err
	}
	return config.Config{}, &engine.Error{
		Op: "read configuration", Kind: engine.BadInput, Subject: file,
		Err: errors.New(tally(findings.All)),
	}
}

// tally counts findings by severity.
func tally(found []config.Finding) string {
	errs, warnings := 0, 0
	for _, f := range found {
		switch f.Severity {
		case config.Error:
			errs++
		case config.Warning:
			warnings++
		}
	}
	text := count(errs, "error", "errors")
	if warnings > 0 {
		text += ", " + count(warnings, "warning", "warnings")
	}
	return text
}

func printFindings(w io.Writer, found []config.Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return fmt.Errorf("print findings: %w", err)
		}
	}
	return nil
}

// contents says in a few words what a configuration holds, so that somebody
// sees whether it is the one that was meant.
func contents(cfg config.Config) string {
	templates := 0
	for _, p := range cfg.Policies {
		templates += len(p.Templates)
	}
	return strings.Join([]string{
		count(len(cfg.Policies), "policy", "policies"),
		count(templates, "template", "templates"),
		count(len(cfg.CAs), "CA", "CAs"),
		count(len(cfg.Directory.Servers), "directory server", "directory servers"),
		"mail through " + cfg.Mail.Server,
	}, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
