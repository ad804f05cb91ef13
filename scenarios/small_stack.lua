-- A microcontroller and a PC send the same file and the same readings over the same kind of link. What does a small TCP cost?
--
-- lwIP, which microcontrollers run, lets 2 segments wait to be sent and offers 4; it counts time in halves of a second, begins with a
-- time-out of 3 s, and has neither timestamps nor SACK. On a good link its window limits it; where packets are lost it waits longer.
-- Things to try: `--set loss=0`, `--set delay=200ms`, and `--pcap small.pcapng` with Wireshark's time-sequence graph.

duration("30min")
local loss = param("loss", 0.03, { min = 0, max = 0.5, help = "of packets in each direction" })
local delay = param("delay", 30, { min = 0, max = 1000, unit = "ms", help = "one way" })
local size = param("size", 200000, { min = 1000, max = 10000000, unit = "bytes", help = "of the file" })

local hub = router("hub")
local server = device("server", { on = hub }, function(self)
  local listener = self:listen(80)
  while true do
    local connection = listener:accept()
    while true do
      local bytes = connection:recv(65536)
      if bytes == nil or bytes == "" then break end
    end
    connection:close()
  end
end)

local took = {}
for _, stack in ipairs({ "linux", "lwip" }) do
  took[stack] = metric("file_" .. stack, { unit = "s", help = "until the server has had all of the file, with " .. stack })
  device(stack, { on = hub, link = { delay = delay / 1000, rate = "10Mbit/s", loss = loss } }, function(self)
    if stack == "lwip" then sleep("10min") end -- the server serves one after the other
    local socket = self:tcp()
    local began = now()
    local connected, reason = socket:connect(server, 80, { stack = stack })
    if not connected then
      log("cannot connect:", reason)
      return
    end
    socket:sendall(string.rep("x", size))
    socket:shutdown()
    socket:recv(1)
    took[stack]:set(now() - began)
    socket:close()
  end)
end

at("30min", function()
  expect(took.linux:get() > 0 and took.lwip:get() > 0, "both files arrive")
  expect(took.lwip:get() > took.linux:get(), "a small stack is slower")
end)
