// usage: absorb-bridge preview --event all --sink all --json | node split.mjs FOLDER
// Writes each preview's payload into a file of its own: TYPE.EVENT.json, or .eml for a mail.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
	const { type, event, payload } = JSON.parse(line);
	const [text, ending] = type === 'email' ? [payload, 'eml'] : [JSON.stringify(payload), 'json'];
	writeFileSync(join(process.argv[2], `${type}.${event}.${ending}`), text);
	count++;
}
if (count === 0) throw new Error('no previews');
console.log(`${count} previews`);
