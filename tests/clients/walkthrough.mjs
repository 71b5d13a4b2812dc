// A walk that any client can take: `call` gives a tool's result, as MCP has it.

import assert from "node:assert/strict";

const TITLE = "Your first mcplatform server";
const STEPS = 12;

export const TOOLS = ["start_walkthrough", "get_next_step", "get_support"];

/** Does what the answers say, from the list of walkthroughs to 100 % and a ticket. */
export async function walk(call) {
  const offer = JSON.parse((await call("start_walkthrough", {})).content[0].text);
  const chosen = offer.walkthroughs.find(({ title }) => title === TITLE);
  assert.equal(chosen.totalSteps, STEPS);

  let told = checked(await call("start_walkthrough", { name: chosen.id }));
  for (let done = 0; done < STEPS; done += 1) {
    assert.equal(told.kind, "step");
    assert.deepEqual([told.step.number, told.completedSteps], [done + 1, done]);
    assert.equal(told.progressPercent, Math.floor((100 * done) / STEPS + 0.5));
    assert.equal(told.nextAction.tool, "get_next_step");
    told = checked(await call(told.nextAction.tool, told.nextAction.arguments));
  }
  assert.deepEqual([told.kind, told.completed, told.progressPercent], ["completed", true, 100]);

  const ticket = checked(
    await call("get_support", {
      title: "Stuck",
      problemDescription: `Nothing happens. (${Math.random()})`,
      email: "ada@example.com",
      ...(told.run && { run: told.run }),
    }),
  );
  assert.equal(ticket.kind, "ticket");
  return `${STEPS} steps, ${told.progressPercent} %, ticket #${ticket.ticket.number}`;
}

function checked(result) {
  const texts = result.content.map(({ text }) => text);
  assert.ok(!result.isError, texts.join("\n"));
  assert.equal(result.structuredContent.text, texts.at(-1));
  return result.structuredContent;
}
