package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
)

// What names a person, and what people write, is nowhere on disk in clear.

// pseudonym is under which name a user stands in the log.
func pseudonym(t *testing.T, c *company, userID string) string {
	t.Helper()
	secret, err := c.server.store.EnsureSecret(t.Context(), "pseudonyms", 32)
	if err != nil {
		t.Fatal(err)
	}
	return account.Pseudonym(secret, userID)
}

// erase forgets a person as an erasure request does.
func (c *company) erase(userID string) {
	c.t.Helper()
	if err := c.server.store.ErasePerson(c.t.Context(), pseudonym(c.t, c, userID), c.server.clock.Now()); err != nil {
		c.t.Fatal(err)
	}
}

// onDisk returns in which files under the data directory each text is found.
func (c *company) onDisk(texts ...string) map[string][]string {
	c.t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(c.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if bytes.Contains(bytes.ToLower(content), bytes.ToLower([]byte(text))) {
				found[text] = append(found[text], path)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func TestWhatNamesAPersonOrIsTheirOwnWordsIsNeverOnDiskInClear(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	const mia = "mia.member@acme.example" // a user id that is an address, as many are
	segment := func(call, body string) {
		t.Helper()
		if status, p := c.send("POST", "/v1/"+call, body); status != http.StatusOK {
			t.Fatal(status, p)
		}
	}
	segment("identify", `{"userId":"`+mia+`","context":{"groupId":"acme"},"traits":{"email":"mia.private@home.example","firstName":"Miaxandra","phone":"+49 151 2345678","address":{"street":"Rosenweg 12"},"role":"member"}}`)
	segment("track", `{"userId":"`+mia+`","event":"speaker.added","context":{"groupId":"acme"},"properties":{"speaker_email":"grace@navy.example","comment":"she asked for a lectern","invited_by":"hugo@acme.example","seat":"hall7"}}`)
	segment("track", `{"anonymousId":"anon-cookie-4711","event":"speaker.added","properties":{"email":"held@acme.example"}}`) // held
	var sent ingested
	c.must("POST", "/v1/events", json.RawMessage(`[{"specversion":"1.0","id":"e1","source":"app","type":"email.sent","subject":"acme",
		"data":{"count":950,"user":{"id":"`+mia+`","email":"mia.work@acme.example","name":"Miaxandra Memberling"},"note":"do not call before noon"}},
		{"specversion":"1.0","id":"e2","source":"app","type":"speaker.added","subject":"acme","data":{"contact_email":"nobody.named@acme.example"}}]`), &sent)
	c.speakers("acme", 8)
	c.must("POST", "/v1/check", map[string]any{"account": "acme", "feature": "recordings", "user": mia}, nil)
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "user": mia}, nil, "Idempotency-Key", "k1")

	// Words about an offer: one refused by the one it was shown to, one requested.
	decide := func(user, placement string) string {
		t.Helper()
		var d struct {
			ID     string `json:"decision_id"`
			Status string
			Reason string
		}
		c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": user, "role": "member", "placement": placement}, &d)
		if d.Status != "show" {
			t.Fatalf("nothing is shown at %s: %+v", placement, d)
		}
		return d.ID
	}
	type outcome struct {
		Reason    string
		RequestID string `json:"request_id"`
		Request   struct{ Reason string }
		Position  string
	}
	first := decide(mia, "speakers.add")
	var requested, again outcome
	ask := map[string]any{"type": "requested", "user": mia, "reason": "Boss Bertram agreed already"}
	c.must("POST", "/v1/decisions/"+first+"/outcomes", ask, &requested, "Idempotency-Key", "ask")
	c.must("POST", "/v1/decisions/"+first+"/outcomes", ask, &again, "Idempotency-Key", "ask")
	if requested.Request.Reason != "Boss Bertram agreed already" || again.Request != requested.Request || again.RequestID != requested.RequestID {
		t.Fatalf("the request was answered %+v, and repeated %+v", requested, again)
	}
	second := decide("otto", "recordings.open")
	var refused outcome
	c.must("POST", "/v1/decisions/"+second+"/outcomes", map[string]any{"type": "dismissed", "reason": "Chef Theodora hasst Upgrades"}, &refused)
	if refused.Reason != "Chef Theodora hasst Upgrades" {
		t.Fatalf("the refusal was answered %+v", refused)
	}

	// Words about an opportunity.
	type deal struct {
		ID       string
		Note     string
		LostWhy  string `json:"lost_reason"`
		Version  int
		Position string
	}
	deals := func(position string) deal {
		t.Helper()
		var list struct{ Items []deal }
		c.must("GET", "/v1/opportunities?account=acme", nil, &list, "Headroom-Position", position)
		if len(list.Items) != 1 {
			t.Fatalf("opportunities are %+v", list)
		}
		return list.Items[0]
	}
	id := deals(sent.Position).ID
	var edited, same deal
	c.must("PATCH", "/v1/opportunities/"+id, map[string]any{"note": "Her cousin Leopold decides"}, &edited)
	c.must("PATCH", "/v1/opportunities/"+id, map[string]any{"note": "Her cousin Leopold decides"}, &same)
	if edited.Note != "Her cousin Leopold decides" || same.Version != edited.Version {
		t.Fatalf("the edit answered %+v, the same again %+v", edited, same)
	}
	c.must("PATCH", "/v1/opportunities/"+id, map[string]any{"stage": "lost", "lost_reason": "Leopold prefers carrier pigeons"}, &edited)
	if status, p := c.send("PATCH", "/v1/opportunities/"+id, `{"lost_reason":"two\nlines of Leopold"}`); status != 422 {
		t.Fatal(status, p)
	}

	// As the API tells it.
	show := func() (refusal, request, note, lost string) {
		t.Helper()
		var explained struct{ Outcomes []struct{ Reason string } }
		c.must("GET", "/v1/decisions/"+second+"/explain", nil, &explained)
		var requests struct{ Items []struct{ Reason string } }
		c.must("GET", "/v1/requests?account=acme", nil, &requests)
		if len(explained.Outcomes) != 1 || len(requests.Items) != 1 {
			t.Fatalf("outcomes %+v, requests %+v", explained, requests)
		}
		d := deals("")
		return explained.Outcomes[0].Reason, requests.Items[0].Reason, d.Note, d.LostWhy
	}
	said := []string{"Chef Theodora hasst Upgrades", "Boss Bertram agreed already", "Her cousin Leopold decides", "Leopold prefers carrier pigeons"}
	told := func(want ...string) {
		t.Helper()
		a, b, d, e := show()
		for i, got := range []string{a, b, d, e} {
			if got != want[i] {
				t.Errorf("the API tells %q, want %q", got, want[i])
			}
		}
	}
	deals(edited.Position) // in a checkpoint
	told(said...)

	secrets := append([]string{mia, "mia.private@home.example", "Miaxandra", "2345678", "Rosenweg", "grace@navy", "lectern", "hugo@acme", "anon-cookie-4711",
		"held@acme", "mia.work@acme", "Memberling", "before noon", "nobody.named", "two\nlines", "lines of Leopold", "Bertram", "Theodora", "Leopold", "pigeons"}, said...)
	if found := c.onDisk(secrets...); len(found) > 0 {
		t.Fatalf("while it runs, on disk in clear: %v", found)
	}
	c.server.close()
	if found := c.onDisk(secrets...); len(found) > 0 {
		t.Fatalf("on disk in clear: %v", found)
	}
	for known, files := range map[string]int{"speaker.added": 2, "acme": 2, "hall7": 1} { // or we would not look right
		if found := c.onDisk(known); len(found[known]) < files {
			t.Fatalf("%q is in %v, want it in the log and, but for the property, in the database", known, found[known])
		}
	}
	c.open()
	told(said...)

	c.erase("otto")
	told("(erased)", said[1], said[2], said[3])
	c.erase(mia)
	told("(erased)", "(erased)", said[2], said[3])
	c.erase("account:acme")
	told("(erased)", "(erased)", "(erased)", "(erased)")

	// Who was erased stays so.
	var after outcome
	c.must("POST", "/v1/decisions/"+first+"/outcomes", map[string]any{"type": "dismissed", "user": mia, "reason": "Still Bertram"}, &after)
	if after.Reason != "(erased)" {
		t.Errorf("after the erasure a new reason reads %q", after.Reason)
	}
}
