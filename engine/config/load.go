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
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		c.malformed(err)
		return Config{}, c.verdict()
	}
	c.starts = locate(data, c.root)
	var d document
	c.bind(tree, reflect.ValueOf(&d).Elem(), c.root)
	d.check(c)
	if err := c.verdict(); err != nil {
		return Config{}, err
	}
	d.Warnings = c.found
	return d.Config, nil
}
