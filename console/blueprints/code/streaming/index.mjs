// Give it a function URL, or call InvokeWithResponseStream, to see the parts arrive one by one.
export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
  for (const word of ["Hello", "from", "a", "stream"]) {
    responseStream.write(`${word} `);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  responseStream.end();
});
