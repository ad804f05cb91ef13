// TCP against conversations of the Linux kernel over a lossy link, packet by packet: the simulator gets the same writes and loses
// the same packets, and must send every packet that the kernel sent, with its numbers, flags and SACK blocks, within 5 ms.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "lab/proof/conversation.hpp"

using namespace wirelab;

namespace {

Conversation read_trace(const std::string& name, unsigned publish) {
  Conversation trace;
  trace.publish = publish;
  std::ifstream file("tests/lab/proof/kernel/" + name + ".txt");
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "phase") {
      double ms = 0;
      words >> ms;
      trace.phase = Duration::microseconds(std::llround(ms * 1000));
    } else if (kind == "write") {
      auto& write = trace.writes.emplace_back();
      words >> write.first >> write.second;
    } else if (kind == "packet") {
      ConversationPacket& p = trace.packets.emplace_back();
      words >> p.at >> p.sender >> p.sequence >> p.acknowledgement >> p.length >> std::hex >> p.flags >> std::dec;
      for (std::string word; words >> word;) {
        if (word == "lost") {
          p.lost = true;
        } else {
          const std::size_t dash = word.find('-');
          p.sacks.emplace_back(std::stoul(word.substr(0, dash)), std::stoul(word.substr(dash + 1)));
        }
      }
    }
  }
  // The end of the connection is not part of the experiment.
  while (!trace.packets.empty() && (trace.packets.back().flags & 1) != 0) trace.packets.pop_back();
  return trace;
}

}  // namespace

TEST_CASE("lossy conversations are the Linux kernel's, packet by packet") {
  const auto [name, publish] = GENERATE(table<std::string, unsigned>({{"publisher_qos0", 0x30},
                                                                      {"publisher_qos0_slow", 0x30},
                                                                      {"publisher_qos1", 0x32},
                                                                      {"publisher_qos1_stalls", 0x32}}));
  const Conversation kernel = read_trace(name, publish);
  REQUIRE(kernel.packets.size() >= 200);
  const auto made = replay(kernel);
  const std::size_t equal = equal_packets(kernel, made, 0.005);
  CAPTURE(name, equal);
  if (equal < kernel.packets.size()) UNSCOPED_INFO("theirs " << text_of(kernel.packets[equal]));
  if (equal < made.size()) UNSCOPED_INFO("ours   " << text_of(made[equal]));
  CHECK(equal == kernel.packets.size());
}
