// Above the handler: runs once, when an environment starts cold.
const started = Date.now();
await new Promise((resolve) => setTimeout(resolve, 500));
let calls = 0;

export const handler = async () => {
  calls += 1;
  return { cold: calls === 1, calls, "environment lives for": `${((Date.now() - started) / 1000).toFixed(1)} s` };
};
