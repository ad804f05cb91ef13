#include "sim/protocol/tcp/reassembly.hpp"

#include <algorithm>

namespace wirelab::tcp {

void Reassembly::insert(std::uint64_t begin, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  Piece piece{begin, {bytes.begin(), bytes.end()}};
  auto at = pieces_.begin();
  while (at != pieces_.end() && at->end() < piece.begin) ++at;
  // Takes in every piece that touches the new one; bytes that are held already win.
  while (at != pieces_.end() && at->begin <= piece.end()) {
    Piece& held = *at;
    if (held.begin <= piece.begin) {
      if (held.end() < piece.end()) {
        const auto from = piece.bytes.begin() + static_cast<std::ptrdiff_t>(held.end() - piece.begin);
        held.bytes.insert(held.bytes.end(), from, piece.bytes.end());
      }
      piece = std::move(held);
    } else {
      std::vector<std::uint8_t> joined(piece.bytes.begin(),
                                       piece.bytes.begin() + static_cast<std::ptrdiff_t>(held.begin - piece.begin));
      joined.insert(joined.end(), held.bytes.begin(), held.bytes.end());
      if (held.end() < piece.end()) {
        joined.insert(joined.end(), piece.bytes.begin() + static_cast<std::ptrdiff_t>(held.end() - piece.begin),
                      piece.bytes.end());
      }
      piece.bytes = std::move(joined);
    }
    at = pieces_.erase(at);
  }
  pieces_.insert(at, std::move(piece));
  bytes_ = 0;
  for (const Piece& p : pieces_) bytes_ += p.bytes.size();
}

bool Reassembly::take(std::uint64_t next, std::vector<std::uint8_t>& out) {
  while (!pieces_.empty() && pieces_.front().end() <= next) {
    bytes_ -= pieces_.front().bytes.size();
    pieces_.erase(pieces_.begin());
  }
  if (pieces_.empty() || pieces_.front().begin > next) return false;
  Piece& piece = pieces_.front();
  bytes_ -= piece.bytes.size();
  out.assign(piece.bytes.begin() + static_cast<std::ptrdiff_t>(next - piece.begin), piece.bytes.end());
  pieces_.erase(pieces_.begin());
  return true;
}

}  // namespace wirelab::tcp
