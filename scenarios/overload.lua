-- How many devices can a broker handle? Its process takes some time over each packet: what comes faster than that waits, and how
-- long shows before anything is lost.
--
-- Forty sensors publish at random, at half of what the broker can do, then at nine tenths, then at more than all of it, then at half
-- again. Theory (Pollaczek and Khinchine, M/D/1) says how long a message waits before its turn: load / (2 (1 - load)) service times.
-- Beyond a load of 1 there is no such time: the inbox grows for as long as that lasts, and the delay with it; messages are late long
-- after the rush is over.
-- Things to try: `--set service=10` doubles the load; `--set inbox=20` gives the broker a finite inbox: what finds it full stays in
-- TCP's receive buffers, windows close, and it is the sensors that wait.

duration("4min")
local sensors = param("sensors", 40, { min = 1, max = 500, unit = "devices" })
local service = param("service", 5, { min = 0.1, max = 100, unit = "ms", help = "that the broker takes over a packet" })
local inbox = param("inbox", 0, { min = 0, max = 100000, unit = "packets", help = "that may wait; 0: not limited" })

local hub = broker("hub", {
  service_time = service / 1000,
  inbox = inbox > 0 and inbox or nil,
  max_inflight = 1000,
})
local cable = { delay = "100us", rate = "1Gbit/s" }

-- When the load begins, and what it is.
local loads = { { 0, 0.5 }, { 60, 0.9 }, { 120, 1.2 }, { 180, 0.5 } }
local names = { "half", "nine_tenths", "too_much", "after" }
local waits, counts = {}, {}
for i, name in ipairs(names) do
  waits[i] = metric("wait_" .. name, { unit = "ms", help = string.format("mean, of what was sent at a load of %g", loads[i][2]) })
  counts[i] = { sum = 0, n = 0 }
end
local theory = {
  metric("theory_half", { unit = "ms", help = "M/D/1 at a load of 0.5" }),
  metric("theory_nine_tenths", { unit = "ms", help = "M/D/1 at a load of 0.9" }),
}
local longest = metric("longest", { unit = "ms", help = "that a message waited" })

local function phase(at)
  local found = 1
  for i, load in ipairs(loads) do
    if at >= load[1] then found = i end
  end
  return found
end

for i = 1, 2 do
  local load = loads[i][2]
  at(0, function() theory[i]:set(load / (2 * (1 - load)) * service) end)
end

local watcher = device("watcher", function(self)
  local client = self:mqtt({ nodelay = true })
  client.on_message = function(_, payload)
    local sent = tonumber(payload)
    -- Two cables of 0.1 ms and the broker's own work are not waiting.
    local wait = math.max(0, (now() - sent) * 1000 - 0.2 - service)
    local count = counts[phase(sent)]
    count.sum, count.n = count.sum + wait, count.n + 1
    waits[phase(sent)]:set(count.sum / count.n)
    if wait > longest:get() then longest:set(wait) end
  end
  client:connect(hub)
  client:subscribe("sensors/#")
  client:loop_forever()
end)
link(watcher, hub, cable)

for i = 1, sensors do
  local sensor = device(string.format("sensor-%03d", i), function(self)
    local client = self:mqtt({ nodelay = true, keepalive = 300 })
    client:connect(hub)
    while true do
      local load = loads[phase(now())][2]
      local mean = sensors * service / 1000 / load
      sleep(-mean * math.log(1 - math.random()))
      client:publish("sensors/" .. i, string.format("%.6f", now()))
    end
  end)
  link(sensor, hub, cable)
end
