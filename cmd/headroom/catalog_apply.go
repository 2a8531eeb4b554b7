package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/packaging"
)

// application is how a catalog is sent to the server.
type application struct {
	path, match, note, author, accept string
	dry                               bool
}

// applied is the server's answer to it.
type applied struct {
	Version, Previous string
	Changes           []catalog.Change
	Findings          []catalog.Finding
	Impact            *packaging.ImpactAnswer

	text []byte // as it came
}

func (a *application) flags(c *cobra.Command) {
	c.Flags().StringVar(&a.match, "if-match", "", "only while this `version` is active")
	c.Flags().StringVar(&a.note, "note", "", "why, for the history of versions")
	c.Flags().StringVar(&a.author, "author", os.Getenv("USER"), "who, for the history of versions")
	c.Flags().StringVar(&a.accept, "accept", "", "apply in spite of `limit_below_usage`: accounts that use more than a new limit")
	c.Flags().BoolVar(&a.dry, "dry-run", false, "only say what would change")
}

func diffCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "diff FILE|FOLDER", Short: "What applying would change on the server, and for whom", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyCatalog(cmd, application{path: args[0], dry: true}, output)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func applyCommand() *cobra.Command {
	var output string
	var a application
	c := &cobra.Command{
		Use: "apply FILE|FOLDER", Short: "Make a catalog the active one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.path = args[0]
			return applyCatalog(cmd, a, output)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	a.flags(c)
	return c
}

// patientClient waits as long as looking at every account may take.
func patientClient() (*client, error) {
	cl, err := newClient()
	if err == nil {
		cl.http.Timeout = 6 * time.Minute
	}
	return cl, err
}

// putCatalog sends a catalog to the server.
func putCatalog(ctx context.Context, c *catalog.Catalog, a application) (*applied, error) {
	cl, err := patientClient()
	if err != nil {
		return nil, err
	}
	q := url.Values{"file": {a.path}, "note": {a.note}, "author": {a.author}}
	if a.dry {
		q.Set("dry_run", "true")
	}
	if a.accept != "" {
		q.Set("accept", a.accept)
	}
	out := &applied{}
	if err := cl.call(ctx, "PUT", "/v1/catalog?"+q.Encode(), c.Text(), &out.text, "If-Match", a.match); err != nil {
		return nil, err
	}
	return out, json.Unmarshal(out.text, out)
}

func applyCatalog(cmd *cobra.Command, a application, output string) error {
	asJSON, err := jsonOutput(output)
	if err != nil {
		return err
	}
	c, findings, err := readCatalog(a.path)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if catalog.HasErrors(findings) {
		return showFindings(w, findings, output, false)
	}
	answer, err := putCatalog(cmd.Context(), c, a)
	if err != nil {
		return err
	}
	if asJSON {
		fmt.Fprintln(w, string(answer.text)) // the document of PUT /v1/catalog
		return nil
	}
	answer.show(w, a.dry, "headroom catalog apply "+a.path)
	return nil
}

// show says what applying did, or would do, in words.
func (a *applied) show(w io.Writer, dry bool, apply string) {
	for _, f := range a.Findings {
		fmt.Fprintln(w, f)
	}
	for _, ch := range a.Changes {
		fmt.Fprintln(w, ch)
	}
	if a.Impact != nil && len(a.Changes) > 0 {
		showImpact(w, a.Impact)
	}
	switch {
	case a.Version == a.Previous:
		fmt.Fprintln(w, "nothing to change: "+a.Version+" is active")
	case dry:
		if a.Impact != nil && a.Impact.Above > 0 {
			apply += " --accept limit_below_usage"
		}
		fmt.Fprintln(w, "would become "+a.Version+"; apply it with `"+apply+"`")
	default:
		fmt.Fprintln(w, a.Version+" is active")
	}
}

// showImpact says in words what a catalog would do to accounts.
func showImpact(w io.Writer, im *packaging.ImpactAnswer) {
	switch im.Accounts {
	case 0:
		fmt.Fprintln(w, "no account gets anything else than before")
	case 1:
		fmt.Fprintln(w, "1 account gets something else than before:")
	default:
		fmt.Fprintf(w, "%d accounts get something else than before:\n", im.Accounts)
	}
	for _, p := range im.Plans {
		fmt.Fprintf(w, "  %d on %s: %s\n", p.Accounts, p.Plan, strings.Join(p.Changes, "; "))
	}
	if len(im.Examples) > 0 && im.Accounts > len(im.Examples) {
		names := make([]string, min(len(im.Examples), 5))
		for i := range names {
			names[i] = im.Examples[i].Account
		}
		fmt.Fprintf(w, "  among them %s\n", strings.Join(names, ", "))
	}
	if im.Above > 0 {
		fmt.Fprintf(w, "above a new limit today: %d\n", im.Above)
		for i, s := range im.Squeezed {
			if i == 10 {
				fmt.Fprintln(w, "  and more")
				break
			}
			fmt.Fprintf(w, "  %s uses %s of %s, and the limit would be %s\n", s.Account, s.Usage, s.Feature, s.Limit)
		}
	}
	if im.AtRisk.Accounts == 0 {
		fmt.Fprintln(w, "no renewal money is at risk")
		return
	}
	amounts := []string{im.AtRisk.Amount.String()}
	for _, other := range im.AtRisk.Others {
		amounts = append(amounts, other.String())
	}
	fmt.Fprintf(w, "renewal money at risk: %s a year\n", strings.Join(amounts, " and "))
	for _, why := range im.AtRisk.Why {
		fmt.Fprintln(w, "  "+why)
	}
}

func versionsCommand() *cobra.Command {
	var output string
	var limit int
	c := &cobra.Command{
		Use: "versions", Short: "List the versions that were active, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			if limit < 1 || limit > 500 {
				return fault.New(fault.Invalid, "limit_invalid", "--limit %d is out of range", limit).WithMend("write 1 to 500")
			}
			cl, err := newClient()
			if err != nil {
				return err
			}
			var text []byte
			if err := cl.call(cmd.Context(), "GET", fmt.Sprintf("/v1/catalog/versions?limit=%d", limit), nil, &text); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if asJSON {
				fmt.Fprintln(w, string(text))
				return nil
			}
			var list struct {
				Items []struct {
					Version, Author, Note string
					ActivatedAt           string `json:"activated_at"`
					Active                bool
				}
			}
			if err := json.Unmarshal(text, &list); err != nil {
				return err
			}
			for _, v := range list.Items {
				mark := " "
				if v.Active {
					mark = "*"
				}
				fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%s %s  %s  %s  %s", mark, v.Version, v.ActivatedAt, v.Author, v.Note), " "))
			}
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	c.Flags().IntVar(&limit, "limit", 20, "how `many`, at most 500")
	return c
}

func rollbackCommand() *cobra.Command {
	var output string
	var a application
	c := &cobra.Command{
		Use: "rollback VERSION", Short: "Make an earlier version the active one again", Args: cobra.ExactArgs(1),
		Long: "Make an earlier version the active one again: its text is applied, and refused where applying it would be.\n" +
			"`headroom catalog versions` lists them.",
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			cl, err := patientClient()
			if err != nil {
				return err
			}
			q := url.Values{}
			if a.dry {
				q.Set("dry_run", "true")
			}
			if a.accept != "" {
				q.Set("accept", a.accept)
			}
			answer := &applied{}
			body := map[string]any{"version": args[0], "note": a.note, "author": a.author}
			if err := cl.call(cmd.Context(), "POST", "/v1/catalog/rollback?"+q.Encode(), body, &answer.text, "If-Match", a.match); err != nil {
				return err
			}
			if asJSON {
				fmt.Fprintln(cmd.OutOrStdout(), string(answer.text))
				return nil
			}
			if err := json.Unmarshal(answer.text, answer); err != nil {
				return err
			}
			answer.show(cmd.OutOrStdout(), a.dry, "headroom catalog rollback "+args[0])
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	a.flags(c)
	return c
}
