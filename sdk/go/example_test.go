package headroom_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/headroomhttp"
)

func Example() { //nolint:testableexamples // it needs a server
	ctx := context.Background()
	client, err := headroom.New(headroom.Config{}) // HEADROOM_URL, HEADROOM_SECRET_KEY
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close(ctx) }()

	acme, err := client.Account(ctx, "acme")
	if err != nil {
		log.Print(err) // acme answers by Config.Defaults until the server is back
	}
	if acme.Has("recordings") {
		fmt.Println("show the recordings")
	}
	if a := acme.Metered("emails").Check(50); !a.Allowed {
		fmt.Println(a.Message())
	}
}

func ExampleClient_Consume() { //nolint:testableexamples // it needs a server
	client, err := headroom.New(headroom.Config{URL: "https://headroom.example.com", Key: "hr_sk_…"})
	if err != nil {
		log.Fatal(err)
	}
	a, err := client.Consume(context.Background(), headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 1})
	switch {
	case err != nil:
		log.Print(err)
	case !a.Allowed:
		for _, u := range a.Unlock() {
			fmt.Println(u.Title, "for", u.Difference, "more each", u.Interval)
		}
	}
}

func ExampleClient_Reserve() { //nolint:testableexamples // it needs a server
	client, err := headroom.New(headroom.Config{URL: "https://headroom.example.com", Key: "hr_sk_…"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	held, a, err := client.Reserve(ctx, headroom.ConsumeRequest{Account: "acme", Feature: "credits", Quantity: 100}, 5*time.Minute)
	if err != nil || !a.Allowed {
		return
	}
	used := 73.0 // what the work really took
	if _, err := held.Finalize(ctx, used); err != nil {
		log.Print(err)
	}
}

func ExampleConfig_defaults() { //nolint:testableexamples // it is there to be read
	_, err := headroom.New(headroom.Config{
		Key:      "hr_sk_…",
		CacheDir: "/var/cache/product",
		MaxStale: 72 * time.Hour,
		Defaults: map[string]headroom.Default{"recordings": {Allowed: true}, "support": {Value: "email"}},
	})
	fmt.Println(err)
}

func Example_middleware() { //nolint:testableexamples // it is there to be read
	client, err := headroom.New(headroom.Config{Key: "hr_sk_…"})
	if err != nil {
		log.Fatal(err)
	}
	const reports headroom.MeteredFeature = "reports" // headroom catalog generate writes these
	account := func(r *http.Request) string { return r.Header.Get("Account") }
	gate := headroomhttp.Require(client, reports, account, headroomhttp.Count("report.made"))
	http.Handle("POST /reports", gate(http.NotFoundHandler()))
}
