const WHEEL = ["cherry.png", "puppy.png", "robot.png"];
const spin = () => ({ S: WHEEL[Math.floor(Math.random() * WHEEL.length)] });

// The page in the browser calls: lambda.invoke(pullParams, (error, data) => JSON.parse(data.Payload))
export const handler = async () => {
  const [leftWheelImage, midWheelImage, rightWheelImage] = [spin(), spin(), spin()];
  const isWinner = leftWheelImage.S === midWheelImage.S && midWheelImage.S === rightWheelImage.S;
  return { isWinner, leftWheelImage, midWheelImage, rightWheelImage };
};
