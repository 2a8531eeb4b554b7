package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// keptCall is a call whose answers are numbered, made when the test lets them be.
type keptCall struct {
	*keptAnswers[keptAsk, int]
	made    atomic.Int64
	makes   func(context.Context) error // what making one meets; nil: nothing
	stood   atomic.Uint64
	catalog string
}

type keptAsk struct {
	PositionParam
	Feature string
}

func newKeptCall(t *testing.T) *keptCall {
	s := &Server{Options: Options{Logger: slog.New(slog.DiscardHandler)}, renewals: newRenewals()}
	s.ending, s.end = context.WithCancel(t.Context())
	c := &keptCall{catalog: "c-1"}
	c.keptAnswers = newKept(s, func(ctx context.Context, _ *keptAsk) (*int, error) {
		if c.makes != nil {
			if err := c.makes(ctx); err != nil {
				return nil, err
			}
		}
		n := int(c.made.Add(1))
		return &n, nil
	})
	c.stands = func(context.Context) (any, error) { return c.catalog, nil }
	c.committed = func(context.Context) (uint64, error) { return c.stood.Load(), nil }
	return c
}

// waits has answers made only after let was called, which it tells how many wait for by then.
func (c *keptCall) waits() (begun chan struct{}, let func()) {
	begun, may := make(chan struct{}, 1000), make(chan struct{})
	c.makes = func(ctx context.Context) error {
		begun <- struct{}{}
		select {
		case <-may:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return begun, func() { close(may) }
}

// asks returns the answer, and whether it says as of when it is.
func (c *keptCall) asks(t *testing.T, in keptAsk) (int, bool) {
	t.Helper()
	h := make(http.Header)
	n, err := c.ask(context.WithValue(t.Context(), headersKey, h), &in)
	if err != nil {
		t.Error(err)
		return 0, false
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
	c.stood.Add(1) // something was committed, here or by another node
	begun, let := c.waits()
	for range 3 {
		if n, kept := c.asks(t, keptAsk{}); n != 1 || !kept {
			t.Errorf("it is %d and says as of when %v", n, kept)
		}
	}
	let()
	<-renewed // who follows changes asks again
	c.s.Settle()
	for range 3 { // and finds nothing that was committed since: there is no more to make
		if n, _ := c.asks(t, keptAsk{}); n != 2 {
			t.Errorf("then it is %d", n)
		}
	}
	c.s.Settle()
	if len(begun) != 1 {
		t.Errorf("%d answers were made anew", len(begun))
	}
}

func TestWhoFollowsChangesHearsOfNoAnswerThatIsTheSame(t *testing.T) {
	c := newKeptCall(t)
	c.asks(t, keptAsk{})
	renewed := c.s.renewals.next()
	c.stood.Add(1)
	c.makes = func(context.Context) error { c.made.Store(0); return nil }
	c.asks(t, keptAsk{})
	c.s.Settle()
	select {
	case <-renewed:
		t.Error("they do")
	default:
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

func TestWhatIsNoAnswer(t *testing.T) {
	broken := errors.New("broken")
	for name, makes := range map[string]func(context.Context) error{
		"an error": func(context.Context) error { return broken },
		"a panic":  func(context.Context) error { panic(broken) },
	} {
		t.Run(name+" is told to whoever waits, and is not kept", func(t *testing.T) {
			c := newKeptCall(t)
			c.makes = makes
			for range 2 {
				if n, err := c.ask(t.Context(), &keptAsk{}); err == nil {
					t.Errorf("the answer is %d", *n)
				}
			}
			c.makes = nil
			if n, kept := c.asks(t, keptAsk{}); n != 1 || kept {
				t.Errorf("later it is %d, kept %v", n, kept)
			}
		})
		t.Run(name+" where one is kept leaves that one, and is not tried again at once", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newKeptCall(t)
				c.makes = func(context.Context) error { time.Sleep(time.Second); return nil }
				c.asks(t, keptAsk{})
				tries := 0
				c.makes = func(ctx context.Context) error { tries++; return makes(ctx) }
				c.stood.Add(1)
				for range 3 * restTimes {
					time.Sleep(time.Second)
					if n, kept := c.asks(t, keptAsk{}); n != 1 || !kept {
						t.Fatalf("it is %d, kept %v", n, kept)
					}
					c.s.Settle()
				}
				if tries != 2 {
					t.Errorf("in the time for 3 it is tried %d times", tries)
				}
			})
		})
	}
}

func TestAnAnswerThatIsTooOldIsNotGivenOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newKeptCall(t)
		c.asks(t, keptAsk{})
		time.Sleep(oldestKept)
		if n, kept := c.asks(t, keptAsk{}); n != 2 || kept {
			t.Errorf("it is %d, kept %v", n, kept)
		}
	})
}

func TestWhatNobodyWaitsForIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newKeptCall(t)
		begun, let := c.waits()
		ctx, leave := context.WithCancel(t.Context())
		for i := range 300 {
			go func() { _, _ = c.ask(ctx, &keptAsk{Feature: fmt.Sprint(i)}) }()
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		let()
		c.s.Settle()
		places := cap(c.s.renewals.places)
		if len(begun) != places || int(c.made.Load()) != places {
			t.Errorf("%d are begun, of which %d are made; at a time it is %d", len(begun), c.made.Load(), places)
		}
		if n, kept := c.asks(t, keptAsk{Feature: "another"}); n != places+1 || kept {
			t.Errorf("then the next is %d, kept %v", n, kept)
		}
	})
}

func TestWhatIsBeingMadeIsMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newKeptCall(t)
		begun, let := c.waits()
		for range 3 { // more different questions than are kept, each of them asked by three
			for i := range 2 * mostKept {
				go c.asks(t, keptAsk{Feature: fmt.Sprint(i)})
			}
		}
		synctest.Wait()
		let()
		synctest.Wait()
		if len(begun) != 2*mostKept {
			t.Errorf("of %d questions %d answers are made", 2*mostKept, len(begun))
		}
		c.asks(t, keptAsk{Feature: "one more"})
		if len(c.by) > mostKept {
			t.Errorf("%d are kept", len(c.by))
		}
	})
}

func TestWhoWaitsHearsOfTheirOwnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newKeptCall(t)
		c.slowFrom = time.Hour // nothing is kept
		_, let := c.waits()
		go c.asks(t, keptAsk{})
		synctest.Wait()
		c.stood.Add(1) // while the first one is made
		heard := make(chan int, 2)
		for range cap(heard) {
			go func() {
				n, _ := c.asks(t, keptAsk{})
				heard <- n
			}()
		}
		synctest.Wait()
		let()
		for range cap(heard) {
			if n := <-heard; n < 2 {
				t.Errorf("it is %d, want one that was begun after the change", n)
			}
		}
	})
}
