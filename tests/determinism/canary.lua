-- A deliberately messy world: every kind of loss and jitter, all qualities of service, wills, cuts, crashes, restarts, random
-- programs. Its digest is the one that breaks first.
duration("4min")
local home, cloud = router("home"), router("cloud")
local hub = broker("hub", { max_inflight = 5, max_queued = 20 })
local cable = link(home, cloud, { delay = "30ms", jitter = "20ms", distribution = "normal", in_order = false, rate = "300kbit/s", loss = "8%", queue = 12 })
link(cloud, hub, { delay = "2ms", jitter = "1ms", distribution = "pareto", burst_loss = { good_to_bad = "1%", bad_to_good = "30%" } })
local sensors = {}
for i = 1, 8 do
  sensors[i] = device("node" .. i, { on = i % 3 == 0 and cloud or home,
    link = { delay = i .. "ms", jitter = "500us", loss = i / 200, up = { rate = 9600 * i, burst_loss = { mean_good = "20s", mean_bad = "1s" } } } }, function(self)
    local client = self:mqtt({ keepalive = 5 + i, clean_session = i % 2 == 0, max_inflight = 3,
      will = { topic = "gone/" .. self.name, payload = "x", qos = i % 3, retain = i % 2 == 1 } })
    client.on_connect = function() client:subscribe("+/node" .. (i % 8 + 1), { qos = i % 3 }) end
    client.on_message = function(topic, payload, info)
      if math.random() < 0.2 then client:publish("echo/" .. self.name, payload:sub(1, 40), { qos = info.qos, retain = math.random(2) == 1 }) end
    end
    client:connect(hub)
    while true do
      local value = self:read("temperature") + math.sin(now()) * math.exp(-now() / 100) + math.log(1 + now()) + math.pow(2, 0.3)
      client:publish("t/" .. self.name, json.encode({ value = value, list = { 1, 2.5, "z" }, pad = ("p"):rep(math.random(0, 900)) }), { qos = math.random(0, 2) })
      if math.random(30) == 1 then client:disconnect(); sleep("1s"); client:connect(hub) end
      sleep(math.random() * 2)
    end
  end)
end
at("40s", function() cable:cut() end)
at("65s", function() cable:restore() end)
at("80s", function() sensors[1]:crash(); sensors[2]:power_off(); sensors[3]:stop() end)
at("95s", function() for i = 1, 3 do sensors[i]:restart() end end)
at("120s", function() hub:crash() end)
at("125s", function() hub:restart() end)
at("150s", function() hub:stop() end)
at("155s", function() hub:restart() end)
at("170s", function() cable:impair({ loss = "25%", delay = "100ms", rate = "64kbit/s" }) end)
at("200s", function() hub:power_off() end)
at("205s", function() hub:restart() end)
