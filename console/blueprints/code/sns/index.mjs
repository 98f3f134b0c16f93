export const handler = async (event) => {
  for (const { Sns } of event.Records) console.log(Sns.Subject, "-", Sns.Message);
  return event.Records.at(-1).Sns.Message;
};
