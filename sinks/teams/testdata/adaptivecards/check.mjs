// usage: node check.mjs < payloads, one JSON message a line
// Reads the cards of every message with Microsoft's adaptivecards and prints what it objects to, a line each.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

// The package's entry is made for bundlers; the bundle is what node can load.
const { AdaptiveCard, SerializationContext } = createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.js');

let line = 0;
for await (const text of createInterface({ input: process.stdin })) {
	line++;
	for (const { contentType, content } of JSON.parse(text).attachments) {
		if (contentType !== 'application/vnd.microsoft.card.adaptive') {
			console.log(`${line}: an attachment of the type ${contentType}`);
			continue;
		}
		const context = new SerializationContext();
		const card = new AdaptiveCard();
		card.parse(content, context);
		for (let i = 0; i < context.eventCount; i++) {
			console.log(`${line}: ${context.getEventAt(i).message}`);
		}
		for (const { message } of card.validateProperties().validationEvents) {
			console.log(`${line}: ${message}`);
		}
		if (card.getItemCount() !== content.body.length) {
			console.log(`${line}: ${card.getItemCount()} of ${content.body.length} elements were understood`);
		}
	}
}
console.log(`read ${line} messages`);
