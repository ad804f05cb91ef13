-- Eight sensors send the same message over eight links: cable, DSL, cellular, a satellite, a train in a tunnel, bad weather. What
-- does each link do to it?
--
-- QoS 0 over TCP: nothing is lost, not even in the tunnel, as long as the connection lives; the link decides how late a message is.
-- In bad weather packets are lost in bursts, doubled, corrupted and overtaken, and TCP puts all of it right, for a price in time.
-- Things to try: `wirelab run links --pcap links.pcapng --pcap-link weather-hub` and Wireshark's expert information.

duration("10min")
local every = param("every", 5, { min = 0.1, max = 60, unit = "s", help = "time between two messages of a sensor" })

local hub = broker("hub")
local latency, count = {}, {}

local function over(name, options)
  latency[name] = metric("latency_" .. name:gsub("-", "_"), { unit = "ms", help = "mean time from publish to delivery over " .. name })
  count[name] = 0
  local site = device(name, { on = hub, link = options }, function(self)
    local client = self:mqtt({ keepalive = 120 })
    client:connect(hub)
    while true do
      client:publish("site/" .. name, string.format("%.6f", now()))
      sleep(every)
    end
  end)
  return site.link
end

over("ethernet", { preset = "ethernet" })
over("dsl", { preset = "dsl" })
over("lte-m", { preset = "lte-m" })
over("nb-iot", { preset = "nb-iot" })
over("satellite", { preset = "satellite" })
-- A train: for two minutes well, then the signal fades, is gone for 20 s, and comes back.
over("train", { preset = "lte-m" }):profile({
  { lasts = "2min" },
  { lasts = "5s", loss = "20%", rate = "50kbit/s" },
  { lasts = "20s", cut = true },
  { lasts = "5s", loss = "20%", rate = "50kbit/s" },
})
over("weather", {
  delay = "30ms", jitter = "10ms", jitter_correlation = "50%", distribution = "normal", in_order = false, rate = "2Mbit/s",
  burst_loss = { good_to_bad = "1%", bad_to_good = "25%" }, duplicate = "1%", corrupt = "1%", reorder = "5%", gap = 3,
})
-- By day the cell is full, by night it is empty: here a day of two minutes.
over("shared-cell", { delay = "40ms", rate = "300kbit/s", queue = 20 }):profile({
  { lasts = "1min" },
  { lasts = "1min", delay = "250ms", jitter = "150ms", rate = "20kbit/s", loss = "2%" },
})

device("listener", { on = hub }, function(self)
  local client = self:mqtt({ keepalive = 600 })
  client.on_connect = function() client:subscribe("site/+") end
  client.on_message = function(topic, payload)
    local name = topic:sub(6)
    count[name] = count[name] + 1
    latency[name]:set(latency[name]:get() + ((now() - tonumber(payload)) * 1000 - latency[name]:get()) / count[name])
  end
  client:connect(hub)
  client:loop_forever()
end)

at("9min 59s", function()
  expect(stat("lost") == 0, "no message is lost: TCP repairs what the links do")
  expect(latency["ethernet"]:get() < 5, "a cable adds almost nothing")
  expect(latency["satellite"]:get() > 260, "the way to a satellite and back takes at least 260 ms")
end)
