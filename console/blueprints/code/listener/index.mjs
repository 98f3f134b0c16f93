export const handler = async (event) => {
  console.log("I was told of the file", event.file);
  return { file: event.file };
};
