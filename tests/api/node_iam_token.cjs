// The official Node SDK as a client, unmodified. Called with HOST:PORT, the path of the CA, an image id, an IAM token.
const fs = require("node:fs");
const { Session, serviceClients, cloudApi, waitForOperation, decodeMessage } = require("@yandex-cloud/nodejs-sdk");

const [address, ca, imageId, iamToken] = process.argv.slice(2);
const { scanner_service: service } = cloudApi.containerregistry;

async function main() {
  const session = new Session({ iamToken, ssl: { rootCerts: fs.readFileSync(ca) } });
  const scanner = session.client(serviceClients.ScannerServiceClient, address);
  const begun = await scanner.scan(service.ScanRequest.fromPartial({ imageId }));
  const ended = await waitForOperation(begun, session, 60000, address);
  const result = decodeMessage(ended.response);
  return { id: result.id, status: result.status, critical: Number(result.vulnerabilities.critical) };
}

main()
  .catch((error) => ({ message: error.message, requestId: error.requestId }))
  .then((answer) => console.log(JSON.stringify(answer)));
