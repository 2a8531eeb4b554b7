package headroom

import (
	"testing"
	"time"
)

func TestTheCacheKnowsHowLongAgoTheServerVouched(t *testing.T) {
	a, elapsed := standing(t, emails(1, 10))
	c := a.client
	var err error
	if c.cache, err = openCache(t.TempDir(), "http://127.0.0.1:1", c.Key); err != nil {
		t.Fatal(err)
	}
	c.work.Go(c.keepCache)
	*elapsed = 10 * time.Hour
	a.vouch(int64(*elapsed)) // nothing changed all the while
	*elapsed += time.Minute
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	items, age, ok := c.cache.read("acme", c.wall()+int64(time.Hour))
	if !ok || len(items) != 1 || time.Duration(age).Round(time.Second) != time.Hour+time.Minute {
		t.Errorf("read %v of %s ago, %v", items, time.Duration(age), ok)
	}
	if _, _, ok := c.cache.read("globex", c.wall()); ok {
		t.Error("it knows an account that was never written")
	}
}
