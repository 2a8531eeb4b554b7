package api

import (
	"context"
	"net/http"
	"testing"
)

// keptCall is a call whose answers are numbered, made when the test lets them be.
type keptCall struct {
	*keptAnswers[keptAsk, int]
	made    int
	wait    chan struct{} // nil: at once
	changed chan struct{}
	catalog string
}

type keptAsk struct {
	PositionParam
	Feature string
}

func newKeptCall(t *testing.T) *keptCall {
	s := &Server{renewals: newRenewals()}
	s.ending, s.end = context.WithCancel(t.Context())
	c := &keptCall{changed: make(chan struct{}), catalog: "c-1"}
	c.keptAnswers = newKept(s, func(context.Context, *keptAsk) (*int, error) {
		if c.wait != nil {
			<-c.wait
		}
		c.made++
		n := c.made
		return &n, nil
	})
	c.stands = func(context.Context) (any, error) { return c.catalog, nil }
	c.committed = func() <-chan struct{} { return c.changed }
	return c
}

// asks returns the answer, and whether it says as of when it is.
func (c *keptCall) asks(t *testing.T, in keptAsk) (int, bool) {
	t.Helper()
	h := make(http.Header)
	n, err := c.ask(context.WithValue(t.Context(), headersKey, h), &in)
	if err != nil {
		t.Fatal(err)
	}
	return *n, h.Get(asOfHeader) != ""
}

func TestAnAnswerThatTookLongIsGivenOutAgain(t *testing.T) {
	c := newKeptCall(t)
	if n, kept := c.asks(t, keptAsk{}); n != 1 || kept {
		t.Fatalf("the first is %d, kept %v", n, kept)
	}
	if n, kept := c.asks(t, keptAsk{}); n != 1 || !kept {
		t.Errorf("while nothing changed the second is %d and says as of when %v", n, kept)
	}
	t.Run("another question is another answer", func(t *testing.T) {
		if n, _ := c.asks(t, keptAsk{Feature: "mails"}); n != 2 {
			t.Errorf("it is %d", n)
		}
	})
	t.Run("who shows a position hears what stands there", func(t *testing.T) {
		if n, kept := c.asks(t, keptAsk{PositionParam: PositionParam{"7"}}); n != 3 || kept {
			t.Errorf("it is %d, kept %v", n, kept)
		}
	})
	t.Run("with another catalog it is made anew", func(t *testing.T) {
		c.catalog = "c-2"
		if n, _ := c.asks(t, keptAsk{}); n != 4 {
			t.Errorf("it is %d", n)
		}
	})
}

func TestAnOldAnswerIsGivenOutWhileANewOneIsMade(t *testing.T) {
	c := newKeptCall(t)
	c.asks(t, keptAsk{})
	renewed := c.s.renewals.next()
	close(c.changed) // something was committed
	c.changed, c.wait = make(chan struct{}), make(chan struct{})
	for range 3 {
		if n, kept := c.asks(t, keptAsk{}); n != 1 || !kept {
			t.Errorf("it is %d and says as of when %v", n, kept)
		}
	}
	close(c.wait)
	<-renewed // who follows changes asks again
	c.s.Settle()
	if n, _ := c.asks(t, keptAsk{}); n != 2 {
		t.Errorf("then it is %d, of those made once %d", n, c.made)
	}
}

func TestAQuickAnswerIsAlwaysMadeAnew(t *testing.T) {
	c := newKeptCall(t)
	c.slowFrom = slowFrom
	for want := 1; want < 4; want++ {
		if n, kept := c.asks(t, keptAsk{}); n != want || kept {
			t.Errorf("it is %d, want %d; kept %v", n, want, kept)
		}
	}
}
