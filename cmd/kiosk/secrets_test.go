package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// randomWord is a word of n letters and digits.
func randomWord(n int) string {
	const of = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = of[int(b[i])%len(of)]
	}
	return string(b)
}

// form is a way in which a secret may lie somewhere.
type form struct {
	secret, as string
	bytes      []byte
}

// formsOf returns the ways in which a secret may lie somewhere.
func formsOf(name string, secret []byte) []form {
	padded := append(bytes.Clone(secret), bytes.Repeat([]byte{0xff}, max(0, 8-len(secret)))...)
	var wide []byte
	for _, r := range utf16.Encode([]rune(string(secret))) {
		wide = binary.LittleEndian.AppendUint16(wide, r)
	}
	forms := []form{
		{name, "raw", secret},
		{name, "padded with FF", padded},
		{name, "UTF-16", wide},
		{name, "hex", []byte(hex.EncodeToString(secret))},
		{name, "upper-case hex", []byte(strings.ToUpper(hex.EncodeToString(secret)))},
		{name, "hex, padded with FF", []byte(hex.EncodeToString(padded))},
	}
	for at := range 3 { // base64 of a longer text with the secret somewhere in it
		for _, e := range []struct {
			name string
			*base64.Encoding
		}{{"base64", base64.RawStdEncoding}, {"base64url", base64.RawURLEncoding}} {
			text := e.EncodeToString(append(make([]byte, at), secret...))
			whole := text[(8*at+5)/6 : 8*(at+len(secret))/6] // what the secret alone decides
			forms = append(forms, form{name, fmt.Sprintf("%s at %d", e.name, at), []byte(whole)})
		}
	}
	return forms
}

// lies returns what of the forms lies in some bytes.
func lies(in []byte, forms []form) (found []string) {
	for _, f := range forms {
		if at := bytes.Index(in, f.bytes); at >= 0 {
			found = append(found, fmt.Sprintf("%s, %s, at %#x: %q", f.secret, f.as, at, in[max(0, at-24):min(len(in), at+len(f.bytes)+24)]))
		}
	}
	return found
}

// liesInFiles searches every file below a folder but those that are the
// secrets' own places.
func liesInFiles(t *testing.T, dir string, own []string, forms []form) (found []string, searched map[string]bool) {
	t.Helper()
	searched = map[string]bool{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for _, o := range own {
			if path == o && d.IsDir() {
				return fs.SkipDir
			}
			if path == o {
				return nil
			}
		}
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		for _, f := range lies(b, forms) {
			found = append(found, path+": "+f)
		}
		searched[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, searched
}

// liesInMemory searches all memory of a process that it can write to, and what
// else of it is not a file's: what a core dump would hold.
func liesInMemory(t *testing.T, pid int, forms []form) (found []string) {
	t.Helper()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	size := 0
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if mode[0] != 'r' || strings.HasSuffix(lines.Text(), "[vvar]") || strings.HasSuffix(lines.Text(), "[vsyscall]") {
			continue
		}
		b := make([]byte, to-from)
		n, err := mem.ReadAt(b, int64(from))
		if n == 0 && err != nil {
			continue // unmapped meanwhile, or pages that are no memory
		}
		size += n
		for _, f := range lies(b[:n], forms) {
			found = append(found, fmt.Sprintf("memory %#x %s: %s", from, strings.Fields(lines.Text())[1], f))
		}
	}
	if size < 1<<20 {
		t.Fatalf("only %d bytes of the process could be read", size)
	}
	return found
}
