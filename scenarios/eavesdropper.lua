-- What does somebody read who listens on the cable: without TLS, with TLS 1.2 and with 1.3? No reading and no password under
-- TLS, but still who talks, when, how much and to whom; in 1.2 the certificate, too.
--
-- And TLS hides nothing from the broker, nor from who may subscribe there.
duration("30s")

local hub, home = broker("hub", { tls = true }), router("home")
link(home, hub, { delay = "20ms", rate = "10Mbit/s" })

local function sensor(name, tls)
  local d = device(name, { on = home, link = { delay = "1ms" } }, function(self)
    local client = self:mqtt({ tls = tls, username = "ana", password = "sesame" })
    local asked = now()
    client:connect(hub)
    log(("connected after %.0f ms"):format((now() - asked) * 1000))
    while true do
      client:publish("sensors/temperature", ("%.1f"):format(self:read("temperature")), { qos = 1 })
      sleep("10s")
    end
  end)
  return tap(d.link)
end

local open = sensor("open")
local tls12 = sensor("tls12", { version = "1.2" })
local tls13 = sensor("tls13", { version = "1.3" })
-- A microcontroller takes its time over the keys.
sensor("esp32", { version = "1.3", processor = "esp32" })

-- One asks for a name that the certificate does not have, and will not talk; one comes back with the ticket of its first visit,
-- and the certificate is not sent again.
device("careful", { on = home, link = { delay = "1ms" } }, function(self)
  local client = self:mqtt({ tls = { name = "bank.example" }, reconnect = false })
  sleep("2s")
  log("connected:", client:connect(hub))
end)
device("returning", { on = home, link = { delay = "1ms" } }, function(self)
  local client = self:mqtt({ tls = { resume = true } })
  for _ = 1, 2 do
    sleep("3s")
    local asked = now()
    client:connect(hub)
    log(("connected after %.0f ms"):format((now() - asked) * 1000))
    client:disconnect()
  end
end)

-- Another client of the same broker reads them all: it, too, may know the password.
device("neighbour", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("#") end
  client.on_message = function(topic, payload) log(topic .. " " .. payload) end
  client:connect(hub)
  client:loop_forever()
end)

at("29s", function()
  for _, t in ipairs({ { "open", open }, { "TLS 1.2", tls12 }, { "TLS 1.3", tls13 } }) do
    local name, ear = t[1], t[2]
    print(("%s: %d readings, %d passwords read; %d records hidden"):format(name, ear.contents, ear.credentials, ear.hidden))
    for _, line in ipairs(ear:lines()) do
      if line.kind == "about" then print("  " .. line.text) end
    end
  end
  expect(open.contents == 3 and open.credentials == 1, "who listens openly reads all")
  expect(tls12.contents + tls12.credentials + tls13.contents + tls13.credentials == 0, "TLS hides what is inside")
end)
