// usage: absorb-bridge preview --event all --sink all --json | node split.mjs FOLDER
// Writes each preview's payload to its own file: SINK.EVENT.json, or .eml for mail. Without a configuration, a sink's
// name is its type, or TYPE-bot.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
	const { sink, type, event, payload } = JSON.parse(line);
	const [text, ending] = type === 'email' ? [payload, 'eml'] : [JSON.stringify(payload), 'json'];
	writeFileSync(join(process.argv[2], `${sink}.${event}.${ending}`), text);
	count++;
}
if (count === 0) throw new Error('no previews');
console.log(`${count} previews`);
