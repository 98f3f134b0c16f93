export const handler = async (event) => {
  const sums = [];
  for (const record of event.Records) { // a batch has up to ten messages
    const { number1, number2 } = JSON.parse(record.body);
    console.log(number1, "+", number2, "=", number1 + number2);
    sums.push(number1 + number2);
  }
  return sums;
};
