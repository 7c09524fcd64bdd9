// A client in a process of its own: the official Node SDK, unmodified. It makes the calls that it reads, a line each.
// Called with the endpoint, the path of the CA and an IAM token; NODE_PATH leads to the SDK.
const fs = require("node:fs");
const readline = require("node:readline");
const sdk = require("@yandex-cloud/nodejs-sdk");
const { messageTypeRegistry } = require("@yandex-cloud/nodejs-sdk/dist/generated/typeRegistry");

const [endpoint, ca, iamToken] = process.argv.slice(2);
const session = new sdk.Session({ iamToken, ssl: { rootCerts: fs.readFileSync(ca) } });
const clients = { ImageService: "CrImageService" };

function json(message) {
  return messageTypeRegistry.get(message.$type).toJSON(message);
}

// ts-proto reads masks and durations as objects only.
function written(value, name) {
  if (name === "updateMask") return { paths: value.split(",") };
  if (name === "expirePeriod" || name === "rescanPeriod") return { seconds: parseInt(value) };
  if (Array.isArray(value)) return value.map((each) => written(each));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, written(each, key)]));
}

async function answer({ service, method, requestType, request, endsIn }) {
  const client = session.client(sdk.serviceClients[`${clients[service] || service}Client`], endpoint);
  const name = method[0].toLowerCase() + method.slice(1);
  const message = await client[name](messageTypeRegistry.get(requestType).fromJSON(written(request)));
  if (!endsIn) return { answer: json(message) };
  const ended = await sdk.waitForOperation(message, session, 60000, endpoint);
  const [metadata, response] = [ended.metadata, ended.response].map((any) => json(sdk.decodeMessage(any)));
  return { answer: json(message), metadata, response };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const told = await answer(JSON.parse(line)).catch((error) => ({ refused: error.code ?? -1, message: String(error) }));
    console.log(JSON.stringify(told));
  }
})();
