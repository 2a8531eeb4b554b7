// Commands that put the first data in, for parts of the console that have none yet.

const here = () => window.location.origin
const key = '-H "Authorization: Bearer $HEADROOM_SECRET_KEY"'
const json = "-H 'Content-Type: application/json'"

export const snippets = {
  subscription: () =>
    `curl -X PUT ${here()}/v1/accounts/acme/subscription \\
  ${key} \\
  ${json} \\
  -d '{"plan":"starter","interval":"month"}'`,
  event: () =>
    `curl ${here()}/v1/events \\
  ${key} \\
  -H 'Content-Type: application/cloudevents+json' \\
  -d '{"specversion":"1.0","id":"1","source":"my-app","type":"speaker.added",
       "subject":"acme","data":{"user":"jo"}}'`,
  check: (feature: string) =>
    `curl ${here()}/v1/check \\
  ${key} \\
  ${json} \\
  -d '{"account":"acme","user":"jo","feature":"${feature}"}'`,
  decide: () =>
    `curl ${here()}/v1/decide \\
  ${key} \\
  ${json} \\
  -d '{"account":"acme","user":"jo","placement":"speakers.add"}'`,
  catalog: () =>
    `headroom catalog apply catalog.yaml --url ${here()}`,
  limits: () => `headroom limits suggest --usage usage.csv`,
  routing: () =>
    `routing:
  - {when: "amount >= 25000", to: account_executive}
  - {to: self_service}`,
}
