package headroom

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestQuestionsAndNewsAtTheSameTime(t *testing.T) {
	a, _ := standing(t, emails(0, 10), &Item{Feature: "export", Kind: Boolean, Allowed: true, Reason: Included})
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			g := a.Metered("emails")
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := g.Check(1); got.Allowed != (got.Remaining >= 1) || got.Limit != 10 {
					t.Errorf("half of one and half of another: %+v", got)
				}
				g.Add(1)
				a.Check("export", 1)
				a.Check("typo", 1)
				a.Gate("later")
				a.Features()
			}
		})
	}
	for i := range 300 {
		a.change([]*Item{emails(float64(i%11), 10), {Feature: fmt.Sprint("more_", i%20), Kind: Boolean}}, []string{"export"})
		a.replace([]*Item{emails(float64(i%11), 10), {Feature: "export", Kind: Boolean, Allowed: true, Reason: Included}})
		now := march.Add(time.Duration(i) * time.Hour)
		a.client.setClock(&now)
		a.vouch(0)
	}
	close(stop)
	all.Wait()
}
