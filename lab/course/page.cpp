#include "lab/course/page.hpp"

#include <md4c.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace wirelab {
namespace {

constexpr std::string_view kBold = "\x1b[1m", kCode = "\x1b[36m", kHead = "\x1b[1;34m", kPlain = "\x1b[0m";

// Columns that a text takes: a character of UTF-8 one, a colour none.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size() - 1);
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

class Renderer {
 public:
  Renderer(int columns, bool colour) : columns_(static_cast<std::size_t>(std::max(columns, 20))), colour_(colour) {}
  std::string text() && {
    while (out_.ends_with("\n\n")) out_.pop_back();
    return std::move(out_);
  }

  static int enter_block(MD_BLOCKTYPE type, void* detail, void* self) {
    static_cast<Renderer*>(self)->enter(type, detail);
    return 0;
  }
  static int leave_block(MD_BLOCKTYPE type, void*, void* self) {
    static_cast<Renderer*>(self)->leave(type);
    return 0;
  }
  static int enter_span(MD_SPANTYPE type, void*, void* self) {
    static_cast<Renderer*>(self)->span(type, true);
    return 0;
  }
  static int leave_span(MD_SPANTYPE type, void*, void* self) {
    static_cast<Renderer*>(self)->span(type, false);
    return 0;
  }
  static int take_text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
    auto& renderer = *static_cast<Renderer*>(self);
    renderer.line_ += type == MD_TEXT_SOFTBR ? std::string_view(" ")
                      : type == MD_TEXT_BR   ? std::string_view("\n")
                                             : std::string_view(text, size);
    return 0;
  }

 private:
  void enter(MD_BLOCKTYPE type, void* detail) {
    if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) {
      flush();
      const bool ordered = type == MD_BLOCK_OL;
      lists_.push_back(ordered ? static_cast<int>(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start) : 0);
    } else if (type == MD_BLOCK_LI) {
      const int number = lists_.back();
      marker_ = number == 0 ? "- " : std::to_string(number) + ". ";
      if (number != 0) ++lists_.back();
    } else if (type == MD_BLOCK_CODE) {
      flush();
      in_code_ = true;
    } else if (type == MD_BLOCK_H) {
      if (colour_) line_ += kHead;
    }
  }
  void leave(MD_BLOCKTYPE type) {
    if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) {
      lists_.pop_back();
      if (lists_.empty()) out_ += "\n";
    } else if (type == MD_BLOCK_CODE) {
      for (std::size_t at = 0; at < line_.size();) {
        const std::size_t end = std::min(line_.find('\n', at), line_.size());
        out_ += "    " + std::string(colour_ ? kCode : "") + line_.substr(at, end - at) +
                std::string(colour_ ? kPlain : "") + "\n";
        at = end + 1;
      }
      out_ += "\n";
      line_.clear();
      in_code_ = false;
    } else if (type == MD_BLOCK_H) {
      const std::size_t width = width_of(line_);
      if (colour_) line_ += kPlain;
      flush();
      if (!colour_) out_ += std::string(width, '-') + "\n";
      out_ += "\n";
    } else if (type == MD_BLOCK_P) {
      flush();
      if (lists_.empty()) out_ += "\n";
    } else if (type == MD_BLOCK_LI) {
      flush();
    }
  }
  void span(MD_SPANTYPE type, bool begins) {
    if (type == MD_SPAN_CODE && !colour_) line_ += '`';
    if (type == MD_SPAN_STRONG && !colour_) line_ += '*';
    if (!colour_) return;
    line_ += !begins ? kPlain : type == MD_SPAN_CODE ? kCode : kBold;
  }
  // The paragraph that was gathered, wrapped.
  void flush() {
    if (line_.empty()) return;
    const std::string indent(lists_.size() * 2, ' ');
    std::string begin = lists_.empty() ? "" : indent.substr(2) + (marker_.empty() ? "  " : marker_);
    marker_.clear();
    std::string row = begin;
    bool fresh = true;
    for (std::size_t at = 0; at < line_.size();) {
      const std::size_t end = std::min(line_.find_first_of(" \n", at), line_.size());
      const std::string word = line_.substr(at, end - at);
      if (!fresh && width_of(row) + 1 + width_of(word) > columns_) {
        out_ += row + "\n";
        row = std::string(width_of(begin), ' ');
        fresh = true;
      }
      if (!word.empty()) {
        row += (fresh ? "" : " ") + word;
        fresh = false;
      }
      if (end < line_.size() && line_[end] == '\n') {
        out_ += row + "\n";
        row = std::string(width_of(begin), ' ');
        fresh = true;
      }
      at = end + 1;
    }
    out_ += row + "\n";
    line_.clear();
  }

  std::size_t columns_;
  bool colour_;
  bool in_code_ = false;
  std::string out_, line_, marker_;
  std::vector<int> lists_;  // the next number of each list that is open; 0: bullets
};

}  // namespace

std::string page_text(const std::string& markdown, int columns, bool colour) {
  Renderer renderer(columns, colour);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_NOHTML;
  parser.enter_block = Renderer::enter_block;
  parser.leave_block = Renderer::leave_block;
  parser.enter_span = Renderer::enter_span;
  parser.leave_span = Renderer::leave_span;
  parser.text = Renderer::take_text;
  md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &renderer);
  return std::move(renderer).text();
}

}  // namespace wirelab
