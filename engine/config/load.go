package config

import (
	"reflect"

	"github.com/pelletier/go-toml/v2"
)

// Load reads and checks a configuration file. The error is an engine.Error of
// Kind BadInput that wraps *Findings.
func Load(file string, t Trials) (Config, error) {
	data, problem := read(file)
	if problem != "" {
		c := newChecker(file, nil, t)
		c.found = []Finding{{
			File: file, Problem: problem,
			Remedy: "name a configuration file, or make one of the sample that comes with the program",
		}}
		return Config{}, c.verdict()
	}
	return Parse(file, data, t)
}

// Parse is Load for bytes that are to be understood as if they stood in file.
// The files they name are looked for all the same.
func Parse(file string, data []byte, t Trials) (Config, error) {
	c := newChecker(file, data, t)
	var d document
	if !c.read(&d) {
		return Config{}, c.verdict()
	}
	d.check(c)
	if err := c.verdict(); err != nil {
		return Config{}, err
	}
	d.Warnings = c.findings()
	return d.Config, nil
}

// read fills what a file holds into its structs. ok is false when the file is
// no TOML, which is reported.
func (c *checker) read(into any) (ok bool) {
	if c.marked() {
		return false
	}
	var tree map[string]any
	if err := toml.Unmarshal(c.data, &tree); err != nil {
		c.malformed(err)
		return false
	}
	c.starts = locate(c.data, c.root)
	c.bind(tree, reflect.ValueOf(into).Elem(), c.root)
	return true
}
