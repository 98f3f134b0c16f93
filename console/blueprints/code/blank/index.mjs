export const handler = async (event) => {
  // Your code goes here
  return {
    statusCode: 200,
    body: JSON.stringify("Hello World"),
  };
};
