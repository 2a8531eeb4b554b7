package headroom

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// cache keeps the last known entitlements in files, one for each account, so that a process
// can start while the server is away. A file is written beside its place and moved there;
// its first line is a keyed hash of the rest, so that one that is torn, damaged or made by
// somebody without the key counts as none. The folder belongs to one server and one key.
type cache struct {
	dir  string
	key  []byte
	poke chan struct{}

	mu    sync.Mutex
	fresh map[string]*Account // not written since it changed
	gone  map[string]bool     // files to remove
}

type cached struct {
	Account string  `json:"account"`
	At      int64   `json:"at"` // when the server vouched for it, ns since 1970 by this machine's clock
	Items   []*Item `json:"items"`
}

func openCache(dir, server, key string) (*cache, error) {
	whose := sha256.Sum256([]byte(server + "\x00" + key))
	c := &cache{dir: filepath.Join(dir, "headroom-"+hex.EncodeToString(whose[:8])), key: whose[:], poke: make(chan struct{}, 1),
		fresh: make(map[string]*Account), gone: make(map[string]bool)}
	if err := os.MkdirAll(c.dir, 0o700); err != nil { //nolint:gosec // the program says where
		return nil, fail(CodeConfigInvalid, "the cache's folder %s cannot be made: %v", c.dir, err).because(err).
			mend("name a folder that this process may write to, or leave CacheDir empty")
	}
	return c, nil
}

func (c *cache) file(account string) string {
	name := sha256.Sum256([]byte(account))
	return filepath.Join(c.dir, hex.EncodeToString(name[:16])+".json")
}

func (c *cache) sign(text []byte) string {
	h := hmac.New(sha256.New, c.key)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// dirty has an account written soon.
func (c *cache) dirty(a *Account) {
	c.mu.Lock()
	c.fresh[a.key] = a
	delete(c.gone, a.key)
	c.mu.Unlock()
	c.wake()
}

// forget has an account's file removed soon.
func (c *cache) forget(account string) {
	c.mu.Lock()
	delete(c.fresh, account)
	c.gone[account] = true
	c.mu.Unlock()
	c.wake()
}

func (c *cache) wake() {
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

// keepCache writes what changed, each account once a second at most; every hour, or more
// often where answers grow old sooner, and when the client is closed all accounts: that the
// server vouched for them is news, too.
func (c *Client) keepCache() {
	again := time.NewTicker(min(max(c.MaxStale/24, time.Minute), time.Hour))
	defer again.Stop()
	for {
		select {
		case <-c.cache.poke:
			c.cache.write(c)
			c.pause(c.ctx, time.Second)
		case <-again.C:
			c.cacheAll()
		case <-c.ctx.Done():
			c.cacheAll()
			c.cache.write(c)
			return
		}
	}
}

func (c *Client) cacheAll() {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, a := range c.accounts {
		c.cache.dirty(a)
	}
}

func (c *cache) write(of *Client) {
	c.mu.Lock()
	fresh, gone := c.fresh, c.gone
	c.fresh, c.gone = make(map[string]*Account), make(map[string]bool)
	c.mu.Unlock()
	for key := range gone {
		_ = os.Remove(c.file(key)) // it may never have been written
	}
	for key, a := range fresh {
		heard := a.heard.Load()
		if heard == unheard {
			continue
		}
		age := max(int64(of.now())-heard, 0)
		if err := c.save(key, cached{Account: key, At: of.wall() - age, Items: a.items()}); err != nil && of.warn.due("cache", of.now()) {
			of.Logger.Warn("headroom: entitlements are not cached", "error", err)
		}
	}
}

func (a *Account) items() []*Item {
	var items []*Item
	for _, f := range *a.cells.Load() {
		if e := f.entry.Load(); e != nil {
			items = append(items, e.item)
		}
	}
	return items
}

func (c *cache) save(account string, what cached) (err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // it is of no use
		}
	}()
	_, err = fmt.Fprintf(f, "%s\n%s", c.sign(text), text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), c.file(account))
}

// read returns what the cache has of an account and how old it is in ns; false when there
// is nothing that can be trusted.
func (c *cache) read(account string, wall int64) ([]*Item, int64, bool) {
	text, err := os.ReadFile(c.file(account))
	if errors.Is(err, fs.ErrNotExist) || err != nil || len(text) < sha256.Size*2+1 {
		return nil, 0, false
	}
	sum, body := text[:sha256.Size*2], text[sha256.Size*2+1:]
	if !hmac.Equal(sum, []byte(c.sign(body))) {
		return nil, 0, false
	}
	var what cached
	if err := json.Unmarshal(body, &what); err != nil || what.Account != account {
		return nil, 0, false
	}
	return what.Items, max(wall-what.At, 0), true
}
