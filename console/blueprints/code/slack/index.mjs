export const handler = async (event) => {
  const text = event.text ?? "Hello from Lambda!";
  const url = process.env.WEBHOOK_URL;
  if (!url) {
    console.log("Set WEBHOOK_URL to send it. It would say:", text);
    return { sent: false, text };
  }
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  return { sent: response.ok, status: response.status };
};
