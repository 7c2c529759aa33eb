// Runs in the frame that shows messages, which has its own origin. It draws Adaptive
// Cards with Microsoft's renderer, and receives new messages from the surrounding page.
// These are escaped HTML, and the frame's Content-Security-Policy keeps them from
// running scripts.
"use strict";

const panes = document.getElementById("panes");

// Sizes and colours like those of Teams.
const host = {
  fontFamily: '"Segoe UI", system-ui, sans-serif',
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
  fontWeights: { lighter: 200, default: 400, bolder: 600 },
  containerStyles: {
    default: { backgroundColor: "#ffffff", foregroundColors: { default: { default: "#242424", subtle: "#616161" }, accent: { default: "#4f52b2", subtle: "#4f52b2" } } },
    emphasis: { backgroundColor: "#f5f5f5", foregroundColors: { default: { default: "#242424", subtle: "#616161" } } },
    good: { backgroundColor: "#e7f2da", foregroundColors: { default: { default: "#242424", subtle: "#4b5a38" } } },
    warning: { backgroundColor: "#fbf6d9", foregroundColors: { default: { default: "#242424", subtle: "#5c531f" } } },
    attention: { backgroundColor: "#fcf4f6", foregroundColors: { default: { default: "#242424", subtle: "#6e3a44" } } },
    accent: { backgroundColor: "#e8ebfa", foregroundColors: { default: { default: "#242424", subtle: "#3d3e66" } } },
  },
  actions: { maxActions: 6, spacing: "default", buttonSpacing: 8, actionsOrientation: "horizontal", actionAlignment: "left" },
};

function drawCards() {
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => { result.didProcess = false; };
  for (const at of panes.querySelectorAll("[data-card]")) {
    try {
      const card = new AdaptiveCards.AdaptiveCard();
      card.hostConfig = new AdaptiveCards.HostConfig(host);
      card.parse(JSON.parse(at.dataset.card));
      const drawn = card.render();
      const frame = document.createElement("div");
      frame.className = "adaptive";
      frame.append(drawn);
      at.replaceChildren(frame);
    } catch {
      // Keep the server's drawing.
    }
  }
}

const tell = () => parent.postMessage({ height: document.documentElement.scrollHeight }, "*");

addEventListener("message", (event) => {
  if (event.source !== parent || typeof event.data.html !== "string") return;
  const open = [...panes.querySelectorAll("details")].map((d) => d.open);
  panes.innerHTML = event.data.html;
  panes.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
  drawCards();
});

drawCards();
tell(); // now, because a browser may not observe an invisible frame before somebody scrolls to it
new ResizeObserver(tell).observe(panes);
