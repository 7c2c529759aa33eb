// usage: node sign.mjs payload.json > capture.json
// Wraps a webhook payload in a request, signed with a test key, so that webhook.mjs can check the payload.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const body = readFileSync(process.argv[2], 'utf8');
const key = Buffer.alloc(32, 'key');
const now = Math.floor(Date.now() / 1000);
const signature = createHmac('sha256', key).update(`preview.${now}.${body}`).digest('base64');
console.log(JSON.stringify({
	headers: { 'content-type': 'application/json', 'webhook-id': 'preview', 'webhook-timestamp': String(now), 'webhook-signature': `v1,${signature}` },
	body, now, secret: `whsec_${key.toString('base64')}`,
}));
