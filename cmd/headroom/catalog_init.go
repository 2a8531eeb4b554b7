package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

// question is one thing that init asks; the flag of its name answers it before.
type question struct {
	flag, ask, help, answer, usual string
}

func initCommand() *cobra.Command {
	var into string
	var force, yes bool
	questions := []*question{
		{flag: "product", ask: "What do you sell?", help: "what is sold", usual: "our product"},
		{flag: "currency", ask: "In which currency (ISO 4217)?", help: "ISO 4217 code of prices", usual: "USD"},
		{flag: "metric", ask: "What do customers use more of, the more they get out of it (the value metric)?", help: "what customers use more of as they get more out of it", usual: "reports"},
		{flag: "event", ask: "Which event does your product send for each of them?", help: "event that the product sends for each"},
		{flag: "plans", ask: "Your plans with the price of a month, the lowest first?", help: "plans and the price of a month, the lowest first", usual: "Basic 20, Pro 60, Business 200"},
		{flag: "limits", ask: "How many a month are in each plan (a number, or unlimited)?", help: "how many of the metric a month, plan by plan"},
		{flag: "feature", ask: "A feature that only the higher plans have (none: -)?", help: "a feature that only the higher plans have; - for none", usual: "-"},
		{flag: "trial", ask: "For how many days can it be tried (none: 0)?", help: "days of the trial; 0 for none", usual: "14"},
	}
	c := &cobra.Command{
		Use: "init", Short: "Ask a few questions and write a first catalog", Args: cobra.NoArgs,
		Long: "Ask a few questions and write a first catalog, with comments. What a flag answers is not asked; an empty answer takes what\n" +
			"stands in brackets. A file that is there is kept unless --force is given.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(into); err == nil && !force {
				return fault.New(fault.Conflict, "file_exists", "%s is there", into).WithMend("name another file with --into, or overwrite it with --force")
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			in := bufio.NewReader(cmd.InOrStdin())
			if yes {
				in = bufio.NewReader(strings.NewReader(""))
			}
			answers := map[string]string{}
			for _, q := range questions {
				switch q.flag {
				case "event":
					q.usual = strings.TrimSuffix(strings.ToLower(strings.ReplaceAll(answers["metric"], " ", "_")), "s") + ".created"
				case "limits":
					q.usual = usualLimits(answers["plans"])
				}
				if cmd.Flags().Changed(q.flag) {
					answers[q.flag] = strings.TrimSpace(q.answer)
					continue
				}
				answer, err := q.put(cmd.ErrOrStderr(), in)
				if err != nil {
					return err
				}
				answers[q.flag] = answer
			}
			s, err := starterOf(answers)
			if err != nil {
				return err
			}
			text, err := s.Text()
			if err != nil {
				return err
			}
			if err := os.WriteFile(into, text, 0o644); err != nil { //nolint:gosec // a file for people
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is written; look through it, then apply it with `headroom catalog apply %s`\n", into, into)
			return nil
		},
	}
	for _, q := range questions {
		c.Flags().StringVar(&q.answer, q.flag, "", q.help)
	}
	c.Flags().StringVar(&into, "into", "catalog.yaml", "the `file` to write")
	c.Flags().BoolVar(&force, "force", false, "overwrite the file")
	c.Flags().BoolVar(&yes, "yes", false, "ask nothing: take what is usual where no flag answers")
	return c
}

// put asks on w and reads a line; an empty one, or none, is the usual answer.
func (q *question) put(w io.Writer, in *bufio.Reader) (string, error) {
	fmt.Fprintf(w, "%s [%s] ", q.ask, q.usual)
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if err != nil {
		fmt.Fprintln(w)
	}
	if line = strings.TrimSpace(line); line != "" {
		return line, nil
	}
	return q.usual, nil
}

// usualLimits gives each plan ten times as much as the one below it.
func usualLimits(plans string) string {
	limit, all := 100, []string(nil)
	for range strings.SplitSeq(plans, ",") {
		all = append(all, strconv.Itoa(limit))
		limit = min(limit*10, 1_000_000_000)
	}
	return strings.Join(all, ", ")
}

// starterOf makes sense of the answers.
func starterOf(answers map[string]string) (catalog.Starter, error) {
	s := catalog.Starter{Product: answers["product"], Currency: strings.ToUpper(answers["currency"]), Metric: answers["metric"], Event: answers["event"]}
	if answers["feature"] != "-" {
		s.Feature = answers["feature"]
	}
	days, err := strconv.Atoi(answers["trial"])
	if err != nil || days < 0 || days > 365 {
		return s, fault.New(fault.Invalid, "starter_invalid", "%q is not a number of days", fault.Shorten(answers["trial"])).WithMend("write 0 to 365")
	}
	s.Trial = days
	limits := strings.Split(answers["limits"], ",")
	plans := strings.Split(answers["plans"], ",")
	if len(limits) != len(plans) {
		return s, fault.New(fault.Invalid, "starter_invalid", "there are %d plans and %d limits", len(plans), len(limits)).WithMend("give a limit for each plan, parted by commas")
	}
	for i, plan := range plans {
		words := strings.Fields(plan)
		if len(words) < 2 {
			return s, fault.New(fault.Invalid, "starter_invalid", "%q is not a plan and its price", fault.Shorten(plan)).WithMend("write its name and the price of a month, such as Basic 20")
		}
		s.Plans = append(s.Plans, catalog.StarterPlan{Title: strings.Join(words[:len(words)-1], " "), Month: words[len(words)-1], Limit: strings.TrimSpace(limits[i])})
	}
	return s, nil
}
