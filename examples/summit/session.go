package summit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// browserKey is the publishable key of our pages: it says that a call comes from them. Who
// calls says the user token beside it, which is signed with the key's signing secret.
type browserKey struct {
	ID            string `json:"id"`
	Secret        string `json:"secret"`
	SigningSecret string `json:"signing_secret"`
}

const browserKeyName = "Summitry's pages"

// browserKey makes the key when it is first needed. Nobody can read the signing secret again,
// so the key of an earlier start goes.
func (p *product) browserKey(ctx context.Context) (browserKey, error) {
	p.signing.Lock()
	defer p.signing.Unlock()
	if p.keys.Secret != "" {
		return p.keys, nil
	}
	var old struct {
		Items []struct {
			ID, Name, Kind string
			RevokedAt      *time.Time `json:"revoked_at"`
		}
	}
	if err := p.api.call(ctx, "GET", "/v1/keys", nil, &old); err != nil {
		return browserKey{}, err
	}
	for _, k := range old.Items {
		if k.Name == browserKeyName && k.RevokedAt == nil {
			if err := p.api.call(ctx, "DELETE", "/v1/keys/"+k.ID, nil, nil); err != nil {
				return browserKey{}, err
			}
		}
	}
	body := map[string]any{"kind": "publishable", "name": browserKeyName, "scopes": []string{"events:write", "check", "decide"}}
	err := p.api.call(ctx, "POST", "/v1/keys", body, &p.keys)
	return p.keys, err
}

// lost forgets a key that Headroom takes no longer: it was revoked, by another copy of us that started or by somebody.
func (p *product) lost(secret string) {
	p.signing.Lock()
	defer p.signing.Unlock()
	if p.keys.Secret == secret {
		p.keys = browserKey{}
	}
}

// tokenLife is short: a page fetches the next token by itself.
const tokenLife = 15 * time.Minute

// userToken says who is signed in, and what colleagues call them: a JWT with HS256. Any JWT library makes one.
func userToken(secret, user, account, role, name string, now time.Time) string {
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // strings and whole numbers
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." +
		part(map[string]any{"sub": user, "account": account, "role": role, "name": name, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()})
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// session is who is signed in, and what our own database knows of their summit.
type session struct {
	Token    string    `json:"token,omitempty"` // for Headroom; empty where it cannot be reached
	Person   string    `json:"person"`
	Role     string    `json:"role"`
	Account  string    `json:"account"`
	Company  string    `json:"company"`
	Trial    bool      `json:"trial"`
	Team     []person  `json:"team"`
	Speakers []speaker `json:"speakers"`
	Console  string    `json:"console"`
}

type person struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// session signs in. Without Headroom the product goes on: nobody is told of offers then.
func (p *product) session(t *turn) (any, error) {
	s := session{Person: t.of.people[t.who()], Role: t.role(), Account: t.of.key, Company: t.of.name, Trial: t.of.trial, Console: t.console}
	for i, name := range t.of.people {
		s.Team = append(s.Team, person{name, t.of.role(i)})
	}
	key, err := t.signedUp()
	if err != nil && !away(err) {
		return nil, err
	}
	if err == nil {
		s.Token = userToken(key.SigningSecret, t.user(), t.of.key, t.role(), s.Person, time.Now())
	}
	s.Speakers = t.of.speakers
	return s, nil
}

// signedUp tells Headroom of the customer, once, and counts its speakers.
func (t *turn) signedUp() (browserKey, error) {
	key, err := t.browserKey(t.ctx)
	if err == nil && !t.ready[t.of.key] {
		err = t.introduce()
	}
	if err == nil {
		err = t.counted()
	}
	if err != nil && len(t.of.speakers) == 0 {
		t.of.fit(t.of.startsWith()) // as far as we know
	}
	return key, err
}

// introduce says who the customer is and who works there, as a product does at each sign-up.
func (t *turn) introduce() error {
	c := t.of
	about := map[string]any{"name": c.name, "domain": c.domain, "traits": map[string]any{"early_access": true}}
	if err := t.api.call(t.ctx, "PUT", "/v1/accounts/"+c.key, about, nil); err != nil {
		return err
	}
	type traits = map[string]any
	var batch []traits
	for i, name := range c.people {
		batch = append(batch, traits{"type": "identify", "userId": c.user(i), "messageId": newID(), "context": traits{"groupId": c.key},
			"traits": traits{"name": name, "email": first(name) + "@" + c.domain, "role": c.role(i), "profile": "host"}})
	}
	// Colleagues who use Summitry on their own, outside of their company's plan.
	for _, name := range []string{"joris", "mei", "ola"} {
		batch = append(batch, traits{"type": "identify", "userId": "u-" + name + "-" + c.key, "messageId": newID(),
			"traits": traits{"email": name + "@" + c.domain}})
	}
	if err := t.api.call(t.ctx, "POST", "/v1/batch", traits{"batch": batch}, nil); err != nil {
		return err
	}
	if err := t.subscribed(); err != nil {
		return err
	}
	t.ready[c.key] = true
	return nil
}

// subscribed begins the trial of a customer that has just signed up, and counts its team.
func (t *turn) subscribed() error {
	var sub struct{ Plan string }
	path := "/v1/accounts/" + t.of.key + "/subscription"
	err := t.api.call(t.ctx, "GET", path, nil, &sub)
	if no, ok := errors.AsType[*refused](err); ok && no.Status == http.StatusNotFound {
		err = nil
	}
	if err != nil {
		return err
	}
	if sub.Plan == "" && t.of.trial {
		now, err := t.now()
		if err != nil {
			return err
		}
		change := map[string]any{"plan": "pro", "interval": "month", "trial_ends_at": now.Add(48 * time.Hour).Format(time.RFC3339)}
		if err := t.api.call(t.ctx, "PUT", path, change, nil); err != nil {
			return err
		}
		if err := t.send("speaker.added", t.of.startsWith(), nil); err != nil {
			return err
		}
	}
	u, err := t.usage("hosts")
	if err != nil {
		return err
	}
	return t.send("host.added", len(t.of.people)-int(u.Usage), nil)
}

// now is what Headroom's clock says: the demo's may be moved on.
func (t *turn) now() (time.Time, error) {
	var clock struct{ Now time.Time }
	err := t.api.call(t.ctx, "GET", "/v1/clock", nil, &clock)
	return clock.Now, err
}
