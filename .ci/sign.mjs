// usage: node sign.mjs payload.json > capture.json
// Makes the request of a webhook's payload, signed with a key of nobody, for webhook.mjs to judge the payload in it.
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
