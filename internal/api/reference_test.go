package api

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The reference docs/api.md, written from the document.

const referenceHead = "# The API\n\n" +
	"<!-- Written by: go test ./internal/api -run Published -update -->\n\n" +
	"Every call, with what it takes and answers. The same as a document for machines: [openapi.json](openapi.json), or\n" +
	"`GET /openapi.json` of a running server.\n\n" +
	"- A key goes into `Authorization: Bearer hr_sk_…`. A browser sends a publishable key `hr_pk_…` and its user token in\n" +
	"  `Headroom-User-Token`.\n" +
	"- Times are RFC 3339 in UTC, months `2026-11`, money `{\"amount\":\"149.00\",\"currency\":\"USD\"}`.\n" +
	"- Lists are `{\"items\":[…],\"next\":\"…\"}`; send `next` back as `cursor` for the part after.\n" +
	"- `Idempotency-Key` is taken by every call that changes something, and needed where money or a limit is at stake: the same key with the same\n" +
	"  call hears the same answer.\n" +
	"- `Headroom-Position` makes a read see what an earlier answer's `position` saw. Without it, lists are a moment behind. What goes from one\n" +
	"  account or person to another comes a moment later in any case: an identify call to the people of the account, a joined\n" +
	"  person's own record, the credit of a referral.\n" +
	"- `Headroom-As-Of` on an answer that looks at every account (lint, limits, demand, missed moments, funnel, registry, stages, money) says when it was\n" +
	"  made: it was kept, and is ten minutes old at most. With `Headroom-Position` such a call is answered anew.\n" +
	"- Errors are a [Problem](#problem), `application/problem+json`, with a stable `code`: [all of them](errors.md).\n" +
	"- Fields may be added, none is renamed or removed. A field marked ? may be missing or null.\n\n" +
	"The examples work against a fresh server with the sample catalog, from the top to the bottom, save where they\n" +
	"speak of a request, an opportunity or a key that is not there yet:\n\n" +
	"```sh\n" +
	"export HEADROOM_URL=http://127.0.0.1:8080 HEADROOM_SECRET_KEY=hr_sk_try_me\n" +
	"headroom serve --data ./try-me &\n" +
	"headroom catalog apply examples/summit/catalog.yaml\n" +
	"curl -X PUT $HEADROOM_URL/v1/accounts/nova/subscription -H \"Authorization: Bearer $HEADROOM_SECRET_KEY\" \\\n" +
	"  -H 'Content-Type: application/json' -d '{\"plan\":\"starter\"}'\n" +
	"```\n\n" +
	"`$TOKEN` is the token that the preview answered, `$KEY_ID` the id of a key, `$CODE` the code of a referral, `$ASK` the `ask_id` of a survey, `$VERSION` a version that\n" +
	"`GET /v1/catalog/versions` answered.\n"

func reference(doc map[string]any, inOrder []string) []byte {
	current = doc
	var b bytes.Buffer
	b.WriteString(referenceHead)
	tags, _ := doc["tags"].([]any)
	b.WriteString("\n| | |\n|---|---|\n")
	for _, tag := range tags {
		name := text(tag, "name")
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", name, strings.ReplaceAll(strings.ToLower(name), " ", "-"), text(tag, "description"))
	}
	b.WriteString("| [Types](#types) | What answers are made of. |\n")
	for _, tag := range tags {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", text(tag, "name"), text(tag, "description"))
		for _, name := range inOrder {
			method, path, _ := strings.Cut(name, " ")
			op, _ := at(doc, "paths", path, strings.ToLower(method)).(map[string]any)
			if tags, _ := op["tags"].([]any); tags[0] == tag.(map[string]any)["name"] {
				writeOperation(&b, route{method, path, op})
			}
		}
	}
	writeTypes(&b, doc)
	return b.Bytes()
}

type route struct {
	method, path string
	op           map[string]any
}

func writeOperation(b *bytes.Buffer, r route) {
	fmt.Fprintf(b, "\n### %s `%s`\n\n%s.\n\n%s\n", r.method, r.path, text(r.op, "summary"), text(r.op, "description"))
	var rows []string
	parameters, _ := r.op["parameters"].([]any)
	for _, p := range parameters {
		mark := "?"
		if at(p, "required") == true {
			mark = ""
		}
		rows = append(rows, fmt.Sprintf("| %s | `%s`%s | %s | %s |", text(p, "in"), text(p, "name"), mark, typeOf(at(p, "schema")), text(p, "description")))
	}
	content, _ := at(r.op, "requestBody", "content").(map[string]any)
	schema := at(content["application/json"], "schema")
	if one := at(schema, "oneOf"); one != nil {
		schema = one.([]any)[0]
	}
	rows = append(rows, fieldRows(deref(schema), "body")...)
	if len(rows) > 0 {
		fmt.Fprintf(b, "\n| in | name | type | meaning |\n|---|---|---|---|\n%s\n", strings.Join(rows, "\n"))
	}
	responses, _ := r.op["responses"].(map[string]any)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if status[0] != '2' {
			continue
		}
		answer := responses[status]
		var with []string
		media, _ := at(answer, "content").(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(media)) {
			if ref := text(media[name], "schema", "$ref"); ref != "" {
				with = append(with, linked(ref))
			} else {
				with = append(with, "`"+name+"`")
			}
		}
		what := ""
		if len(with) > 0 {
			what = " with " + strings.Join(with, " or ")
		}
		fmt.Fprintf(b, "\nAnswers %s%s: %s.\n", status, what, text(answer, "description"))
	}
	for _, example := range curls(r) {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", example)
	}
}

// current is the document that schemas are looked up in while a reference is written.
var current map[string]any

func deref(schema any) any {
	if ref := text(schema, "$ref"); ref != "" {
		return at(current, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return schema
}

func linked(ref string) string {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	if item, isList := strings.CutSuffix(name, "List"); isList {
		return "a list of " + linked(item)
	}
	return "[" + name + "](#" + strings.ToLower(name) + ")"
}

// fieldRows lists the fields of a schema.
func fieldRows(schema any, in string) (rows []string) {
	properties, _ := at(schema, "properties").(map[string]any)
	required, _ := at(schema, "required").([]any)
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, rb := slices.Contains(required, any(a)), slices.Contains(required, any(b))
		if ra != rb {
			if ra {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	for _, name := range names {
		p := properties[name]
		mark := "?"
		if slices.Contains(required, any(name)) && !strings.Contains(fmt.Sprint(at(p, "type")), "null") {
			mark = ""
		}
		meaning := text(p, "description")
		if meaning == "" {
			meaning = strings.TrimSuffix(text(deref(p), "description"), ".")
		}
		if in != "" {
			rows = append(rows, fmt.Sprintf("| %s | `%s`%s | %s | %s |", in, name, mark, typeOf(p), meaning))
		} else {
			rows = append(rows, fmt.Sprintf("| `%s`%s | %s | %s |", name, mark, typeOf(p), meaning))
		}
	}
	return rows
}

// typeOf says a schema's type in a word or two.
func typeOf(schema any) string {
	if ref := text(schema, "$ref"); ref != "" {
		return linked(ref)
	}
	if values, ok := at(schema, "enum").([]any); ok {
		words := make([]string, len(values))
		for i, v := range values {
			words[i] = fmt.Sprintf("`%v`", v)
		}
		return strings.Join(words, ", ")
	}
	name := fmt.Sprint(at(schema, "type"))
	if several, ok := at(schema, "type").([]any); ok {
		name = fmt.Sprint(several[0])
	}
	switch {
	case name == "array":
		return "list of " + typeOf(at(schema, "items"))
	case text(schema, "format") == "date-time":
		return "time"
	case name == "object":
		if values, ok := at(schema, "additionalProperties").(map[string]any); ok && len(values) > 0 {
			return "names to " + typeOf(values) + "s"
		}
	case name == "<nil>":
		return "any value"
	}
	return name
}

// curls writes a call for each example of an operation.
func curls(r route) (out []string) {
	path, query, headers := r.path, []string(nil), []string(nil)
	parameters, _ := r.op["parameters"].([]any)
	for _, p := range parameters {
		if at(p, "example") == nil {
			continue
		}
		value := fmt.Sprint(at(p, "example"))
		switch text(p, "in") {
		case "path":
			path = strings.ReplaceAll(path, "{"+text(p, "name")+"}", value)
		case "query":
			if list, several := at(p, "example").([]any); several {
				value = fmt.Sprint(list[0]) // the curl shows one; several are given by naming the parameter again
			}
			query = append(query, text(p, "name")+"="+value)
		case "header":
			headers = append(headers, text(p, "name")+": "+value)
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	command := "curl"
	if r.method != "GET" {
		command += " -X " + r.method
	}
	command += " \"$HEADROOM_URL" + path + "\""
	if security, _ := r.op["security"].([]any); len(security[0].(map[string]any)) > 0 {
		command += " -H \"Authorization: Bearer $HEADROOM_SECRET_KEY\""
	}
	for _, h := range headers {
		command += " \\\n  -H '" + h + "'"
	}
	content, _ := at(r.op, "requestBody", "content").(map[string]any)
	if len(content) == 0 {
		return []string{command}
	}
	medias := make([]string, 0, len(content))
	for media := range content {
		medias = append(medias, media)
	}
	slices.SortFunc(medias, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, media := range medias {
		if at(content[media], "example") == nil {
			continue
		}
		about := operations[r.method+" "+r.path]
		body := cmp.Or(about.bodies[media], about.body) // its fields as they were written
		body = strings.NewReplacer("'", `'\''`).Replace(body)
		for _, name := range []string{"$TOKEN", "$PASSWORD", "$VERSION", "$CODE"} {
			body = strings.ReplaceAll(body, name, `'"`+name+`"'`)
		}
		flag := "-d"
		if media == "application/yaml" {
			flag = "--data-binary"
		}
		out = append(out, command+" \\\n  -H 'Content-Type: "+media+"' "+flag+" '"+body+"'")
	}
	return out
}

func writeTypes(b *bytes.Buffer, doc map[string]any) {
	b.WriteString("\n## Types\n")
	schemas, _ := at(doc, "components", "schemas").(map[string]any)
	nested := make(map[string]bool) // only in other types
	walk(schemas, "", func(_ string, v any) {
		if ref := text(v, "$ref"); ref != "" {
			nested[ref[strings.LastIndexByte(ref, '/')+1:]] = true
		}
	})
	for _, name := range sortedNames(schemas) {
		// Bodies of requests stand with their calls, lists are all alike.
		if strings.HasSuffix(name, "List") || !bytes.Contains(b.Bytes(), []byte("](#"+strings.ToLower(name)+")")) && !nested[name] {
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\n", name)
		if about := text(schemas[name], "description"); about != "" {
			fmt.Fprintf(b, "%s\n\n", about)
		}
		fmt.Fprintf(b, "| name | type | meaning |\n|---|---|---|\n%s\n", strings.Join(fieldRows(schemas[name], ""), "\n"))
	}
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
