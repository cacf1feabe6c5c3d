package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// bind fills a Go value from what TOML holds. Unlike go-toml's own it does not
// stop at the first key that is unknown or of the wrong type.
func (c *checker) bind(value any, into reflect.Value, at *path) {
	fits := false
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		fits = bindDuration(value, into)
	case into.Kind() == reflect.String:
		fits = set(value, into.SetString)
	case into.Kind() == reflect.Bool:
		fits = set(value, into.SetBool)
	case into.Kind() == reflect.Int:
		fits = set(value, into.SetInt)
	case into.Type() == reflect.TypeFor[places]():
		if _, one := value.(string); one {
			value = []any{value}
		}
		fits = c.bindList(value, into, at)
	case into.Kind() == reflect.Slice:
		fits = c.bindList(value, into, at)
	case into.Kind() == reflect.Map:
		fits = c.bindNamed(value, into, at)
	case into.Kind() == reflect.Struct:
		fits = c.bindTable(value, into, at)
	}
	if !fits {
		what, example := wanted(into.Type(), at)
		c.wrong(at, fmt.Sprintf("is %s, but must be %s", kindOf(value), what), "write it like this: "+example)
		c.spoilt[at.id] = true
	}
}

func set[T any](value any, put func(T)) bool {
	v, ok := value.(T)
	if ok {
		put(v)
	}
	return ok
}

func bindDuration(value any, into reflect.Value) bool {
	s, _ := value.(string)
	d, err := time.ParseDuration(s)
	into.SetInt(int64(d))
	return err == nil
}

func (c *checker) bindList(value any, into reflect.Value, at *path) bool {
	list, ok := value.([]any)
	if !ok {
		return false
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
	for i, v := range list {
		c.bind(v, into.Index(i), at.item(i))
	}
	return true
}

// bindNamed fills a table whose keys are names that the administrator chose.
func (c *checker) bindNamed(value any, into reflect.Value, at *path) bool {
	table, ok := value.(map[string]any)
	if !ok {
		return false
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, name := range slices.Sorted(maps.Keys(table)) {
		element := reflect.New(into.Type().Elem()).Elem()
		c.bind(table[name], element, at.key(name))
		into.SetMapIndex(reflect.ValueOf(name), element)
	}
	return true
}

func (c *checker) bindTable(value any, into reflect.Value, at *path) bool {
	table, ok := value.(map[string]any)
	if !ok {
		return false
	}
	fields := fieldsOf(into.Type())
	for _, key := range slices.Sorted(maps.Keys(table)) {
		i := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.Tag.Get("toml") == key })
		if i < 0 {
			c.unknown(key, fields, at)
			continue
		}
		c.bind(table[key], into.FieldByIndex(fields[i].Index), at.key(key))
	}
	return true
}

// fieldsOf returns the fields that have a key in the file, in order.
func fieldsOf(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		tag := f.Tag.Get("toml")
		return tag == "" || tag == "-"
	})
}

// unknown reports a key that no field has. The key it was probably meant to be
// is not reported as missing on top of that.
func (c *checker) unknown(key string, fields []reflect.StructField, at *path) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Tag.Get("toml")
	}
	if remedy, was := formerly[at.key(key).shown]; was {
		c.wrong(at.key(key), "is not a key any more", remedy)
		return
	}
	near := Nearest(key, names)
	if near == "" {
		c.wrong(at.key(key), "is not known", "remove it; known here: "+strings.Join(names, ", "))
		return
	}
	remedy := fmt.Sprintf("did you mean %q?", near)
	if strings.HasSuffix(near, "_file") {
		remedy += " It takes the name of a file"
	}
	c.wrong(at.key(key), "is not known", remedy)
	if !c.given(at.key(near)) {
		c.spoilt[at.key(near).id] = true
	}
}

// formerly are keys of earlier versions, and what to write in their place.
var formerly = map[string]string{
	"policy.template.sid": `write binding = "sid-extension" in its place, or nothing for certificates that nobody logs on with`,
}

// kindOf names a TOML value's kind for people.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or a time of day"
}

// wanted says what a field takes, and gives an example of it.
func wanted(t reflect.Type, at *path) (what, example string) {
	key := at.shown[strings.LastIndexByte(at.shown, '.')+1:]
	switch {
	case strings.HasSuffix(at.id, "]") && t.Kind() == reflect.String:
		return "a text in quotes", `"…"`
	case t == reflect.TypeFor[time.Duration]():
		return "a length of time with its unit", key + ` = "30s" or "2m"`
	case t.Kind() == reflect.Bool:
		return "true or false, without quotes", key + " = true"
	case t.Kind() == reflect.Int:
		return "a whole number, without quotes", key + " = 10"
	case t == reflect.TypeFor[places]():
		return "a slot, or a list of slots", key + ` = "9a" or ["82", "83"]`
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "a list of tables", "[[" + at.shown + "]] on a line of its own, its keys below"
	case t.Kind() == reflect.Slice:
		return "a list of texts", key + ` = ["…", "…"]`
	case t.Kind() == reflect.Map:
		return "a table of named tables", "[" + at.shown + ".NAME] on a line of its own, its keys below"
	case t.Kind() == reflect.Struct:
		return "a table", "[" + at.shown + "] on a line of its own, its keys below"
	}
	return "a text in quotes", key + ` = "…"`
}
