-- A meter on a serial line (9600 baud, 8E1), two thermometers by Bluetooth Low Energy, four soil probes by IEEE 802.15.4: none of them
-- speaks IP, so gateways publish for them. How long does a reading take on each hop, and what does the hop lose?
--
-- A line of the meter takes its bits: 14 bytes of 11 bits each, 16 ms. From 7 min on a motor beside the cable turns one bit in 500
-- for a minute: the parity bit shows most of it. A thermometer waits for its connection event, half of 50 ms
-- on average; each loss costs 50 ms more, but nothing is lost for good. A probe sends at once and tries four times; all four send on
-- the minute, so they collide. At 5 min a thermometer is carried out of reach, for a minute: after 4 s its connection is gone.
-- Things to try: `--set baud=4800`, at which the gateway does not read, and `--set loss=0.4`.

duration("10min")
local baud = param("baud", 9600, { min = 300, max = 115200, help = "the speed at which the meter sends; the gateway reads at 9600" })
local loss = param("loss", 0.1, { min = 0, max = 0.9, help = "share of the longest radio frames that are lost" })
local garbage = metric("garbage", { unit = "lines", help = "lines of the meter that the gateway could not read" })
local unsent = metric("unsent", { unit = "readings", help = "readings that a radio gave up" })

local hub = broker("hub")
local home = router("home")
link(home, hub, { delay = "20ms" })

local function thermometer(self)
  local radio = self:radio()
  while true do
    radio:wait_connected()
    if not radio:send(string.format("%.1f", self:read("temperature"))) then unsent:add(1) end
    sleep("10s")
  end
end
local function probe(self)
  local radio = self:radio()
  while true do
    if not radio:send(string.format("moisture %.0f", self:read("humidity"))) then unsent:add(1) end
    sleep("1min")
  end
end

local meter = device("meter", { sensors = { power = { base = 450, swing = 200, noise = 30, step = 1 } } }, function(self)
  local port = self:serial()
  while true do
    port:write(string.format("P=%06.1f W\r\n", self:read("power")))
    sleep("5s")
  end
end)
local thermometers, probes = {}, {}
for i = 1, 2 do thermometers[i] = device("room" .. i, thermometer) end
for i = 1, 4 do probes[i] = device("bed" .. i, probe) end

-- A program waits for one thing at a time, so the gateway has three, each with its client; in a real one they are three threads.
local uplink = { on = home, link = { delay = "100us" } }
local wired = device("wired", uplink, function(self)
  local port, client = self:serial(), self:mqtt()
  client:connect(hub)
  while true do
    local line = port:readline({ timeout = "30s" })
    local watts = line:match("^P=(%d+%.%d) W\r\n$")
    if watts then
      client:publish("house/power", watts, { qos = 1 })
    elseif line ~= "" then
      garbage:add(1)
      local errors = port:errors()
      log(("garbage; so far %d parity, %d framing errors"):format(errors.parity, errors.framing))
    end
  end
end)
local function relay(topic)
  return function(self)
    local radio, client = self:radio(), self:mqtt()
    client:connect(hub)
    while true do
      local text, from = radio:receive()
      client:publish(topic .. from, text, { qos = 1 })
    end
  end
end
local indoors = device("indoors", uplink, relay("house/"))
local outdoors = device("outdoors", uplink, relay("garden/"))

local cable = serial(meter, wired, { baud = baud, format = "8E1", second = { baud = 9600 } })
local bluetooth = ble(indoors, thermometers, { interval = "50ms", loss = loss })
ieee802154(outdoors, probes, { loss = loss })

device("viewer", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("#", { qos = 1 }) end
  client:connect(hub)
  client:loop_forever()
end)

at("5min", function() bluetooth:cut(thermometers[2]) end)
at("6min", function() bluetooth:restore(thermometers[2]) end)
at("7min", function() cable:impair({ bit_errors = 0.002 }) end)
at("8min", function() cable:impair({ bit_errors = 0 }) end)
