package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// accountUpdate is what there is to tell of one account: its whole set, or what changed.
type accountUpdate struct {
	account  string
	whole    bool
	catalog  string // version
	items    []streamItem
	removed  []string
	at       uint64 // position
	position string
	now      clock.Time
	stale    bool
}

// streamItem is the entitlement to one feature, as the API writes it.
type streamItem struct {
	feature string
	json    []byte
}

// appendJSON writes the data of the event that tells of u.
func (u *accountUpdate) appendJSON(b []byte) []byte {
	b = append(b, `{"account":`...)
	b = appendText(b, u.account)
	b = append(b, `,"catalog":`...)
	b = appendText(b, u.catalog)
	b = append(b, `,"items":[`...)
	for i := range u.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, u.items[i].json...)
	}
	b = append(b, ']')
	if len(u.removed) > 0 {
		text, _ := json.Marshal(u.removed) // texts
		b = append(append(b, `,"removed":`...), text...)
	}
	b = append(b, `,"position":`...)
	b = appendText(b, u.position)
	b = append(b, `,"now":`...)
	text, _ := json.Marshal(u.now) // a time
	b = append(b, text...)
	if u.stale {
		b = append(b, `,"stale":true`...)
	}
	return append(b, '}')
}

func appendText(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a text
	return append(b, text...)
}

// followed is what the reader of a stream knows of one account.
type followed struct {
	account string
	bucket  int
	known   bool   // it has a set
	catalog string // version by which it was made
	sent    []sentItem
}

type sentItem struct {
	feature string
	hash    uint64
}

// take notes that the reader hears of u, of which it leaves what is new to the reader, and
// returns the name of the event to send; empty when there is nothing new.
func (f *followed) take(u *accountUpdate) string {
	if u.whole && (!f.known || u.catalog != f.catalog) {
		f.known, f.catalog, f.sent = true, u.catalog, f.sent[:0]
		for i := range u.items {
			f.put(u.items[i].feature, itemHash(u.items[i].json))
		}
		return "entitlements"
	}
	if !f.known {
		return "" // a change of what nobody has; a whole set comes
	}
	if u.whole { // what is not there any more was removed
		for i := range f.sent {
			if !slices.ContainsFunc(u.items, func(it streamItem) bool { return it.feature == f.sent[i].feature }) {
				u.removed = append(u.removed, f.sent[i].feature)
			}
		}
	}
	u.removed = slices.DeleteFunc(u.removed, func(feature string) bool { return !f.drop(feature) })
	u.items = slices.DeleteFunc(u.items, func(it streamItem) bool { return !f.put(it.feature, itemHash(it.json)) })
	u.whole = false
	if len(u.items) == 0 && len(u.removed) == 0 {
		return ""
	}
	return "change"
}

// put notes an item as sent; false when it was.
func (f *followed) put(feature string, hash uint64) (isNew bool) {
	i, found := f.find(feature)
	switch {
	case !found:
		f.sent = slices.Insert(f.sent, i, sentItem{feature, hash})
	case f.sent[i].hash == hash:
		return false
	default:
		f.sent[i].hash = hash
	}
	return true
}

// drop notes that an item is not there any more; false when it was not.
func (f *followed) drop(feature string) bool {
	i, found := f.find(feature)
	if found {
		f.sent = slices.Delete(f.sent, i, i+1)
	}
	return found
}

func (f *followed) find(feature string) (int, bool) {
	return slices.BinarySearchFunc(f.sent, feature, func(s sentItem, feature string) int { return strings.Compare(s.feature, feature) })
}

// sum is a hash of what the reader has of the account; 0 when it has nothing.
func (f *followed) sum(language string) uint64 {
	if !f.known {
		return 0
	}
	h := hash(basis, f.account+"\x00"+language+"\x00"+f.catalog)
	var hashed [8]byte
	for i := range f.sent {
		binary.LittleEndian.PutUint64(hashed[:], f.sent[i].hash)
		h = hash(hash(h, f.sent[i].feature), string(hashed[:]))
	}
	return h & sumMask
}

// sums are the hashes of what a reader has of all its accounts, in at most so many buckets:
// one for each account, or for a few of them.
type sums []uint64

const (
	maxBuckets = 64
	sumBytes   = 6
	sumMask    = 1<<(8*sumBytes) - 1
)

func newSums(accounts int) sums { return make(sums, min(accounts, maxBuckets)) }

// bucketOf returns the bucket of the i-th of n accounts.
func bucketOf(i, n int) int { return i * min(n, maxBuckets) / n }

// appendID writes what a reader sends as Last-Event-ID when it comes back: position and sums.
func (s sums) appendID(b []byte, position string) []byte {
	b = append(b, position...)
	b = append(b, '.')
	raw := make([]byte, 0, maxBuckets*8)
	for _, sum := range s {
		raw = binary.LittleEndian.AppendUint64(raw, sum)[:len(raw)+sumBytes]
	}
	return base64.RawURLEncoding.AppendEncode(b, raw)
}

// parseStreamID reads an id; false when it is none of a stream of so many accounts.
func parseStreamID(id string, accounts int) (position string, have sums, ok bool) {
	position, text, _ := strings.Cut(id, ".")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	have = newSums(accounts)
	if position == "" || err != nil || len(raw) != len(have)*sumBytes {
		return "", nil, false
	}
	for i := range have {
		var wide [8]byte
		copy(wide[:], raw[i*sumBytes:][:sumBytes])
		have[i] = binary.LittleEndian.Uint64(wide[:])
	}
	return position, have, true
}

// resume finds out which accounts are as the reader has them, where several share a bucket:
// those need not be sent. What cannot be read now is sent.
func (st *stream) resume(ctx context.Context) {
	if st.resumed == nil || len(st.keys) <= maxBuckets {
		return
	}
	read := make(map[string]*accountUpdate, len(st.dirty)/maxBuckets)
	for from := 0; from < len(st.keys); {
		bucket, to := st.accounts[st.keys[from]].bucket, from
		for to < len(st.keys) && st.accounts[st.keys[to]].bucket == bucket {
			to++
		}
		clear(read)
		var sum uint64
		for _, key := range st.keys[from:to] {
			if _, here := slices.BinarySearch(st.dirty, key); !here {
				break
			}
			f := st.accounts[key]
			u, err := st.read(ctx, f)
			if err != nil {
				break
			}
			f.take(u)
			sum ^= f.sum(st.language)
			read[key] = u
		}
		if len(read) == to-from && sum == st.resumed[bucket] {
			st.sums[bucket] = sum
		} else {
			for key := range read {
				*st.accounts[key] = followed{account: key, bucket: bucket}
			}
		}
		from = to
	}
}

// has says whether the reader that came back already has the set that is to be sent to it as
// the first.
func (st *stream) has(f *followed, u *accountUpdate, was, now uint64) bool {
	return st.resumed != nil && len(st.keys) <= maxBuckets && u.whole && was == 0 && st.resumed[f.bucket] == now
}

// read returns the account's whole set as it is now, as GET …/entitlements answers it.
func (st *stream) read(ctx context.Context, f *followed) (*accountUpdate, error) {
	u := &accountUpdate{account: f.account, whole: true}
	var items []entitlement.Item
	var pooled []int // items that a family's pool may answer instead
	parent := ""
	err := st.watch.Read(ctx, f.account, st.after, func(v runner.View) (clock.Time, error) {
		in := v.Account.Input(v.Catalog, v.State.Now)
		in.Languages = st.languages
		items = entitlement.All(in)
		u.catalog, u.at, u.now, u.stale = v.Catalog.Version, v.State.Position, v.State.Now, v.Stale
		for i := range items {
			if above := poolAbove(v, &items[i].Answer); above != "" {
				parent, pooled = above, append(pooled, i)
			}
		}
		return nextChange(items, v.State.Now), nil
	})
	if err == nil && len(pooled) > 0 {
		err = st.pools(ctx, u, parent, items, pooled)
	}
	if err != nil {
		return nil, err
	}
	items = forPage(st.r.Context(), items)
	u.position = st.s.Runner.Position(u.at)
	u.items = make([]streamItem, len(items))
	for i := range items {
		u.items[i] = streamItem{items[i].Feature, items[i].AppendJSON(make([]byte, 0, 512))}
	}
	return u, nil
}

// pools puts the answers of the nearest accounts above that have an entitlement into the place
// of the account's own, and watches those accounts too.
func (st *stream) pools(ctx context.Context, u *accountUpdate, parent string, items []entitlement.Item, pooled []int) error {
	seen := map[string]bool{u.account: true}
	for range engine.MaxFamily {
		if parent == "" || seen[parent] || len(pooled) == 0 {
			break
		}
		seen[parent] = true
		key := parent
		err := st.watch.Read(ctx, key, 0, func(v runner.View) (clock.Time, error) {
			parent = ""
			if v.Account == nil {
				return 0, nil
			}
			parent, u.stale = v.Account.Facts.Parent, u.stale || v.Stale
			in := v.Account.Input(v.Catalog, v.State.Now)
			var until clock.Time
			pooled = slices.DeleteFunc(pooled, func(i int) bool {
				a := entitlement.Check(in, items[i].Feature, quantity.One)
				if a.Lacks() {
					return false
				}
				a.Holder, a.Unlock = key, items[i].Unlock
				items[i].Answer = a
				until = earlier(until, nextChange(items[i:i+1], v.State.Now))
				return true
			})
			return until, nil
		})
		if _, other := errors.AsType[*runner.Elsewhere](err); other {
			u.stale = true // another node knows what the pool has
			return nil
		}
		if err != nil {
			return err
		}
		if st.below[key] == nil {
			st.below[key] = make(map[string]bool)
		}
		st.below[key][u.account] = true
	}
	return nil
}

// changed returns the accounts to read again, of what the watch tells: also those that draw
// from an account's pools.
func (st *stream) changed() []string {
	told := st.watch.Take()
	keys := make([]string, 0, len(told))
	for _, key := range told {
		if st.accounts[key] != nil {
			keys = append(keys, key)
		}
		for child := range st.below[key] {
			keys = append(keys, child)
		}
	}
	return keys
}

// nextChange returns when time alone makes one of the items another, zero for never; what the
// account's own timers do comes on top.
func nextChange(items []entitlement.Item, now clock.Time) (first clock.Time) {
	for i := range items {
		for _, t := range [...]clock.Time{items[i].ResetsAt, items[i].GraceEndsAt, items[i].TrialEndsAt} {
			if t > now {
				first = earlier(first, t)
			}
		}
		for k := range items[i].Sources {
			if t := items[i].Sources[k].ExpiresAt; t > now {
				first = earlier(first, t)
			}
		}
	}
	return first
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b clock.Time) clock.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// itemHash is a hash that every node and every later process has in common: FNV-1a.
func itemHash(b []byte) uint64 { return hash(basis, string(b)) }

const basis uint64 = 14695981039346656037

func hash(h uint64, s string) uint64 {
	for i := range len(s) {
		h ^= uint64(s[i])
		h *= 1099511628211
	}
	return h
}
