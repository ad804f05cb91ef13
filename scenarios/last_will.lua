-- How does anybody learn that a device is gone? One sensor loses its power, one crashes, one says goodbye: two last wills fire, at
-- different times.
--
-- All three announce themselves with a retained "online" and leave a will, "offline", with the broker. At 60 s the first loses
-- its power: nobody is told, and its will fires one and a half times its keep alive after its last packet. The process
-- of the second crashes: its operating system closes the connection, and the will fires at once. The third says
-- goodbye: there is no will, only what it says itself.
-- Things to try: `--set keepalive=60`; in the front end, run until "a will fires" and fork just before it.

duration("3min")
local keepalive = param("keepalive", 10, { min = 1, max = 60, unit = "s", help = "keep alive of the sensors" })

local home = router("home")
local hub = broker("hub")
link(home, hub, { delay = "20ms", rate = "1Mbit/s" })

local noticed = {}
for _, name in ipairs({ "unplugged", "crashed", "leaving" }) do
  noticed[name] = metric("noticed_" .. name, { unit = "s", help = "from the event to the watcher" })
end
local causes = {}

device("watcher", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("status/+") end
  client.on_message = function(topic, payload)
    local name = topic:sub(8)
    log(name .. " is " .. payload)
    if payload ~= "online" and noticed[name]:get() == 0 then
      noticed[name]:set(now() - 60)
      causes[name] = payload
    end
  end
  client:connect(hub)
  client:loop_forever()
end)

local function sensor(name)
  return device(name, { on = home }, function(self)
    local status = "status/" .. name
    local client = self:mqtt({
      keepalive = keepalive,
      will = { topic = status, payload = "offline, says its will", qos = 1, retain = true },
    })
    client.on_connect = function() client:publish(status, "online", { qos = 1, retain = true }) end
    client:connect(hub)
    while true do
      sleep("4s")
      if name == "leaving" and now() >= 60 then
        client:publish(status, "offline, it says so itself", { qos = 1, retain = true })
        sleep("1s")
        client:disconnect()
        return
      end
      client:publish("readings/" .. name, tostring(math.tointeger(math.floor(now()))))
    end
  end)
end

local unplugged, crashed = sensor("unplugged"), sensor("crashed")
sensor("leaving")

at("60s", function()
  unplugged:power_off()
  crashed:crash()
end)

at("2min 59s", function()
  expect(stat("wills") == 2, "two wills fire, and none for the one that said goodbye")
  expect(causes.unplugged == "offline, says its will", "the unplugged one is spoken for by its will")
  expect(causes.leaving == "offline, it says so itself", "the leaving one speaks for itself")
  expect(noticed.crashed:get() < 1, "a crash is noticed at once: the connection is closed")
  -- Its last packet came at most 4 s before the plug was pulled.
  local silence = noticed.unplugged:get()
  expect(silence > 1.5 * keepalive - 4.1 and silence < 1.5 * keepalive + 5, "the silence lasts 1.5 x keep alive")
end)
