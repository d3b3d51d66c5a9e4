// The answers of Go's text/template to a list of generated templates, one JSON object a line.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"text/template"
)

const seed = 20240601

var secrets = map[string]string{
	"KEY":   "v<&\"'>",
	"EMPTY": "",
	"B":     "b",
	"N":     "10",
	"LINES": "one\r\ntwo\t\\ \"q\"\n",
	"OTHER": " é\u2028😀\u007f\u0085\ufeff\x01%/+ ",
}

// Keys that the templates use and the secrets have not.
var missing = []string{"MISSING", "M_2"}

type data struct {
	Secrets     map[string]string
	LicenseKeys map[string]string
}

// What a template is to the test.
type record struct {
	Template string `json:"t"`
	// Go's answer with missingkey=error: "OK " and the output, or "ERR " and the error.
	Go string `json:"go"`
	// Go's answer when the missing keys are there and empty, if it is another.
	Empty string `json:"e,omitempty"`
	// "in": within the subset. "out": one construct is not. "any": an edited text, which may be either.
	Kind string `json:"k"`
	// What the error must say, for "out".
	Problem string `json:"p,omitempty"`
	Line    int    `json:"l,omitempty"`
	Column  int    `json:"c,omitempty"`
}

// The functions that Go has not; urlquery, eq, ne, not, and, or are its own.
var functions = template.FuncMap{
	"default": func(otherwise, value any) any {
		if truth, _ := template.IsTrue(value); truth {
			return value
		}
		return otherwise
	},
	"json": func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	},
	"yaml": yaml,
	"shell": func(text string) (string, error) {
		if strings.ContainsRune(text, 0) {
			return "", errors.New("NUL")
		}
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'", nil
	},
	"b64": func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
}

func yaml(value any) string {
	text, isText := value.(string)
	if !isText {
		return fmt.Sprint(value)
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

func answer(text string, secrets map[string]string) string {
	parsed, err := template.New("t").Funcs(functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return "ERR parse " + strings.TrimPrefix(err.Error(), "template: t:")
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data{Secrets: secrets, LicenseKeys: map[string]string{}}); err != nil {
		return "ERR exec " + strings.TrimPrefix(err.Error(), "template: t:")
	}
	return "OK " + out.String()
}

var reference = regexp.MustCompile(`\.Secrets\.([\pL\pN_]+)`)

// The secrets, and an empty one for each key that the template may use besides.
func filled(text string) map[string]string {
	filled := map[string]string{}
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		filled[match[1]] = ""
	}
	for key, value := range secrets {
		filled[key] = value
	}
	return filled
}

func main() {
	if !strings.HasPrefix(runtime.Version(), "go1.19") {
		fmt.Fprintln(os.Stderr, "the answers are those of Go 1.19, not of", runtime.Version())
		os.Exit(1)
	}
	writer := bufio.NewWriter(os.Stdout)
	defer writer.Flush()
	lines := json.NewEncoder(writer)
	lines.SetEscapeHTML(false)
	write := func(value any) {
		if err := lines.Encode(value); err != nil {
			panic(err)
		}
	}
	write(map[string]any{"oracle": runtime.Version(), "secrets": secrets, "missing": missing})
	seen := map[string]bool{}
	for _, record := range generate() {
		if seen[record.Template] {
			continue
		}
		seen[record.Template] = true
		record.Go = answer(record.Template, secrets)
		if empty := answer(record.Template, filled(record.Template)); empty != record.Go {
			record.Empty = empty
		}
		write(record)
	}
}
