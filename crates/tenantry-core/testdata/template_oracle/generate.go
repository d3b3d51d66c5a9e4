package main

import (
	"math/rand"
	"strings"
	"unicode/utf8"
)

const (
	inside  = 4200
	outside = 1400
	edited  = 3000
)

// Writes templates at random; the same ones each time.
type author struct {
	*rand.Rand
	out strings.Builder
	// How deep in `with` the author is: there `.` is a value and `.Secrets` is not to be had.
	withs int
}

func (a *author) pick(choices ...string) string { return choices[a.Intn(len(choices))] }

func (a *author) one(in int) bool { return a.Intn(in) == 0 }

func (a *author) blank() string {
	return a.pick(" ", " ", " ", " ", "  ", "\t", "\n", " \r\n ")
}

func (a *author) maybe() string {
	if a.one(3) {
		return ""
	}
	return a.blank()
}

// An action that holds this.
func (a *author) action(inner string) {
	if a.one(6) {
		a.out.WriteString("{{-" + a.blank())
	} else {
		a.out.WriteString("{{")
	}
	a.out.WriteString(a.maybe() + inner + a.maybe())
	if a.one(6) {
		a.out.WriteString(a.blank() + "-}}")
	} else {
		a.out.WriteString("}}")
	}
}

func (a *author) text() {
	for count := a.Intn(4); count > 0; count-- {
		a.out.WriteString(a.pick("a", "x: ", "\n", "  ", " \n\t", "}}", "}", "{ ", "é", "$", "-", "#", "\"", "`", "/*", "*/", "end", "😀"))
	}
}

func (a *author) literal() string {
	return a.pick(`""`, `"b"`, `"10"`, `"a b"`, "`raw`", "``", "`a\\n}}`", "`l\r\nm`", `"}}"`, `"{{"`, `"\n\t\"\\"`, `"\x41\101\u00e9\U0001F600"`,
		`"\xc3\xa9"`, `"a|b"`, `"(é)"`, `"\a\b\f\r\v"`, `"/*"`, `"-}}"`)
}

func (a *author) secret() string {
	if a.one(9) {
		return ".Secrets." + a.pick(missing...)
	}
	return ".Secrets." + a.pick("KEY", "EMPTY", "B", "N", "B", "LINES", "OTHER")
}

func (a *author) argument(depth int) string {
	switch {
	case depth > 0 && a.one(4):
		return "(" + a.maybe() + a.pipeline(depth-1) + a.maybe() + ")"
	case a.withs > 0 && a.one(2):
		return "."
	case a.withs == 0 && !a.one(3):
		return a.secret()
	case a.one(40):
		return "urlquery"
	default:
		return a.literal()
	}
}

func (a *author) function(depth, piped int) string {
	name := a.pick("json", "yaml", "shell", "b64", "urlquery", "default", "default", "eq", "ne", "not", "and", "or")
	count := 1
	switch name {
	case "default", "ne":
		count = 2
	case "eq":
		count = 2 + a.Intn(5)/4
	case "and", "or":
		count = 1 + a.Intn(3)
	case "urlquery":
		count = 1 + a.Intn(6)/5
	}
	for ; count > piped; count-- {
		name += a.blank() + a.argument(depth)
	}
	return name
}

func (a *author) pipeline(depth int) string {
	var out string
	if a.one(3) {
		out = a.function(depth, 0)
	} else {
		out = a.argument(depth)
	}
	for a.one(5) {
		out += a.maybe() + "|" + a.maybe() + a.function(depth, 1)
	}
	if a.one(60) {
		out += " |"
	}
	return out
}

func (a *author) comment() {
	a.out.WriteString(a.pick("{{/*", "{{- /*", "{{-\n/*"))
	a.out.WriteString(a.pick("", " c ", " }} ", "\n{{ x }}\n", " * / ", "é"))
	a.out.WriteString(a.pick("*/}}", "*/ -}}", "*/\n-}}"))
}

func (a *author) nodes(depth int) {
	for count := 1 + a.Intn(4)/2; count > 0; count-- {
		a.text()
		switch choice := a.Intn(10); {
		case choice == 0:
			a.comment()
		case choice < 4 && depth > 0:
			a.branch(depth - 1)
		default:
			a.action(a.pipeline(a.Intn(3)))
		}
	}
	a.text()
}

func (a *author) branch(depth int) {
	with := a.one(3)
	keyword := "if"
	if with {
		keyword = "with"
	}
	condition := a.pipeline(2)
	separator := a.blank()
	if strings.HasPrefix(condition, ".") || strings.HasPrefix(condition, "(") {
		separator = a.maybe()
	}
	a.action(keyword + separator + condition)
	if with {
		a.withs++
	}
	a.nodes(depth)
	if with {
		a.withs--
	}
	for !with && a.one(3) {
		a.action("else" + a.blank() + "if" + a.blank() + a.pipeline(2))
		a.nodes(depth)
	}
	if a.one(2) {
		a.action("else")
		a.nodes(depth)
	}
	a.action("end")
}

func (a *author) template(depth int) string {
	a.out.Reset()
	a.nodes(depth)
	return a.out.String()
}

// A construct outside the subset: what the error says, an action that has it, and the column of the construct in that.
var foreign = []struct {
	problem, action string
	column          int
}{
	{"`range` is not supported", "{{ range .Secrets }}x{{ end }}", 4},
	{"`range` is not supported", "{{range $k, $v := .Secrets}}{{ $k }}{{else}}{{ . }}{{end}}", 3},
	{"`define` is not supported", "{{ define \"a\" }}A{{ end }}", 4},
	{"`block` is not supported", "{{ block \"a}}\" . }}A{{ end }}", 4},
	{"`template` is not supported", "{{ template \"a\" }}", 4},
	{"`break` is not supported", "{{ break }}", 4},
	{"`continue` is not supported", "{{ continue }}", 4},
	{"`printf` is not supported", "{{ printf \"%s\" \"a\" }}", 4},
	{"`printf` is not supported", "{{ \"a\" | printf \"%q\" }}", 10},
	{"`index` is not supported", "{{ index .Secrets \"KEY\" }}", 4},
	{"`len` is not supported", "{{ if (len .Secrets.KEY) }}{{ end }}", 8},
	{"`html` is not supported", "{{ html \"é\" }}", 4},
	{"`js` is not supported", "{{ \"é\" | js }}", 10},
	{"`slice` is not supported", "{{ slice .Secrets.KEY 0 1 }}", 4},
	{"`print` is not supported", "{{ print \"a\" }}", 4},
	{"`println` is not supported", "{{ println }}", 4},
	{"`call` is not supported", "{{ call \"a\" }}", 4},
	{"`lt` is not supported", "{{ lt \"a\" \"b\" }}", 4},
	{"`le` is not supported", "{{ le \"a\" \"b\" }}", 4},
	{"`gt` is not supported", "{{ gt \"a\" \"b\" }}", 4},
	{"`ge` is not supported", "{{ ge \"a\" \"b\" }}", 4},
	{"`true` is not supported", "{{ true }}", 4},
	{"`false` is not supported", "{{ if false }}{{ end }}", 7},
	{"`nil` is not supported", "{{ nil }}", 4},
	{"a variable is not supported", "{{ $x := \"a\" }}", 4},
	{"a variable is not supported", "{{ $.Secrets.B }}", 4},
	{"a variable is not supported", "{{ with $y := .Secrets.B }}{{ $y }}{{ end }}", 9},
	{"a number is not supported", "{{ 1 }}", 4},
	{"a number is not supported", "{{ eq \"a\"\n -1.5 }}", -2},
	{"a number is not supported", "{{ .5 }}", 4},
	{"a character constant is not supported", "{{ 'a' }}", 4},
	{"a character constant is not supported", "{{ '}' }}", 4},
	{"`.` outside `with` is not supported", "{{ . }}", 4},
	{"`.Secrets` without a key is not supported", "{{ .Secrets }}", 4},
	{"a field of a secret is not supported", "{{ .Secrets.KEY.X }}", 4},
	{"a field of a value is not supported", "{{ (\"a\").X }}", 9},
	{"the field `.LicenseKeys.A` is not supported", "{{ .LicenseKeys.A }}", 4},
	{"the field `.secrets.B` is not supported", "{{ .secrets.B }}", 4},
	{"`.Secrets` inside `with` is not supported", "{{ with \"a\" }}{{ .Secrets.B }}{{ end }}", 18},
	{"`else if` in a `with` is not supported", "{{ with .Secrets.B }}{{ else if .Secrets.B }}{{ end }}", 30},
	{"there is no function `upper`", "{{ upper \"a\" }}", 4},
	{"no secret can have the key `é`", "{{ .Secrets.é }}", 4},
	{"no secret can have the key `_A`", "{{ .Secrets._A }}", 4},
	{"`b64` takes one argument, not 2", "{{ b64 \"a\" \"b\" }}", 4},
	{"`eq` takes two arguments or more, not 1", "{{ eq \"a\" }}", 4},
	{"only a function takes arguments or a piped value", "{{ \"a\" \"b\" }}", 4},
	{"only a function takes arguments or a piped value", "{{ \"a\" | \"b\" }}", 10},
}

func (a *author) edit(text string) string {
	runes := []rune(text)
	for count := 1 + a.Intn(3); count > 0; count-- {
		at := a.Intn(len(runes) + 1)
		end := at + a.Intn(len(runes)+1-at)
		if end > at+4 {
			end = at + 4
		}
		var middle []rune
		switch a.Intn(3) {
		case 0:
		case 1:
			middle = append(middle, runes[at:end]...)
			middle = append(middle, runes[at:end]...)
		default:
			end = at
			middle = []rune(a.pick("{{", "}}", "{{ end }}", "{{else}}", "(", ")", "|", " ", "\n", "\"", "`", "-", " -", "- ", ".", "}", "{",
				"/*", "*/", "\\", "é", ",", ":", "=", "$", "0", "'", "\x00", "if ", " end", ".Secrets.B", "not ", "\\x4"))
		}
		edited := append([]rune{}, runes[:at]...)
		edited = append(edited, middle...)
		runes = append(edited, runes[end:]...)
	}
	return string(runes)
}

func generate() []record {
	a := &author{Rand: rand.New(rand.NewSource(seed))}
	var records []record
	for i := 0; i < inside; i++ {
		records = append(records, record{Kind: "in", Template: a.template(a.Intn(7) / 2)})
	}
	for i := 0; i < outside; i++ {
		construct := foreign[i%len(foreign)]
		before, after := a.template(a.Intn(2)), a.template(a.Intn(2))
		line := 1 + strings.Count(before, "\n")
		column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + construct.column
		if construct.column < 0 {
			// In the next line of the action.
			line, column = line+1, -construct.column
		}
		records = append(records, record{
			Kind: "out", Template: before + construct.action + after, Problem: construct.problem, Line: line, Column: column,
		})
	}
	for i := 0; i < edited; i++ {
		records = append(records, record{Kind: "any", Template: a.edit(records[a.Intn(inside+outside)].Template)})
	}
	return records
}
