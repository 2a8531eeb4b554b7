package headroom

import (
	"context"
	"net/http"
	"time"
)

// check answers in the process. It reads one clock and a handful of atomics, takes no lock
// and no memory. A quiet no is not told to the server.
func (f *cell) check(quantity float64, quiet bool) (answer Answer) {
	a := f.account
	c := a.client
	now := int64(c.now())
	if now-a.used.Load() > int64(time.Second) {
		a.touch(now)
	}
	e := f.entry.Load()
	if e == nil {
		return a.missing(f.feature, now)
	}
	heard := a.heard.Load()
	age := now - heard // below zero when news came this instant
	if heard == unheard || age > int64(c.MaxStale) {
		return c.byDefault(f.feature, e.item)
	}
	q := one
	if quantity != 1 {
		if !(quantity >= 0 && quantity <= 1e12) {
			return c.noQuantity(quantity, e.item)
		}
		q = unitsOf(quantity)
	}
	if server := now + c.offset.Load(); server >= e.until {
		e = f.later(e, server)
	}
	ahead := f.aheadUntil.Load() > now
	if q <= e.fits && !ahead {
		answer = e.yes
		answer.Stale = age > int64(c.Fresh)
		return answer
	}
	extra := units(0)
	if ahead {
		extra = max(units(f.ahead.Load())-e.usage, 0)
	}
	answer = e.answer(q, extra)
	answer.Stale = age > int64(c.Fresh)
	if !answer.Allowed && !quiet && !c.QuietGates {
		f.tell(now, quantity)
	}
	return answer
}

// later replaces an entry whose time is over, unless news have come meanwhile.
func (f *cell) later(e *entry, server int64) *entry {
	next := e.at(server)
	f.entry.CompareAndSwap(e, next)
	return next
}

// touch notes that the account is in use, and brings it back when it was let go.
func (a *Account) touch(now int64) {
	a.used.Store(now)
	if a.out.Load() {
		a.client.readmit(a)
	}
}

// missing answers for a feature that the server does not name.
func (a *Account) missing(feature string, now int64) Answer {
	c := a.client
	if now-a.used.Load() > int64(time.Second) {
		a.touch(now)
	}
	heard := a.heard.Load()
	if heard == unheard {
		if e := a.miss.Load(); e != nil && e.Status == http.StatusNotFound {
			return Answer{Reason: NoSubscription} // nobody has heard of the account
		} else if e != nil && e.Status != 0 && !away(e) {
			return Answer{Reason: Unavailable, Stale: true, Err: e} // the server is there and refuses: no time for defaults
		}
	}
	if heard == unheard || now-heard > int64(c.MaxStale) {
		return c.byDefault(feature, nil)
	}
	return Answer{Reason: UnknownFeature, Err: c.unknown(feature)}
}

// byDefault answers when nothing is known, or what is known is too old.
func (c *Client) byDefault(feature string, i *Item) Answer {
	d := c.Defaults[feature]
	return Answer{Allowed: d.Allowed, Value: d.Value, Reason: Unavailable, Stale: true, Item: i}
}

// Fallback returns the answer of Config.Defaults to a call that failed because the server is
// away; false when there is no default that opens the feature, and for any other error: what
// the server refuses stays closed.
func (c *Client) Fallback(feature string, err error) (Answer, bool) {
	if !away(err) || !c.Defaults[feature].Allowed {
		return Answer{}, false
	}
	return c.byDefault(feature, nil), true
}

func (c *Client) noQuantity(quantity float64, i *Item) Answer {
	err := checkQuantity(quantity)
	if c.Development || c.warn.due("quantity", c.now()) {
		c.Logger.Error("headroom: a check with a wrong quantity is answered with no", "error", err)
	}
	return Answer{Reason: LimitReached, Item: i, Err: err}
}

// unknown says that a feature is not in the catalog: as an error in development, in the log
// once a minute in production.
func (c *Client) unknown(feature string) error {
	err := fail(CodeUnknownFeature, "there is no feature %q in the catalog", feature).
		mend("use the key of a feature; headroom catalog generate writes them as constants")
	if c.Development || c.warn.due("feature "+feature, c.now()) {
		c.Logger.Error("headroom: an unknown feature is closed", "feature", feature, "error", err)
	}
	if c.Development {
		return err
	}
	return nil
}

// touch is a no that the server is to hear of.
type touch struct {
	account, feature string
	quantity         float64
}

// tell has the server told of a no, when it was not a minute ago.
func (f *cell) tell(now int64, quantity float64) {
	was := f.told.Load()
	if was != unheard && now-was <= int64(time.Minute) || !f.told.CompareAndSwap(was, now) {
		return
	}
	select {
	case f.account.client.gates <- touch{f.account.key, f.feature, quantity}:
	default: // so many that one more says nothing
	}
}

// tellGates asks the server again what was answered with no here: it takes that for a sign.
func (c *Client) tellGates() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case t := <-c.gates:
			if int64(c.now()) < c.awayUntil.Load() {
				continue
			}
			_ = c.call(c.ctx, request{method: "POST", path: path("check"), once: true,
				body: CheckRequest{Account: t.account, Feature: t.feature, Quantity: &t.quantity}}, nil) // a sign that is lost is no harm
		}
	}
}

// Explain asks the server about a no of the process: its answer says what would unlock it,
// and is a yes where the news of one are still on the way. What this process has counted on,
// and the server not yet, stays counted. When the server cannot say, the answer is as it was.
func (c *Client) Explain(ctx context.Context, r CheckRequest, no Answer) Answer {
	if int64(c.now()) < c.awayUntil.Load() {
		return no
	}
	quantity := 1.0
	if r.Quantity != nil {
		quantity = *r.Quantity
	}
	var answer Answer
	var err error
	counted := no.Usage // by the server, as far as is known
	for range 4 {       // events may arrive there between two questions
		r.Quantity = new(quantity + no.Usage - counted)
		answer, err = c.explain(ctx, r)
		if err != nil || answer.Usage == counted || counted == no.Usage && (answer.Usage > counted || !answer.Allowed) {
			break
		}
		counted = min(answer.Usage, no.Usage)
	}
	if err == nil && counted < no.Usage {
		answer.Usage, answer.Remaining = no.Usage, no.Remaining
		answer.Item.Usage, answer.Item.Remaining, answer.Item.Message = &no.Usage, &no.Remaining, "" // its sentence has other numbers
	}
	if err != nil {
		if away(err) {
			c.awayUntil.Store(int64(c.now() + time.Second))
		}
		return no
	}
	if no.Item != nil {
		answer.Item.Content = no.Item.Content
	}
	return answer
}

func (c *Client) explain(ctx context.Context, r CheckRequest) (Answer, error) {
	item := new(Item)
	if err := c.call(ctx, request{method: "POST", path: path("check"), body: r, once: true}, item); err != nil {
		return Answer{}, err
	}
	return item.answer(), nil
}
