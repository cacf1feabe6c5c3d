package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/due"
	"cardkiosk/engine/words"
)

// fromTop reads a file of the repository.
func fromTop(t testing.TB, name string) string {
	t.Helper()
	return read(t, filepath.Join("..", "..", name))
}

// readme is the README, and what its fences of one kind hold.
func readme(t testing.TB, kind string) (text string, fences []string) {
	t.Helper()
	text = fromTop(t, "README.md")
	for _, m := range regexp.MustCompile("(?ms)^```"+kind+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		fences = append(fences, m[1])
	}
	if len(fences) == 0 {
		t.Fatalf("the README has no ```%s", kind)
	}
	return text, fences
}

// rows are the cells of the table that has this heading.
func rows(t *testing.T, text, heading string) (all [][]string) {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+heading+"\n")
	if !found {
		t.Fatalf("the README has no table %q", heading)
	}
	for i, line := range strings.Split(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 {
			continue // the rule
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}

var code = regexp.MustCompile("`([^`\n]+)`")

// coded are the words in a text that stand as code.
func coded(text string) (all []string) {
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// The picture in the README is the page as it is.
func TestReadmePicture(t *testing.T) {
	_, pictures := readme(t, "text")
	if pictures[0] != fromTop(t, "testdata/frames/update-10-confirm.golden") {
		t.Errorf("the picture is not testdata/frames/update-10-confirm.golden, but\n%s", pictures[0])
	}
}

// The program takes every command line of the README, and has every flag that
// is named in passing.
func TestReadmeCommands(t *testing.T) {
	text, blocks := readme(t, "sh")
	seen := 0
	for line := range strings.Lines(strings.ReplaceAll(strings.Join(blocks, ""), "\\\n", " ")) {
		m := commandLineOf.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		seen++
		if _, err := parserAnywhere(t).Parse(shellWords(m[1])); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
		}
	}
	if seen < 10 {
		t.Errorf("only %d command lines of kiosk were found", seen)
	}
	flags := flagsOf(parserAnywhere(t).Model.Node)
	for _, word := range strings.Fields(strings.Join(coded(text), " ")) {
		if strings.HasPrefix(word, "--") && !slices.Contains(flags, word) {
			t.Errorf("no command has %s", word)
		}
	}
}

var commandLineOf = regexp.MustCompile(`^(?:runuser -u \w+ -- )?kiosk (.*)`)

// parserAnywhere is the command line's parser; it also takes folders that are
// not on this machine.
func parserAnywhere(t *testing.T) *kong.Kong {
	t.Helper()
	folder := func(ctx *kong.DecodeContext, _ reflect.Value) error {
		return ctx.Scan.PopValueInto("folder", new(string))
	}
	parser, err := kong.New(&commands{}, kong.Name("kiosk"), kong.NamedMapper("existingdir", kong.MapperFunc(folder)))
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// shellWords splits as a shell does, as far as the README needs it.
func shellWords(line string) (all []string) {
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

func flagsOf(n *kong.Node) (all []string) {
	for _, f := range n.Flags {
		all = append(all, "--"+f.Name)
	}
	for _, child := range n.Children {
		all = append(all, flagsOf(child)...)
	}
	return all
}

// The README has every target of the Makefile and no other, and every package
// that a target installs.
func TestReadmeTargets(t *testing.T) {
	text, blocks := readme(t, "sh")
	makefile, packages := fromTop(t, "Makefile"), fromTop(t, ".ci/packages")
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z]+):.*## `).FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	var named []string
	for _, m := range regexp.MustCompile(`(?m)(?:^|\x60|[A-Z]=\S* )make ([a-z]+)`).FindAllStringSubmatch(text+strings.Join(blocks, ""), -1) {
		named = append(named, m[1])
		if !slices.Contains(targets, m[1]) {
			t.Errorf("there is no target %q", m[1])
		}
	}
	for _, target := range targets {
		if target != "help" && !slices.Contains(named, target) {
			t.Errorf("the README does not name make %s", target)
		}
	}
	wanted := regexp.MustCompile(`(?m)^[A-Z]+_PACKAGES\s*:= (.*)$`).FindAllStringSubmatch(makefile, -1)
	if len(wanted) != 3 {
		t.Fatalf("the Makefile has %d lists of packages", len(wanted))
	}
	wanted = append(wanted, regexp.MustCompile(`package=(\S+)\n`).FindAllStringSubmatch(packages, -1)...)
	for _, m := range wanted {
		for name := range strings.FieldsSeq(m[1]) {
			if !strings.HasPrefix(name, "$") && name != "mail-server" && !slices.Contains(coded(text), name) {
				t.Errorf("the README does not name the package %s", name)
			}
		}
	}
}

// The README's exit codes are those of the help, which are those of the code.
func TestReadmeExitCodes(t *testing.T) {
	text, _ := readme(t, "sh")
	table := rows(t, text, "| exit code | meaning | for example |")
	if len(table) != exitRefused+1 {
		t.Errorf("%d exit codes, not %d", len(table), exitRefused+1)
	}
	help := strings.Join(strings.Fields(updateCmd{}.Help()), " ")
	for i, row := range table {
		want := fmt.Sprintf("%d %s, %d ", i, row[1], i+1)
		if i == exitRefused {
			want = fmt.Sprintf("%d %s. ", i, row[1])
		}
		if row[0] != fmt.Sprint(i) || !strings.Contains(help, want) {
			t.Errorf("row %d is %q; the help does not say %q", i, row, want)
		}
	}
}

// The README has the reasons that kiosk due knows, and the fields of its JSON.
func TestReadmeDue(t *testing.T) {
	text, _ := readme(t, "sh")
	var names []string
	for _, row := range rows(t, text, "| reason | the card is due because |") {
		names = append(names, strings.Trim(row[0], "`"))
	}
	if !slices.Equal(names, due.Names()) {
		t.Errorf("the README has the reasons %v, the report %v", names, due.Names())
	}
	for line := range strings.Lines(fromTop(t, "testdata/due/json.golden")) {
		var card map[string]any
		if err := json.Unmarshal([]byte(line), &card); err != nil {
			t.Fatal(err)
		}
		for field := range card {
			if !slices.Contains(coded(text), field) {
				t.Errorf("the README does not name the field %s", field)
			}
		}
	}
}

// config.toml has every key that the README names, in that table.
func TestReadmeConfiguration(t *testing.T) {
	text, _ := readme(t, "sh")
	keys, table := map[string]bool{}, ""
	for line := range strings.Lines(fromTop(t, "config.toml")) {
		if m := strings.TrimPrefix(regexp.MustCompile(`^#?(\[+[^\]]+\]+)$`).FindString(strings.TrimSpace(line)), "#"); m != "" {
			table = m
			keys[table] = true
		}
		if m := regexp.MustCompile(`^#?(\w+) = `).FindStringSubmatch(line); m != nil {
			keys[table+" "+m[1]] = true
		}
	}
	for _, row := range rows(t, text, "| table | keys | what |") {
		in := strings.Trim(row[0], "`")
		for _, key := range coded(row[1]) {
			if !keys[in+" "+key] {
				t.Errorf("config.toml has no %s in %s", key, in)
			}
		}
	}
	for _, word := range coded(text) {
		if regexp.MustCompile(`^\[+(station|log|store|readers|directory|ca|mail|vault|access|snapshot|policy)[^\]]*\]+$`).MatchString(word) && !keys[word] {
			t.Errorf("config.toml has no %s", word)
		}
	}
}

// The README's cards of the demo are in the demo, with these PINs.
func TestReadmeDemo(t *testing.T) {
	text, _ := readme(t, "sh")
	world, err := demo.Open(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	table := rows(t, text, "| card | whose | PIN | what it is for |")
	if len(table) != len(world.Cards()) {
		t.Fatalf("%d cards, the demo has %d", len(table), len(world.Cards()))
	}
	for i, c := range world.Cards() {
		row := table[i]
		serial := words.English.Serial(engine.Identity{Serial: fmt.Sprint(c.Serial)})
		if row[0] != serial || c.PIN != "" && row[2] != c.PIN {
			t.Errorf("the README has card %s with PIN %s, the demo %s with %s", row[0], row[2], serial, c.PIN)
		}
	}
}

// The Go version, the folders, the files and the tests that the README names
// are there.
func TestReadmeNames(t *testing.T) {
	text, _ := readme(t, "sh")
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(fromTop(t, "go.mod"))[1]
	if !strings.Contains(text, "Go "+version+" or newer") {
		t.Errorf("go.mod wants Go %s", version)
	}
	path := regexp.MustCompile(`^(cmd|ui|engine|testdata)(/[\w./-]+)?$`)
	test := regexp.MustCompile(`^Test\w+$`)
	tests, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	stories := ""
	for _, name := range tests {
		stories += read(t, name)
	}
	for _, word := range coded(text) {
		if path.MatchString(word) {
			if _, err := os.Stat(filepath.Join("..", "..", word)); err != nil {
				t.Error(err)
			}
		}
		if test.MatchString(word) && !strings.Contains(stories, "func "+word+"(") {
			t.Errorf("there is no %s", word)
		}
	}
	folders, err := filepath.Glob("../../engine/*/")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if info, err := os.Stat(f); err == nil && info.IsDir() && !slices.Contains(coded(text), "engine/"+filepath.Base(f)) {
			t.Errorf("the README does not say what lives in engine/%s", filepath.Base(f))
		}
	}
}
