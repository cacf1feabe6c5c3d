package audit

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardkiosk/engine"
)

// Formats of an export.
const (
	JSON = "json" // one object a line
	CSV  = "csv"  // RFC 4180
)

// columns are those of an export, in their order, in both formats.
var columns = []string{
	"seq", "station", "n", "at", "who", "how", "mode", "act", "card", "user", "run", "result", "detail", "format", "prev", "hash",
}

// exportTime has microseconds, always: what is chained.
const exportTime = "2006-01-02T15:04:05.000000Z"

// jsonRow is a row as JSON.
type jsonRow struct {
	Seq     int64  `json:"seq"`
	Station string `json:"station"`
	N       int64  `json:"n"`
	At      string `json:"at"`
	Who     string `json:"who"`
	How     string `json:"how,omitempty"`
	Mode    string `json:"mode"`
	Act     string `json:"act"`
	Card    string `json:"card,omitempty"`
	User    string `json:"user,omitempty"`
	Run     string `json:"run,omitempty"`
	Result  string `json:"result"`
	Detail  string `json:"detail,omitempty"`
	Format  int    `json:"format"`
	Prev    string `json:"prev"`
	Hash    string `json:"hash"`
}

func exported(r engine.ChainedRow) jsonRow {
	return jsonRow{
		r.Seq, r.Actor.Station, r.N, r.At.UTC().Format(exportTime), r.Actor.Who, string(r.Actor.How), string(r.Actor.Mode), r.Act,
		string(r.Card), string(r.User), string(r.Run), r.Result, r.Detail, r.Format, r.Prev.String(), r.Hash.String(),
	}
}

func (j jsonRow) row() (r engine.ChainedRow, odd string) {
	r = engine.ChainedRow{Seq: j.Seq, N: j.N, Format: j.Format, AuditRow: engine.AuditRow{
		Actor: engine.Actor{Who: j.Who, Station: j.Station, Mode: engine.Mode(j.Mode), How: engine.SignedIn(j.How)},
		Act:   j.Act, Card: engine.CardID(j.Card), User: engine.UserID(j.User), Run: engine.RunID(j.Run), Result: j.Result, Detail: j.Detail,
	}}
	var errs [3]error
	r.At, errs[0] = time.Parse(exportTime, j.At)
	r.Prev, errs[1] = engine.ParseHash(j.Prev)
	r.Hash, errs[2] = engine.ParseHash(j.Hash)
	if err := errors.Join(errs[:]...); err != nil {
		odd = engine.Clean(err.Error())
	}
	return r, odd
}

// Writer writes an export, row by row.
type Writer struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewWriter begins an export in a format.
func NewWriter(format string, out io.Writer) (*Writer, error) {
	if format == JSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return &Writer{json: e}, nil
	}
	w := &Writer{csv: csv.NewWriter(out)}
	return w, w.csv.Write(columns)
}

// Row writes one row.
func (w *Writer) Row(r engine.ChainedRow) error {
	j := exported(r)
	if w.json != nil {
		return w.json.Encode(j)
	}
	fields := []string{
		strconv.FormatInt(j.Seq, 10), j.Station, strconv.FormatInt(j.N, 10), j.At, j.Who, j.How, j.Mode, j.Act,
		j.Card, j.User, j.Run, j.Result, j.Detail, strconv.Itoa(j.Format), j.Prev, j.Hash,
	}
	for i, f := range fields {
		fields[i] = inert(f)
	}
	return w.csv.Write(fields)
}

// Close writes what is still held back.
func (w *Writer) Close() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}

// inert keeps a spreadsheet from taking a field for a formula (OWASP, CSV
// injection): it gets an apostrophe in front. A field that has one, or a
// carriage return, which csv.Reader would not give back as it was, gets one and
// is written as Go does a string, so that livens undoes it to the byte.
func inert(s string) string {
	switch {
	case strings.HasPrefix(s, "'") || strings.Contains(s, "\r"):
		return "'" + strconv.Quote(s)
	case s != "" && strings.ContainsRune("=+-@\t\n\uff1d\uff0b\uff0d\uff20", []rune(s)[0]):
		return "'" + s
	}
	return s
}

// livens undoes inert.
func livens(s string) (string, error) {
	rest, was := strings.CutPrefix(s, "'")
	if was && strings.HasPrefix(rest, `"`) {
		return strconv.Unquote(rest)
	}
	return rest, nil
}

// ReadExport calls f with every row of an export in either format.
func ReadExport(in io.Reader, f func(r engine.ChainedRow, odd string)) error {
	b := bufio.NewReaderSize(in, 1<<16)
	start, err := b.Peek(1)
	if err != nil {
		return fmt.Errorf("read export: %w", err)
	}
	if start[0] == '{' {
		return readJSON(b, f)
	}
	return readCSV(b, f)
}

func readJSON(in io.Reader, f func(engine.ChainedRow, string)) error {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	for n := 1; ; n++ {
		var j jsonRow
		err := d.Decode(&j)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read row %d of the export: %w", n, err)
		}
		f(j.row())
	}
}

func readCSV(in io.Reader, f func(engine.ChainedRow, string)) error {
	c := csv.NewReader(in)
	head, err := c.Read()
	if err != nil || !slices.Equal(head, columns) {
		return errors.New("it is neither the store of a kiosk nor an export: its first line is not " + strings.Join(columns, ","))
	}
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read export: %w", err)
		}
		j, err := fromCSV(fields)
		if err != nil {
			line, _ := c.FieldPos(0)
			return fmt.Errorf("read line %d of the export: %w", line, err)
		}
		f(j.row())
	}
}

func fromCSV(fields []string) (j jsonRow, err error) {
	for i, f := range fields {
		if fields[i], err = livens(f); err != nil {
			return j, fmt.Errorf("%s: %w", columns[i], err)
		}
	}
	var errs [3]error
	j = jsonRow{
		Station: fields[1], At: fields[3], Who: fields[4], How: fields[5], Mode: fields[6], Act: fields[7], Card: fields[8],
		User: fields[9], Run: fields[10], Result: fields[11], Detail: fields[12], Prev: fields[14], Hash: fields[15],
	}
	j.Seq, errs[0] = strconv.ParseInt(fields[0], 10, 64)
	j.N, errs[1] = strconv.ParseInt(fields[2], 10, 64)
	j.Format, errs[2] = strconv.Atoi(fields[13])
	return j, errors.Join(errs[:]...)
}
