export const handler = async (event) => {
  const names = [];
  for (const record of event.Records) {
    const bucket = record.s3.bucket.name;
    const key = decodeURIComponent(record.s3.object.key.replaceAll("+", " ")); // keys come URL-encoded
    console.log(`${record.eventName}: ${key} in ${bucket}`);
    names.push(key);
  }
  return names;
};
