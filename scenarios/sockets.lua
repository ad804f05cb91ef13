-- A device without MQTT: it speaks to a server over a plain TCP socket, and to another over UDP. Where does a message begin and
-- end, and who notices what is lost?
--
-- TCP is a stream of bytes: the lines come whole only because the server cuts them at "\n", whatever pieces recv() returns. UDP has
-- messages, and nobody repeats one that is lost: the device counts the answers that never came.
-- Things to try: `wirelab run sockets --set loss=0.3`, and `--pcap sockets.pcapng` with Wireshark's "follow stream".

duration("2min")
local loss = param("loss", 0.1, { min = 0, max = 1, help = "of packets in each direction" })
local lines = metric("lines", { unit = "lines", help = "lines that the TCP server cut out of the stream" })
local pieces = metric("pieces", { unit = "pieces", help = "pieces that recv() returned to the server" })
local asked = metric("asked", { unit = "datagrams", help = "questions that the device sent by UDP" })
local answered = metric("answered", { unit = "datagrams", help = "answers that it got within a second" })

local home = router("home")

-- A server for lines: one connection after the other.
local server = device("line-server", { on = home }, function(self)
  local listener = self:listen(8080)
  while true do
    local connection = listener:accept()
    local text = ""
    while true do
      local bytes, reason = connection:recv(1024)
      if bytes == nil or bytes == "" then
        log("the connection has ended:", reason or "the device closed it")
        break
      end
      pieces:add()
      text = text .. bytes
      for line in text:gmatch("[^\n]*\n") do lines:add() end
      text = text:match("[^\n]*$")
    end
    connection:sendall("thank you\n")
    connection:close()
  end
end)

-- A server for datagrams: it answers each to where it came from.
local echo = device("echo-server", { on = home }, function(self)
  local socket = self:udp(7)
  while true do
    local bytes, address, port = socket:recvfrom()
    socket:sendto(bytes:upper(), address, port)
  end
end)

device("sensor", { on = home, link = { delay = "20ms", rate = "250kbit/s", loss = loss } }, function(self)
  local socket = self:tcp()
  local connected, reason = socket:connect(server, 8080, { timeout = "60s" })
  if not connected then
    log("cannot connect:", reason)
    return
  end
  for i = 1, 100 do
    socket:sendall(string.format("reading %d: %.2f\n", i, self:read("temperature")))
    sleep("0.2s")
  end
  socket:shutdown()
  log("the server said:", socket:recv(100, { timeout = "60s" }))
  socket:close()

  local udp = self:udp()
  for i = 1, 30 do
    udp:sendto("question " .. i, echo, 7)
    asked:add()
    if udp:recvfrom({ timeout = "1s" }) then answered:add() end
  end
end)

at("2min", function()
  expect(lines:get() == 100, "TCP delivers every line, whatever the link loses")
  if loss == 0 then expect(answered:get() == 30, "nothing is lost") end
end)
