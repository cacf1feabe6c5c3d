package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// deedNotes: the process takes a run over and writes notes until it is killed.
// It prints the number of each as soon as the journal has it.
const deedNotes = "notes"

func writeNotesForEver() int {
	ctx, id := context.Background(), engine.RunID(os.Getenv("RUN"))
	s, err := store.Open(ctx, os.Getenv("STORE"), store.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	r, err := s.Take(ctx, id, lease("north", 0))
	for n := len(r.Notes); err == nil; n++ {
		if err = s.Note(ctx, id, lease("north", r.Fence), []engine.Note{note(n, engine.Begun)}, "", nil); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Println(err)
	return 1
}

// line is what process i has said, or that it has ended.
type line struct {
	i     int
	text  string
	ended bool
}

// startWriter starts process i and passes on what it says until it ends.
func startWriter(t *testing.T, deed, path string, i int, id engine.RunID, said chan<- line) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDeed+"="+deed, "STORE="+path, "RUN="+string(id))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- line{i: i, text: lines.Text()}
		}
		said <- line{i: i, ended: true}
	}()
	return cmd
}

// However often kiosks are killed in the middle of writing, two at a time on
// one file, every note that was acknowledged is there, in its order, with at
// most one more; and the run can be taken over.
func TestKilledWhileNoting(t *testing.T) {
	path := newPath(t)
	ids := []engine.RunID{"r1", "r2"}
	s := open(t, path)
	for _, id := range ids {
		begin(t, s, run(id, engine.CardID("card of "+id)), "north")
	}
	acknowledged := []int{-1, -1}
	for _, afterLines := range []int{1, 30, 5, 100, 12} {
		writeAndKill(t, deedNotes, path, ids, afterLines, acknowledged)
		for i, id := range ids {
			acknowledged[i] = checkNotes(t, s, id, acknowledged[i])
		}
	}
}

// writeAndKill has two processes write and kills them after they have said so
// many lines together.
func writeAndKill(t *testing.T, deed, path string, ids []engine.RunID, afterLines int, acknowledged []int) {
	t.Helper()
	said := make(chan line)
	writers := []*exec.Cmd{startWriter(t, deed, path, 0, ids[0], said), startWriter(t, deed, path, 1, ids[1], said)}
	hear := func() (ended int) {
		l := <-said
		if l.ended {
			return 1
		}
		n, err := strconv.Atoi(l.text)
		if err != nil {
			t.Errorf("process %d says %q", l.i, l.text)
		}
		acknowledged[l.i] = n
		return 0
	}
	ended := 0
	for i := 0; i < afterLines && ended < len(writers); i++ {
		ended += hear()
	}
	for _, cmd := range writers {
		must(t, cmd.Process.Kill())
	}
	for ended < len(writers) {
		ended += hear()
	}
	for _, cmd := range writers {
		_ = cmd.Wait() // "signal: killed"
	}
}

// checkNotes takes a run over and returns its last note.
func checkNotes(t *testing.T, s *store.Store, id engine.RunID, acknowledged int) int {
	t.Helper()
	r, err := s.Take(t.Context(), id, lease("north", 0))
	must(t, err)
	last := len(r.Notes) - 1
	if last != acknowledged && last != acknowledged+1 {
		t.Errorf("run %s: note %d was acknowledged, the last in the journal is %d", id, acknowledged, last)
	}
	for i, n := range r.Notes {
		if n.Step != i {
			t.Fatalf("run %s: note %d stands at place %d", id, n.Step, i)
		}
	}
	return last
}

// deedRecords: the process records one outcome after the other, each of a card
// of its own with two errands, until it is killed. It prints the number of each
// as soon as it is recorded.
const deedRecords = "records"

func recordForEver() int {
	ctx, name := context.Background(), os.Getenv("RUN")
	s, err := store.Open(ctx, os.Getenv("STORE"), store.Options{})
	for n := 0; err == nil; n++ {
		card := fmt.Sprintf("%s %d %d", name, os.Getpid(), n)
		if err = recordOne(ctx, s, card); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Println(err)
	return 1
}

func recordOne(ctx context.Context, s *store.Store, card string) error {
	r, l := run(engine.RunID(card), engine.CardID(card)), lease("north", 0)
	var err error
	if l.Fence, err = s.Begin(ctx, r, l); err != nil {
		return err
	}
	o := outcome(r, 0, letter(card, engine.CardID(card), 0))
	o.Errands = []engine.Errand{errand(card+"/1", engine.CardID(card), 0), errand(card+"/2", engine.CardID(card), 0)}
	o.Requests = []engine.Request{request(card, r, 0)}
	return s.Record(ctx, r.ID, l, o)
}

// However often kiosks are killed in the middle of recording, every outcome that
// was acknowledged is there, and each that is there is whole: its record, its
// row in due, its letter, its errands and its request.
func TestKilledWhileRecording(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	least := 0
	for _, afterLines := range []int{1, 20, 7, 40} {
		acknowledged := []int{-1, -1}
		writeAndKill(t, deedRecords, path, []engine.RunID{"r1", "r2"}, afterLines, acknowledged)
		least += acknowledged[0] + acknowledged[1] + 2
		cards := count(t, s, `SELECT COUNT(*) FROM cards`)
		if cards < least {
			t.Errorf("%d outcomes were acknowledged, %d are there", least, cards)
		}
		if got, want := rows(t, s), [6]int{cards, cards, cards, cards, 2 * cards, cards}; got != want {
			t.Errorf("rows are %v, want %v", got, want)
		}
		if n := count(t, s, `SELECT COUNT(*) FROM requests JOIN cards ON cards.id = requests.card`); n != cards {
			t.Errorf("%d requests are there, want %d", n, cards)
		}
	}
	if n := len(dueFacts(t, s)); n != count(t, s, `SELECT COUNT(*) FROM cards`) {
		t.Errorf("%d cards are told", n)
	}
}
