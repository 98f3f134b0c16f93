export const handler = async (event) => {
  for (const record of event.Records) {
    console.log(record.eventID, record.eventName, JSON.stringify(record.dynamodb.Keys));
    console.log("  now", JSON.stringify(record.dynamodb.NewImage));
  }
  return `Successfully processed ${event.Records.length} records.`;
};
