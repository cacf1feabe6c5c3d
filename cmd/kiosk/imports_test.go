package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files")

// allowed says which of our own packages each package may import: the house's
// direction. Longest prefix wins; "…" stands for every package below.
var allowed = map[string][]string{
	"cmd/…":               {"…"},
	"ui":                  {"ui/widget", "engine", "engine/walk", "engine/words"},
	"ui/plain":            {"ui/widget", "engine", "engine/walk", "engine/words"},
	"ui/officer":          {"ui/widget", "engine", "engine/words"},
	"ui/widget":           {},
	"engine":              {},
	"engine/sim":          {},
	"engine/ca/…":         {"engine", "engine/ca/wire"},
	"engine/authority":    {"engine", "engine/ca/wire"},
	"engine/mail":         {"engine", "engine/words"},
	"engine/due":          {"engine", "engine/words"}, // its lines are sentences
	"engine/audit":        {"engine", "engine/words"}, // so are its findings
	"engine/pcsc/sandbox": {},
	"engine/…":            {"engine"}, // adapters and capabilities: the root, never a neighbour
}

// strict packages import nothing but the standard library and what allowed
// says.
var strict = []string{"engine", "engine/sim", "engine/walk", "engine/words"}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Module     *struct{ Main bool }
}

// The import graph keeps the house's direction: cmd → ui → engine ← adapters.
func TestImports(t *testing.T) {
	var graph bytes.Buffer
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "cardkiosk/")
		var own []string
		for _, i := range p.Imports {
			other, ours := strings.CutPrefix(i, "cardkiosk/")
			switch {
			case ours:
				own = append(own, other)
				if !mayImport(name, other) {
					t.Errorf("%s must not import %s", name, other)
				}
			case slices.Contains(strict, name) && strings.Contains(strings.Split(i, "/")[0], "."):
				t.Errorf("%s must not import %s: it uses the standard library only", name, i)
			}
		}
		slices.Sort(own)
		graph.WriteString(name + ": " + strings.Join(own, " ") + "\n")
	}
	const path = "../../testdata/imports.golden"
	if *update {
		if err := os.WriteFile(path, graph.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if graph.String() != string(want) {
		t.Errorf("the import graph has changed (make golden, then read it):\n%s", graph.String())
	}
}

func mayImport(from, to string) bool {
	rule, best := []string(nil), -1
	for pattern, targets := range allowed {
		prefix, below := strings.CutSuffix(pattern, "…")
		if (below && strings.HasPrefix(from, prefix) || from == pattern) && len(prefix) > best {
			rule, best = targets, len(prefix)
		}
	}
	return slices.ContainsFunc(rule, func(target string) bool { return target == to || target == "…" })
}

func listPackages(t *testing.T) []goPackage {
	// Not "cardkiosk/...": to match that, go reads modules which nothing is
	// compiled from, and there is no network in the sandbox to get them by.
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard,Module", "./...")
	cmd.Dir, cmd.Stderr = filepath.Join("..", ".."), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
