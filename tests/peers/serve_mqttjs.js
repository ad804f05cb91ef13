// mqtt.js against `wirelab serve`, over TCP and WebSocket, as 3.1.1 and as 5.0. Usage: node serve_mqttjs.js MQTT_PORT WS_PORT.
'use strict';
const mqtt = require('mqtt');
const assert = require('assert');

const [port, ws] = process.argv.slice(2);
const deadline = setTimeout(() => { console.error('mqtt.js: no answer'); process.exit(1); }, 30000);

function connect(url, version, name, more) {
  return new Promise((resolve, reject) => {
    const client = mqtt.connect(url, { protocolVersion: version, clientId: name, reconnectPeriod: 0, ...more });
    client.once('connect', (connack) => { client.connack = connack; resolve(client); });
    client.once('error', reject);
  });
}
const promise = (call) => new Promise((resolve, reject) => call((error, value) => error ? reject(error) : resolve(value)));
const next = (client) => new Promise((resolve) => client.once('message', (topic, payload, packet) => resolve(packet)));
const end = (client) => promise((done) => client.end(false, {}, done));

async function talk(url, version) {
  const name = `js-${version}-${url.split(':')[0]}`;
  const listener = await connect(url, version, `${name}-a`, { clean: true });
  const speaker = await connect(url, version, `${name}-b`, {
    clean: true, will: { topic: `open/${name}/will`, payload: 'gone', qos: 1, retain: false } });
  const granted = await promise((done) => listener.subscribe({ [`open/${name}/#`]: { qos: 2 } }, done));
  assert.strictEqual(granted[0].qos, 2);
  for (const qos of [0, 1, 2]) {
    const heard = next(listener);
    const properties = version === 5
      ? { contentType: 'text/plain', correlationData: Buffer.from('x'), userProperties: { unit: 's' }, messageExpiryInterval: 60 } : undefined;
    await promise((done) => speaker.publish(`open/${name}/${qos}`, `at ${qos}`, { qos, properties }, done));
    const packet = await heard;
    assert.strictEqual(packet.qos, qos);
    assert.strictEqual(packet.payload.toString(), `at ${qos}`);
    if (version !== 5) continue;
    assert.strictEqual(packet.properties.contentType, 'text/plain');
    assert.strictEqual(packet.properties.correlationData.toString(), 'x');
    assert.strictEqual(packet.properties.userProperties.unit, 's');
    assert(packet.properties.messageExpiryInterval <= 60);
  }
  const large = next(listener);
  await promise((done) => speaker.publish(`open/${name}/large`, Buffer.alloc(60000, 'x'), { qos: 1 }, done));
  assert.strictEqual((await large).payload.length, 60000);
  const will = next(listener);
  speaker.stream.destroy();
  assert.strictEqual((await will).payload.toString(), 'gone');
  await promise((done) => listener.unsubscribe(`open/${name}/#`, done));
  await end(listener);
}

// A session that outlives its connection: what came meanwhile is there.
async function stored(version) {
  const more = { clean: false, properties: version === 5 ? { sessionExpiryInterval: 600 } : undefined };
  const name = `js-stored-${version}`;
  let client = await connect(`mqtt://127.0.0.1:${port}`, version, name, more);
  await promise((done) => client.subscribe(`open/${name}`, { qos: 1 }, done));
  await end(client);
  const speaker = await connect(`mqtt://127.0.0.1:${port}`, version, `${name}-b`);
  await promise((done) => speaker.publish(`open/${name}`, 'kept', { qos: 1 }, done));
  await end(speaker);
  const came = new Promise((resolve) => {
    client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: version, clientId: name, reconnectPeriod: 0, ...more });
    let present = false;
    client.once('connect', (connack) => { present = connack.sessionPresent; });
    client.once('message', (topic, payload) => resolve([present, payload.toString()]));
  });
  assert.deepStrictEqual(await came, [true, 'kept']);
  await end(client);
}

(async () => {
  for (const version of [4, 5]) {
    await talk(`mqtt://127.0.0.1:${port}`, version);
    await talk(`ws://127.0.0.1:${ws}`, version);
    await stored(version);
  }
  clearTimeout(deadline);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
