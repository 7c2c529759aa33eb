// Reads lines of JSON, each [platform, data, text], and writes for each what the platform's
// parser makes of the text: the nodes that are more than text, and the text.
import { createInterface } from "node:readline";
import * as commonmark from "commonmark";
import discord from "discord-markdown-parser";
import MarkdownIt from "markdown-it";
import * as rocket from "@rocket.chat/message-parser";

const plain = new Set(["text", "br", "PARAGRAPH", "PLAIN_TEXT", "LINE_BREAK", "document", "paragraph", "softbreak", "linebreak", "inline", "paragraph_open", "paragraph_close", "text_special"]);

// read gathers the types of nodes that are more than text, and all texts.
function read(nodes, more, texts) {
  for (const node of [nodes].flat()) {
    if (!plain.has(node.type)) more.push(node.type);
    if (node.type === "PARAGRAPH") texts.push("\n");
    const inner = node.children ?? node.value ?? node.content;
    if (typeof inner === "string") texts.push(inner);
    else if (inner && typeof inner === "object") read(inner, more, texts);
    if (["br", "softbreak", "linebreak"].includes(node.type)) texts.push("\n");
  }
}

function ofCommonMark(text, more, texts) {
  const walker = new commonmark.Parser().parse(text).walker();
  for (let event = walker.next(); event; event = walker.next()) {
    if (event.entering) read([{ type: event.node.type, content: event.node.literal ?? undefined }], more, texts);
  }
}

const linkify = new MarkdownIt({ linkify: true });

const parsers = {
  discord: (text, more, texts) => read((discord.parse ?? discord.default.parse)(text, "normal"), more, texts),
  rocketchat: (text, more, texts) => read(rocket.parse(text, { emoticons: true, colors: true }), more, texts),
  mattermost: (text, more, texts) => {
    ofCommonMark(text, more, texts);
    read(linkify.parse(text, {}), more, []);
  },
  teams: (text, more, texts) => read(linkify.parse(text, {}), more, texts),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [platform, , text] = JSON.parse(line);
  const more = [], texts = [];
  parsers[platform](text, more, texts);
  console.log(JSON.stringify({ more, text: texts.join("") }));
}
