package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnImportToldToAFileIsPlainLines is what cron mails: no line is written over, and a
// problem says where in the file it is.
func TestAnImportToldToAFileIsPlainLines(t *testing.T) {
	const head = "id,account,plan,amount,currency,interval,started_at,ended_at\n" +
		"s1,acme,pro,10,USD,month,2026-01-01,\n"
	for _, x := range []struct{ name, rows, want string }{
		{"nothing odd", "", "subscriptions.csv: 1 rows read, 1 sent, 0 left out, 0 refused by the server\n"},
		{"a date that is none", "s2,hooli,pro,10,USD,month,31.1.,\n", "subscriptions.csv: 2 rows read, 1 sent, 1 left out, 0 refused by the server\n" +
			`       1 row: column started_at, "31.1.": is no date such as 2026-01-31;`},
		{"two of them, in two columns", "s2,hooli,pro,10,USD,month,31.1.,\ns3,hooli,pro,10,USD,month,2026-01-01,later\n", "subscriptions.csv: 3 rows read, 1 sent, 2 left out, 0 refused by the server\n" +
			`       2 rows: columns started_at, ended_at, "31.1.": is no date such as 2026-01-31;`},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := sampleCompany(t, nil)
			dir := t.TempDir()
			file := filepath.Join(dir, "subscriptions.csv")
			if err := os.WriteFile(file, []byte(head+x.rows), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := os.Create(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			im := importer{kind: "subscriptions", file: file, out: out, client: c.client}
			if err := im.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(out.Name())
			if err != nil {
				t.Fatal(err)
			}
			if text := string(b); !strings.HasPrefix(text, x.want) || strings.ContainsAny(text, "\r\x1b") {
				t.Errorf("got  %q\nwant %q", text, x.want)
			}
		})
	}
}
