#include "sim/view/capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sim/kernel/nearest.hpp"
#include "sim/view/messages.hpp"
#include "sim/wire/pcapng.hpp"

namespace wirelab {

tl::expected<std::set<EntityId>, std::string> directions_of(const LoadedTrace& trace, std::string_view link,
                                                            EntityKind kind) {
  // A link has one name in the trace; people may say its ends the other way round.
  std::string reversed;
  for (std::size_t cut = link.find('-'); cut != std::string_view::npos; cut = link.find('-', cut + 1)) {
    const std::string other = std::string(link.substr(cut + 1)) + "-" + std::string(link.substr(0, cut));
    if (std::find(trace.names.begin(), trace.names.end(), other) != trace.names.end()) reversed = other;
  }
  if (std::find(trace.names.begin(), trace.names.end(), link) == trace.names.end() && !reversed.empty())
    link = reversed;
  std::set<EntityId> vantages;
  std::vector<std::string_view> links;
  for (const Record& r : trace.records) {
    if (r.kind != Kind::defined || static_cast<EntityKind>(r.field) != kind) continue;
    links.push_back(trace.names[r.entity]);
    // A direction belongs to the link as a whole, so naming the link takes both.
    if (trace.names[r.entity] == link || (r.subject != 0 && trace.names[r.subject] == link)) vantages.insert(r.entity);
  }
  if (vantages.empty()) {
    const std::string_view near = nearest(link, links);
    std::string text = fmt::format("there is no link \"{}\"", link);
    if (!near.empty()) text += fmt::format(": did you mean \"{}\"?", near);
    return tl::unexpected(text);
  }
  return vantages;
}

tl::expected<void, std::string> write_capture(const LoadedTrace& trace, std::string_view link,
                                              const std::function<void(std::string_view)>& write,
                                              const CaptureExtras& extras) {
  std::set<EntityId> vantages;
  if (!link.empty()) {
    auto found = directions_of(trace, link);
    if (!found) return tl::unexpected(found.error());
    vantages = std::move(*found);
  }
  std::map<BlobNumber, std::string> drops;
  for (const Record& r : trace.records) {
    if (r.kind != Kind::packet_dropped || r.key == 0) continue;
    drops[r.key] = fmt::format("dropped at {} on {}: {}", format_seconds(r.at), trace.names[r.entity],
                               name_of(static_cast<DropReason>(r.field)));
  }
  write(wire::pcapng_header("wirelab", link.empty() ? "every sender" : link));
  if (!extras.tls_keys.empty()) write(wire::pcapng_tls_keys(extras.tls_keys));
  for (const Record& r : trace.records) {
    const bool here =
        link.empty() ? r.kind == Kind::packet_sent : r.kind == Kind::packet_transmitted && vantages.contains(r.entity);
    if (!here || r.key == 0 || r.key > trace.blobs.size()) continue;
    const auto drop = drops.find(r.key);
    write(wire::pcapng_packet(extras.epoch_ns + r.at, wire::bytes_of(trace.blobs[r.key - 1]),
                              drop == drops.end() ? std::string_view{} : drop->second));
  }
  return {};
}

}  // namespace wirelab
