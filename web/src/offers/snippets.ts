/** How a product asks an admin for what unlocks a feature. */
export const askSnippet = () =>
  `curl ${window.location.origin}/v1/requests \\
  -H "Authorization: Bearer $HEADROOM_SECRET_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"account":"acme","user":"kim","feature":"recordings","reason":"For the spring summit"}'`
