// Segments that came before their turn. Holds each byte of the stream once and gives out what has become next. Rarely in
// use, so it is plain: a sorted list of pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace wirelab::tcp {

class Reassembly {
 public:
  struct Piece {
    std::uint64_t begin = 0;
    std::vector<std::uint8_t> bytes;
    std::uint64_t end() const { return begin + bytes.size(); }
  };

  bool empty() const { return pieces_.empty(); }
  std::size_t bytes() const { return bytes_; }
  /// Keeps what of the range is not held yet. Neighbours are joined.
  void insert(std::uint64_t begin, std::span<const std::uint8_t> bytes);
  /// Takes the piece that holds byte `next`, if there is one, cut so that it begins there.
  bool take(std::uint64_t next, std::vector<std::uint8_t>& out);
  /// The first part of the range that is held; empty if there is none.
  std::pair<std::uint64_t, std::uint64_t> held_of(std::uint64_t begin, std::uint64_t end) const {
    for (const Piece& piece : pieces_) {
      const std::uint64_t from = std::max(begin, piece.begin), to = std::min(end, piece.end());
      if (from < to) return {from, to};
    }
    return {};
  }
  /// The piece that holds the byte, null if it is not held.
  const Piece* piece_with(std::uint64_t offset) const {
    for (const Piece& piece : pieces_) {
      if (piece.begin <= offset && offset < piece.end()) return &piece;
    }
    return nullptr;
  }
  const std::vector<Piece>& pieces() const { return pieces_; }
  void clear() {
    pieces_.clear();
    bytes_ = 0;
  }

 private:
  std::vector<Piece> pieces_;  // in order, with gaps between them
  std::size_t bytes_ = 0;
};

}  // namespace wirelab::tcp
