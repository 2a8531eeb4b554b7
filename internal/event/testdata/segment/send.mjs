// Sends identify, group, track, page, screen and alias through the real Segment client.
//
//   node send.mjs http://127.0.0.1:8080 hr_sk_...
//
// Exits with 0 and prints {"sent":n,"failed":0} when the server took every call, with 1
// and the reasons when it did not.
import { Analytics } from "@segment/analytics-node";

const [url, key] = process.argv.slice(2);
if (!url || !key) {
  console.error("usage: node send.mjs URL KEY");
  process.exit(2);
}

const client = new Analytics({ writeKey: key, host: url, flushAt: 100, flushInterval: 60_000, maxRetries: 0 });
const problems = [];
client.on("error", (e) => problems.push(`${e.code}: ${e.reason?.message ?? e.reason}`));

let sent = 0;
const call = (method, params) =>
  new Promise((done) => {
    sent++;
    client[method](params, (err) => {
      if (err) problems.push(`${method}: ${err.message ?? err}`);
      done();
    });
  });

const user = { userId: "usr_ada" };
const acme = { context: { groupId: "acme" } };
const calls = [
  call("group", { ...user, groupId: "acme", traits: { name: "Acme Summits", domain: "acme.example", plan: "starter", industry: "events", employees: 42 } }),
  call("identify", { ...user, ...acme, traits: { email: "ada@acme.example", firstName: "Ada", lastName: "Byron", role: "admin", profile: "host", title: "Head of Events" } }),
  call("track", { ...user, ...acme, event: "speaker.added", properties: { speakers: 1, track: { name: "Main", rooms: ["A", "B"] }, speaker_email: "grace@navy.example" } }),
  call("track", { ...user, event: "speaker.added", properties: { groupId: "acme", speakers: 1 }, messageId: "fixed-1" }),
  call("track", { ...user, event: "summit.published", properties: { summit: "Spring", attendees: 1200.5 }, timestamp: new Date(Date.now() - 3_600_000) }),
  call("page", { ...user, ...acme, category: "Billing", name: "Pricing", properties: { url: "https://app.acme.example/pricing?ref=nav" } }),
  call("screen", { anonymousId: "anon-7", name: "Welcome", properties: {} }),
  call("alias", { ...user, previousId: "anon-7" }),
];

await client.flush({ timeout: 10_000 });
await Promise.all(calls);
console.log(JSON.stringify({ sent, failed: problems.length }));
for (const p of problems) console.error(p);
process.exit(problems.length ? 1 : 0);
