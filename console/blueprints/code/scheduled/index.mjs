export const handler = async (event) => {
  console.log("Called by", event.source, "for", event.time);
  const now = new Date().toISOString();
  console.log("It is", now);
  return { planned: event.time, ran: now };
};
