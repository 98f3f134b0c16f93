export const handler = async (event) => {
  const body = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body ?? "";
  const answer = {
    path: event.rawPath ?? event.path,
    query: event.queryStringParameters ?? {},
    body,
  };
  console.log(answer);
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(answer),
  };
};
