console.log("Loading function");

export const handler = async (event) => {
  console.log("Received event:", JSON.stringify(event, null, 2));
  console.log("value1 =", event.key1);
  console.log(process.env.foo);
  return event.key1; // Echo back the first key value
};
