#include "sim/view/dissect_http.hpp"

#include <algorithm>
#include <array>

#include "sim/wire/http.hpp"

namespace wirelab {
namespace {

struct Meaning {
  std::string_view name, text;
};
constexpr std::array kMeanings{
    Meaning{"host", "the server's name, since one address may serve several (RFC 9110, 7.2)"},
    Meaning{"content-length", "how many bytes of content follow the empty line (RFC 9110, 8.6)"},
    Meaning{"content-type", "what the content is (RFC 9110, 8.3)"},
    Meaning{"connection", "whether the connection is kept for the next request (RFC 9112, 9.3)"},
    Meaning{"etag", "a mark of this version of the content (RFC 9110, 8.8.3)"},
    Meaning{"if-none-match", "send the content only if it has another mark (RFC 9110, 13.1.2)"},
    Meaning{"prefer", "wait=N: answer when there is something new, or after N seconds (RFC 7240, 4.3)"},
    Meaning{"date", "when the answer was made (RFC 9110, 6.6.1)"},
    Meaning{"server", "the program that answers (RFC 9110, 10.2.4)"},
    Meaning{"x-aio-key", "a key that says who asks"},
    Meaning{"x-api-key", "a key that says who asks"},
    Meaning{"transfer-encoding", "the content comes in chunks, each with its size (RFC 9112, 7.1)"},
};

std::string_view meaning_of(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto found =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& m) { return m.name == lower; });
  return found == kMeanings.end() ? std::string_view{} : found->text;
}

}  // namespace

bool begins_http(wire::Bytes payload) {
  const std::string_view text = wire::text_of(payload);
  if (text.starts_with("HTTP/1.")) return true;
  const std::string_view method = text.substr(0, std::min(text.find(' '), text.size()));
  return http::method_of(method) != http::Method::other && text.substr(method.size()).starts_with(" /");
}

std::string http_in_short(wire::Bytes payload) {
  std::string_view text = wire::text_of(payload);
  text = text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
  if (text.starts_with("HTTP/1."))
    return printable_text(wire::bytes_of(text.substr(std::min<std::size_t>(9, text.size()))));
  text = text.substr(0, std::min(text.find(' ', text.find('/')), text.size()));
  return printable_text(wire::bytes_of(text.substr(0, std::min(text.find('?'), text.size()))));
}

void dissect_http(wire::Bytes packet, std::size_t at, std::vector<DissectedField>& fields) {
  const auto add = [&](std::string name, std::string value, std::size_t begin, std::size_t end,
                       std::string_view means) {
    fields.push_back({FieldLayer::http, std::move(name), std::move(value), static_cast<std::uint32_t>(begin),
                      static_cast<std::uint32_t>(end), means});
  };
  bool first = true;
  while (at < packet.size()) {
    const std::string_view rest = wire::text_of(packet.subspan(at));
    const std::size_t newline = rest.find('\n');
    const std::size_t end = newline == std::string_view::npos ? rest.size() : newline + 1;
    std::string_view line = rest.substr(0, end);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(": ");
    if (first) {
      add(line.starts_with("HTTP/") ? "Status line" : "Request line", printable_text(wire::bytes_of(line)), at,
          at + end, {});
    } else if (line.empty()) {
      add("End of the fields", "an empty line", at, at + end, {});
      at += end;
      break;
    } else if (colon != std::string_view::npos) {
      add(std::string(line.substr(0, colon)), printable_text(wire::bytes_of(line.substr(colon + 2))), at, at + end,
          meaning_of(line.substr(0, colon)));
    } else {
      add("Line", printable_text(wire::bytes_of(line)), at, at + end, {});
    }
    first = false;
    at += end;
  }
  if (at < packet.size()) add("Content", printable_text(packet.subspan(at)), at, packet.size(), {});
}

}  // namespace wirelab
