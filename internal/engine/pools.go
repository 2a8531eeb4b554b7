package engine

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What a family shares is held by the account that has the entitlement: its children's claims
// are records in its partition, so that one place decides, however many ask at once.
//
// Who holds it may be another by the time a call is repeated. So a call that goes to a pool is
// first a record of the account that makes it, whose remembered answer is the Claim: where the
// call goes on, and under which id. A repetition, wherever it would go by then, hears that
// answer and so comes to the same record at the same holder; a call that was answered at the
// account itself hears that. Nothing is taken by a claim that does not get to its holder.

// MaxFamily is how many parents up a pool is looked for.
const MaxFamily = 10

// Claim says where a call goes on that is about a family's pool.
type Claim struct {
	Holder string     `json:"holder"`       // the account whose pool it is
	ID     string     `json:"id,omitempty"` // of the record there, derived from the call's
	At     clock.Time `json:"at"`           // when it was first asked
}

// sourceClaim is the source of records that go from an account to the holder of its pool. They
// carry the time of the first call, so that a repetition finds them on the same day.
const sourceClaim = "api:claim"

// claimOpens begins the answer to a call that goes on elsewhere, as no other answer begins.
const claimOpens = `{"claim":`

// ClaimOf returns where a call goes on, if it does.
func ClaimOf(a Answer) (c Claim, goesOn bool) {
	if a.Fault != nil || !bytes.HasPrefix(a.Body, []byte(claimOpens)) {
		return Claim{}, false
	}
	var out struct{ Claim Claim }
	err := json.Unmarshal(a.Body, &out)
	return out.Claim, err == nil
}

// Record is the call r (consume or release) as it goes on to the holder, received there at now.
func (c Claim) Record(r *event.Record, now clock.Time) (event.Record, error) {
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return event.Record{}, err
	}
	call.For, call.Holder = r.Key, ""
	out := *r
	out.Source, out.ID, out.Key, out.At, out.ReceivedAt = sourceClaim, c.ID, c.Holder, c.At, max(now, c.At)
	out.Body, err = json.Marshal(call)
	return out, err
}

// claim answers where a call goes on. The holder decides; here nothing changes.
func (s *State) claim(r *event.Record, holder string) Answer {
	c := Claim{Holder: holder, At: s.Now}
	if r.ID != "" {
		fp := event.FingerprintOf(r.Source, r.ID)
		c.ID = hex.EncodeToString(fp[:]) + "/" + strconv.FormatInt(int64(s.Now), 10) // the key may be used again when it is forgotten
	}
	return ok(struct {
		Claim Claim `json:"claim"`
	}{c})
}

// withoutHolder is what a consume or release asked for, whoever was found to hold the pool.
func withoutHolder(r *event.Record) []byte {
	if !bytes.Contains(r.Body, []byte(`"holder"`)) {
		return r.Body
	}
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return r.Body
	}
	call.Holder = ""
	b, err := json.Marshal(call)
	if err != nil { // plain values
		panic(err)
	}
	return b
}

// unheld refuses a call about a family's pool where there is no account, which the call must not make.
func unheld(r *event.Record) error {
	call, err := decode[ConsumeCall](r)
	if err != nil || call.For == "" && call.Holder == "" {
		return err
	}
	return fault.New(fault.NotFound, "account_not_found", "there is no account %q", fault.Shorten(r.Key)).
		WithMend("name the account that has the pool, and one that claims of it")
}

// holderFor is what an answer says of whose pool it is about: nothing when it is one's own.
func (a *Account) holderFor(child string) string {
	if child == "" {
		return ""
	}
	return a.key
}

// poolable refuses a claim for another account on what is not shared.
func poolable(f *catalog.Feature, child string) error {
	if child == "" || f.Pooled {
		return nil
	}
	return fault.New(fault.Conflict, "not_pooled", "feature %s is not shared by the accounts of a family", f.Key).
		WithMend("declare it as pooled in the catalog, or subscribe the account itself").WithField("/feature", f.Key, "is not pooled")
}

// canHold refuses one more holder of a pool that has as many as there can be.
func (a *Account) canHold(f *catalog.Feature, child string) error {
	holders := a.Entitled.Pools[f.Key]
	if _, known := holders[child]; child == "" || known || len(holders) < entitlement.MaxHolders {
		return nil
	}
	return fault.New(fault.Conflict, "pool_full", "%d accounts hold parts of %s of account %s, the most there can be", len(holders), f.Key, fault.Shorten(a.key)).
		WithMend("release what one of them no longer needs")
}

// hold notes that a child holds q more of a pool.
func (s *State) hold(a *Account, f *catalog.Feature, child string, q quantity.Quantity, c *catalog.Catalog) {
	if !f.Pooled {
		return
	}
	entitlement.Hold(a.Input(c, s.Now), f, child, q)
}

// holds refuses the release of what an account does not hold. What is not held by a child is
// the holder's own.
func (s *State) holds(a *Account, f *catalog.Feature, child string, q quantity.Quantity, c *catalog.Catalog) error {
	has := entitlement.HeldBy(a.Input(c, s.Now), f, child)
	if q <= has {
		return nil
	}
	mend := "release no more than the account holds"
	if child == "" {
		child = a.key
		if f.Pooled {
			mend += "; what it holds of the pool of a family it was in, release with \"holder\": the key of the account whose pool it is"
		}
	}
	return fault.New(fault.Conflict, "not_held", "account %s holds %s of %s, so %s cannot be released", fault.Shorten(child), has, f.Key, q).
		WithMend("%s", mend).WithField("/quantity", q.String(), "is more than "+has.String())
}
