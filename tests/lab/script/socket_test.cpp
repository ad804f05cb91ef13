// Sockets of programs: what they deliver, how they fail, and what is left of them when a program ends.
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// Two devices on a router; `server` and `client` are the bodies of their programs. What they log, joined by "|".
std::string logged(const std::string& server, const std::string& client, const std::string& more = "") {
  const std::string source = R"(
duration("10min")
local hub = router("hub")
local server = device("server", { on = hub, link = { delay = "10ms" } }, function(self) )" +
                             server +
                             R"( end)
local client = device("client", { on = hub, link = { delay = "10ms" } }, function(self) )" +
                             client + " end)\n" + more;
  auto store = std::make_shared<TraceStore>();
  const auto script = begin_scenario(source, "sockets.lua", {}, store);
  if (const auto ran = script->run_until(Instant() + script->duration()); !ran) return "error: " + ran.error().text;
  script->world().trace().flush();
  const TraceStore::Reader reader(*store);
  std::string all;
  for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
    if (reader.record(i).kind != Kind::logged) continue;
    const auto bytes = reader.blob(reader.record(i).key);
    all += (all.empty() ? "" : "|") + std::string(bytes.begin(), bytes.end());
  }
  return all;
}

}  // namespace

TEST_CASE("a megabyte through a slow reader arrives whole") {
  CHECK(logged(R"(
    local c = self:listen(80):accept()
    local count, sum = 0, 0
    while true do
      local bytes = c:recv(5000)
      if bytes == "" then break end
      for i = 1, #bytes, 997 do sum = (sum * 31 + bytes:byte(i)) % 1000003 end
      count = count + #bytes
      sleep("10ms")
    end
    log(count)
    c:sendall("done")
    c:close())",
               R"(
    local s = self:tcp()
    log(s:connect(server, 80))
    log(s:sendall(string.rep("0123456789", 100000)))
    s:shutdown()
    log(s:recv(100))
    log(s:recv(100) == "")
    s:close())") == "true|true|1000000|done|true");
}

TEST_CASE("sockets say why they fail") {
  CHECK(logged("", "local s = self:tcp() log(s:connect(server, 81)) log(s:recv(5))") == "nil refused|nil refused");
  CHECK(logged("", "local s = self:tcp() log(s:connect(\"10.9.9.9\", 81))") == "nil unreachable");
  CHECK(logged("", "local s = self:tcp() log(s:connect(server, 80, { timeout = \"3s\" })) log(now())",
               "at(0, function() server:power_off() end)") == "nil timed out|3.0");
  CHECK(logged("self:listen(80):accept() sleep(\"1s\") ",
               "local s = self:tcp() s:connect(server, 80) log(s:recv(5, { timeout = \"2s\" }))") == "");
  CHECK(logged("local c = self:listen(80):accept() sleep(\"1s\")",
               "local s = self:tcp() s:connect(server, 80) s:sendall(\"x\") log(s:recv(5))",
               "at(\"0.5s\", function() server:crash() end)") == "nil reset by the peer");
  CHECK(logged("local c = self:listen(80):accept() c:sendall(\"ab\") c:close()",
               "local s = self:tcp() s:connect(server, 80) log(s:recv(1)) log(s:recv(9)) log(#s:recv(9)) s:close()") ==
        "a|b|0");
  CHECK(logged("local l = self:listen(80, { backlog = 1 }) sleep(\"1s\") log(l:accept():peer()) log(l:accept({ timeout "
               "= 1 }))",
               R"(
    local a, b = self:tcp(), self:tcp()
    log(a:connect(server, 80))
    log(b:connect(server, 80)))") == "true|nil refused|10.0.0.3 32768|nil timed out");
}

TEST_CASE("a server that is restarted listens again") {
  CHECK(logged("local c = self:listen(80):accept() c:sendall(\"hello\") c:close() sleep(\"1h\")", R"(
    for i = 1, 2 do
      local s = self:tcp()
      log(s:connect(server, 80))
      log(s:recv(10))
      s:close()
      sleep("10s")
    end)",
               "at(\"5s\", function() server:restart() end)") == "true|hello|true|hello");
}

TEST_CASE("datagrams keep their bounds, and nothing repeats a lost one") {
  CHECK(logged("local u = self:udp(9) for i = 1, 3 do log(u:recvfrom()) end", R"(
    local u = self:udp()
    sleep("1s")
    u:sendto("a", server, 9)
    u:sendto("bc", server, 9)
    u:sendto("", server, 9)
    log(u:sendto(string.rep("x", 1473), server, 9))
    log(u:recvfrom({ timeout = "1s" })))") ==
        "nil message too long|a 10.0.0.3 32768|bc 10.0.0.3 32768| 10.0.0.3 32768|nil timed out");
}

TEST_CASE("wrong use of a socket is an error with its line") {
  const auto error = [](const std::string& body) {
    return error_of(
               "local hub = router(\"hub\")\nlocal other = device(\"other\", { on = hub })\ndevice(\"d\", { on = hub "
               "}, function(self)\n" +
               body + "\nend)")
        .text;
  };
  CHECK(error("self:tcp():connect(other, 70000)").find("test.lua:4: the port to connect to must be a whole number") ==
        0);
  CHECK(error("self:tcp():connect(\"no where\", 80)").find("is no host name") != std::string::npos);
  CHECK(error("self:listen(80) self:listen(80)").find("port 80 is in use here") != std::string::npos);
  CHECK(error("self:udp(80) self:udp(80)").find("UDP port 80 is in use here") != std::string::npos);
  CHECK(error("local s = self:tcp() s:close() s:recv(1)").find("is closed") != std::string::npos);
  CHECK(error("self:tcp():sendal(1)").find("did you mean") != std::string::npos);
  CHECK(error("self:tcp():recv(0)").find("between 1 and") != std::string::npos);
  CHECK(error("self:mqtt().on_connect = 5").find("must be a function") != std::string::npos);
}

TEST_CASE("names are resolved, kept for their time, and fail as they should") {
  const std::string names = R"(
local ns = dns("ns", { on = hub, link = { delay = "5ms" }, names = { ["Server.Example"] = { node = server, ttl = "10s" }, fixed = "10.9.9.9" } })
)";
  const auto with = [&](const std::string& client, const std::string& more = "") {
    return logged("local l = self:listen(80) while true do l:accept():sendall(\"hi\") end", "sleep(\"1s\")" + client,
                  names + more);
  };
  CHECK(with("log(self:resolve(\"server.example\")) log(now()) log(self:resolve(\"SERVER.example\")) log(now())") ==
        "10.0.0.2|1.03002176|10.0.0.2|1.03002176");
  CHECK(with("log(self:resolve(\"fixed\")) log(self:resolve(\"nobody.example\"))") == "10.9.9.9|nil no such name");
  CHECK(with("log(self:resolve(\"server.example\")) sleep(\"11s\") log(self:resolve(\"server.example\")) log(now())",
             "at(\"5s\", function() ns:power_off() end)") == "10.0.0.2|nil no answer from the name server|22.03002176");
  CHECK(with("log(self:resolve(\"server.example\"))", "at(0, function() ns:fail_names() end)") ==
        "nil the name server failed");
  CHECK(with("local s = self:tcp() log(s:connect(\"server.example\", 80)) log(s:recv(9))") == "true|hi");
  CHECK(with("local s = self:tcp() log(s:connect(\"no.example\", 80))") == "nil no such name");
  CHECK(logged("", "log(self:resolve(\"a.example\"))") == "nil no name server is known");
  CHECK(with("local c = self:mqtt({ reconnect = false }) log(c:connect(\"server.example\"))") ==
        "nil connection refused");
  CHECK(with("local c = self:mqtt({ reconnect = false }) log(c:connect(\"no.example:1883\"))") == "nil no such name");
}

TEST_CASE("a socket ends with its program, and belongs to it alone") {
  // Used after its program has ended, or crashed in the same instant.
  CHECK(logged("U = self:udp(9)", "sleep(\"1s\") log(pcall(function() U:sendto(\"x\", server, 9) end))")
            .find("is closed") != std::string::npos);
  CHECK(logged("U = self:udp(9) sleep(\"1h\")", "sleep(\"1h\")",
               "at(\"1s\", function() server:crash() log(pcall(function() U:sendto(\"x\", client, 9) end)) end)")
            .find("is closed") != std::string::npos);
  // Waited on by another program.
  CHECK(logged("U = self:udp(9) sleep(\"1h\")", "sleep(\"1s\") log(pcall(function() U:recvfrom() end))")
            .find("only the program of") != std::string::npos);
  CHECK(logged("S = self:tcp() sleep(\"1h\")", "sleep(\"1s\") log(pcall(function() S:connect(\"x.example\", 80) end))")
            .find("only the program of") != std::string::npos);
  // Closed while its program waits on it.
  CHECK(logged("U = self:udp(9) log(pcall(function() U:recvfrom() end)) log(now())", "sleep(\"1h\")",
               "at(\"5s\", function() U:close() end)")
            .find("is closed") != std::string::npos);
  // A server without power says nothing to those who wait to be accepted.
  CHECK(logged("self:listen(80) sleep(\"1h\")",
               "local s = self:tcp() log(s:connect(server, 80)) log(s:recv(1, { timeout = \"20s\" }))",
               "at(\"5s\", function() server:power_off() end)") == "true|nil timed out");
  // What recv() may return costs nothing, what it returns does.
  CHECK(logged("local c = self:listen(80):accept() for i = 1, 3000 do c:sendall(\"x\") sleep(\"10ms\") end c:close()",
               "local s = self:tcp() s:connect(server, 80) local n = 0 while true do local b = s:recv(1000000) if b == "
               "\"\" then break end n = n + #b end log(n)") == "3000");
}
