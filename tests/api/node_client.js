// A client in a process of its own: the official Node SDK, unmodified. Writes what it was told as JSON.
// Called with the endpoint, the path of the CA, the image's id and the folder; NODE_PATH leads to the SDK.
const fs = require("node:fs");
const { Session, cloudApi, decodeMessage, serviceClients, waitForOperation } = require("@yandex-cloud/nodejs-sdk");

const [endpoint, ca, imageId, folderId] = process.argv.slice(2);
const session = new Session({ iamToken: "t1.any", ssl: { rootCerts: fs.readFileSync(ca) } });
const registry = cloudApi.containerregistry;
const clients = {};
for (const name of ["CrImage", "LifecyclePolicy", "Registry", "Repository", "ScanPolicy", "Scanner", "Operation"]) {
  clients[name] = session.client(serviceClients[`${name}ServiceClient`], endpoint);
}

function seen(error) {
  const { message, requestId, serverTraceId } = error;
  return { message, requestId, serverTraceId };
}

async function done(operation) {
  const ended = await waitForOperation(operation, session, 60000, endpoint);
  return ended.response ? decodeMessage(ended.response) : null;
}

// What every method of the SDK's services says to a request without anything.
async function refusals() {
  const told = {};
  for (const [name, client] of Object.entries(clients)) {
    const { service } = serviceClients[`${name}ServiceClient`];
    for (const [method, definition] of Object.entries(service)) {
      const empty = definition.requestDeserialize(Buffer.alloc(0));
      told[`${name}.${method}`] = await client[method](empty).then(() => "no refusal", seen);
    }
  }
  return told;
}

async function story() {
  const made = await done(await clients.Registry.create(
    registry.registry_service.CreateRegistryRequest.fromPartial({ folderId, name: "from-node", labels: { by: "node" } })));
  const repository = await done(await clients.Repository.upsert(
    registry.repository_service.UpsertRepositoryRequest.fromPartial({ name: `${made.id}/tools/app` })));
  await done(await clients.Registry.update(registry.registry_service.UpdateRegistryRequest.fromPartial(
    { registryId: made.id, updateMask: { paths: ["name"] }, name: "renamed" })));
  const listed = await clients.Registry.list(
    registry.registry_service.ListRegistriesRequest.fromPartial({ folderId, filter: 'name = "renamed"' }));
  const result = await done(await clients.Scanner.scan(
    registry.scanner_service.ScanRequest.fromPartial({ imageId })));
  const found = await clients.Scanner.listVulnerabilities(
    registry.scanner_service.ListVulnerabilitiesRequest.fromPartial({ scanResultId: result.id }));
  const last = await clients.Scanner.getLast(
    registry.scanner_service.GetLastScanResultRequest.fromPartial({ imageId }));
  const missing = await clients.CrImage.get(
    registry.image_service.GetImageRequest.fromPartial({ imageId: "crpnothing" })).catch((error) => error);
  await done(await clients.Repository.delete(
    registry.repository_service.DeleteRepositoryRequest.fromPartial({ repositoryId: repository.id })));
  await done(await clients.Registry.delete(
    registry.registry_service.DeleteRegistryRequest.fromPartial({ registryId: made.id })));
  return {
    made: registry.registry.Registry.toJSON(made),
    listed: listed.registries.map((each) => [each.id, each.name, each.labels]),
    result: registry.scanner.ScanResult.toJSON(result),
    last: last.id,
    vulnerabilities: found.vulnerabilities.length,
    missing: seen(missing),
  };
}

Promise.all([refusals(), story()])
  .then(([refused, told]) => console.log(JSON.stringify({ refused, ...told })))
  .catch((error) => { console.error(error); process.exit(1); });
