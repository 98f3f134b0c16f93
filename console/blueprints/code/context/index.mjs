export const handler = async (event, context) => {
  console.log("Function name:", context.functionName);
  console.log("Memory limit:", context.memoryLimitInMB, "MB");
  console.log("Request id:", context.awsRequestId);
  console.log("Log group:", context.logGroupName);
  console.log("Time left:", context.getRemainingTimeInMillis(), "ms");
  return context.awsRequestId;
};
