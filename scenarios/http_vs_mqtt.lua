-- What does it cost to learn of a change, and how soon is it known: asking a REST cloud, or being told by a broker?
--
-- A toaster changes its state now and then, and tells a REST cloud and an MQTT broker of it at the same instant. Nine devices behind the
-- same kind of LTE-M link want to know: four ask every so often, by each kind of connection and with or without an ETag; one lets its
-- question wait for the answer; three are subscribed, at QoS 0, 1 and 2; one comes by, takes the retained message, and leaves. All of them
-- meet the same changes in the same world, and the same cut of all their links. With `only` one of them is alone in it: its luck stays
-- the same.
duration("30min")
local period = param("period", 10, { min = 0.5, max = 600, unit = "s", help = "from one question to the next" })
local every = param("every", 60, { min = 1, max = 3600, unit = "s", help = "a change, on average" })
local loss = param("loss", 0, { min = 0, max = 0.5, help = "of packets on every device's link" })
local cut = param("cut", 60, { min = 0, max = 300, unit = "s", help = "how long all links are cut, from 15 min on" })
local only = param("only", "all", { choices = { "all", "poll", "poll_kept", "poll_etag", "poll_kept_etag", "long_poll", "qos0", "qos1", "qos2", "visit" } })

local web = cloud("cloud", { profile = "nginx", service_time = "2ms" })
local hub = broker("hub")
local internet = router("internet")
link(internet, web, { delay = "10ms" })
link(internet, hub, { delay = "10ms" })
local DATA, LATEST = "http://cloud/api/v1/data", "http://cloud/api/v1/data/latest?device_id=toaster"

-- The changes: exponential times between them, the same for everybody.
local changes = {}
device("toaster", { on = internet }, function(self)
  local http, client = self:http(), self:mqtt()
  client:connect(hub)
  http:post("http://cloud/api/v1/devices", json.encode({ device_id = "toaster", type = "state" }))
  sleep(10)
  while true do
    changes[#changes + 1] = now()
    local state = json.encode({ number = #changes, toasting = #changes % 2 == 1 })
    client:publish("kitchen/toaster", state, { qos = 2, retain = true })
    http:post(DATA, '{"device_id":"toaster","readings":' .. state .. "}")
    local wait = -every * math.log(1 - math.random())
    sleep(math.min(math.max(wait, 0.2), 10 * every))
  end
end)

-- What one device has learnt: the delay of each change that it has seen, and for how long it was wrong in all.
local ways = {}
local function learner(name, text, program)
  if only ~= "all" and only ~= name then return end
  local way = { name = name, text = text, delays = {}, newest = 0, asked = 0, empty = 0, stale = 0 }
  way.node = device(name, {
    on = internet, radio = "lte-m", link = { preset = "lte-m", loss = loss },
  }, function(self)
    way.energy = function() return self:energy() end
    program(self, way)
  end)
  way.traffic = traffic(way.node)
  ways[#ways + 1] = way
end

-- A state that was seen: of those that it has passed over nothing will be known any more.
local function saw(way, body)
  local number = json.decode(body).number
  if number > way.newest then
    way.delays[#way.delays + 1] = now() - changes[number]
    -- From the first change that it did not know to this instant it believed what was not so.
    way.stale = way.stale + now() - changes[way.newest + 1]
    way.newest = number
  end
end

local function poller(keep_alive, with_etag)
  return function(self, way)
    local http = self:http({ keep_alive = keep_alive, timeout = "20s" })
    local tag
    while true do
      local begun = now()
      way.asked = way.asked + 1
      local answer = http:get(LATEST, with_etag and { headers = { ["If-None-Match"] = tag } } or nil)
      if answer and answer.status == 200 then
        local before = way.newest
        saw(way, answer.body)
        if way.newest == before then way.empty = way.empty + 1 end
        tag = answer.headers.etag
      else
        way.empty = way.empty + 1
      end
      sleep(math.max(0, begun + period - now()))
    end
  end
end
learner("poll", "GET, a connection each", poller(false, false))
learner("poll_kept", "GET, kept connection", poller(true, false))
learner("poll_etag", "GET with ETag, a connection each", poller(false, true))
learner("poll_kept_etag", "GET with ETag, kept connection", poller(true, true))
learner("long_poll", "long poll", function(self, way)
  local http = self:http({ timeout = "70s" })
  local tag
  while true do
    way.asked = way.asked + 1
    local answer, why = http:get(LATEST, { headers = { ["If-None-Match"] = tag, Prefer = "wait=50" } })
    if answer and answer.status == 200 then
      saw(way, answer.body)
      tag = answer.headers.etag
    else
      way.empty = way.empty + 1
      if not answer or answer.status == 404 then sleep(1) end
    end
  end
end)
for qos = 0, 2 do
  learner("qos" .. qos, "MQTT, subscribed at QoS " .. qos, function(self, way)
    local client = self:mqtt({ clean_session = false, keepalive = 60 })
    client.on_connect = function(session_present)
      if not session_present then client:subscribe("kitchen/toaster", { qos = qos }) end
    end
    client.on_message = function(_, payload) saw(way, payload) end
    client:connect(hub)
  end)
end
learner("visit", "MQTT, comes by for the retained message", function(self, way)
  while true do
    local begun = now()
    local client = self:mqtt({ reconnect = false })
    local got = false
    client.on_message = function(_, payload)
      local before = way.newest
      saw(way, payload)
      if way.newest == before then way.empty = way.empty + 1 end
      got = true
    end
    way.asked = way.asked + 1
    if client:connect(hub) then
      client:subscribe("kitchen/toaster", { qos = 0 })
      while not got and client:is_connected() and now() < begun + 5 do sleep(0.05) end
      client:disconnect()
    end
    sleep(math.max(0, begun + period - now()))
  end
end)

at(15 * 60, function()
  if cut > 0 then
    for _, way in ipairs(ways) do way.node.link:cut() end
  end
end)
at(15 * 60 + math.max(cut, 1), function()
  for _, way in ipairs(ways) do way.node.link:restore() end
end)

-- Metrics of each of them, or under plain names of the only one.
local function quantile(values, q)
  if #values == 0 then return 0 end
  local sorted = { table.unpack(values) }
  table.sort(sorted)
  return sorted[math.floor(q * (#sorted - 1) + 0.5) + 1]
end
local kinds = {
  { "seen", "changes", "that it came to know", function(w) return #w.delays end },
  { "missed", "changes", "that it never knew of: a later one was there first", function(w) return w.newest - #w.delays end },
  { "delay_p50", "s", "from a change to knowing it, median", function(w) return quantile(w.delays, 0.5) end },
  { "delay_p95", "s", "the same, 95 % quantile", function(w) return quantile(w.delays, 0.95) end },
  { "stale", "%", "of the time, in which it believed what was no longer so", function(w) return w.stale / now() * 100 end },
  { "radio", "mJ", "of its radio, a change", function(w) return w.energy() / #changes end },
  { "sent", "packets", "a change, both ways", function(w) return w.traffic.packets / #changes end },
  { "ip", "bytes", "headers of IP, a change", function(w) return w.traffic.ip / #changes end },
  { "transport", "bytes", "headers of TCP, a change", function(w) return w.traffic.transport / #changes end },
  { "payload", "bytes", "of HTTP or MQTT, a change", function(w) return w.traffic.payload / #changes end },
  { "questions", "questions", "that it asked, or visits", function(w) return w.asked end },
  { "found_nothing", "questions", "that brought nothing new", function(w) return w.empty end },
}
for _, way in ipairs(ways) do
  way.metrics = {}
  for _, kind in ipairs(kinds) do
    local name = only == "all" and way.name .. "_" .. kind[1] or kind[1]
    way.metrics[kind[1]] = metric(name, { unit = kind[2], help = kind[3] })
  end
end
at(30 * 60, function()
  for _, way in ipairs(ways) do
    for _, kind in ipairs(kinds) do way.metrics[kind[1]]:set(kind[4](way)) end
  end
  if only ~= "all" then return end
  log(("%d changes, links cut for %g s; packets, bytes, mJ a change"):format(#changes, cut))
  log("way            seen  p50 s  p95 s stale% pkts    IP   TCP  body  mJ")
  for _, way in ipairs(ways) do
    local m = function(name) return way.metrics[name]:get() end
    log(("%-14s %4d %6.2f %6.2f %5.1f %5.1f %5.0f %5.0f %5.0f %3.0f"):format(way.name, m("seen"), m("delay_p50"), m("delay_p95"),
      m("stale"), m("sent"), m("ip"), m("transport"), m("payload"), m("radio")))
  end
end)
