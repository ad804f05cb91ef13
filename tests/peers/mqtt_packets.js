// The other side of mqtt_packets.cpp: mqtt-packet, the codec of mqtt.js, reads the bytes of each line and must find in them what we
// say; then it writes the packet itself, and a line with its own bytes goes on to be read by us.
'use strict'
const mqtt = require('mqtt-packet')
const codes = require('mqtt-packet/constants').propertiesCodes
const types = require('mqtt-packet/constants').propertiesTypes
const names = Object.fromEntries(Object.entries(codes).map(([id, name]) => [name, Number(id)]))
const withoutReason = ['connect', 'publish', 'subscribe', 'suback', 'unsubscribe', 'unsuback', 'pingreq', 'pingresp']
const commands = ['', 'connect', 'connack', 'publish', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'subscribe', 'suback',
  'unsubscribe', 'unsuback', 'pingreq', 'pingresp', 'disconnect', 'auth']

function fromProperties (properties) {
  const all = []
  for (const [name, value] of Object.entries(properties || {})) {
    const id = names[name]
    if (types[name] === 'pair') {
      for (const [key, values] of Object.entries(value)) for (const one of [].concat(values)) all.push([id, key, one])
      continue
    }
    for (const one of [].concat(value)) {
      all.push([id, types[name] === 'binary' ? one.toString('hex') : types[name] === 'byte' ? Number(one) : one])
    }
  }
  return all.map(p => JSON.stringify(p)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function toProperties (texts) {
  const properties = {}
  for (const [id, value, second] of texts.map(t => JSON.parse(t))) {
    const name = codes[id]
    if (types[name] === 'pair') {
      properties[name] = properties[name] || {}
      const held = properties[name][value]
      properties[name][value] = held === undefined ? second : [].concat(held, second)
      continue
    }
    const meant = types[name] === 'binary' ? Buffer.from(value, 'hex') : types[name] === 'byte' ? value === 1 : value
    properties[name] = properties[name] === undefined ? meant : [].concat(properties[name], meant)
  }
  return properties
}

// Their object as our words.
function said (p, version) {
  const out = { type: commands.indexOf(p.cmd) }
  const since5 = version === 5
  if (p.messageId !== undefined && p.messageId !== null) out.id = p.messageId
  if (p.cmd === 'publish' && p.qos === 0) out.id = 0
  if (since5 && !withoutReason.includes(p.cmd)) out.reason = p.reasonCode
  if (p.granted) out.codes = p.granted
  if (since5 && !['pingreq', 'pingresp'].includes(p.cmd)) out.properties = fromProperties(p.properties)
  if (p.subscriptions) out.filters = p.subscriptions.map(s => since5 ? [s.topic, s.qos, s.nl, s.rap, s.rh] : [s.topic, s.qos])
  if (p.unsubscriptions) out.filters = p.unsubscriptions.map(f => [f])
  if (p.cmd === 'connect') {
    Object.assign(out, { level: p.protocolVersion, clean: p.clean, keep_alive: p.keepalive, client: p.clientId })
    if (p.will) {
      out.will = { topic: p.will.topic, payload: p.will.payload.toString('hex'), qos: p.will.qos, retain: p.will.retain }
      if (since5) out.will.properties = fromProperties(p.will.properties)
    }
    if (p.username !== undefined) out.user = p.username
    if (p.password !== undefined) out.password = p.password.toString('hex')
  } else if (p.cmd === 'connack') {
    out.present = p.sessionPresent
    if (!since5) out.code = p.returnCode
  } else if (p.cmd === 'publish') {
    Object.assign(out, { topic: p.topic, payload: p.payload.toString('hex'), qos: p.qos, retain: p.retain, dup: p.dup })
  }
  return out
}

// Our words as their object.
function meant (p, version) {
  const out = { cmd: commands[p.type], messageId: p.id, reasonCode: p.reason, granted: p.codes }
  if (p.properties && p.properties.length > 0) out.properties = toProperties(p.properties)
  if (out.cmd === 'subscribe') out.subscriptions = p.filters.map(([topic, qos, nl, rap, rh]) => ({ topic, qos, nl, rap, rh }))
  if (out.cmd === 'unsubscribe') out.unsubscriptions = p.filters.map(([filter]) => filter)
  if (out.cmd === 'connect') {
    Object.assign(out, { protocolId: 'MQTT', protocolVersion: p.level, clean: p.clean, keepalive: p.keep_alive })
    Object.assign(out, { clientId: p.client, username: p.user })
    if (p.password !== undefined) out.password = Buffer.from(p.password, 'hex')
    if (p.will) {
      out.will = { topic: p.will.topic, payload: Buffer.from(p.will.payload, 'hex'), qos: p.will.qos, retain: p.will.retain }
      if (p.will.properties && p.will.properties.length > 0) out.will.properties = toProperties(p.will.properties)
    }
  } else if (out.cmd === 'connack') {
    Object.assign(out, { sessionPresent: p.present, returnCode: p.code })
  } else if (out.cmd === 'publish') {
    Object.assign(out, { topic: p.topic, payload: Buffer.from(p.payload, 'hex'), qos: p.qos, retain: p.retain, dup: p.dup })
  }
  return out
}

const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
function sorted (value) {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
}

// What mqtt-packet 8 cannot read though the standard has it: AUTH without a reason code (section 3.15.2.1), and DISCONNECT with
// 0x8C, which stands in the standard's section 2.4 and not in its section 3.14.2.1.
const beyondThem = (hex, packet) => hex === 'f000' || (packet.type === 14 && packet.reason === 0x8c)

let agreed = 0
for (const line of require('fs').readFileSync(0, 'utf8').split('\n')) {
  if (line === '') continue
  const { v, hex, packet } = JSON.parse(line)
  if (beyondThem(hex, packet)) continue
  let read
  let wrong
  const parser = mqtt.parser({ protocolVersion: v })
  parser.on('packet', p => { read = read || p })
  parser.on('error', e => { wrong = wrong || e })
  parser.parse(Buffer.from(hex, 'hex'))
  const theirs = read && said(read, v)
  if (wrong || !same(theirs, packet)) {
    console.error(`ours:   ${line}\ntheirs: ${wrong || JSON.stringify(theirs)}`)
    process.exit(1)
  }
  const bytes = mqtt.generate(meant(packet, v), { protocolVersion: v })
  process.stdout.write(JSON.stringify({ v, hex: bytes.toString('hex'), packet }) + '\n')
  ++agreed
}
console.error(`${agreed} packets of ours are read as we meant them`)
